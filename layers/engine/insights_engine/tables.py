"""Names and settings of the ClickHouse tables that more than one module needs."""

from __future__ import annotations

# Every table that holds tenants' rows has a `project` column; the connection filters each by it a second time.
TENANT_TABLES = (
    *("events", "persons", "person_distinct_ids", "person_merges", "groups", "cohort_people"),
    "metrics_time_to_see_data",
    *("event_definitions", "property_definitions", "event_properties"),
)

# Event properties with a declared path in the table; all others are dynamic. A test compares this with the DDL.
TYPED_EVENT_PROPERTIES = frozenset(
    {
        "$browser",
        "$browser_version",
        "$current_url",
        "$device_type",
        "$geoip_city_name",
        "$geoip_country_code",
        "$host",
        "$lib",
        "$lib_version",
        "$os",
        "$os_version",
        "$pathname",
        "$raw_user_agent",
        "$referrer",
        "$referring_domain",
        "$screen_name",
        "$session_id",
        "$timezone",
    }
)

# Those that clients send as text and nothing else; a version may be a number.
TEXT_EVENT_PROPERTIES = TYPED_EVENT_PROPERTIES - {"$browser_version", "$lib_version", "$os_version"}

# A dot in a property's name is a character, not a level: `{"b.c": 1}` has the one key `b.c`. ClickHouse writes it as
# `b%2Ec`, so that a property of that very name would be the same path twice: the first is kept.
# A text that looks like a date stays the text it is.
JSON_SETTINGS = {
    "json_type_escape_dots_in_keys": 1,
    "type_json_skip_duplicated_paths": 1,
    "input_format_try_infer_dates": 0,
    "input_format_try_infer_datetimes": 0,
}
