"""The trend insight: how often something happened, interval by interval."""
