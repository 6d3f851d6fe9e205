CREATE TABLE IF NOT EXISTS event_definitions_local ON CLUSTER `prod` (
    project UInt32,
    name String,
    first_seen SimpleAggregateFunction(min, Date),
    last_seen SimpleAggregateFunction(max, Date)
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
ORDER BY (project, name);

CREATE TABLE IF NOT EXISTS event_definitions ON CLUSTER `prod` AS event_definitions_local
ENGINE = Distributed('prod', currentDatabase(), event_definitions_local, cityHash64(project));

CREATE TABLE IF NOT EXISTS property_definitions_local ON CLUSTER `prod` (
    project UInt32,
    source LowCardinality(String),
    name String,
    types SimpleAggregateFunction(groupBitOr, UInt8),
    first_seen SimpleAggregateFunction(min, Date),
    last_seen SimpleAggregateFunction(max, Date)
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
ORDER BY (project, source, name);

CREATE TABLE IF NOT EXISTS property_definitions ON CLUSTER `prod` AS property_definitions_local
ENGINE = Distributed('prod', currentDatabase(), property_definitions_local, cityHash64(project));

CREATE TABLE IF NOT EXISTS event_properties_local ON CLUSTER `prod` (
    project UInt32,
    event String,
    property String
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
ORDER BY (project, event, property);

CREATE TABLE IF NOT EXISTS event_properties ON CLUSTER `prod` AS event_properties_local
ENGINE = Distributed('prod', currentDatabase(), event_properties_local, cityHash64(project));

