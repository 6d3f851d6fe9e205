"""Where a visit came from, as one word for marketing: the channel type of a session, and of a person's first visit.

The rules are tried in order; the first that holds names the channel. What was paid for is told by the click or the
medium; then, either way, the source says more than the campaign, that more than the medium, and that more than the
referring domain. A referring domain counts without scheme, `www.` and path; `$direct` is a visit without one.
"""

from __future__ import annotations

from dataclasses import dataclass

from insights_engine.sql import Sql

# Words for a source (`utm_source=google`) and domains (`www.google.co.uk`) alike, without the end.
_SEARCH = (
    r"(^|\.)(google|bing|yahoo|duckduckgo|baidu|yandex|ecosia|qwant|startpage|search\.brave|naver|seznam|ask|aol|daum|"
    r"sogou)(\.|$)"
)
_SOCIAL = (
    r"(^|\.)(facebook|fb|instagram|ig|linkedin|lnkd|twitter|reddit|pinterest|tiktok|snapchat|threads|bsky|mastodon|quora|"
    r"tumblr|vk|weibo|whatsapp|telegram|discord|slack|producthunt|meetup|xing)(\.|$)"
    r"|^(x|t|wa|redd)$|(^|\.)(x\.com|t\.co|t\.me|wa\.me|redd\.it|lnkd\.in|news\.ycombinator\.com)$"
)
_VIDEO = r"(^|\.)(youtube|youtu|vimeo|twitch|dailymotion|netflix|hulu|disneyplus)(\.|$)"
_SHOPPING = (
    r"(^|\.)(amazon|ebay|etsy|walmart|aliexpress|alibaba|shopify|mercadolibre|rakuten|shopping\.google|"
    r"google_shopping|google-shopping)(\.|$)"
)
_EMAIL = r"^(e?-?_? ?mail|newsletter|mailchimp|klaviyo|sendgrid|mailjet|hubspot_email)s?$|(^|\.)mail\."
_SHOP_CAMPAIGN = "(^|[^a-df-z])shop|shopping"

