"""A product's events, made by ClickHouse from `numbers()` and hashes: the same for the same count on every machine.

Of N events: N/20 persons, a tenth of them met under an anonymous id first; about N/6 sessions over 90 days, many of
few persons; pages follow common journeys over 300 pages; half page views, a quarter autocaptured, a fifth of 40 other
names; about 1 kB of properties each.
"""

from __future__ import annotations

from dataclasses import dataclass

SEED = 7_130_042
FIRST_DAY = "2026-04-01"
LAST_DAY = "2026-06-29"
DAYS = 90
PAGES = 300
EVENTS_A_PERSON = 20
# What sessions come to on average; their number follows from it.
EVENTS_A_SESSION = 6.02

_CUSTOM = [
    "signed_up",
    "product_viewed",
    "added_to_cart",
    "checkout_started",
    "purchase_completed",
    "search_performed",
    "plan_changed",
    "invite_sent",
    "file_uploaded",
    "report_opened",
    *(f"custom_event_{number:02}" for number in range(30)),
]
_BROWSERS = ["Chrome", "Safari", "Mobile Safari", "Edge", "Firefox", "Chrome iOS", "Samsung Internet", "Opera"]
_SYSTEMS = ["Windows", "Mac OS X", "iOS", "Android", "Linux", "Chrome OS"]
_COUNTRIES = [
    *("US", "DE", "GB", "IN", "FR", "BR", "CA", "AU", "NL", "ES", "IT", "PL", "SE", "MX", "JP", "CH", "BE", "AT", "DK"),
    *("NO", "FI", "IE", "PT", "CZ", "SG", "ZA", "AR", "CO", "ID", "TR", "KR", "NZ", "IL", "RO", "UA", "GR", "HU", "CL"),
    *("TH", "VN"),
]
_ZONES = ["America/New_York", "Europe/Berlin", "Europe/London", "Asia/Kolkata", "America/Sao_Paulo", "Australia/Sydney"]
_SECTIONS = [
    "docs",
    "blog",
    "pricing",
    "product",
    "account",
    "settings",
    "shop",
    "search",
    "help",
    "cart",
    "team",
    "jobs",
]
_REFERRERS = ["$direct", "www.google.com", "news.ycombinator.com", "www.bing.com", "github.com", "t.co"]
_PLANS = ["free", "free", "free", "starter", "growth", "enterprise"]
_MAILS = ["gmail.com", "acme.example", "corp.example", "mail.example"]
_AGENT = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) {0}/{1}.0.0.0 Safari/537.36"
)


def _share(*of: str) -> str:
    """A number from 0 to 1 that follows from its arguments."""
    return f"(cityHash64({SEED}, {', '.join(of)}) / 18446744073709551616.)"


def _exponential(mean: str, *of: str) -> str:
    return f"(-{mean} * log({_share(*of)} + 1e-12))"


def _index(count: int, skew: float, *of: str) -> str:
    """0 to count - 1; the larger the skew, the more often the first ones."""
    return f"toUInt32({count} * pow({_share(*of)}, {skew}))"


def _one_of(values: list[str], skew: float, *of: str) -> str:
    texts = ", ".join(f"'{value}'" for value in values)
    return f"[{texts}][1 + {_index(len(values), skew, *of)}]"


def _hex(*of: str) -> str:
    return f"lower(hex(cityHash64({', '.join(of)})))"


EVENT_COLUMNS = "project, event, day, person, ts, uuid, distinct_id, group0, properties"
PERSON_COLUMNS = "project, person, uuid, created_at, is_identified, properties, is_deleted, version"
DISTINCT_ID_COLUMNS = "project, distinct_id, person, version"

