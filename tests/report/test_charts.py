"""Pictures of insights: what is on them, whatever the numbers and names are, and that nothing is fetched for one."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from insights_engine.trend.displays import DISPLAYS
from insights_report import charts
from insights_report.charts import paths, theme
from insights_report.path_rows import edges_of
from PIL import Image

from tests.conftest import Golden
from tests.report.answers import (
    calendar,
    cohorts,
    colours,
    compared,
    edge,
    ink,
    laid_out,
    lifecycle,
    looked_at,
    over_time,
    steps,
    total,
)

TWO = [over_time("Visits", [5, 8, 0, 12, 7]), over_time("Sign-ups", [1, 2, 0.5, 3, 1])]
VALUES = [total("Chrome", 1200), total("Safari", 300), total("$$_posthog_breakdown_null_$$", 20)]
PATHS = [
    *(edge("1_/", "2_/pricing", 50), edge("1_/", "2_/docs", 30), edge("1_/blog", "2_/pricing", 20)),
    *(edge("2_/pricing", "3_/signup", 40), edge("2_/docs", "3_/signup", 10)),
]
TRENDS_OF_FUNNEL = [{"count": 3, "data": [10.0, 0.0, 33.33], "labels": ["1-Mar-2026", "2-Mar-2026", "3-Mar-2026"]}]
BINS = {"bins": [[0, 5], [60, 3], [120, 0]], "average_conversion_time": 45.5}

ROWS = [["$pageview", 1234, "2026-03-01T10:00:00"], ["sign up", 7, None], ["buy", 0.5, "2026-03-02T00:00:00"]]

# name of the picture: kind, answer, display.
PICTURES: dict[str, tuple[str, Any, str | None]] = {
    "lines": ("TrendsQuery", TWO, "ActionsLineGraph"),
    "compared": ("TrendsQuery", compared(TWO[0], over_time("Visits", [4, 4, 4, 4, 4])), "ActionsLineGraph"),
    "areas": ("TrendsQuery", TWO, "ActionsAreaGraph"),
    "stacked": ("TrendsQuery", TWO, "ActionsBar"),
    "unstacked": ("TrendsQuery", TWO, "ActionsUnstackedBar"),
    "number": ("TrendsQuery", compared(total("Visits", 1100), total("Visits", 1000)), "BoldNumber"),
    "bars": ("TrendsQuery", VALUES, "ActionsBarValue"),
    "pie": ("TrendsQuery", VALUES, "ActionsPie"),
    "table": ("TrendsQuery", VALUES, "ActionsTable"),
    "calendar": ("TrendsQuery", [calendar("Visits")], "CalendarHeatmap"),
    "lifecycle": ("LifecycleQuery", lifecycle(3), None),
    "stickiness": (
        "StickinessQuery",
        [over_time("Visits", [9, 4, 1]) | {"labels": ["1 day", "2 days", "3 days"]}],
        None,
    ),
    "retention": ("RetentionQuery", cohorts(3), None),
    "retention_by_value": ("RetentionQuery", cohorts(2, breakdown_value="Chrome"), None),
    "retention_older": ("RetentionQuery", cohorts(3, is_node=False), None),
    "paths": ("PathsQuery", PATHS, None),
    "funnel": ("FunnelsQuery", steps([200, 50, 5]), None),
    "funnel_by_value": (
        "FunnelsQuery",
        [steps([20, 5], breakdown=["Chrome"]), steps([9, 9], breakdown=["Safari"])],
        None,
    ),
    "funnel_over_time": ("FunnelsQuery", TRENDS_OF_FUNNEL, None),
    "funnel_times": ("FunnelsQuery", BINS, None),
    "rows": ("HogQLQuery", {"columns": ["event", "count()", "last"], "results": ROWS, "hasMore": True}, None),
}
# Texts that must stay texts.
HOSTILE = (
    *("constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"),
    *("datum.value", "' + alert(1) + '", '{"signal": "width"}', "{{name}}", "<script>alert(1)</script>"),
    *("\ud800 half a character", "a\x00b\nc\u202edef", "漢字 עברית العربية 😀 ไทย", "n" * 5000, ""),
)
# One display of each form.
EACH_FORM = {
    **{form: display for display, form in charts.OVER_TIME.items()},
    **{f: d for d, f in charts.AT_ONCE.items()},
}
OVER_TIME = [display for display in EACH_FORM.values() if display in charts.OVER_TIME]
AT_ONCE = [display for display in EACH_FORM.values() if display in charts.AT_ONCE]
FONTS = ("/usr/share/fonts", "/usr/local/share/fonts")
NUMBERS = (math.nan, None, math.inf, -math.inf, 1.7e308, -1.7e308, 5e-324, -3, 0, 10**30)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_described_as_before(name: str, golden: Golden) -> None:
    kind, result, display = PICTURES[name]
    described = charts.spec(kind, result, name="The name", display=display)
    golden(f"charts/{name}.json", laid_out(described) + "\n")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_drawn_and_the_same_each_time(name: str) -> None:
    kind, result, display = PICTURES[name]
    drawn = charts.draw(kind, result, name="The name", display=display)
    looked_at(drawn)
    assert charts.draw(kind, result, name="The name", display=display) == drawn


def test_every_display_has_a_form() -> None:
    assert {*charts.OVER_TIME, *charts.AT_ONCE, *charts.BY_HOUR} == set(DISPLAYS)


def test_every_kind_that_is_answered_has_a_form() -> None:
    from insights_engine.kinds import KINDS

    assert set(charts.FORMS) == set(KINDS)
    with pytest.raises(ValueError, match='no picture of "ActorsQuery"; there are those of TrendsQuery'):
        charts.draw("ActorsQuery", [], name="x")


@pytest.mark.parametrize("kind", charts.FORMS)
@pytest.mark.parametrize("result", [None, []])
def test_without_rows_it_says_so(kind: str, result: Any) -> None:
    said = charts.spec(kind, result, name="The name")
    assert said["data"]["values"] == [{"said": "No data"}]
    looked_at(charts.png(said))


def test_values_of_a_statement_are_whatever_they_are() -> None:
    columns, rows = list(HOSTILE), [[*HOSTILE[place:], *HOSTILE[:place]] for place in range(len(HOSTILE))]
    looked_at(charts.draw("HogQLQuery", {"columns": columns, "results": rows, "hasMore": False}, name=HOSTILE[5]))
    mixed = [[[number], {"a": number}, number, "n" * 500, True] for number in NUMBERS]
    looked_at(
        charts.draw("HogQLQuery", {"columns": ["", "a", "a", "b", "c"], "results": mixed * 9, "hasMore": True}, name="")
    )
    empty = charts.spec("HogQLQuery", {"columns": ["a"], "results": [], "hasMore": False}, name="x")
    assert empty["data"]["values"] == [{"said": "No data"}]


@pytest.mark.parametrize("display", [*OVER_TIME, None, "Unheard"])
def test_names_and_numbers_over_time_are_whatever_they_are(display: str | None) -> None:
    rows = [over_time(name, [*NUMBERS[place:], *NUMBERS[:place]]) for place, name in enumerate(HOSTILE[:10])]
    looked_at(charts.draw("TrendsQuery", rows, name=HOSTILE[5], display=display))
    labelled = [row | {"labels": list(HOSTILE[: len(NUMBERS)])} for row in rows[:2]]
    looked_at(charts.draw("TrendsQuery", labelled, name=HOSTILE[10], display=display))


@pytest.mark.parametrize("display", AT_ONCE)
def test_names_and_numbers_at_once_are_whatever_they_are(display: str) -> None:
    found = [total(name, value) for name, value in zip(HOSTILE, [*NUMBERS, *NUMBERS], strict=False)]
    looked_at(charts.draw("TrendsQuery", found, name=HOSTILE[12], display=display))
    looked_at(charts.draw("TrendsQuery", [total(name, 5) for name in HOSTILE], name=HOSTILE[13], display=display))


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("PathsQuery", [edge(f"1_{name}", f"2_{other}", 5) for name in HOSTILE[:8] for other in HOSTILE[5:]]),
        ("FunnelsQuery", [row | {"name": name} for row, name in zip(steps([9] * 15), HOSTILE, strict=True)]),
        ("FunnelsQuery", [steps([5, 2], breakdown=[name], breakdown_value=[name]) for name in HOSTILE[:6]]),
        ("RetentionQuery", [row for name in HOSTILE[:8] for row in cohorts(2, breakdown_value=name)]),
        ("TrendsQuery", [calendar(HOSTILE[2])]),
        ("StickinessQuery", [over_time(name, [3, 2]) for name in HOSTILE]),
        ("LifecycleQuery", [row | {"labels": ["constructor", "toString"]} for row in lifecycle(2)]),
    ],
)
def test_names_of_other_insights_are_whatever_they_are(
    kind: str, result: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    looked_at(charts.draw(kind, result, name=HOSTILE[0]))
    # What goes wrong inside of the library is a line of its log, and a picture with a part missing.
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("display", EACH_FORM.values())
def test_a_name_of_every_object_is_a_name(display: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is missing from the picture: it has the colours that it has with other names."""
    of, values = (over_time, [4, 5]) if display in charts.OVER_TIME else (total, 4)
    odd = sorted(charts.OF_EVERY_OBJECT)
    with_odd, with_plain = (
        looked_at(charts.draw("TrendsQuery", [of(name, values) for name in names], name="Names", display=display))
        for names in (odd, [f"a name {name}" for name in odd])
    )
    assert fills(with_odd) == fills(with_plain)
    assert capfd.readouterr().err == ""


