"""Words as a search compares them: small letters a-z and digits only, whatever script they are written in.

Accents are dropped. A letter of another script becomes a group of small letters of its own, so that trigrams work on it
under any locale of the database; that group is for the index, nobody reads it.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

__all__ = ["digits_of", "fold"]

PLAIN: Final = re.compile(r"[^a-z0-9]+")
LETTERS: Final = "bcdfghjklmnpqrstvwxyz"
SHORTEST_GROUP: Final = 3
SIGNS: Final = {0, 7, 8, 9}
"""Combining classes of what makes another sound or syllable; the others are accents, tones and points."""
SPECIAL: Final = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "\u0131": "i", "đ": "d", "ɓ": "b", "ɗ": "d"})
"""Latin letters that don't come apart into a letter and an accent."""


def fold(*texts: str | None) -> str:
    """The words of some texts, folded, with single spaces between."""
    joined = " ".join(filter(None, texts)).casefold()
    if not joined.isascii():
        joined = "".join(map(_folded, unicodedata.normalize("NFKD", joined.translate(SPECIAL))))
    return PLAIN.sub(" ", joined).strip()


@lru_cache(maxsize=4096)
def _folded(letter: str) -> str:
    """One character: itself, nothing for an accent, a group of letters for one of another script."""
    if letter.isascii():
        return letter
    if unicodedata.combining(letter) not in SIGNS:
        return ""
    category = unicodedata.category(letter)
    if category == "Nd":
        return str(unicodedata.digit(letter))
    return _group(ord(letter)) if category[0] in "LM" else " "


def _group(number: int) -> str:
    """A number as three letters, or as many as it needs."""
    group = ""
    while number or len(group) < SHORTEST_GROUP:
        number, rest = divmod(number, len(LETTERS))
        group += LETTERS[rest]
    return group


def digits_of(texts: Iterable[str | None]) -> str:
    """Telephone and account numbers as a search compares them: without the zeros and plus signs they begin with."""
    return " ".join(text.lstrip("+0") for text in texts if text)
