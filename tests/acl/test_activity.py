"""The log's pages: nothing is left out between them, however few of the entries a reader may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from insights_acl.activity import MAX_PAGE, Entry, brief, change, entries, entry
from insights_acl.models import User
from insights_engine.store import Item, Store

START = datetime(2026, 1, 2, tzinfo=UTC)
WHO = User("u", 1, "a@example.com")


def fill(store: Store, count: int, project_id: int = 1) -> list[str]:
    """The names, the newest first. Every third is of a notebook."""
    of = [Entry("notebook" if n % 3 == 0 else "insight", str(n % 2), "updated", name=f"{n}") for n in range(count)]
    made = [entry(project_id, WHO, START + timedelta(seconds=number), one) for number, one in enumerate(of)]
    store.put_many([put.item for put in made])
    return [f"{number}" for number in reversed(range(count))]


def walked(store: Store, limit: int, **chosen: object) -> list[list[str]]:
    """The names on each page, until none leads on."""
    pages, before = [], None
    while True:
        found, before = entries(store, 1, limit=limit, before=before, **chosen)  # type: ignore[arg-type]
        pages.append([item["detail"]["name"] for item in found])
        if before is None:
            return pages


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, list[str]]:
    """Two of the store's pages and one entry: where a page of the log ends with one of the store's, there is more."""
    from insights_engine.store import open_store

    store = open_store(f"sqlite://{tmp_path_factory.mktemp('log')}/store.db")
    fill(store, 5, project_id=2)
    return store, fill(store, 2 * MAX_PAGE + 1)


@pytest.mark.parametrize("limit", [1, 7, MAX_PAGE - 1, MAX_PAGE])
def test_pages_are_full_and_lead_to_the_end(filled: tuple[Store, list[str]], limit: int) -> None:
    store, names = filled
    pages = walked(store, limit)
    assert [*chain(*pages)] == names
    assert {len(page) for page in pages[:-1]} == {limit}
    assert 0 < len(pages[-1]) <= limit


@pytest.mark.parametrize("chosen", [{"scope": "notebook"}, {"scope": "notebook", "item_id": "1"}], ids=len)
def test_what_is_chosen_fills_pages_too(filled: tuple[Store, list[str]], chosen: dict[str, str]) -> None:
    store, names = filled
    expected = [name for name in names if int(name) % 3 == 0 and ("item_id" not in chosen or int(name) % 2)]
    pages = walked(store, 10, **chosen)
    assert [*chain(*pages)] == expected
    assert {len(page) for page in pages[:-1]} == {10}


def test_what_a_reader_may_not_see_ends_no_page(filled: tuple[Store, list[str]]) -> None:
    store, names = filled

    def readable(page: Sequence[Item]) -> list[Item]:
        return [item for item in page if int(item["detail"]["name"]) < 60]

    pages = walked(store, 50, readable=readable)
    assert [len(page) for page in pages] == [50, 10]
    assert [*chain(*pages)] == names[-60:]


@pytest.mark.parametrize(
    ("before", "after", "action"),
    [
        (None, "x", "created"),
        ("x", None, "deleted"),
        ("x", "y", "changed"),
        (False, True, "changed"),
        ("", 0, "changed"),
    ],
)
def test_nothing_before_is_created_and_nothing_after_is_deleted(before: object, after: object, action: str) -> None:
    assert change("f", before, after, "notebook")["action"] == action


def test_what_is_long_is_left_out() -> None:
    assert brief("x" * 3998) == "x" * 3998  # two more are the quotes
    assert brief("x" * 3999) == brief(["x"] * 1001) == "(too long to be kept here)"
