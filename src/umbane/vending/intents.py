"""What a module outside of this process is asked, kept before it is asked: so what became of it can be found out."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from umbane.db import Connection, Table
from umbane.registry import EngineeringAction, Role
from umbane.vending.models import Buy, ChangeKey, ClaimFree, Engineer, Give, Order, Pay, SaleRequest, Staff

__all__ = [
    "Intent",
    "busy_meters",
    "decode_message",
    "drop_intents",
    "encode_message",
    "insert_intents",
    "open_intents",
]

INTENTS: Final = Table(
    "vending.intent",
    {"utility_id": "uuid", "id": "uuid", "meter_id": "uuid", "module": "smallint", "at": "timestamptz"}
    | {"message": "json", "hold_id": "uuid"},
)
BUSY: Final = "SELECT meter_id, id FROM vending.intent WHERE utility_id = $1 AND meter_id = ANY($2)"
INSERTION: Final = """
INSERT INTO vending.intent (utility_id, id, meter_id, module, at, message, hold_id, requests, signatures)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
DROPPING: Final = "DELETE FROM vending.intent WHERE utility_id = $1 AND id = ANY($2) RETURNING id"
OPEN: Final = """
SELECT utility_id, id, meter_id, module, at, message, hold_id, requests, signatures FROM vending.intent
WHERE module = $1 ORDER BY at, id"""
ORDERS: Final[dict[str, type[Any]]] = {it.__name__: it for it in (Buy, ChangeKey, ClaimFree, Engineer, Give, Pay)}


@dataclass(frozen=True, slots=True)
class Intent:
    """What a module is asked for one message.

    Attributes:
        utility_id: in whose house.
        id: of the message.
        meter_id: to which nothing else is sold meanwhile.
        module: by which number the books know it.
        at: the moment of the sale.
        message: what was asked, as `encode_message` gives it.
        hold_id: of the money that is set aside.
        requests: the ids under which the module is asked.
        signatures: what each request says.
    """

    utility_id: UUID
    id: UUID
    meter_id: UUID
    module: int
    at: datetime
    message: str
    hold_id: UUID | None
    requests: list[UUID]
    signatures: list[str]


def encode_message(request: SaleRequest) -> str:
    """A request as JSON."""
    return json.dumps(asdict(request) | {"kind": type(request.order).__name__}, default=plain)


def plain(value: object) -> object:
    """What JSON has no word for."""
    return sorted(value) if isinstance(value, frozenset) else str(value)


def decode_message(text: str) -> SaleRequest:
    """The request that JSON of ours is."""
    fields = json.loads(text)
    kind, order, staff = fields.pop("kind"), fields.pop("order"), fields.pop("staff")
    if "action" in order:
        order["action"] = EngineeringAction(order["action"])
    made: Order = ORDERS[kind](**order)
    utility_id, terminal_id = UUID(fields["utility_id"]), UUID(fields["terminal_id"])
    who = staff_from(staff) if staff else None
    return SaleRequest(utility_id, terminal_id, fields["message_id"], fields["meter"], made, who)


def staff_from(fields: dict[str, Any]) -> Staff:
    """Who asked and who agreed."""
    approvers = tuple(staff_from(it) for it in fields["approvers"])
    return Staff(fields["name"], frozenset(map(Role, fields["roles"])), approvers, fields.get("emergency", False))


async def busy_meters(tx: Connection, utility_id: UUID, meters: Collection[UUID]) -> dict[UUID, UUID]:
    """Meters that a sale is under way to, and the message of each."""
    return {row[0]: row[1] for row in await tx.fetch(BUSY, utility_id, list(meters))}


async def insert_intents(tx: Connection, intents: Collection[Intent]) -> None:
    """Keep intents."""
    rows = [
        (it.utility_id, it.id, it.meter_id, it.module, it.at, it.message, it.hold_id, it.requests, it.signatures)
        for it in intents
    ]
    await tx.executemany(INSERTION, rows)


async def drop_intents(tx: Connection, utility_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Their messages are answered; which of them had none so far."""
    return {row[0] for row in await tx.fetch(DROPPING, utility_id, list(ids))}


async def open_intents(connection: Connection, module: int) -> list[Intent]:
    """What a module was asked for and isn't settled, the oldest first."""
    return [Intent(*row) for row in await connection.fetch(OPEN, module)]
