"""The chain of HTML elements of an autocaptured event, as text: what action steps and element filters look at.

    a.btn.primary:attr__href="/pricing"href="/pricing"nth-child="2"nth-of-type="1"text="Plans";nav:nth-child="0"…

The innermost element comes first; attributes are in order of their names, with quotes escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TEXT_LENGTH = 400
_HREF_LENGTH = 2048
_NAMES = {"$el_text": "text", "attr__href": "href", "attr__id": "attr_id"}


def chain(elements: Any) -> str:
    """The text of `$elements`; what is no element is left out."""
    if not isinstance(elements, list):
        return ""
    return ";".join(_element(element) for element in elements if isinstance(element, dict))


def _element(element: Mapping[str, Any]) -> str:
    head = _plain(element.get("tag_name"))
    for name in sorted(_classes(element.get("attr__class"))):
        head += "." + name.replace('"', "")
    attributes = sorted(_attributes(element))
    return head + ":" + "".join(f'{_escaped(name)}="{_escaped(value)}"' for name, value in attributes)


def _attributes(element: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for place in ("nth_child", "nth_of_type"):
        yield place.replace("_", "-"), _plain(element.get(place)) or "0"
    for name, value in element.items():
        if name.startswith("attr__"):
            yield name, _plain(value)
        if name in _NAMES and value:
            yield _NAMES[name], _plain(value)[: _TEXT_LENGTH if name == "$el_text" else _HREF_LENGTH]


def _classes(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(name) for name in value if name]
    return value.split() if isinstance(value, str) else []


def _plain(value: Any) -> str:
    return "" if value is None else " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
