"""What each vending key ever made: counted from the journal, when it is opened and with every batch.

Entries have their words at fixed places, and a token's 66 bits are hexadecimal: class and subclass are two digits of
them, the amount is four. So a million entries are counted in a second, and no other record is kept that could differ.
"""

from collections import defaultdict
from functools import cache
from typing import Final, NamedTuple

from umbane.security.chain import NUMBER, Batch
from umbane.security.models import KeyCount, KeyName, VendingKeyName
from umbane.sts import KRN, KT, SGC, decode_amount

__all__ = ["Amount", "Counters", "amount_of", "is_change", "key_name", "key_words", "token_class"]

TEXT: Final = slice(NUMBER + 3, -1)
"""Where an entry has its text, which begins with an id of 32 digits."""

MADE: Final = NUMBER + 1
IS_TOKEN: Final = slice(33, 38)
TOKEN_KEY: Final = slice(61, 71)
CHANGE_KEY: Final = slice(66, 76)
"""Places of a key's SGC, KRN and KT in the text of a token and in that of a key change."""
KIND: Final = slice(75, 77)
AMOUNT: Final = slice(84, 88)
"""Places of class and subclass, and of the amount field, in the text of a token (IEC 62055-41 6.2)."""

CREDIT: Final = frozenset({"00", "01", "02", "03"})
CURRENCY: Final = frozenset({"04", "05", "06", "07"})
"""Classes and subclasses of credit."""

ZERO: Final = ord("0")


class Amount(NamedTuple):
    """What the text of a request says of what is counted."""

    key: str
    """SGC, KRN and KT, as the text has them."""
    units: int
    """Least units of credit."""
    is_currency: bool
    """Credit whose units can't be counted."""


def amount_of(text: str) -> Amount:
    """What is counted of a request, by its text."""
    if is_change(text):
        return Amount(text[CHANGE_KEY], 0, is_currency=False)
    kind = text[KIND]
    units = units_of(text[AMOUNT]) if kind in CREDIT else 0
    return Amount(text[TOKEN_KEY], units, is_currency=kind in CURRENCY)


def is_change(text: str) -> bool:
    """Whether a request is for a key change."""
    return text[IS_TOKEN] != "token"


def token_class(text: str) -> str:
    """The class of the token that a request is for."""
    return text[KIND.start]


@cache
def units_of(field: str) -> int:
    """The least units of an amount field; there are 65 536 of them."""
    return decode_amount(int(field, 16))


def key_words(name: VendingKeyName | KeyName) -> str:
    """The name of a vending key as texts have it."""
    return f"{name.sgc.value:06} {name.krn.value} {name.kt:d}"


@cache
def key_name(words: str) -> VendingKeyName:
    """The name of a vending key, from what texts have."""
    sgc, krn, kt = words.split()
    return VendingKeyName(SGC.parse(sgc), KRN(int(krn)), KT(int(kt)))


class Counters:
    """The counters of all vending keys of a module."""

    def __init__(self) -> None:
        self.tokens: defaultdict[str, int] = defaultdict(int)
        self.units: defaultdict[str, int] = defaultdict(int)

    def observe(self, batch: Batch) -> None:
        """Count a batch of the journal."""
        for line in batch.lines:
            if line[MADE] != ZERO:
                key, units, _ = amount_of(line[TEXT].decode("ascii"))
                self.tokens[key] += line[MADE] - ZERO
                self.units[key] += units

    def all(self) -> dict[VendingKeyName, KeyCount]:
        """Every key that made anything."""
        return {key_name(words): KeyCount(tokens, self.units[words]) for words, tokens in self.tokens.items()}
