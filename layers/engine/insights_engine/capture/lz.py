"""Reader of lz-string's base64 form, which old web clients send as `compression=lz64`.

The text is a stream of bits, least significant first within a code and most significant first within each group of six
that a base64 character stands for. Codes 0 and 1 introduce a new character of 8 or 16 bits, 2 ends the text, and the
others name an entry of a dictionary that grows by one with each code; codes get a bit longer as it fills.
"""

from __future__ import annotations

_ALPHABET = {c: i for i, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}
_NEW_CHARACTER = {0: 8, 1: 16}
_END = 2
_FIRST_ENTRY = 3


def decompress_base64(text: str, limit: int) -> str:
    """Raises ValueError for what is not lz-string, OverflowError for more than `limit` characters."""
    bits = _Bits(text)
    kind = bits.read(2)
    if kind == _END:
        return ""
    if kind not in _NEW_CHARACTER:
        raise ValueError("it begins with no character")
    previous = chr(bits.read(_NEW_CHARACTER[kind]))
    entries = [previous]
    parts, length = [previous], 1
    # Room left for entries before codes need another bit; a new character takes an entry, and so does every code.
    width, room = 3, 4
    while True:
        code = bits.read(width)
        if code == _END:
            return "".join(parts)
        if code in _NEW_CHARACTER:
            entries.append(chr(bits.read(_NEW_CHARACTER[code])))
            code = len(entries) - 1 + _FIRST_ENTRY
            room -= 1
            width, room = (width, room) if room else (width + 1, 1 << width)
        entry = _entry(entries, code - _FIRST_ENTRY, previous)
        parts.append(entry)
        length += len(entry)
        if length > limit:
            raise OverflowError
        entries.append(previous + entry[0])
        previous = entry
        room -= 1
        width, room = (width, room) if room else (width + 1, 1 << width)


def _entry(entries: list[str], place: int, previous: str) -> str:
    """The entry that is only about to be made is what came last, and its own first character again."""
    if place < len(entries):
        return entries[place]
    if place == len(entries):
        return previous + previous[0]
    raise ValueError("it names an entry that does not exist")


class _Bits:
    def __init__(self, text: str) -> None:
        try:
            self._groups = [_ALPHABET[c] for c in text.strip().rstrip("=").replace(" ", "+")]
        except KeyError as error:
            raise ValueError(f"{error.args[0]!r} is no character of base64") from None
        self._at = 0

    def read(self, count: int) -> int:
        value = 0
        for place in range(count):
            group, bit = divmod(self._at, 6)
            if group >= len(self._groups):
                raise ValueError("it ends too early")
            value |= (self._groups[group] >> (5 - bit) & 1) << place
            self._at += 1
        return value