def fills(image: Image.Image) -> set[str]:
    found = colours(image)
    return {colour for colour in (*theme.FILLS, *theme.LINES) if tuple(bytes.fromhex(colour[1:])) in found}


def test_texts_are_values_and_never_a_part_of_an_expression() -> None:
    """Everything that Vega evaluates is one of our own, whatever the names are."""
    for display in DISPLAYS:
        rows = [over_time(n, [1, 2]) if display in charts.OVER_TIME else total(n, 3) for n in ("datum.x", "b")]
        made = charts.spec("TrendsQuery", rows, name="datum.x", display=display)
        assert not [text for text in expressions(made) if "datum.x" in text]


def expressions(described: Any, key: str = "") -> list[str]:
    if isinstance(described, dict):
        return [found for name, value in described.items() for found in expressions(value, name)]
    if isinstance(described, list | tuple):
        return [found for value in described for found in expressions(value, key)]
    return [described] if key in ("expr", "labelExpr", "test", "signal", "filter", "calculate", "field") else []


@pytest.mark.parametrize(
    ("count", "points"), [(1, 1), (1, 2), (2, 1000), (25, 60), (1, 20_000)], ids=lambda n: f"{n:,}"
)
@pytest.mark.parametrize("display", ["ActionsLineGraph", "ActionsUnstackedBar"])
def test_few_and_many_can_be_read(count: int, points: int, display: str) -> None:
    rows = [over_time(f"Series {n}", [n + k % 7 for k in range(points)]) for n in range(count)]
    image = looked_at(charts.draw("TrendsQuery", rows, name="Many", display=display))
    assert image.height < 1000


