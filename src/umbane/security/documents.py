"""The small documents that centre and modules hand each other: JSON of one form only, and a signature in it.

The same content always has the same bytes: keys in the order of the alphabet, one to a line, ASCII only. A text that
would be written in any other way is refused, so nothing can hide in it that a signature doesn't see.
"""

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from umbane.security.errors import AlteredError, OtherDocumentError, UnknownVersionError

__all__ = [
    "Fields",
    "canonical",
    "instant",
    "instant_text",
    "packed",
    "read",
    "signed",
    "unpacked",
    "unsigned",
    "written",
]

Fields = dict[str, Any]
"""What a document says, by names; its values are those of JSON."""

LARGEST: Final = 1 << 24
"""Bytes of the largest document that is read at all."""

KIND: Final = re.compile("umbane [a-z -]{1,40}")
SIGNATURE: Final = "signature"
INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"


def canonical(fields: Mapping[str, Any]) -> bytes:
    """The one form in which these fields are written."""
    return json.dumps(fields, indent=1, sort_keys=True, allow_nan=False).encode("ascii") + b"\n"


def written(kind: str, version: int, fields: Mapping[str, Any]) -> bytes:
    """A document without a signature."""
    return canonical({"document": kind, "version": version, **fields})


def read(kind: str, version: int, text: bytes) -> Fields:
    """What a document says, apart from its kind and version.

    Raises:
        AlteredError: it isn't written in the one form that there is.
        OtherDocumentError: it is a document of another kind.
        UnknownVersionError: its version is another one.
    """
    fields = parsed(kind, text)
    found = fields.pop("document", None)
    if found != kind:
        raise OtherDocumentError(f"this is {named(found)}, and what is wanted is the {kind}")
    other = fields.pop("version", None)
    if type(other) is not int or other != version:
        raise UnknownVersionError(f"this {kind} is of a version that is not known here, which is {version}")
    return fields


def named(found: object) -> str:
    """What a text says that it is, if that is fit to be repeated."""
    return f"the {found}" if isinstance(found, str) and KIND.fullmatch(found) else "no document of Umbane"


def parsed(kind: str, text: bytes) -> Fields:
    """The JSON object that a text is, when it is written in our one form."""
    try:
        fields = json.loads(text.decode("ascii")) if len(text) <= LARGEST else None
        if isinstance(fields, dict) and canonical(fields) == text:
            return fields
    except (ValueError, RecursionError):  # not ASCII, not JSON, numbers or nesting without end
        pass
    raise AlteredError(f"this is no {kind} as it was written: it was altered, cut short, or is something else")


# ----------------------------------------------------------------------------------------------------------- signatures


def signed(kind: str, version: int, fields: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> bytes:
    """A document with a signature over all the rest of it."""
    return written(kind, version, {**fields, SIGNATURE: packed(sign(written(kind, version, fields)))})


def unsigned(kind: str, version: int, fields: Fields, verify: Callable[[bytes, bytes], None]) -> Fields:
    """The fields without their signature, when that fits.

    Args:
        kind: what was asked of ``read``.
        version: the same.
        fields: what ``read`` gave.
        verify: takes a signature and what was signed, and raises AlteredError when they don't fit.

    Raises:
        AlteredError: the signature is missing or doesn't fit.
    """
    rest = {name: value for name, value in fields.items() if name != SIGNATURE}
    verify(unpacked(fields.get(SIGNATURE)), written(kind, version, rest))
    return rest


# --------------------------------------------------------------------------------------------------------------- values


def packed(content: bytes) -> str:
    """Bytes as a text."""
    return b64encode(content).decode("ascii")


def unpacked(text: object) -> bytes:
    """The bytes that a text stands for.

    Raises:
        AlteredError: it is no such text.
    """
    try:
        content = b64decode(text, validate=True) if isinstance(text, str) else b""
    except (Base64Error, ValueError):
        content = b""
    if not content or packed(content) != text:  # several texts mean the same bytes: one of them is ours
        raise AlteredError("a value that should be base64 is something else")
    return content


def instant_text(when: datetime) -> str:
    """A moment in UTC, to the second."""
    return when.astimezone(UTC).strftime(INSTANT)


def instant(text: object) -> datetime:
    """The moment that a text stands for.

    Raises:
        AlteredError: it is none.
    """
    try:
        when = datetime.strptime(str(text), INSTANT).replace(tzinfo=UTC)
    except ValueError:
        when = None
    if when is None or instant_text(when) != text:
        raise AlteredError("a moment isn't written as it should be")
    return when
