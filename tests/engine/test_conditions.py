"""Who and what is counted: cohorts, actions, elements, groups, sessions, test accounts."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.errors import ValidationError
from insights_engine.sql import Sql

from tests.engine.asking import Asker, data, event
from tests.engine.conftest import NewAsker

PEOPLE = [
    {"distinct_ids": ["ann", "ann-phone"], "properties": {"os": "Mac", "plan": "pro"}},
    {"distinct_ids": ["bob"], "properties": {"os": "Windows", "plan": "pro"}},
    {"distinct_ids": ["cyd"], "properties": {"os": ""}},
    {"distinct_ids": ["dan"], "properties": {}},
]
IDS = ("ann", "ann-phone", "bob", "cyd", "dan")


def is_(key: str, value: Any, operator: str = "exact", **further: Any) -> dict[str, Any]:
    return {"key": key, "value": value, "operator": operator, "type": "person", **further}


def in_(number: int, **further: Any) -> dict[str, Any]:
    return {"key": "id", "type": "cohort", "value": number, **further}


def all_of(*members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "AND", "values": list(members)}


COHORTS: dict[int, dict[str, Any]] = {
    1: {"filters": {"properties": all_of(is_("os", "Mac"))}},
    2: {"filters": {"properties": all_of(is_("plan", "pro"))}},
    3: {"filters": {"properties": all_of(in_(2), in_(1, negation=True))}},
    4: {"filters": {"properties": {"type": "OR", "values": [all_of(in_(1)), all_of(is_("os", None, "is_not_set"))]}}},
    5: {"is_static": True},
    6: {"filters": {"properties": all_of(is_("os", "Mac", negation=True))}},
    7: {"filters": {"properties": all_of()}},
    8: {"filters": {"properties": all_of(is_("distinct_id", "ann-phone"))}},
    9: {"filters": {"properties": all_of(in_(10))}},
    10: {"filters": {"properties": all_of(in_(9))}},
    11: {"filters": {"properties": all_of(in_(3, negation=True))}},
    12: {"filters": {"properties": all_of(is_("plan", ["pro"], "is_not"))}},
}


@pytest.fixture(scope="module")
def people(new_asker: NewAsker) -> Asker:
    asker = new_asker().load([event(distinct_id=name) for name in IDS], persons=PEOPLE)
    for number, values in COHORTS.items():
        asker.define("cohort", number, name=f"cohort {number}", **values)
    sql = Sql("SELECT distinct_id, person FROM person_distinct_ids WHERE project = {p:UInt32}", p=asker.id)
    numbers = {row[0]: row[1] for row in asker.services.clickhouse.admin_read(sql).rows}
    lines = [
        f'{{"project":{asker.id},"cohort":5,"person":{numbers[name]},"is_deleted":{gone},"version":1}}'
        for name, gone in (("ann", 0), ("dan", 0), ("bob", 1))
    ]
    columns = ["project", "cohort", "person", "is_deleted", "version"]
    asker.services.clickhouse.insert_json("cohort_people", columns, "\n".join(lines).encode())
    return asker


def counted(asker: Asker, *filters: dict[str, Any], **further: Any) -> set[str]:
    """The distinct ids of the events that pass."""
    found = asker.legacy(
        **{"events": [{"id": "e"}], **further},
        properties=list(filters),
        breakdown="distinct_id",
        breakdown_type="event_metadata",
        date_from="2020-01-01",
    )
    return {row["breakdown_value"] for row in found}


MEMBERS = {
    1: {"ann", "ann-phone"},
    2: {"ann", "ann-phone", "bob"},
    3: {"bob"},
    4: {"ann", "ann-phone", "dan"},
    5: {"ann", "ann-phone", "dan"},
    6: {"bob", "cyd", "dan"},
    7: set(IDS),
    8: {"ann", "ann-phone"},
    11: {"ann", "ann-phone", "cyd", "dan"},
    12: {"cyd", "dan"},
}


@pytest.mark.parametrize("number", MEMBERS)
def test_a_cohort_has_its_members(people: Asker, number: int) -> None:
    outside = set(IDS) - MEMBERS[number]
    assert counted(people, in_(number)) == MEMBERS[number]
    assert counted(people, in_(number, operator="exact")) == MEMBERS[number]
    assert counted(people, in_(number, operator="not_in")) == outside
    assert counted(people, in_(number, operator="is_not")) == outside
    assert counted(people, in_(number, negation=True)) == outside
    # an older client says both, and means it once
    assert counted(people, in_(number, negation=True, operator="not_in")) == outside


@pytest.mark.parametrize(
    ("filters", "why", "attr"),
    [
        ([in_(99)], "Cohort 99 does not exist", "properties__0"),
        ([in_(9)], "refers to cohorts more than 20 levels deep", None),
        ([in_(1, operator="icontains")], "is not known", "properties__0__operator"),
    ],
)
def test_a_cohort_that_cannot_be_asked_is_named(
    people: Asker, filters: list[dict[str, Any]], why: str, attr: str | None
) -> None:
    with pytest.raises(ValidationError, match=why) as caught:
        counted(people, *filters)
    assert caught.value.attr == attr


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ([is_("distinct_id", "ann-phone")], {"ann", "ann-phone"}),
        ([is_("distinct_id", ["ann", "bob"], "is_not")], {"cyd", "dan"}),
        ([is_("distinct_id", ["phone", "bo"], "not_icontains")], {"cyd", "dan"}),
        ([is_("os", ["ac", "zz"], "not_icontains")], {"bob", "cyd"}),  # a list asks for the property to be there
        ([is_("os", ["ac"], "not_icontains")], {"bob", "cyd", "dan"}),
        ([is_("os", ["ac", None], "not_icontains")], {"bob", "cyd", "dan"}),
        ([is_("os", "", "exact")], {"cyd"}),
        ([is_("os", None, "is_set")], {"ann", "ann-phone", "bob", "cyd"}),
        ([is_("os", "Mac"), in_(2)], {"ann", "ann-phone"}),
        ([is_("os", "Mac"), in_(2, negation=True)], set()),
    ],
)
def test_persons_are_told_by_what_they_are_now(people: Asker, filters: list[dict[str, Any]], names: set[str]) -> None:
    assert counted(people, *filters) == names


def test_test_accounts_are_kept_out_by_what_the_project_says_to_keep(new_asker: NewAsker) -> None:
    keep = [is_("os", "Mac", "is_not"), in_(2, negation=True)]
    asker = new_asker(test_account_filters=keep).load([event(distinct_id=name) for name in IDS], persons=PEOPLE)
    asker.define("cohort", 2, name="pro", **COHORTS[2])
    assert counted(asker, filter_test_accounts=True) == {"cyd", "dan"}
    assert counted(asker) == set(IDS)


# Actions: an event for each thing that may happen.

CLICK = (
    'a.btn.primary:attr__href="/x"href="/x"nth-child="2"nth-of-type="1"text="Buy \\"now\\"";'
    'div.nav:nth-child="1"nth-of-type="1"'
)
HAPPENED = {
    "view": {"event": "$pageview", "properties": {"$current_url": "https://shop.test/Basket?x=1"}},
    "home": {"event": "$pageview", "properties": {"$current_url": "https://shop.test/"}},
    "click": {"event": "$autocapture", "properties": {}, "elements_chain": CLICK},
    "other click": {"event": "$autocapture", "properties": {}, "elements_chain": 'b:text="Sell"'},
    "it's": {"event": 'it\'s "it"', "properties": {"k": "v"}},
    "opened": {"event": "opened", "properties": {"$current_url": "file:\\c\\100%.txt"}},
}


@pytest.fixture(scope="module")
def happened(new_asker: NewAsker) -> Asker:
    return new_asker().load(
        [{**row, "distinct_id": name, "timestamp": "2020-01-02T10:00:00Z"} for name, row in HAPPENED.items()],
        persons=[{"distinct_ids": ["view"], "properties": {"os": "Mac"}}],
    )


@pytest.mark.parametrize(
    ("steps", "names"),
    [
        ([], set()),  # no step, no event
        ([{}], set(HAPPENED)),
        ([{"event": "$pageview"}], {"view", "home"}),
        ([{"event": "$pageview"}, {"event": 'it\'s "it"'}], {"view", "home", "it's"}),
        ([{"event": "$pageview"}, {"event": "$pageview"}], {"view", "home"}),
        ([{"event": "$pageview"}, {"url": "Basket"}], {"view", "home"}),
        ([{"event": "nothing of the kind"}], set()),
        # url: contains, case-sensitive, unless it says otherwise; % is a wildcard
        ([{"url": "Basket"}], {"view"}),
        ([{"url": "basket"}], set()),
        ([{"url": "shop%x"}], {"view"}),
        ([{"url": "\\c\\"}], {"opened"}),
        ([{"url": "\\C"}], set()),
        ([{"url": "https://shop.test/", "url_matching": "exact"}], {"home"}),
        ([{"url": "/B.*x=\\d$", "url_matching": "regex"}], {"view"}),
        ([{"event": "$autocapture", "url": "Basket"}], set()),
        # elements
        ([{"text": 'Buy "now"'}], {"click"}),
        ([{"text": "buy", "text_matching": "contains"}], {"click"}),
        ([{"text": "^S", "text_matching": "regex"}], {"other click"}),
        ([{"text": "Buy"}], set()),
        ([{"href": "/x"}], {"click"}),
        ([{"tag_name": "a"}], {"click"}),
        ([{"tag_name": "b"}], {"other click"}),
        ([{"selector": "a.btn"}], {"click"}),
        ([{"selector": "div.nav > a.primary"}], {"click"}),
        ([{"selector": "div a[href='/x']"}], {"click"}),
        ([{"selector": "a:nth-child(2)"}], {"click"}),
        ([{"selector": "a.absent"}], set()),
        ([{"selector": "a > div"}], set()),
        # properties of any kind
        ([{"properties": [{"key": "k", "value": "v"}]}], {"it's"}),
        ([{"event": "$pageview", "properties": [is_("os", "Mac")]}], {"view"}),
        ([{"event": "$pageview", "properties": [is_("os", "Mac", "is_not")]}], {"home"}),
    ],
)
def test_an_action_is_any_of_its_steps(happened: Asker, steps: list[dict[str, Any]], names: set[str]) -> None:
    happened.define("action", 1, name="acted", steps=steps)
    assert counted(happened, events=[], actions=[{"id": 1}]) == names
    (series,) = happened.legacy(actions=[{"id": 1}], date_from="2020-01-01")
    assert (series["label"], sum(series["data"])) == ("acted", len(names))


def element(key: str, value: Any, operator: str = "exact") -> dict[str, Any]:
    return {"key": key, "value": value, "operator": operator, "type": "element"}


@pytest.mark.parametrize(
    ("leaf", "names"),
    [
        (element("text", 'Buy "now"'), {"click"}),
        (element("text", ["Sell", "x"]), {"other click"}),
        (element("text", "SELL", "icontains"), {"other click"}),
        (element("text", "^B", "regex"), {"click"}),
        (element("text", "Sell", "is_not"), set(HAPPENED) - {"other click"}),
        (element("text", "e", "not_icontains"), set(HAPPENED) - {"other click"}),
        (element("text", None, "is_set"), {"click", "other click"}),
        (element("href", None, "is_not_set"), set(HAPPENED) - {"click"}),
        (element("href", "/x", "in"), {"click"}),
        (element("tag_name", ["a", "b"]), {"click", "other click"}),
        (element("tag_name", "a", "is_not"), set(HAPPENED) - {"click"}),
        (element("selector", "a.btn"), {"click"}),
        (element("selector", "a.btn", "is_not"), set(HAPPENED) - {"click"}),
    ],
)
def test_elements_of_a_click(happened: Asker, leaf: dict[str, Any], names: set[str]) -> None:
    assert counted(happened, leaf, events=[{"id": None}]) == names


@pytest.mark.parametrize(
    ("leaf", "why"),
    [
        (element("selector", "a.btn", "icontains"), "is not known; known are: exact, is_not"),
        (element("tag_name", "a", "regex"), "is not known; known are: exact, is_not"),
        (element("text", "5", "gt"), "is not known"),
        (element("colour", "red"), 'key "colour" is not known'),
        (element("selector", "a:hover"), "is not a selector that can be matched"),
        (element("selector", "a["), "is not a selector that can be matched"),
    ],
)
def test_elements_that_cannot_be_asked(happened: Asker, leaf: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why) as caught:
        counted(happened, leaf, events=[{"id": None}])
    assert caught.value.attr
    assert caught.value.attr.startswith("properties__0")


def group(key: str, value: Any, operator: str = "exact", index: int = 0) -> dict[str, Any]:
    return {"key": key, "value": value, "operator": operator, "type": "group", "group_type_index": index}


def test_a_project_reads_its_own_rows_only(new_asker: NewAsker) -> None:
    """Two projects with the same ids of persons, groups and sessions."""
    one, other = new_asker(), new_asker()
    for asker, os in ((one, "Mac"), (other, "Linux")):
        asker.load(
            [{**event(**{"$session_id": "s"}), "groups": {"organization": "o"}}],
            persons=[{"distinct_ids": ["p"], "properties": {"os": os}}],
            groups=[{"type": "organization", "key": "o", "properties": {"os": os}}],
        )
    for leaf in (is_("os", "Linux"), group("os", "Linux")):
        assert counted(one, leaf) == set()
        assert counted(other, leaf) == {"p"}
    assert data(one.legacy(events=[{"id": None}], date_from="2020-01-02", date_to="2020-01-02")) == [1]
