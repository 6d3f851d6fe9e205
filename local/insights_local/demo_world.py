"""The world of the demo data, in tables: a small planning tool's site, and who comes to it from where.

Every weight is relative to the others of its table.
"""

from __future__ import annotations

from typing import NamedTuple

HOST = "taskvale.example"


class Country(NamedTuple):
    code: str
    cities: tuple[str, ...]
    timezone: str
    # Good enough for a rhythm of the day: summer time is left out.
    hours_from_utc: float
    weight: int


class Device(NamedTuple):
    browser: str
    browser_version: str
    os: str
    os_version: str
    type: str
    weight: int


class Source(NamedTuple):
    """Where a first visit came from; a campaign marks the address of the page."""

    referrer: str
    domain: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    weight: int


class Plan(NamedTuple):
    name: str
    monthly_amount: int
    weight: int


COUNTRIES = (
    Country("US", ("New York", "San Francisco", "Austin", "Chicago"), "America/New_York", -5, 34),
    Country("DE", ("Berlin", "Hamburg", "Munich"), "Europe/Berlin", 1, 13),
    Country("GB", ("London", "Manchester", "Leeds"), "Europe/London", 0, 12),
    Country("IN", ("Bengaluru", "Mumbai", "Pune"), "Asia/Kolkata", 5.5, 11),
    Country("FR", ("Paris", "Lyon"), "Europe/Paris", 1, 8),
    Country("BR", ("São Paulo", "Recife"), "America/Sao_Paulo", -3, 7),
    Country("CA", ("Toronto", "Montréal"), "America/Toronto", -5, 6),
    Country("JP", ("Tokyo", "Osaka"), "Asia/Tokyo", 9, 5),
    Country("AU", ("Sydney", "Melbourne"), "Australia/Sydney", 10, 4),
)

DEVICES = (
    Device("Chrome", "131", "Windows", "11", "Desktop", 27),
    Device("Chrome", "131", "Mac OS X", "15.1", "Desktop", 22),
    Device("Safari", "18.1", "Mac OS X", "15.1", "Desktop", 11),
    Device("Microsoft Edge", "131", "Windows", "11", "Desktop", 8),
    Device("Firefox", "133", "Linux", "", "Desktop", 6),
    Device("Firefox", "133", "Windows", "10", "Desktop", 4),
    Device("Mobile Safari", "18.1", "iOS", "18.1", "Mobile", 12),
    Device("Chrome", "131", "Android", "15", "Mobile", 10),
)
PHONES = tuple(device for device in DEVICES if device.type == "Mobile")

SOURCES = (
    Source("$direct", "$direct", "", "", "", 34),
    Source("https://www.google.com/", "www.google.com", "", "", "", 24),
    Source("https://www.google.com/", "www.google.com", "google", "cpc", "planning-tools", 11),
    Source("https://news.ycombinator.com/", "news.ycombinator.com", "", "", "", 8),
    Source("https://www.linkedin.com/", "www.linkedin.com", "linkedin", "social", "launch", 8),
    Source("$direct", "$direct", "newsletter", "email", "spring-release", 8),
    Source("https://www.reddit.com/", "www.reddit.com", "", "", "", 4),
    Source("https://duckduckgo.com/", "duckduckgo.com", "", "", "", 3),
)

# From a page to the next ones; LEAVE ends the visit.
LEAVE = ""
SITE: dict[str, tuple[tuple[str, int], ...]] = {
    "/": (("/features", 26), ("/pricing", 22), ("/blog/plan-a-week", 8), ("/customers", 9), ("/docs", 6), (LEAVE, 29)),
    "/features": (("/pricing", 34), ("/customers", 14), ("/docs", 12), ("/", 8), (LEAVE, 32)),
    "/pricing": (("/features", 16), ("/customers", 12), ("/docs", 10), ("/", 8), (LEAVE, 54)),
    "/customers": (("/pricing", 38), ("/features", 18), (LEAVE, 44)),
    "/docs": (("/docs/import", 30), ("/docs/api", 26), ("/pricing", 10), (LEAVE, 34)),
    "/docs/import": (("/docs", 20), ("/docs/api", 20), (LEAVE, 60)),
    "/docs/api": (("/docs", 28), (LEAVE, 72)),
    "/blog/plan-a-week": (("/", 30), ("/blog/fewer-meetings", 22), ("/features", 12), (LEAVE, 36)),
    "/blog/fewer-meetings": (("/", 26), ("/blog/plan-a-week", 14), (LEAVE, 60)),
    "/app/home": (("/app/tasks", 40), ("/app/projects/*", 34), ("/app/reports", 9), ("/app/files", 9), (LEAVE, 8)),
    "/app/projects/*": (
        ("/app/tasks", 42),
        ("/app/files", 16),
        ("/app/home", 14),
        ("/app/projects/*", 12),
        (LEAVE, 16),
    ),
    "/app/tasks": (("/app/tasks", 30), ("/app/projects/*", 28), ("/app/home", 16), ("/app/files", 9), (LEAVE, 17)),
    "/app/files": (("/app/projects/*", 40), ("/app/tasks", 24), ("/app/files", 8), (LEAVE, 28)),
    "/app/reports": (("/app/home", 26), ("/app/reports", 20), ("/app/settings", 8), (LEAVE, 46)),
    "/app/settings": (("/app/home", 40), (LEAVE, 60)),
}
ENTRANCES = (("/", 58), ("/blog/plan-a-week", 14), ("/pricing", 10), ("/features", 8), ("/docs", 6), ("/customers", 4))

# What people do on a page of the application, and how likely on each view of it.
DEEDS = {
    "/app/tasks": ("task_completed", 0.62),
    "/app/files": ("file_uploaded", 0.5),
    "/app/reports": ("report_exported", 0.3),
}

# Where each milestone happens. In this order they are the demo funnel.
MILESTONES = {
    "signed_up": "/signup",
    "project_created": "/app/projects/new",
    "teammate_invited": "/app/settings/team",
    "plan_upgraded": "/app/settings/billing",
}

PLANS = (Plan("team", 49, 70), Plan("business", 199, 24), Plan("enterprise", 899, 6))
ROLES = (("engineer", 34), ("designer", 18), ("product manager", 22), ("marketer", 14), ("founder", 12))
INDUSTRIES = ("software", "retail", "education", "health", "media", "logistics", "finance")
_NAMES = """
Ada Amir Ana Ben Carla Chen Dina Elif Emil Femi Grace Hana Igor Ines Jonas Kaito Lena Liam Mara Milan Nadia Noor Olga
Omar Paula Ravi Rosa Sam Sofia Tariq Uma Vera Wei Yara Zoe |
Adler Baker Costa Diaz Evans Fischer Garcia Haas Ito Jansen Kaur Lopez Meyer Nguyen Okafor Patel Quinn Rossi Silva
Tanaka Ueda Vogel Weber Xu Young Zhang |
North Blue Bright Iron Cedar Quiet Rapid Silver Maple Amber Granite Harbor |
Works Studio Labs Trading Partners Systems Foods Clinic Press Freight
"""
FIRST_NAMES, LAST_NAMES, FIRST_WORDS, SECOND_WORDS = (tuple(part.split()) for part in _NAMES.split("|"))
