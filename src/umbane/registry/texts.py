"""Words that people write down: what may be in a name, and the form in which it is kept.

A name is kept in Unicode's form NFC, with single spaces. Refused is what looks like something else than it is, or does
something where it is shown: control characters, marks that turn the direction of writing, invisible characters, and
what a spreadsheet would take for a formula.
"""

import re
import unicodedata
from typing import Final

from umbane.errors import shown
from umbane.registry.errors import RegistryInputError

__all__ = ["account", "clean", "clean_or_none", "code", "email", "language", "phone", "require_clean", "utility_code"]

LONGEST: Final = 100
"""Characters of a name or an address."""
MOST_MARKS: Final = 5
"""Accents on one letter: no writing system needs more, and towers of them spill over other lines."""
FORMULA: Final = "=+-@＝＋－＠"  # noqa: RUF001 - the wide ones of East Asian keyboards too
"""With these a cell of a spreadsheet begins that computes something."""
BLANK: Final = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters, accents and signs by their categories, of which nothing is seen."""
NON_JOINER: Final = "\u200c"
JOINERS: Final = (NON_JOINER, "\u200d")
VIRAMA: Final = 9
"""The combining class of the sign after which Indic scripts need joiners."""
REFUSED: Final = {
    "Cc": "a control character, such as a line break or a tab",
    "Cf": "an invisible character",
    "Cs": "half a character",
    "Co": "a character without a meaning",
    "Cn": "a character without a meaning",
    "Zl": "a line break",
    "Zp": "a line break",
}

UTILITY: Final = re.compile(r"[a-z][a-z0-9-]{1,29}", re.ASCII)
CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,29}", re.ASCII)
PHONE: Final = re.compile(r"\+?[0-9]{6,15}", re.ASCII)
EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII)
LONGEST_EMAIL: Final = 254
LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Z]{2})?", re.ASCII)
BETWEEN_DIGITS: Final = str.maketrans("", "", " -().\u00a0")


def clean(field: str, text: str, longest: int = LONGEST) -> str:
    """A name or an address in the form in which it is kept.

    Raises:
        RegistryInputError: it is empty or too long, begins like a formula, or holds what isn't for reading.
    """
    if not text.isascii():
        text = "".join(" " if unicodedata.category(it) == "Zs" else it for it in unicodedata.normalize("NFC", text))
    if not (text.isascii() and text.isprintable()):
        _refuse_strange(field, text)
    words = " ".join(text.split(" ")) if "  " not in text else " ".join(text.split())
    words = words.strip()
    if not words:
        raise RegistryInputError(field, "nothing is given", "give at least one letter")
    if len(words) > longest:
        raise RegistryInputError(field, f"{shown(words)} has {len(words)} characters", f"give at most {longest}")
    if words[0] in FORMULA:
        problem = f"{shown(words)} begins with {words[0]}, as formulas in spreadsheets do"
        raise RegistryInputError(field, problem, "begin with a letter or a digit")
    return words


def _refuse_strange(field: str, text: str) -> None:
    """Raise for the first character that isn't for reading."""
    marks = 0
    for place, it in enumerate(text):
        category = unicodedata.category(it)
        marks = marks + 1 if category == "Mn" else 0
        what = REFUSED["Cf"] if it in BLANK else REFUSED.get(category)
        if what and not _joins(text, place):
            raise RegistryInputError(field, f"it holds {what} (U+{ord(it):04X})", "type it again by hand")
        if marks > MOST_MARKS:
            raise RegistryInputError(field, "it has towers of accents", "type it again by hand")


def _joins(text: str, place: int) -> bool:
    """Whether a character is a joiner where its script needs one: after a virama, or between Arabic letters."""
    if text[place] not in JOINERS or place == 0:
        return False
    before = text[place - 1]
    arabic = text[place] == NON_JOINER and unicodedata.bidirectional(before) == "AL"
    return arabic or unicodedata.combining(before) == VIRAMA


def clean_or_none(field: str, text: str | None, longest: int = LONGEST) -> str | None:
    """The same for what may be left out: nothing but spaces is None."""
    return clean(field, text, longest) if text and text.strip() else None


def require_clean(*fields: tuple[str, str | None]) -> None:
    """Refuse texts that are not in the form in which they are kept; None is.

    Raises:
        RegistryInputError: one isn't.
    """
    for field, text in fields:
        if text is not None and clean(field, text) != text:
            raise RegistryInputError(field, f"{shown(text)} is not in the form that is kept", "pass it through clean()")


def _matching(rule: re.Pattern[str], field: str, text: str, remedy: str) -> str:
    if not rule.fullmatch(text):
        raise RegistryInputError(field, f"{shown(text)} can't be one", remedy)
    return text


def code(field: str, text: str) -> str:
    """A code that a utility gives: of a vendor, a terminal, a transformer.

    Raises:
        RegistryInputError: it isn't up to 30 letters, digits and . _ / - in ASCII.
    """
    return _matching(CODE, field, text, "give up to 30 letters A-Z, digits and . _ / -, such as V-001")


def utility_code(text: str) -> str:
    """The code of a utility.

    Raises:
        RegistryInputError: it isn't 2 to 30 small letters, digits and dashes, a letter first.
    """
    return _matching(UTILITY, "code", text, "give 2 to 30 small letters, digits and dashes, such as tshwane")


def account(text: str) -> str:
    """An account number.

    Raises:
        RegistryInputError: it isn't up to 30 letters, digits and . _ / - in ASCII.
    """
    return _matching(CODE, "account", text, "give up to 30 letters A-Z, digits and . _ / -, such as 700-1234")


def phone(text: str) -> str:
    """A telephone number without what stands between its digits.

    Raises:
        RegistryInputError: it isn't one.
    """
    bare = text.translate(BETWEEN_DIGITS)
    if not PHONE.fullmatch(bare):
        raise RegistryInputError("phone", f"{shown(text)} can't be one", "give 6 to 15 digits, such as +27821234567")
    return bare


def email(text: str) -> str:
    """An address for mail.

    Raises:
        RegistryInputError: it isn't one.
    """
    if len(text) > LONGEST_EMAIL:
        raise RegistryInputError("email", f"it has {len(text)} characters", f"give at most {LONGEST_EMAIL}")
    return _matching(EMAIL, "email", text, "give one such as thandi@example.org")


def language(text: str) -> str:
    """A language by its code.

    Raises:
        RegistryInputError: it isn't one.
    """
    return _matching(LANGUAGE, "language", text, "give one such as en, zu or pt-MZ")
