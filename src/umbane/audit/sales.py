"""Entries of sales: the bytes that `canonical` makes, in a few microseconds, because every sale waits for them."""

import json
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

from umbane.audit.entries import SALT_BYTES, moment

__all__ = ["LoggedToken", "SaleEntries"]

FLUENT: Final = json.JSONEncoder().encode


class LoggedToken(NamedTuple):
    """A token of a sale, as the log has it.

    Attributes:
        kind: credit, or what else it does.
        units: tenths of a kWh that the meter adds.
        module, number: which module made it, and which token of its life it is.
        sgc, krn, kt: of the vending key.
        digits: its 66 bits in 9 bytes. They are sealed.
    """

    kind: str
    units: int
    module: int
    number: int
    sgc: int
    krn: int
    kt: int
    digits: bytes


class SaleEntries:
    """The entries of sales of one utility at one moment.

    Args:
        utility_id: whose.
        at: when.
        salts: random bytes, SALT_BYTES for each token that will come.

    Attributes:
        entries: so far.
    """

    __slots__ = ("entries", "head", "salts", "tail", "used")

    def __init__(self, utility_id: UUID, at: datetime, salts: bytes) -> None:
        self.entries: list[str] = []
        self.head = f'{{"at":"{moment(at)}","by":'
        self.tail = f',"utility":"{utility_id}"}}'
        self.salts = salts
        self.used = 0

    def add(  # noqa: PLR0913, PLR0917 - what a sale is
        self, id_: UUID, order: str, terminal_id: UUID, meter_id: UUID, currency: str, paid: int, units: int, free: int,
        by: str | None, tokens: Sequence[LoggedToken],
    ) -> None:  # fmt: skip
        """Add a sale. Its words are ours, so none needs escaping but `by`: who asked and agreed for what is special.

        Money is in minor units, energy in tenths of a kWh; `paid` was taken from the float.
        """
        who = "null" if by is None else FLUENT(by)
        listed = ",".join([self.token(it) for it in tokens])
        self.entries.append(
            f'{self.head}{who},"currency":"{currency}","free":{free},"id":"{id_}","kind":"sale","meter":"{meter_id}",'
            f'"order":"{order}","paid":{paid},"terminal":"{terminal_id}","tokens":[{listed}],"units":{units}{self.tail}'
        )

    def token(self, it: LoggedToken) -> str:
        """A token within its sale."""
        kind, units, module, number, sgc, krn, kt, digits = it
        start, self.used = self.used, self.used + SALT_BYTES
        sealed = sha256(self.salts[start : self.used] + digits).hexdigest()
        return (
            f'{{"key":"{sgc}/{krn}/{kt}","kind":"{kind}","module":{module},"number":{number},'
            f'"sealed":"{sealed}","units":{units}}}'
        )
