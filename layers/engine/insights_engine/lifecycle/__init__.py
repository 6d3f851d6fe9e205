"""The lifecycle insight: who is new, returning, resurrecting or dormant in each interval."""
