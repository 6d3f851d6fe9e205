"""Moving in from PostHog: its exports as rows of the import, and its cohorts, actions, insights and dashboards."""
