"""Entries of sales: the bytes that `canonical` makes, in a few microseconds, because every sale waits for them."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from umbane.audit.entries import SALT_BYTES, moment

__all__ = ["SaleEntries"]

FLUENT: Final = json.JSONEncoder().encode


class SaleEntries:
    """The entries of sales of one utility at one moment; what is nobody or nothing isn't in them.

    Args:
        utility_id: whose.
        currency: of its money, which is in minor units.
        at: when.
        chance: so many random bytes.
        expected: about how many tokens will come.

    Attributes:
        entries: so far.
    """

    __slots__ = ("at", "chance", "currency", "entries", "salts", "tail", "used")

    def __init__(
        self, utility_id: UUID, currency: str, at: datetime, chance: Callable[[int], bytes], expected: int
    ) -> None:
        self.entries: list[str] = []
        self.at = f'{{"at":"{moment(at)}",'
        self.currency = f'"currency":"{currency}",'
        self.tail = f',"utility":"{utility_id}"}}'
        self.chance = chance
        self.salts = chance(SALT_BYTES * expected)
        self.used = 0

    def add(  # noqa: PLR0913, PLR0917 - what a sale is
        self, id_: UUID, order: str, terminal_id: UUID, meter_id: UUID, paid: int, units: int, free: int,
        by: str | None, tokens: Sequence[str],
    ) -> None:  # fmt: skip
        """Add a sale. Its words are ours, so none needs escaping but `by`: who asked and agreed for what is special.

        Energy is in tenths of a kWh; `paid` was taken from the float, and `tokens` are what `token` made, in order.
        """
        who = f'"by":{FLUENT(by)},' if by else ""
        given = f'"free":{free},' if free else ""
        self.entries.append(
            f'{self.at}{who}{self.currency}{given}"id":"{id_}","kind":"sale","meter":"{meter_id}","order":"{order}",'
            f'"paid":{paid},"terminal":"{terminal_id}","tokens":[{",".join(tokens)}],"units":{units}{self.tail}'
        )

    def token(self, kind: str, units: int, module: int, number: int, key: str, digits: bytes) -> str:  # noqa: PLR0913, PLR0917 - what a token is
        """A token within the sale that comes next.

        Args:
            kind: credit, or what else it does.
            units: tenths of a kWh that the meter adds.
            module: that made it.
            number: which token of the module's life it is.
            key: the vending key: "123456/1/2" for SGC, KRN and key type.
            digits: its 66 bits in 9 bytes. They are sealed.
        """
        start, self.used = self.used, self.used + SALT_BYTES
        if self.used > len(self.salts):
            self.salts += self.chance(len(self.salts) + SALT_BYTES)
        sealed = sha256(self.salts[start : self.used] + digits).hexdigest()
        return (
            f'{{"key":"{key}","kind":"{kind}","module":{module},"number":{number},"sealed":"{sealed}","units":{units}}}'
        )

    def lines(self) -> bytes:
        """All of them, a line each."""
        return "\n".join(self.entries).encode("ascii")

    def used_salts(self) -> bytes:
        """The salts of their tokens, in order."""
        return self.salts[: self.used]
