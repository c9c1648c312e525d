"""Orders to tokens: many at once where nothing is refused, and by themselves where something is."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields, replace
from typing import Final, TypeVar

import numpy as np

from umbane.errors import UmbaneError
from umbane.security.errors import KeyClashError, UnknownKeyError
from umbane.security.keyring import Keyring
from umbane.security.models import KeyName, Refused, VerifyRequest
from umbane.security.orders import ChangeOrder, TokenOrder, distinct
from umbane.sts import (
    EA,
    CurrencyCredit,
    DecoderKey,
    InitiateTest,
    KeyChangeSection,
    MeterPAN,
    StampedToken,
    StaTables,
    StsError,
    StsInputError,
    Token,
    decode,
    encode,
    key_change_set,
    read_message,
)
from umbane.sts.batch import DecoderKeys, Tokens, key_change_sets
from umbane.sts.batch import encode as encode_all
from umbane.sts.content import CRC_BITS

__all__ = ["Bits", "Made", "Maker", "refused"]

Bits = tuple[int, ...]
"""The 66 bits of each token of one order, in the order they are typed."""
Made = Bits | Refused
"""What became of one order."""

REFUSALS: Final = (UnknownKeyError, KeyClashError, StsError, StsInputError)
"""What one order is refused for. Anything else, a vault that is away among it, is no answer to any of them."""

ISSUABLE: Final = (StampedToken, CurrencyCredit, InitiateTest)
"""What may be asked for by itself: all but the sections of a key change, which hold the bits of a key."""

KIND_SHIFT: Final = 60
"""Class and subclass stand above these bits of a token (6.2)."""

FEW: Final = 8
"""Fewer orders than these go by themselves: that is faster than to set a batch up."""

AnyOrder = TypeVar("AnyOrder")


class Maker:
    """Makes tokens with the keys of a vault; it forgets them at once, and writes nothing down.

    Args:
        keyring: the keys.
        tables: the EA07 tables.
    """

    def __init__(self, keyring: Keyring, tables: StaTables) -> None:
        self.keyring, self.tables = keyring, tables

    def tokens(self, orders: Sequence[TokenOrder]) -> list[Made]:
        """What becomes of each order, in their order."""
        return by_kind(orders, lambda order: int(order.ea), self.tokens_together, self.token)

    def changes(self, orders: Sequence[ChangeOrder]) -> list[Made]:
        """The same for key changes."""
        kind = lambda order: (int(order.request.ea), order.request.with_sgc)  # noqa: E731 - a word for what follows
        return by_kind(orders, kind, self.changes_together, self.change)

    def tokens_together(self, orders: Sequence[TokenOrder]) -> list[Bits]:
        """The tokens of orders for meters of one algorithm, or the first refusal."""
        bits = [order.bits for order in orders]
        for one_of_its_kind in {number >> KIND_SHIFT: number for number in bits}.values():
            require_issuable(one_of_its_kind)
        keys = self.decoder_keys([(order.key, order.pan) for order in orders], orders[0].ea)
        tokens = Tokens(np.array([number >> CRC_BITS for number in bits], np.uint64))
        return [(int(digits),) for digits in encode_all(tokens, keys, tables=self.tables).tolist()]

    def token(self, order: TokenOrder) -> Bits:
        """The token of one order."""
        require_issuable(order.bits)
        key = self.decoder_key(order.key, order.pan, order.ea)
        return (encode(read_message(order.bits), key, tables=self.tables).bits,)

    def changes_together(self, orders: Sequence[ChangeOrder]) -> list[Bits]:
        """The sets of orders for meters of one algorithm, all with the SGC or all without, or the first refusal."""
        requests = [order.request for order in orders]
        sets = key_change_sets(
            self.decoder_keys([(request.key, request.pan) for request in requests], requests[0].ea),
            self.decoder_keys([(request.new, request.pan) for request in requests], requests[0].ea),
            at=[request.at.minutes for request in requests],
            with_sgc=requests[0].with_sgc,
            tables=self.tables,
        )
        return [tuple(map(int, digits_of_set)) for digits_of_set in sets.tolist()]

    def change(self, order: ChangeOrder) -> Bits:
        """The set of one order."""
        request = order.request
        current = self.decoder_key(request.key, request.pan, request.ea)
        new = self.decoder_key(request.new, request.pan, request.ea)
        sections = key_change_set(current, new, at=request.at, with_sgc=request.with_sgc)
        return tuple(encode(section, current, tables=self.tables).bits for section in sections)

    def read(self, request: VerifyRequest) -> Token | Refused:
        """What one token says; of a section of a key change all but the bits of the key."""
        try:
            key = self.decoder_key(request.key, request.pan, request.ea)
            token = decode(request.digits, key, tables=self.tables)
        except REFUSALS as error:
            return refused(error)
        return without_key(token) if isinstance(token, KeyChangeSection) else token

    def decoder_key(self, name: KeyName, pan: MeterPAN, ea: EA) -> DecoderKey:
        """The key of one meter."""
        self.keyring.require_used(name.vending)
        return self.keyring.vault.decoder_key(name, pan, ea)

    def decoder_keys(self, meters: Sequence[tuple[KeyName, MeterPAN]], ea: EA) -> DecoderKeys:
        """The keys of many meters of one algorithm: together for each vending key that many of them share."""
        groups = list(by_vending_key([name for name, _pan in meters]))
        large = [rows for rows in groups if len(rows) >= FEW]
        others = sorted(row for rows in groups if len(rows) < FEW for row in rows)
        parts = [self.derived([meters[row] for row in rows], ea) for rows in large]
        if others:
            parts.append(DecoderKeys.of(self.decoder_key(*meters[row], ea) for row in others))
        if len(parts) == 1:
            return parts[0]  # then the rows are in their order
        places = np.argsort([row for rows in (*large, others) for row in rows])
        columns = zip(*(part.columns for part in parts), strict=True)
        return DecoderKeys(ea, *(np.concatenate(column)[places] for column in columns))

    def derived(self, meters: Sequence[tuple[KeyName, MeterPAN]], ea: EA) -> DecoderKeys:
        """The keys of meters of one vending key."""
        self.keyring.require_used(meters[0][0].vending)
        return self.keyring.vault.decoder_keys(meters, ea)


def by_vending_key(names: Sequence[KeyName]) -> Iterable[list[int]]:
    """The rows of each vending key, in their order; most rows share the object that is their name."""
    groups: dict[tuple[int, int, int], list[int]] = {}
    rows = {id(name): groups.setdefault((name.sgc.value, name.krn.value, int(name.kt)), []) for name in distinct(names)}
    for row, name in enumerate(names):
        rows[id(name)].append(row)
    return groups.values()


def require_issuable(bits: int) -> None:
    """Raise StsInputError if tokens of this one's kind must not be asked for by themselves."""
    kind = type(read_message(bits))
    if not issubclass(kind, ISSUABLE):
        remedy = "give credit, a test or a management token; for a key change, ask for it as one"
        raise StsInputError("token", f"a {kind.__name__} was given", remedy)


