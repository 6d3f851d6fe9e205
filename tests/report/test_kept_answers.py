"""What a report computes is kept for who asks next, as far as they see the same kinds of objects as its author."""

from __future__ import annotations

import pytest

from tests.api.boards import read
from tests.report.post import Post


@pytest.mark.parametrize(
    ("author", "is_kept"),
    [("maker", {"maker": True, "reader": False}), ("reader", {"maker": False, "reader": True})],
    ids=["who sees everything", "who sees less"],
)
def test_who_sees_other_things_shares_no_answer(post: Post, author: str, is_kept: dict[str, bool]) -> None:
    office, insight = post.office, post.office.insight()
    office.rule("notebook", None, "none", "reader")
    post.subscribe(insight, by=author)
    post.deliver()
    with post.clock():
        found = {name: read(office.api(name)("GET", f"insights/{insight['id']}")) for name in is_kept}
    assert {name: one["is_cached"] for name, one in found.items()} == is_kept
