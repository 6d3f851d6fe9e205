"""What is refused when it is written is what ClickHouse would refuse when it is asked, and no more."""

from __future__ import annotations

import pytest
from insights_engine.errors import ApiError, ValidationError
from insights_engine.regexes import check_re2
from insights_engine.services import Services
from insights_engine.sql import Sql

TAKEN = [
    *("", "a", r"/\d+(/|\?)?", "(?:a|b)*?", "(?i)a", "a(?i)b", "(?i:a)b", "(?s-m:a)", "(?U)a+", "(?P<n>a)", "(?<n>a)"),
    *(
        r"\pL\PN\p{Greek}\p{^Greek}",
        r"[\pL]",
        "[[:alpha:]_]",
        "[[:^alpha:]]",
        r"\Aa\z",
        r"\Q(?=\E",
        r"\Qa(",
        r"\x{1F600}",
    ),
    *(
        r"[0-\x{FFFF}]",
        r"\x41",
        r"\012",
        r"\12",
        r"[\]]",
        "[]a]",
        "[^]a]",
        "[(?=]",
        "[a++]",
        r"\(?=",
        r"\\(a)",
        "a{2,3}",
    ),
    *("a{1000}", "a{,3}", "a{", "a+?", "a??", r"\_", r"[\d-]", "é+", "[[a]", r"\.\-\/", r"[a-z&&b]", r"\C", "a{2}?"),
]
REFUSED = [
    *("a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", r"(a)\1", "(?P<n>a)(?P=n)", "(?>a)", "a++", "a*+", "a?+", "a{2}+"),
    *("(a)(?(1)b|c)", "(?#note)", "(?x)a", "(?a)a", "(?L)a", r"\Z", r"\u0041", r"\N{DASH}", r"[\b]", "a{1001}", "a**"),
    *("(", ")", "[", "[b-a]", "*", "\\", r"\y", r"\é", "a{3,2}", r"\x{110000}", r"\8", r"[\1]"),
]


def clickhouse_takes(services: Services, pattern: str) -> bool:
    try:
        services.clickhouse.admin_read(Sql("SELECT replaceRegexpAll(materialize('abc'), {r:String}, 'x')", r=pattern))
    except ApiError:
        return False
    return True


@pytest.mark.parametrize("pattern", TAKEN)
def test_what_clickhouse_runs_is_taken(services: Services, pattern: str) -> None:
    check_re2(pattern, "regex")
    assert clickhouse_takes(services, pattern)


@pytest.mark.parametrize("pattern", REFUSED)
def test_what_clickhouse_does_not_run_is_refused(services: Services, pattern: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check_re2(pattern, "steps__0__url")
    assert refused.value.attr == "steps__0__url"
    assert not clickhouse_takes(services, pattern)