# Name, type and expression of each property; a NULL is one that the event does not have.
_OF_PERSON = [
    ("$browser", "String", _one_of(_BROWSERS, 1.5, "'browser'", "person")),
    ("$browser_version", "UInt16", f"100 + {_index(27, 0.5, "'version'", 'person')}"),
    ("$os", "String", _one_of(_SYSTEMS, 1.4, "'os'", "person")),
    ("$os_version", "String", f"concat(toString(10 + {_index(6, 1, "'os version'", 'person')}), '.15.7')"),
    ("$device_type", "String", _one_of(["Desktop", "Desktop", "Mobile", "Tablet"], 1.3, "'device'", "person")),
    ("$device_id", "String", _hex("'device id'", "person")),
    ("$geoip_country_code", "String", _one_of(_COUNTRIES, 2, "'country'", "person")),
    ("$geoip_city_name", "String", f"concat('City ', toString({_index(800, 2, "'city'", 'person')}))"),
    ("$timezone", "String", _one_of(_ZONES, 1.2, "'zone'", "person")),
    ("$screen_height", "UInt16", "1080"),
    ("$screen_width", "UInt16", "1920"),
    ("$viewport_height", "UInt16", f"700 + {_index(300, 1, "'height'", 'person')}"),
    ("$viewport_width", "UInt16", f"1200 + {_index(700, 1, "'width'", 'person')}"),
    ("$is_identified", "Bool", "NOT is_anonymous"),
]
_OF_SESSION = [
    ("$session_id", "String", f"concat({_hex("'s1'", 'session')}, '-7', {_hex("'s2'", 'session')})"),
    ("$window_id", "String", _hex("'window'", "session")),
    ("$referring_domain", "String", _one_of(_REFERRERS, 1.5, "'referrer'", "session")),
    (
        "utm_source",
        "Nullable(String)",
        f"if({_share("'utm?'", 'session')} < 0.1, "
        f"{_one_of(['newsletter', 'ads', 'partner'], 1, "'utm'", 'session')}, NULL)",
    ),
]
_OF_EVENT = [
    ("$lib", "String", "'web'"),
    ("$lib_version", "String", "concat('1.', toString(250 + intDiv(day_no, 10)), '.0')"),
    ("$host", "String", "'app.acme.example'"),
    ("$pathname", "String", "path"),
    ("$current_url", "String", "concat('https://app.acme.example', path)"),
    ("$insert_id", "String", _hex("'insert'", "session", "place")),
    ("$time", "Float64", "toUnixTimestamp64Milli(ts) / 1000"),
    ("$active_feature_flags", "Array(String)", "['new-navigation', 'faster-search', 'dark-theme']"),
    ("$feature/new-navigation", "String", _one_of(["control", "test"], 1, "'flag'", "person")),
    ("token", "String", "'phc_benchmark'"),
    ("distinct_id", "String", "distinct_id"),
    ("$process_person_profile", "Bool", "true"),
    ("$event_type", "Nullable(String)", "if(event = '$autocapture', 'click', NULL)"),
    (
        "amount",
        "Nullable(Float64)",
        "if(event = 'purchase_completed' OR (NOT startsWith(event, '$') AND "
        f"{_share("'amount?'", 'session', 'place')} < 0.3), "
        f"round({_exponential('60', "'amount'", 'session', 'place')}, 2), NULL)",
    ),
]
_OF_PERSON_ROW = [
    ("plan", "String", _one_of(_PLANS, 1, "'plan'", "person")),
    ("email", "String", f"concat('user', toString(person), '@', {_one_of(_MAILS, 1.5, "'mail'", 'person')})"),
    ("$geoip_country_code", "String", _one_of(_COUNTRIES, 2, "'country'", "person")),
    ("organization", "String", f"concat('org_', toString({_index(20_000, 1, "'org'", 'person')}))"),
]
_USER_AGENT = f"format('{_AGENT}', browser, toString(browser_version))"


