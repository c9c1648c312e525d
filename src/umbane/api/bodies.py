"""The body of a request as what it says; a body that could mean two things means none."""

import json
from typing import Any, Final

from msgspec import ValidationError
from msgspec.json import Decoder

from umbane.registry.texts import clean

__all__ = ["decoded", "words_of"]

LONGEST: Final = 200
"""Characters of what people write for people."""


def decoded(decoder: Decoder[Any], body: bytes) -> Any:  # noqa: ANN401 - whatever the operation takes
    """What a body says.

    Raises:
        DecodeError: it is no JSON.
        ValidationError: it isn't what the operation takes, or a name stands twice in it: programs differ in which of
            the two they believe (RFC 8259 4), so one on the way may have read another order than we.
    """
    value = decoder.decode(body)
    NAMES.decode(body.decode())
    return value


def words_of(field: str, text: str) -> str:
    """What somebody wrote for others to read, as it is kept.

    Raises:
        InputError: there is nothing to read in it, or it is too long.
    """
    return clean(field, text, LONGEST)


def once(pairs: list[tuple[str, object]]) -> None:
    """Refuse an object with a name that stands twice in it, or with a text that no database keeps."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValidationError("a name stands twice in the body")
    for name, value in pairs:
        if isinstance(value, str) and "\0" in value:
            raise ValidationError(f"{name} holds the character U+0000")


NAMES: Final = json.JSONDecoder(object_pairs_hook=once, parse_int=str, parse_float=str)
"""Looks at names and texts; numbers stay as they are written."""
