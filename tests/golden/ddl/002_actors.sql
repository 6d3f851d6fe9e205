CREATE TABLE IF NOT EXISTS persons_local ON CLUSTER `prod` (
    project UInt32,
    person UInt32,
    uuid UUID,
    created_at DateTime64(6, 'UTC'),
    is_identified UInt8,
    properties JSON(max_dynamic_paths = 256),
    is_deleted UInt8,
    version UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', version)
ORDER BY (project, person);

CREATE TABLE IF NOT EXISTS persons ON CLUSTER `prod` AS persons_local
ENGINE = Distributed('prod', currentDatabase(), persons_local, cityHash64(project));

CREATE TABLE IF NOT EXISTS person_distinct_ids_local ON CLUSTER `prod` (
    project UInt32,
    distinct_id String,
    person UInt32,
    version UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', version)
ORDER BY (project, distinct_id);

CREATE TABLE IF NOT EXISTS person_distinct_ids ON CLUSTER `prod` AS person_distinct_ids_local
ENGINE = Distributed('prod', currentDatabase(), person_distinct_ids_local, cityHash64(project));

CREATE TABLE IF NOT EXISTS person_merges_local ON CLUSTER `prod` (
    project UInt32,
    person UInt32,
    survivor UInt32,
    is_deleted UInt8,
    version UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', version)
ORDER BY (project, person);

CREATE TABLE IF NOT EXISTS person_merges ON CLUSTER `prod` AS person_merges_local
ENGINE = Distributed('prod', currentDatabase(), person_merges_local, cityHash64(project));

CREATE TABLE IF NOT EXISTS groups_local ON CLUSTER `prod` (
    project UInt32,
    type UInt8,
    key String,
    created_at DateTime64(6, 'UTC'),
    properties JSON(max_dynamic_paths = 256),
    version UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', version)
ORDER BY (project, type, key);

CREATE TABLE IF NOT EXISTS groups ON CLUSTER `prod` AS groups_local
ENGINE = Distributed('prod', currentDatabase(), groups_local, cityHash64(project));

CREATE TABLE IF NOT EXISTS cohort_people_local ON CLUSTER `prod` (
    project UInt32,
    cohort UInt32,
    person UInt32,
    is_deleted UInt8,
    version UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', version)
ORDER BY (project, cohort, person);

CREATE TABLE IF NOT EXISTS cohort_people ON CLUSTER `prod` AS cohort_people_local
ENGINE = Distributed('prod', currentDatabase(), cohort_people_local, cityHash64(project));

