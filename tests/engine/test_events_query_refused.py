"""What an EventsQuery refuses, and where it says that it is: no expression can become a clause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from insights_engine.errors import ApiError, ParseError

from tests.engine.conftest import NewAsker
from tests.engine.event_shop import Shop, leaf, shop_of


@pytest.fixture(scope="module")
def shop(new_asker: NewAsker) -> Shop:
    return shop_of(new_asker)


@pytest.mark.parametrize(
    ("node", "says", "attr"),
    [
        ({"select": ["event", "nope"]}, "select[1]: the field nope is not known (at character 0)", "select__1"),
        ({"select": ["event", "1 + foo(2)"]}, "select[1]: the function foo is not known (at character 4)", "select__1"),
        ({"where": ["event = "]}, "where[0]: unexpected token in expression: Eof (at character 8)", "where__0"),
        ({"where": ["1 = 1", "timestamp > 'x'"]}, 'where[1]: "x" is no date (at character 0)', "where__1"),
        ({"where": ["event + 1 > 2"]}, None, "where__0"),
        ({"orderBy": ["event", "zzz DESC"]}, "orderBy[1]: the field zzz is not known (at character 0)", "orderBy__1"),
        ({"orderBy": ["event desc, 1"]}, None, "orderBy__0"),
        ({"orderBy": ["event) DESC"]}, None, "orderBy__0"),
        ({"orderBy": ["* DESC"]}, None, "orderBy__0"),
        ({"orderBy": ["99"]}, None, "orderBy__0"),
        ({"orderBy": [""]}, None, "orderBy__0"),
        ({"select": ["event, uuid"]}, None, "select__0"),
        ({"select": ["event FROM events"]}, None, "select__0"),
        ({"select": ["event) FROM persons --"]}, None, "select__0"),
        ({"select": ["1; DROP TABLE events"]}, None, "select__0"),
        ({"select": [""]}, None, "select__0"),
        ({"select": ["event", '"*"']}, "select[1]: write * alone; it is one cell with the event", "select__1"),
        ({"select": ["events.*"]}, "select[0]: write * alone; it is one cell with the event", "select__0"),
        ({"select": ["* AS x"]}, None, "select__0"),
        ({"select": ["* EXCEPT (event)"]}, None, "select__0"),
        ({"select": ["COLUMNS('.*')"]}, None, "select__0"),
        ({"select": ["-- nothing"]}, None, "select__0"),
        ({"select": ["{filters}"]}, "select[0]: a placeholder is not allowed here (at character 0)", "select__0"),
        ({"where": ["event = {x}"]}, "where[0]: a placeholder is not allowed here (at character 8)", "where__0"),
        ({"select": ["(SELECT name FROM system.tables)"]}, None, "select__0"),
        ({"select": ["event", "(SELECT 1 FROM secrets)"]}, None, "select__1"),
        ({"select": ["event"] * 101}, None, None),
        ({"select": ["1" + " + 1" * 150] * 10}, None, "select"),
        ({"where": ["1" + " + 1" * 150] * 10}, None, "where"),
        ({"select": ["1" * 6000]}, None, "select__0"),
        ({"after": "soon"}, "after 'soon' is not a date; write one, or -24h or -7d", "after"),
        ({"before": "2024-02-30"}, None, "before"),
        ({"after": "1900-01-01"}, None, "after"),
        ({"actionId": 99}, "Action 99 does not exist in this project", "actionId"),
        ({"actionId": 0}, None, None),
        ({"actionId": True}, None, None),
        ({"personId": "ann"}, "personId must be the uuid or the number of a person", "personId"),
        ({"properties": [leaf("a", 1, operator="like")]}, None, "properties__0__operator"),
        ({"fixedProperties": "x"}, None, None),
        ({"properties": [{"type": "hogql", "key": "1 + nope"}]}, None, "properties__0"),
        ({"properties": [{"type": "cohort", "key": "id", "value": 5}]}, None, "properties__0"),
        ({"source": {"kind": "InsightActorsQuery"}}, None, "source"),
        ({"limit": 0}, None, None),
        ({"limit": -1}, None, None),
        ({"limit": True}, None, None),
        ({"offset": -1}, None, None),
        ({"offset": 2**31}, None, None),
        ({"limt": 5}, 'query.limt: unknown field; did you mean "limit"?', None),
        ({"filterTestAccounts": "yes"}, None, None),
        ({"select": "event"}, None, None),
        ({"select": [1]}, None, None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(
    shop: Shop, node: dict[str, Any], says: str | None, attr: str | None
) -> None:
    with pytest.raises(ApiError) as refused:
        shop.ask(**{"select": ["event"], **node})
    assert refused.value.status == 400
    assert says is None or refused.value.detail == says
    if not isinstance(refused.value, ParseError):
        assert refused.value.attr == attr


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "(" * n + "1",
        lambda n: "not " * n + "1",
        lambda n: "[" * n,
        lambda n: "if(1, " * n + "1" + ", 2)" * n,
    ],
    ids=["brackets", "not", "open", "if"],
)
def test_what_is_nested_deep_is_refused(shop: Shop, make: Callable[[int], str]) -> None:
    with pytest.raises(ApiError) as refused:
        shop.ask([make(150)])
    assert (refused.value.status, refused.value.attr) == (400, "select__0")
