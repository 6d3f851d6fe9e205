"""EventsQuery: expressions over events, one column each, with filters beside them instead of a statement around."""
