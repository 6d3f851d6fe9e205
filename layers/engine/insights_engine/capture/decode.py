"""The bytes of a request to a JSON value.

1. A form's `data` field, or the `data` of a GET's query, is what is read; `+` lost in base64 is restored.
2. gzip, zlib and zstd are known by their first bytes, with or without a hint; lz64 has no such mark and needs the hint.
3. What does not begin like JSON is base64, which may hold any of these again.
4. A body may not unpack to more than its route allows; this is looked at while unpacking.
5. JSON that a strict reader refuses (NaN, halves of surrogate pairs, wrong UTF-8, numbers beyond 64 bits) is mended, so
   that one odd value does not cost its sender a batch.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from insights_engine.capture.errors import TOO_LARGE, CaptureError, DecodeError, PayloadError
from insights_engine.capture.lenient import lenient_json
from insights_engine.capture.lz import decompress_base64

_FORM = "application/x-www-form-urlencoded"
_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_JSON_STARTS = b'{["'
# Layers of packing: base64 of gzip of JSON has two; more than a few is somebody's joke.
_LAYERS = 4


def decode(body: bytes, content_type: str, query: Mapping[str, str], limit: int) -> Any:
    """The JSON value that a request carries. Raises CaptureError."""
    compression = query.get("compression", "")
    if not body and "data" in query:
        body = _restored(query["data"])
    elif _is_form(body, content_type):
        form = dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="replace"))
        if "data" not in form:
            raise DecodeError("the form has no data field")
        body, compression = _restored(form["data"]), form.get("compression", compression)
    if not body.strip():
        raise DecodeError("the request has no body")
    return _json(_unpacked(body, compression, limit))


def _is_form(body: bytes, content_type: str) -> bool:
    """Clients that forget the header of JSON send it under the form's type; a packed body is no form either."""
    if body.startswith(b"data="):
        return True
    return content_type.lower().startswith(_FORM) and not body.startswith((b"{", b"[", b'"', _GZIP, _ZSTD, *_ZLIB))


def _restored(data: str) -> bytes:
    """A `+` of base64 that came unescaped has become a space on the way."""
    text = data.strip()
    return (text if text[:1] in ("{", "[", '"') else text.replace(" ", "+")).encode()


def _unpacked(body: bytes, compression: str, limit: int) -> bytes:
    for _ in range(_LAYERS):
        if body.startswith(_GZIP):
            body = _inflate(body, zlib.MAX_WBITS | 16, limit)
        elif body.startswith(_ZLIB):
            body = _inflate(body, zlib.MAX_WBITS, limit)
        elif body.startswith(_ZSTD):
            body = _zstd(body, limit)
        elif body.lstrip()[:1] and body.lstrip()[:1] in _JSON_STARTS:
            return body
        elif compression == "lz64":
            body, compression = _lz64(body, limit), ""
        elif (decoded := _base64(body)) is not None:
            body = decoded
        else:
            return body
    return body


def _inflate(body: bytes, bits: int, limit: int) -> bytes:
    unpacker = zlib.decompressobj(bits)
    try:
        whole = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise DecodeError(f"invalid compressed data ({error})") from None
    if len(whole) > limit:
        raise CaptureError(TOO_LARGE)
    if not unpacker.eof:
        raise DecodeError("the compressed data ends too early")
    return whole


def _zstd(body: bytes, limit: int) -> bytes:
    import zstandard

    try:
        with zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(body) as reader:
            whole = reader.read(limit + 1)
    except zstandard.ZstdError as error:
        raise DecodeError(f"invalid zstd data ({error})") from None
    if not whole:
        raise DecodeError("the compressed data ends too early")
    if len(whole) > limit:
        raise CaptureError(TOO_LARGE)
    return whole


def _lz64(body: bytes, limit: int) -> bytes:
    try:
        text = decompress_base64(body.decode("ascii"), limit)
    except OverflowError:
        raise CaptureError(TOO_LARGE) from None
    except ValueError as error:
        raise DecodeError(f"invalid lz64 data ({error})") from None
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
    if len(whole) > limit:
        raise CaptureError(TOO_LARGE)
    return whole


def _base64(body: bytes) -> bytes | None:
    text = body.strip().translate(bytes.maketrans(b"-_ ", b"+/+"), b"\r\n")
    try:
        decoded = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded or None


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        strict = str(error)
    try:
        return lenient_json(body)
    except (ValueError, RecursionError):
        raise PayloadError(strict) from None