def without_key(section: KeyChangeSection) -> KeyChangeSection:
    """A section of a key change with zeros in the place of what is never shown."""
    return replace(section, **{it.name: 0 for it in fields(section) if not it.repr})


def by_kind(
    orders: Sequence[AnyOrder],
    kind: Callable[[AnyOrder], Hashable],
    together: Callable[[Sequence[AnyOrder]], list[Bits]],
    alone: Callable[[AnyOrder], Bits],
) -> list[Made]:
    """What becomes of each order, those of one kind made together."""
    kinds: dict[Hashable, list[int]] = {}
    for row, order in enumerate(orders):
        kinds.setdefault(kind(order), []).append(row)
    if len(kinds) == 1:
        return list(in_halves(orders, together, alone))
    made: dict[int, Made] = {}
    for rows in kinds.values():
        made |= zip(rows, in_halves([orders[row] for row in rows], together, alone), strict=True)
    return [made[row] for row in range(len(orders))]


def in_halves(
    orders: Sequence[AnyOrder],
    together: Callable[[Sequence[AnyOrder]], list[Bits]],
    alone: Callable[[AnyOrder], Bits],
) -> Sequence[Made]:
    """What becomes of each order: together, or in halves if one of them is refused, and a few by themselves."""
    if len(orders) < FEW:
        return [one(order, alone) for order in orders]
    try:
        return together(orders)
    except REFUSALS:
        half = len(orders) // 2
        return [*in_halves(orders[:half], together, alone), *in_halves(orders[half:], together, alone)]


def one(order: AnyOrder, alone: Callable[[AnyOrder], Bits]) -> Made:
    """What becomes of one order."""
    try:
        return alone(order)
    except REFUSALS as error:
        return refused(error)


def refused(error: UmbaneError) -> Refused:
    """The answer that an error makes; it no longer leads to the places where the keys were."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return Refused(error)
