"""The chain of elements of a clicked thing, innermost first: `a.btn:href="/x"text="Go";div.nav:nth-child="1"`.

Each function gives a condition over the column `elements_chain`. RE2 has no look-ahead, so a part of a selector is one
expression in the order in which the chain is written: tag, classes, attributes, the last two sorted by name.
"""

from __future__ import annotations

import re

from insights_engine.errors import ValidationError
from insights_engine.sql import Sql

_PART = re.compile(
    r"(?P<tag>[a-zA-Z][\w-]*|\*)?(?P<rest>(?:#[\w-]+|\.[\w-]+|\[[^\]]+\]|:nth-(?:child|of-type)\(\d+\))*)$"
)
_PIECE = re.compile(r"#([\w-]+)|\.([\w-]+)|\[([\w:-]+)=[\"']?([^\"'\]]*)[\"']?\]|:(nth-(?:child|of-type))\((\d+)\)")
_QUOTED = r'"((?:[^"\\]|\\.)*)"'


def _values(attribute: str) -> Sql:
    return Sql("extractAll(elements_chain, {r:String})", r=rf"(?:[:\"]){re.escape(attribute)}={_QUOTED}")


def has(name: str) -> Sql:
    return Sql("notEmpty({x})", x=_values(name))


def attribute(name: str, value: str, matching: str) -> Sql:
    """`name` is text or href; `matching` exact, contains or regex."""
    if matching != "regex":
        value = value.replace("\\", "\\\\").replace('"', '\\"')  # as the chain writes it
    if matching == "exact":
        return Sql("has({x}, {v:String})", x=_values(name), v=value)
    test = "match(x, {v:String})" if matching == "regex" else "positionCaseInsensitiveUTF8(x, {v:String}) > 0"
    return Sql("arrayExists(x -> " + test + ", {x})", x=_values(name), v=value)


def tag_name(value: str) -> Sql:
    return Sql("match(elements_chain, {r:String})", r=rf"(^|;){re.escape(value)}(\.|$|;|:)")


def selector(value: str, field: str) -> Sql:
    """`div.nav > a[href="/x"]`; raises ValidationError for what it cannot read."""
    expression = ""
    for piece in reversed(re.sub(r"\s*>\s*", " > ", value.strip()).split()):
        if piece == ">":
            expression += ";"
            continue
        if expression and not expression.endswith(";"):
            expression += ";(?:.*;)?"
        expression += _part(piece, value, field)
    return Sql("match(elements_chain, {r:String})", r=f"(?:^|;){expression}(?:;|$)")


def _part(piece: str, whole: str, field: str) -> str:
    found = _PART.match(piece)
    if found is None or not piece:
        raise ValidationError(f"{field} {whole[:100]!r} is not a selector that can be matched", attr=field)
    classes, attributes = [], {}
    for identity, name, key, value, nth, number in _PIECE.findall(found["rest"]):
        if identity:
            attributes["attr_id"] = identity
        elif name:
            classes.append(name)
        elif nth:
            attributes[nth] = number
        else:
            attributes[key if key in ("href", "text") else f"attr__{key}"] = value
    tag = found["tag"] or "*"
    built = "[^;:.]*" if tag == "*" else re.escape(tag)
    built += "".join(rf"(?:\.[^;:.]*)*\.{re.escape(name)}" for name in sorted(classes)) + r"(?:\.[^;:.]*)*"
    if attributes:
        built += ":" + "".join(
            f'[^;]*?{re.escape(name)}="{re.escape(text)}"' for name, text in sorted(attributes.items())
        )
    return built + ("[^;]*" if attributes else "(?::[^;]*)?")
