"""What is left to chance where only a few examples are tried."""

from __future__ import annotations

from hypothesis import strategies as st


def not_the_simplest[T](strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """Hypothesis begins with the simplest example that there is, in which little can go wrong; it is passed over."""
    return st.tuples(st.booleans().filter(bool), strategy).map(lambda drawn: drawn[1])
