"""Reports: insights computed, drawn and brought to people, when a subscription or an alert is due."""
