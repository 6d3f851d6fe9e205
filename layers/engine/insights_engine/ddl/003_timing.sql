-- How long people waited for what they wanted to see, one row a load; docs/timing.md says what each column is.
-- `timestamp` is the server's, and `day` its day in UTC. `id` ends the sorting key, so that a row that comes twice is one.
-- `has_time` is 0 where the client gave no time that can be read: such a load is counted and has no part in percentiles.
CREATE TABLE IF NOT EXISTS metrics_time_to_see_data (
    project UInt32,
    day Date DEFAULT toDate(timestamp) CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    user_id UInt64 CODEC(ZSTD(1)),
    id UUID CODEC(NONE),
    timestamp DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    team_events_last_month UInt64 CODEC(ZSTD(1)),
    query_id String CODEC(ZSTD(1)),
    primary_interaction_id String CODEC(ZSTD(1)),
    current_url String CODEC(ZSTD(1)),
    api_url String CODEC(ZSTD(1)),
    type LowCardinality(String) CODEC(ZSTD(1)),
    context LowCardinality(String) CODEC(ZSTD(1)),
    status LowCardinality(String) CODEC(ZSTD(1)),
    insight LowCardinality(String) CODEC(ZSTD(1)),
    action LowCardinality(String) CODEC(ZSTD(1)),
    time_to_see_data_ms UInt64 CODEC(ZSTD(1)),
    has_time UInt8 CODEC(ZSTD(1)),
    is_primary_interaction UInt8 CODEC(ZSTD(1)),
    api_response_bytes UInt64 CODEC(ZSTD(1)),
    insights_fetched UInt16 CODEC(ZSTD(1)),
    insights_fetched_cached UInt16 CODEC(ZSTD(1)),
    min_last_refresh DateTime64(6, 'UTC') CODEC(ZSTD(1)),
    max_last_refresh DateTime64(6, 'UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (project, day, session_id, user_id, id);
