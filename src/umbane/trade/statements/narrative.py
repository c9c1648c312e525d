"""What stands in field 86 of MT940: free words, or parts with a code before each, of which there are two kinds."""

import re
from typing import Final

from umbane.trade.statements.models import Party
from umbane.trade.statements.values import said

__all__ = ["is_structured", "told"]

GERMAN: Final = re.compile(r"[0-9]{3}\?[0-9]{2}", re.ASCII)
"""How the form of the German banks begins: a code of the business, then parts such as `?20`."""
PART: Final = re.compile(r"\?([0-9]{2})", re.ASCII)
TEXTS: Final = frozenset(f"{it:02}" for it in (*range(20, 30), *range(60, 64)))
NAMES: Final = frozenset({"32", "33"})
ACCOUNT: Final = "31"

SLASHED: Final = re.compile(
    r"/(EREF|PREF|RREF|KREF|MREF|IREF|REMI|NAME|IBAN|ACCT|BIC|TRTP|CSID|MARF|SVWZ|ORDP|BENM|ADDR|CNTP|PURP|RTRN|USTD)/"
)
"""The codes of SWIFT's structured form, as banks of the Netherlands and elsewhere write it."""


def is_structured(text: str) -> bool:
    """Whether parts with codes stand here, so that lines may be broken anywhere."""
    return bool(GERMAN.match(text) or SLASHED.match(text))


def told(text: str, supplement: str) -> tuple[str, str, Party]:
    """What the payer wrote, the payer's reference where the text has one, and who is at the other end.

    Args:
        text: field 86 as one line.
        supplement: the second line of field 61.
    """
    if GERMAN.match(text):
        return german(text)
    if SLASHED.match(text):
        return slashed(text)
    return said(f"{text} {supplement}"), "", Party()


def german(text: str) -> tuple[str, str, Party]:
    """The parts of the German form."""
    _, *parts = PART.split(text)
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    words = "".join(part for code, part in pairs if code in TEXTS)
    name = "".join(part for code, part in pairs if code in NAMES)
    account = "".join(part for code, part in pairs if code == ACCOUNT)
    given = re.search(r"EREF\+(\S+)", words)
    return said(words), given[1] if given else "", Party(said(name), bare(account))


def slashed(text: str) -> tuple[str, str, Party]:
    """The parts of the form with slashes; of a code that comes twice the first counts."""
    _, *parts = SLASHED.split(text)
    found: dict[str, str] = {}
    for code, part in zip(parts[::2], parts[1::2], strict=True):
        found.setdefault(code, part)
    words = said(found.get("REMI", found.get("USTD", "")).removeprefix("USTD//").removeprefix("STRD/CUR/"))
    account, _, rest = found.get("CNTP", "").partition("/")
    name = found.get("NAME", "".join(rest.split("/")[1:2]))
    return words, said(found.get("EREF", "")), Party(said(name), bare(found.get("IBAN", found.get("ACCT", account))))


def bare(account: str) -> str:
    """The number of an account of somebody else, as it is compared."""
    return "".join(account.split()).upper()