def test_of_many_series_those_with_most_are_drawn_and_the_others_counted() -> None:
    rows = [over_time(f"Series {n}", [n, n]) for n in range(25)]
    made = charts.spec("TrendsQuery", rows, name="Many")
    assert {row["series"] for row in made["data"]["values"]} == {f"Series {n}" for n in range(15, 25)}
    assert "15 more series are not shown" in made["title"]["subtitle"]


def test_the_same_name_twice_is_two_lines() -> None:
    same = [over_time("Visits", [1, 2]), over_time("Visits", [3, 4]), over_time("Visits", [5, 6])]
    same[2]["action"] = {"math": "dau"}
    made = charts.spec("TrendsQuery", same, name="Twice")
    assert made["encoding"]["color"]["scale"]["domain"] == ["Visits (total)", "Visits (total) (2)", "Visits (dau)"]


def test_what_is_compared_has_the_colour_of_what_it_is_compared_with() -> None:
    made = charts.spec("TrendsQuery", PICTURES["compared"][1], name="Compared")["encoding"]
    assert made["color"]["scale"]["domain"] == ["Visits", "Visits (previous)"]
    assert len(set(made["color"]["scale"]["range"])) == 1
    assert made["strokeDash"]["scale"]["range"][0] != made["strokeDash"]["scale"]["range"][1]