@dataclass(frozen=True, slots=True)
class World:
    """All that a benchmark's database holds, as SELECTs; persons are numbered from 1."""

    asked: int

    @property
    def persons(self) -> int:
        return max(1, self.asked // EVENTS_A_PERSON)

    @property
    def sessions(self) -> int:
        return max(1, round(self.asked / EVENTS_A_SESSION))

    def events(self, project: int, first: int, count: int) -> str:
        """The events of `count` sessions, with the columns of the table of events."""
        return f"""
SELECT {project} AS project, event, toDate(ts) AS day, person, ts,
  reinterpretAsUUID(sipHash128('event', {SEED}, session, place)) AS uuid, distinct_id,
  concat('org_', toString({_index(20_000, 1, "'org'", "person")})) AS group0,
  {_properties(_OF_PERSON + _OF_SESSION + _OF_EVENT, also=[("$raw_user_agent", "String", _USER_AGENT)])} AS properties
FROM ({self._placed(first, count)})"""

    def persons_rows(self, project: int) -> str:
        """A person was made by their first event, so this reads the table of events."""
        return f"""
SELECT {project} AS project, person, reinterpretAsUUID(sipHash128('person', person)) AS uuid, min(ts) AS created_at,
  true AS is_identified, {_properties(_OF_PERSON_ROW)} AS properties, false AS is_deleted, 1 AS version
FROM events WHERE project = {project} GROUP BY person"""

    def distinct_ids(self, project: int) -> str:
        return f"""
SELECT {project} AS project, distinct_id, any(person) AS person, 1 AS version
FROM events WHERE project = {project} GROUP BY distinct_id"""

    def _placed(self, first: int, count: int) -> str:
        """One row an event: when, what and where."""
        page = f"""multiIf(place = 1 AND {_share("'lands'", "session")} < 0.5, 0,
    {_share("'wanders'", "session", "place")} < 0.15, {_index(PAGES, 2, "'anywhere'", "session", "place")},
    {_index(PAGES, 2, "'step'", "journey", "place % 4 + journey % 3")})"""
        return f"""
SELECT session, place, person, is_anonymous, day_no,
  if(is_anonymous, concat('anon-', {_hex("'anon'", "person")}), concat('user_', toString(person))) AS distinct_id,
  fromUnixTimestamp64Micro(toInt64(1e6 * (toUnixTimestamp(toDateTime('{FIRST_DAY} 00:00:00', 'UTC')) + 86400 * day_no))
    + toInt64(1e6 * least(second + pause, 86399.9)), 'UTC') AS ts,
  {_share("'kind'", "session", "place")} AS kind,
  multiIf(place = 1 OR kind < 0.40, '$pageview', kind < 0.70, '$autocapture', kind < 0.76, '$pageleave',
    {_one_of(_CUSTOM, 2.2, "'name'", "session", "place")}) AS event,
  {_index(60, 1.8, "'journey'", "session", "intDiv(place, 4)")} AS journey,
  {page} AS page,
  {_one_of(_BROWSERS, 1.5, "'browser'", "person")} AS browser,
  100 + {_index(27, 0.5, "'version'", "person")} AS browser_version,
  if(page = 0, '/', concat('/', {_SECTIONS}[1 + page % 12], '/', lower(hex(cityHash64('slug', page) % 65536)),
    '-page-', toString(page), if(page % 7 = 0, '/', ''))) AS path
FROM ({self._sessions(first, count)})
ARRAY JOIN arrayEnumerate(pauses) AS place, arrayCumSum(pauses) AS pause"""

    def _sessions(self, first: int, count: int) -> str:
        """Each person's first session comes first, then the others'; visits thin out over a person's time."""
        start = f"if({_share("'since'", 'person')} < 0.35, 0, {_index(DAYS, 1, "'start'", 'person')})"
        is_first = f"session < {self.persons}"
        back = f"toUInt32({_exponential(f'(3 + 40 * pow({_share("'loyal'", "person")}, 2))', "'day'", 'session')})"
        return f"""
SELECT number AS session, {is_first} AS is_first,
  toUInt32(1 + if(is_first, session, toUInt64({self.persons} * pow({_share("'who'", "session")}, 1.6)))) AS person,
  is_first AND {_share("'anonymous'", "person")} < 0.1 AS is_anonymous,
  toUInt32({start}) AS start,
  if(is_first, start, start + {back} % ({DAYS} - start)) AS any_day,
  if(is_first AND start = 0, toUInt32({_exponential("12", "'old'", "session")}) % {DAYS}, any_day) AS day_there,
  if(toDayOfWeek(toDate('{FIRST_DAY}') + day_there) >= 6 AND day_there >= start + 2
    AND {_share("'weekend'", "session")} < 0.35, day_there - 2, day_there) AS day_no,
  43200 * ({_share("'morning'", "session")} + {_share("'evening'", "session")}) AS second,
  toUInt32(1 + least(59, {_exponential("5.5", "'length'", "session")})) AS length,
  arrayMap(k -> if(k = 0, 0., {_exponential("45", "'pause'", "session", "k")}
    + if({_share("'slow'", "session", "k")} < 0.02, 600, 0)), range(length)) AS pauses
FROM numbers({first}, {count})"""


def _properties(rows: list[tuple[str, str, str]], also: list[tuple[str, str, str]] | None = None) -> str:
    """As JSON text, which the insert reads as the column's type; a typed tuple would go through text too."""
    rows = rows + (also or [])
    values = ", ".join(value for _, _, value in rows)
    types = ", ".join(f"`{key}` {kind}" for key, kind, _ in rows)
    return f"toJSONString(CAST(tuple({values}), 'Tuple({types})'))"
