-- Who did it. The policies store decides which number a distinct id gets; these are the copies that queries read.
-- `version` grows with every write of a row; the highest wins.
CREATE TABLE IF NOT EXISTS persons (
    project UInt32,
    person UInt32,
    uuid UUID,
    created_at DateTime64(6, 'UTC'),
    is_identified UInt8,
    properties JSON(max_dynamic_paths = 256),
    is_deleted UInt8,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project, person);

CREATE TABLE IF NOT EXISTS person_distinct_ids (
    project UInt32,
    distinct_id String,
    person UInt32,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project, distinct_id);

-- Persons that became part of another while events still carry their number; `survivor` is never itself merged away.
CREATE TABLE IF NOT EXISTS person_merges (
    project UInt32,
    person UInt32,
    survivor UInt32,
    is_deleted UInt8,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project, person);

CREATE TABLE IF NOT EXISTS groups (
    project UInt32,
    type UInt8,
    key String,
    created_at DateTime64(6, 'UTC'),
    properties JSON(max_dynamic_paths = 256),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project, type, key);

CREATE TABLE IF NOT EXISTS cohort_people (
    project UInt32,
    cohort UInt32,
    person UInt32,
    is_deleted UInt8,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project, cohort, person);