def test_neighbours_can_be_told_apart_in_grey() -> None:
    def grey(colour: str) -> float:
        red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    greys = [grey(colour) for colour in theme.FILLS]
    assert all(abs(one - other) > 45 for one, other in pairwise(greys))
    assert len({str(dash) for dash in theme.DASHES}) == len(theme.LINES)


def test_cells_after_the_window_are_left_blank() -> None:
    made = charts.spec("RetentionQuery", cohorts(3), name="Retention")
    cells = [(cell["row"], cell["column"], cell["said"]) for cell in made["layer"][0]["data"]["values"]]
    assert cells == [
        *(("1 Mar 2026", "Day 0", "100%"), ("1 Mar 2026", "Day 1", "50%"), ("1 Mar 2026", "Day 2", "25%")),
        *(("2 Mar 2026", "Day 0", "100%"), ("2 Mar 2026", "Day 1", "50%"), ("3 Mar 2026", "Day 0", "100%")),
    ]
    older = charts.spec("RetentionQuery", cohorts(3, is_node=False), name="Retention")
    assert older["layer"][0]["data"] == made["layer"][0]["data"]


def test_paths_are_laid_out_in_columns_that_do_not_overlap() -> None:
    made = paths.layout(edges_of(PATHS))
    by_column: dict[int, list[paths.Node]] = {}
    for node in made.nodes:
        by_column.setdefault(node.step, []).append(node)
    assert {step: len({node.x for node in nodes}) for step, nodes in by_column.items()} == {1: 1, 2: 1, 3: 1}
    for nodes in by_column.values():
        nodes.sort(key=lambda node: node.y)
        assert all(one.y + one.height < other.y for one, other in pairwise(nodes))
    assert max(node.y + node.height for node in made.nodes) < made.height
    heights = {(node.step, node.name): node.height for node in made.nodes}
    assert heights[1, "/"] == pytest.approx(4 * heights[1, "/blog"], rel=0.01)
    assert len(made.ribbons) == len(PATHS)


def test_of_many_paths_the_weightiest_are_drawn_and_the_others_counted() -> None:
    rows = [edge(f"{step}_{n}", f"{step + 1}_{n}", 1000 - n) for step in range(1, 20) for n in range(40)]
    made = charts.spec("PathsQuery", rows, name="Paths")
    assert made["title"]["subtitle"] == f"{len(rows) - paths.MOST_EDGES:,} more links are not shown"
    looked_at(charts.png(made))


@pytest.mark.parametrize(
    "described",
    [
        {"$schema": theme.VEGA_LITE, "data": {"url": "http://127.0.0.1:9/rows.json"}, "mark": "point"},
        {"$schema": theme.VEGA, "marks": [{"type": "image", "encode": {"enter": {"url": {"value": "file:///x.png"}}}}]},
    ],
)
def test_nothing_is_fetched_for_a_picture(described: theme.Spec) -> None:
    with pytest.raises(ValueError, match="Nothing is fetched"):
        charts.png(described)


def test_letters_are_drawn_where_no_font_is_installed(tmp_path: Path) -> None:
    """As in Lambda: they are those that the library brings with it."""
    hidden = " && ".join(f"mount -t tmpfs none {folder}" for folder in FONTS if Path(folder).is_dir())
    code = (
        "import sys; from insights_report import charts\n"
        "sys.stdout.buffer.write(charts.draw('TrendsQuery', [], name='Letters of a name'))"
    )
    apart = ["unshare", "--map-root-user", "--mount", "sh", "-ec"]
    if subprocess.run([*apart, hidden or "true"], capture_output=True).returncode:
        pytest.skip("fonts cannot be hidden: unshare --mount is not allowed here")
    command = [*apart, f'{hidden or "true"}; exec "$0" -c "$1"', sys.executable, code]
    found = subprocess.run(command, env=os.environ | {"HOME": str(tmp_path)}, capture_output=True)
    assert not found.returncode, found.stderr
    here = charts.draw("TrendsQuery", [], name="Letters of a name")
    assert ink(looked_at(found.stdout)) == pytest.approx(ink(looked_at(here)), rel=0.05)
