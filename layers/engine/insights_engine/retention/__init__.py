"""The retention insight: of those who did something, how many came back, period by period."""
