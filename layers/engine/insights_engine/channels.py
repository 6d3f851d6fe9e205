"""Where a visit came from, as one word for marketing: the channel type of a session, and of a person's first visit.

The rules are tried in order; the first that holds names the channel. A referring domain counts without `www.` and
scheme; `$direct` is none.
"""

from __future__ import annotations

from dataclasses import dataclass

from insights_engine.sql import Sql

_SEARCH = r"(^|\.)(google|bing|yahoo|duckduckgo|baidu|yandex|ecosia|qwant|startpage|brave|naver|seznam|ask|aol)(\.|$)"
_SOCIAL = (
    r"(^|\.)(facebook|fb|instagram|linkedin|lnkd|twitter|x|t|reddit|pinterest|tiktok|snapchat|threads|bsky|mastodon|"
    r"quora|tumblr|vk|weibo|whatsapp|telegram|discord|slack|news\.ycombinator|producthunt)\.(com|co|net|org|in|app|me|social)$"
)
_VIDEO = r"(^|\.)(youtube|youtu|vimeo|twitch|dailymotion|netflix|hulu|disneyplus)(\.|$)"
_SHOPPING = r"(^|\.)(amazon|ebay|etsy|walmart|aliexpress|alibaba|shopify|mercadolibre|rakuten|shopping\.google)(\.|$)"
_PAID = r"^(.*cp.*|ppc|retargeting|paid.*)$"

# channel -> when. `{d}` referring domain, `{s}` utm source, `{m}` utm medium, `{c}` utm campaign (all lower case,
# empty when missing), `{paid}` a paid click or medium.
_RULES = (
    ("Cross Network", "{c} LIKE '%cross-network%'"),
    ("Paid Search", "{paid} AND (match({d}, {search:String}) OR match({s}, {search:String}))"),
    ("Paid Shopping", "{paid} AND (match({d}, {shopping:String}) OR match({c}, 'shop'))"),
    ("Paid Social", "{paid} AND (match({d}, {social:String}) OR match(concat({s}, '.com'), {social:String}))"),
    ("Paid Video", "{paid} AND (match({d}, {video:String}) OR match({s}, {video:String}))"),
    ("Display", "{m} IN ('display', 'banner', 'expandable', 'interstitial', 'cpm')"),
    ("Paid Unknown", "{paid}"),
    ("Direct", "{d} = '' AND {s} IN ('', 'direct', '(direct)') AND {m} IN ('', 'none', '(none)') AND {c} = ''"),
    ("Email", "{m} LIKE '%mail%' OR {s} LIKE '%mail%' AND {s} NOT LIKE '%.%'"),
    ("Affiliate", "{m} LIKE '%affiliate%'"),
    ("Audio", "{m} = 'audio'"),
    ("SMS", "{m} = 'sms' OR {s} = 'sms'"),
    ("Push", "{m} LIKE '%push' OR {m} IN ('mobile', 'notification')"),
    ("Organic Shopping", "match({d}, {shopping:String})"),
    ("Organic Video", "match({d}, {video:String}) OR {m} LIKE '%video%'"),
    ("Organic Search", "match({d}, {search:String}) OR match({s}, {search:String}) OR {m} = 'organic'"),
    ("Organic Social", "match({d}, {social:String}) OR match(concat({s}, '.com'), {social:String}) OR {m} = 'social'"),
    ("Referral", "{d} != '' OR {m} IN ('referral', 'link', 'app')"),
)
CHANNELS = (*(name for name, _ in _RULES), "Unknown")


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of the visit: text expressions, NULL where nothing is."""

    referring_domain: Sql
    source: Sql
    medium: Sql
    campaign: Sql
    click_id: Sql


def channel(origin: Origin) -> Sql:
    """One of CHANNELS, as text."""
    domain = Sql(
        "replaceRegexpOne(replaceRegexpOne(lower(ifNull({d}, '')), '^https?://', ''), '^www\\\\.|/.*$', '')",
        d=origin.referring_domain,
    )
    holes = {
        "d": Sql("if({d} = '$direct', '', {d})", d=domain),
        "s": Sql("lower(ifNull({x}, ''))", x=origin.source),
        "m": Sql("lower(ifNull({x}, ''))", x=origin.medium),
        "c": Sql("lower(ifNull({x}, ''))", x=origin.campaign),
    }
    paid = Sql(
        "(match({m}, {paid:String}) OR notEmpty(ifNull({click}, '')))", **holes, paid=_PAID, click=origin.click_id
    )
    patterns = {"search": _SEARCH, "social": _SOCIAL, "video": _VIDEO, "shopping": _SHOPPING}
    branches = Sql.join(
        ", ",
        (Sql("{rule}, '" + name + "'", rule=Sql(rule, **holes, **patterns, paid=paid)) for name, rule in _RULES),
    )
    return Sql("multiIf({b}, 'Unknown')", b=branches)
