"""Whose digits are these? What they say under a meter's keys, and whether, when and for how much we issued them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from umbane.db import Connection
from umbane.registry import KeyParameters, key_events, load_for_sale, pan_of
from umbane.security import KeyName, Refused, VerifyRequest
from umbane.sts import EA, EncodedToken, MeterPAN, Token
from umbane.vending.service import Engine
from umbane.vending.store import TOKEN_BYTES

__all__ = ["Origin", "Reading", "Verdict", "verify_token"]

ORIGIN = """
SELECT s.id, s.at, s.kind, v.code, t.code, k.kind, k.units, s.tender, s.currency, m.name, k.number,
    EXISTS (SELECT FROM vending.reversal r WHERE r.utility_id = s.utility_id AND r.sale_id = s.id)
FROM vending.sale s
JOIN vending.token k ON k.utility_id = s.utility_id AND k.sale_id = s.id
JOIN vending.module m ON m.id = k.module
JOIN registry.terminal t ON t.utility_id = s.utility_id AND t.id = s.terminal_id
JOIN registry.vendor v ON v.utility_id = s.utility_id AND v.id = s.vendor_id
WHERE k.utility_id = $1 AND k.meter_id = $2 AND k.digits = $3 ORDER BY s.id LIMIT 1"""
WITHHELD = "SELECT EXISTS (SELECT FROM vending.withheld WHERE $1 = ANY(digits))"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a token of ours comes from.

    Attributes:
        sale_id, at, order: of the sale.
        vendor, terminal: who sold it, by their codes.
        kind, units: of the token; tenths of a kWh.
        tender, currency: what was paid for the whole sale, in minor units.
        module, number: which module made it, and which token of its life it is.
        is_reversed: whether the sale was taken back.
    """

    sale_id: UUID
    at: datetime
    order: str
    vendor: str
    terminal: str
    kind: str
    units: int
    tender: int
    currency: str
    module: str
    number: int
    is_reversed: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter reads in the digits.

    Attributes:
        key: under which key.
        status: whether that is the meter's "current" key, one that is "pending", or one it "had".
        token: what they say.
    """

    key: KeyParameters
    status: str
    token: Token


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of twenty digits.

    Attributes:
        meter: the 18 digits of its number; empty when this utility doesn't know it.
        readings: what they say under each key with which they say anything.
        origin: of a token that we issued for this meter; None for any other.
        is_withheld: whether a module of ours made them, and they were never given to anybody.
    """

    meter: str
    readings: tuple[Reading, ...]
    origin: Origin | None
    is_withheld: bool


async def verify_token(engine: Engine, utility_id: UUID, meter: str, digits: str) -> Verdict:
    """Look at any twenty digits that are said to be for a meter.

    Raises:
        StsInputError, TokenFormatError: the number or the digits are none.
    """
    pan, token = MeterPAN(pan_of(meter)), EncodedToken.parse(digits)
    async with engine.database.reading() as connection:
        rows = await load_for_sale(connection, utility_id, [pan.digits], lock=False)
        bits = token.bits.to_bytes(TOKEN_BYTES)
        is_withheld: bool = await connection.fetchval(WITHHELD, bits)
        if not len(rows):
            return Verdict("", (), None, is_withheld)
        (meter_id,), (ea,) = rows.meter_id, rows.ea
        keys = await keys_of(connection, utility_id, meter_id, rows.key[0], rows.pending[0])
        origin = await connection.fetchrow(ORIGIN, utility_id, meter_id, bits)
    readings = await read(engine, pan, ea, keys, token)
    return Verdict(pan.digits, readings, origin_from(origin), is_withheld and origin is None)


def origin_from(row: Record | None) -> Origin | None:
    """The origin that a row tells."""
    return None if row is None else Origin(*row)


async def keys_of(
    connection: Connection, utility_id: UUID, meter_id: UUID, current: KeyParameters, pending: KeyParameters | None
) -> dict[KeyParameters, str]:
    """Every key that a meter has, may have, or had."""
    events = await key_events(connection, utility_id, meter_id)
    had = {event.key: "had" for event in events if event.event in {"issued", "settled"}}
    return had | ({pending: "pending"} if pending else {}) | {current: "current"}


async def read(
    engine: Engine, pan: MeterPAN, ea: EA, keys: dict[KeyParameters, str], token: EncodedToken
) -> tuple[Reading, ...]:
    """What the digits say under each key."""
    asked = [VerifyRequest(pan, ea, KeyName(it.sgc, it.krn, it.kt, it.ti), token) for it in keys]
    answers = await engine.house.module.verify(asked)
    return tuple(
        Reading(key, status, answer)
        for (key, status), answer in zip(keys.items(), answers, strict=True)
        if not isinstance(answer, Refused)
    )
