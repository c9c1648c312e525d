"""Everything of a kind that a utility has, a page at a time, in the order in which it was added."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

import asyncpg

from umbane.db import Connection
from umbane.registry.models import Contract, Customer, Meter, Operator, ServicePoint, Terminal, Vendor
from umbane.registry.store import (
    contract_from,
    customer_from,
    meter_from,
    operator_from,
    service_point_from,
    terminal_from,
    vendor_from,
)

__all__ = [
    "CONTRACTS",
    "CUSTOMERS",
    "METERS",
    "OPERATORS",
    "SERVICE_POINTS",
    "TERMINALS",
    "VENDORS",
    "Shelf",
    "hold",
    "page",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shelf(Generic[T]):
    """Where things of a kind are.

    Attributes:
        table: in the registry.
        make: a thing from its row.
        columns: by which a page may be narrowed down.
    """

    table: str
    make: Callable[[asyncpg.Record], T]
    columns: tuple[str, ...] = ()


CUSTOMERS: Final[Shelf[Customer]] = Shelf("customer", customer_from)
SERVICE_POINTS: Final[Shelf[ServicePoint]] = Shelf("service_point", service_point_from, ("feeder", "transformer"))
CONTRACTS: Final[Shelf[Contract]] = Shelf("contract", contract_from, ("customer_id", "service_point_id", "account_no"))
METERS: Final[Shelf[Meter]] = Shelf("meter", meter_from, ("state", "service_point_id", "contract_id", "pan"))
VENDORS: Final[Shelf[Vendor]] = Shelf("vendor", vendor_from, ("code",))
TERMINALS: Final[Shelf[Terminal]] = Shelf("terminal", terminal_from, ("vendor_id",))
OPERATORS: Final[Shelf[Operator]] = Shelf("operator", operator_from)


async def page(
    connection: Connection,
    utility_id: UUID,
    shelf: Shelf[T],
    *,
    after: UUID | None = None,
    limit: int,
    **where: str | UUID | None,
) -> list[T]:
    """The things behind one of them, or the first ones.

    Args:
        connection: that reads.
        utility_id: whose.
        shelf: of which kind.
        after: the id of the last thing of the page before.
        limit: at most so many.
        where: what their columns hold; None for anything.
    """
    given = {name: value for name, value in where.items() if value is not None}
    if strangers := given.keys() - set(shelf.columns):
        raise TypeError(f"{shelf.table} can't be narrowed down by {sorted(strangers)}")
    narrowed = "".join(f" AND {name} = ${place}" for place, name in enumerate(given, 4))
    sql = f"""SELECT * FROM registry.{shelf.table}
        WHERE utility_id = $1 AND ($2::uuid IS NULL OR id > $2){narrowed} ORDER BY id LIMIT $3"""  # noqa: S608 - our words
    return [shelf.make(row) for row in await connection.fetch(sql, utility_id, after, limit, *given.values())]


async def hold(tx: Connection, utility_id: UUID, shelf: Shelf[T], thing_id: UUID) -> T | None:
    """A thing that nobody else changes until the transaction ends; None when there is none of this id."""
    sql = f"SELECT * FROM registry.{shelf.table} WHERE utility_id = $1 AND id = $2 FOR NO KEY UPDATE"  # noqa: S608 - our words
    row = await tx.fetchrow(sql, utility_id, thing_id)
    return None if row is None else shelf.make(row)
