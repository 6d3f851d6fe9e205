"""The funnel insight: of those who took the first step, how many took the next ones in time."""