# channel -> when. `{d}` referring domain, `{s}` utm source, `{m}` utm medium, `{c}` utm campaign (all lower case,
# empty when missing), `{paid}` a paid click or medium, `{facebook}` a click from Facebook, paid or not.
_RULES = (
    ("Cross Network", "match({c}, 'cross-network')"),
    ("Paid Shopping", "{paid} AND match({s}, {shopping:String})"),
    ("Paid Video", "{paid} AND match({s}, {video:String})"),
    ("Paid Search", "{paid} AND match({s}, {search:String})"),
    ("Paid Social", "{paid} AND match({s}, {social:String})"),
    ("Paid Shopping", "{paid} AND match({c}, {shop:String})"),
    ("Display", "{paid} AND {m} IN ('cpm', 'display', 'banner', 'expandable', 'interstitial')"),
    ("Paid Shopping", "{paid} AND match({d}, {shopping:String})"),
    ("Paid Video", "{paid} AND match({d}, {video:String})"),
    ("Paid Search", "{paid} AND match({d}, {search:String})"),
    ("Paid Social", "{paid} AND match({d}, {social:String})"),
    ("Paid Search", "{paid} AND {google} = '1'"),
    ("Paid Video", "{paid} AND match({c}, 'video')"),
    ("Paid Social", "{paid} AND {facebook} != ''"),
    ("Paid Unknown", "{paid}"),
    ("Direct", "{d} = '$direct' AND {m} = '' AND {s} IN ('', 'direct', '(direct)', '$direct') AND {facebook} = ''"),
    ("Email", "match({s}, {email:String})"),
    ("SMS", "{s} = 'sms'"),
    ("Push", "{s} IN ('push', 'firebase')"),
    ("Organic Shopping", "match({s}, {shopping:String})"),
    ("Organic Video", "match({s}, {video:String})"),
    ("Organic Search", "match({s}, {search:String})"),
    ("Organic Social", "match({s}, {social:String})"),
    ("Organic Shopping", "match({c}, {shop:String})"),
    ("Display", "{m} IN ('display', 'banner', 'expandable', 'interstitial', 'cpm')"),
    ("Email", "match({m}, {email:String})"),
    ("Affiliate", "{m} IN ('affiliate', 'affiliates')"),
    ("Audio", "{m} = 'audio'"),
    ("SMS", "{m} = 'sms'"),
    ("Push", "{m} IN ('push', 'mobile', 'notification')"),
    ("Organic Video", "match({m}, '^(.*video.*)$')"),
    ("Organic Search", "{m} = 'organic'"),
    (
        "Organic Social",
        "{m} IN ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media')",
    ),
    ("Referral", "{m} IN ('referral', 'app', 'link')"),
    ("Organic Shopping", "match({d}, {shopping:String})"),
    ("Organic Video", "match({d}, {video:String})"),
    ("Email", "match({d}, {email:String})"),
    ("Organic Search", "match({d}, {search:String})"),
    ("Organic Social", "match({d}, {social:String})"),
    ("Organic Video", "match({c}, 'video')"),
    ("Push", "endsWith({m}, 'push')"),
    ("Organic Social", "{facebook} != ''"),
    ("Direct", "{d} = '$direct'"),
    ("Referral", "{d} != ''"),
)
_PAID = (
    "({m} IN ('cpc', 'cpm', 'cpv', 'cpa', 'ppc', 'retargeting') OR startsWith({m}, 'paid') "
    "OR {click} != '' OR {google} != '')"
)
CHANNELS = (*dict.fromkeys(name for name, _ in _RULES), "Unknown")


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of the visit: text expressions, NULL where nothing is."""

    referring_domain: Sql
    source: Sql
    medium: Sql
    campaign: Sql
    # Of a click on an ad: Google's id and what it was, and Facebook's, which says nothing of whether it was paid for.
    google_click: Sql
    google_kind: Sql
    facebook_click: Sql


def channel(origin: Origin) -> Sql:
    """One of CHANNELS, as text."""
    given = {
        "d": Sql("replaceRegexpOne({d}, '^https?://', '')", d=_known(origin.referring_domain)),
        "s": _known(origin.source),
        "m": _known(origin.medium),
        "c": _known(origin.campaign),
        "click": _known(origin.google_click),
        "google": _known(origin.google_kind),
        "facebook": _known(origin.facebook_click),
    }
    for name in ("d", "s"):
        given[name] = Sql("replaceRegexpOne({x}, '^www\\\\.|[/:?#].*$', '')", x=given[name])
        given[name] = Sql("replaceRegexpOne({x}, '[/:?#].*$', '')", x=given[name])
    patterns = {
        "search": _SEARCH,
        "social": _SOCIAL,
        "video": _VIDEO,
        "shopping": _SHOPPING,
        "shop": _SHOP_CAMPAIGN,
        "email": _EMAIL,
    }
    # A function of what is given, so that each of that is computed, and written, once.
    names = {name: Sql(f"channel_{name}") for name in given}
    paid = Sql(_PAID, **names)
    branches = Sql.join(
        ", ",
        (Sql("{rule}, '" + name + "'", rule=Sql(rule, **names, **patterns, paid=paid)) for name, rule in _RULES),
    )
    return Sql(
        "arrayElement(arrayMap(({names}) -> multiIf({b}, 'Unknown'), {given}), 1)",
        names=Sql.join(", ", names.values()),
        b=branches,
        given=Sql.join(", ", (Sql("[{x}]", x=value) for value in given.values())),
    )


def _known(value: Sql) -> Sql:
    """Lower case; empty for what is missing, and for the word that some clients send for it."""
    return Sql("replaceRegexpOne(lower(ifNull({x}, '')), '^null$', '')", x=value)
