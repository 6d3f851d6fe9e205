CREATE TABLE IF NOT EXISTS events_local ON CLUSTER `prod` (
    project UInt32,
    event LowCardinality(String),
    day Date CODEC(ZSTD(1)),
    person UInt32 CODEC(Delta(4), ZSTD(1)),
    ts DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    uuid UUID CODEC(NONE),
    distinct_id String CODEC(ZSTD(1)),
    group0 LowCardinality(String) CODEC(ZSTD(1)),
    group1 LowCardinality(String) CODEC(ZSTD(1)),
    group2 LowCardinality(String) CODEC(ZSTD(1)),
    group3 LowCardinality(String) CODEC(ZSTD(1)),
    group4 LowCardinality(String) CODEC(ZSTD(1)),
    elements_chain String CODEC(ZSTD(3)),
    properties JSON(
        max_dynamic_paths = 256,
        `$browser` LowCardinality(Nullable(String)),
        `$browser_version` LowCardinality(Nullable(String)),
        `$current_url` LowCardinality(Nullable(String)),
        `$device_type` LowCardinality(Nullable(String)),
        `$geoip_city_name` LowCardinality(Nullable(String)),
        `$geoip_country_code` LowCardinality(Nullable(String)),
        `$host` LowCardinality(Nullable(String)),
        `$lib` LowCardinality(Nullable(String)),
        `$lib_version` LowCardinality(Nullable(String)),
        `$os` LowCardinality(Nullable(String)),
        `$os_version` LowCardinality(Nullable(String)),
        `$pathname` LowCardinality(Nullable(String)),
        `$raw_user_agent` LowCardinality(Nullable(String)),
        `$referrer` LowCardinality(Nullable(String)),
        `$referring_domain` LowCardinality(Nullable(String)),
        `$screen_name` LowCardinality(Nullable(String)),
        `$session_id` Nullable(String),
        `$timezone` LowCardinality(Nullable(String))
    ) CODEC(ZSTD(3)),
    session UInt64 DEFAULT if(empty(ifNull(properties.`$session_id`, '')), 0, cityHash64(properties.`$session_id`)) CODEC(ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toYYYYMM(day)
PRIMARY KEY (project, event, day)
ORDER BY (project, event, day, person, ts, uuid)
SETTINGS object_serialization_version = 'v3', object_shared_data_serialization_version = 'map_with_buckets';

CREATE TABLE IF NOT EXISTS events ON CLUSTER `prod` AS events_local
ENGINE = Distributed('prod', currentDatabase(), events_local, cityHash64(project));

