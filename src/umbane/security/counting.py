"""What each vending key ever made: counted from the journal, when it is opened and with every batch.

Entries have their words at fixed places, and a token's 66 bits are hexadecimal: class and subclass are two digits of
them, the amount is four. So a million entries are counted in a second, and no other record is kept that could differ.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from umbane.security.chain import NUMBER, Batch
from umbane.security.models import KeyCount, KeyName, VendingKeyName
from umbane.sts import KRN, KT, SGC, decode_amount

__all__ = ["Counters", "Use", "amount_of", "key_name", "key_words", "tally"]

TEXT: Final = slice(NUMBER + 3, -1)
"""Where an entry has its text, which begins with an id of 32 digits."""

MADE: Final = NUMBER + 1
IS_TOKEN: Final = slice(33, 38)
TOKEN_USE: Final = slice(61, 77)
"""Places of the key, and of class and subclass, in the text of a token (IEC 62055-41 6.2)."""
AMOUNT: Final = slice(84, 88)
"""Places of the amount field there."""
CHANGE_USE: Final = slice(66, 90)
"""Places of both keys in the text of a key change."""

KEY: Final = slice(10)
KIND: Final = slice(14, 16)
NEW: Final = slice(14, 24)
"""Of those places: SGC, KRN and KT of the key; class and subclass; SGC, KRN and KT of the new key."""

CREDIT: Final = frozenset({"00", "01", "02", "03"})
CURRENCY: Final = frozenset({"04", "05", "06", "07"})
"""Classes and subclasses of credit."""

ZERO: Final = ord("0")
NOTHING: Final = KeyCount()


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """What a key is used for: the same object for all requests that use the same keys for the same."""

    key: str
    """SGC, KRN and KT, as texts have them: what counts."""
    new: str = ""
    """The same of the key that a key change is to."""
    token_class: str = ""
    """Of a token that isn't of a key change."""
    has_units: bool = False
    """Credit whose units are counted."""
    is_currency: bool = False
    """Credit whose units can't be counted."""


def amount_of(text: str) -> tuple[Use, int]:
    """What a request uses its key for, and how many least units of credit that is, by its text."""
    if text[IS_TOKEN] != "token":
        return change_use(text[CHANGE_USE]), 0
    use = token_use(text[TOKEN_USE])
    return use, units_of(text[AMOUNT]) if use.has_units else 0


@cache
def token_use(words: str) -> Use:
    """What a request for a token uses its key for."""
    kind = words[KIND]
    return Use(words[KEY], token_class=kind[0], has_units=kind in CREDIT, is_currency=kind in CURRENCY)


@cache
def change_use(words: str) -> Use:
    """What a request for a key change uses its keys for."""
    return Use(words[KEY], new=words[NEW])


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


def tally(made: Iterable[tuple[str, int]]) -> dict[Use, tuple[int, int]]:
    """Tokens and units for each use of a key.

    Args:
        made: texts of requests, and how many tokens of each.
    """
    sums: dict[Use, tuple[int, int]] = {}
    for text, count in made:
        use, amount = amount_of(text)
        tokens, units = sums.get(use, NOTHING)
        sums[use] = tokens + count, units + amount
    return sums


class Counters:
    """The counters of all vending keys of a module, by the words for them."""

    def __init__(self) -> None:
        self.counts: dict[str, KeyCount] = {}

    def observe(self, batch: Batch) -> None:
        """Count a batch of the journal."""
        made = [line for line in batch.lines if line[MADE] != ZERO]
        self.counts |= self.after(tally((line[TEXT].decode("ascii"), line[MADE] - ZERO) for line in made))

    def after(self, sums: Mapping[Use, tuple[int, int]]) -> dict[str, KeyCount]:
        """Where the counters of these keys were if that was made, too."""
        counts: dict[str, KeyCount] = {}
        for use, (tokens, units) in sums.items():
            before = counts.get(use.key) or self.of(use.key)
            counts[use.key] = KeyCount(before.tokens + tokens, before.units + units)
        return counts

    def of(self, key: str) -> KeyCount:
        """The counter of one key."""
        return self.counts.get(key, NOTHING)

    def all(self) -> dict[VendingKeyName, KeyCount]:
        """Every key that made anything."""
        return {key_name(words): count for words, count in self.counts.items()}
