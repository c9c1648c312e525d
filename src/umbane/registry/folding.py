"""Words as a search compares them: small letters a-z and digits only, whatever script they are written in.

Accents are dropped. A letter of another script becomes a group of small letters of its own, so that trigrams work on it
under any locale of the database; that group is for the index, nobody reads it.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

__all__ = ["SUBSCRIBER_DIGITS", "fold", "number_words", "words_of"]

PLAIN: Final = re.compile(r"[^a-z0-9]+")
NO_DIGITS: Final = re.compile(r"[^0-9]+")
LETTERS: Final = "bcdfghjklmnpqrstvwxyz"
SHORTEST_GROUP: Final = 3
SIGNS: Final = {0, 7, 8, 9}
"""Combining classes of what makes another sound or syllable; the others are accents, tones and points."""
SPECIAL: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "\u0131": "i", "đ": "d", "ɓ": "b", "ɗ": "d", "'": "", "’": ""}
)
"""Latin letters that don't come apart into a letter and an accent, and the sign within names such as O'Brien."""
SUBSCRIBER_DIGITS: Final = 9
"""So many digits at the end of a telephone number are the same with and without the country's prefix; of a longer
account number they tell enough."""


def fold(text: str) -> str:
    """The words of a text, folded, with single spaces between."""
    folded = text.casefold().translate(SPECIAL)
    if not folded.isascii():
        folded = "".join(map(_folded, unicodedata.normalize("NFKD", folded)))
    return PLAIN.sub(" ", folded).strip()


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


def number_words(number: str) -> set[str]:
    """What a telephone or account number is found by: its last digits, without leading zeros."""
    digits = number if number.isdigit() else NO_DIGITS.sub("", number)
    word = digits[-SUBSCRIBER_DIGITS:].lstrip("0")
    return {word} if word else set()


def words_of(texts: tuple[str | None, ...], phone: str | None, account: str | None) -> list[str]:
    """Everything that a customer is found by, each word once."""
    words = set(fold(" ".join(it for it in (*texts, account) if it)).split())
    return sorted(words.union(number_words(phone or ""), number_words(account or "")))
