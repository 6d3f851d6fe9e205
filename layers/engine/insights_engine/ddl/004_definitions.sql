-- What events and properties a project has, learned as they come; docs/definitions.md says what is learned and when.
-- A row tells what was seen at some time; rows of one name become one that tells all of it, whatever their order, so
-- that consumers write without reading. Until they are one, a read groups them.
CREATE TABLE IF NOT EXISTS event_definitions (
    project UInt32,
    name String,
    first_seen SimpleAggregateFunction(min, Date),
    last_seen SimpleAggregateFunction(max, Date)
)
ENGINE = AggregatingMergeTree
ORDER BY (project, name);

-- `source` is event, person, or group0 to group4; `types` has a bit for each type that a value had.
CREATE TABLE IF NOT EXISTS property_definitions (
    project UInt32,
    source LowCardinality(String),
    name String,
    types SimpleAggregateFunction(groupBitOr, UInt8),
    first_seen SimpleAggregateFunction(min, Date),
    last_seen SimpleAggregateFunction(max, Date)
)
ENGINE = AggregatingMergeTree
ORDER BY (project, source, name);

-- Which property came with which event.
CREATE TABLE IF NOT EXISTS event_properties (
    project UInt32,
    event String,
    property String
)
ENGINE = ReplacingMergeTree
ORDER BY (project, event, property);
