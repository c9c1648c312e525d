"""The tables: columns to rows, rows to values, and the database's refusals in words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from uuid import UUID

import asyncpg

from umbane.db import Connection, Table
from umbane.registry.errors import DuplicateError, NotFoundError
from umbane.registry.keys import KeyPhase, key_parameters
from umbane.registry.models import (
    Contract,
    Customer,
    Meter,
    MeterState,
    Operator,
    Phase,
    ServicePoint,
    Terminal,
    Vendor,
)
from umbane.registry.roles import Role
from umbane.registry.states import decode_state
from umbane.sts import EA, TCT, MeterPAN

__all__ = [
    "CONTRACTS",
    "CUSTOMERS",
    "METERS",
    "SERVICE_POINTS",
    "TERMINALS",
    "VENDORS",
    "contract_from",
    "customer_from",
    "explained",
    "insert",
    "meter_columns",
    "meter_from",
    "one",
    "operator_from",
    "service_point_from",
    "terminal_from",
    "vendor_from",
]

SCOPED: Final = {"utility_id": "uuid", "id": "uuid"}
ADDED: Final = {"added_by": "bigint"}

CUSTOMERS: Final = Table(
    "registry.customer",
    SCOPED | {"name": "text", "phone": "text", "email": "text", "id_number": "text", "language": "text"} | ADDED,
)
SERVICE_POINTS: Final = Table(
    "registry.service_point",
    SCOPED | {"address": "text", "feeder": "text", "transformer": "text", "pole": "text", "phase": "text"} | ADDED,
)
CONTRACTS: Final = Table(
    "registry.contract",
    SCOPED
    | {"customer_id": "uuid", "service_point_id": "uuid", "account_no": "text", "tariff_id": "text"}
    | {"opened": "date", "closed": "date", "state": "json", "version": "bigint"}
    | ADDED,
)
KEY_COLUMNS: Final = ("sgc", "krn", "ti", "kt", "base_date", "ken")
METERS: Final = Table(
    "registry.meter",
    SCOPED
    | {"pan": "text", "model": "text", "ea": "smallint", "tct": "smallint"}
    | dict.fromkeys(KEY_COLUMNS, "integer")
    | {"key_phase": "text"}
    | {f"pending_{name}": "integer" for name in KEY_COLUMNS}
    | {"last_minute": "integer", "state": "text", "service_point_id": "uuid", "contract_id": "uuid"}
    | ADDED,
)
VENDORS: Final = Table(
    "registry.vendor", SCOPED | {"code": "text", "name": "text", "credit_limit": "bigint", "blocked": "boolean"} | ADDED
)
TERMINALS: Final = Table(
    "registry.terminal", SCOPED | {"vendor_id": "uuid", "code": "text", "blocked": "boolean"} | ADDED
)

Row = asyncpg.Record
T = TypeVar("T")

UNIQUE: Final = {
    "contract_utility_id_account_no_key": ("account", "choose another number"),
    "one_contract_a_place": ("service point", "close the contract that is open there first"),
    "meter_utility_id_pan_key": ("meter", "look it up instead of adding it"),
    "utility_code_key": ("code", "choose another code"),
    "vendor_utility_id_code_key": ("vendor", "choose another code"),
    "terminal_utility_id_vendor_id_code_key": ("terminal", "choose another code"),
    "operator_utility_id_name_key": ("operator", "choose another name"),
    "supply_group_pkey": ("SGC", "it stays as it was added"),
    "key_revision_pkey": ("KRN", "give the next revision another number"),
    "tariff_version_pkey": ("version", "give the new document a version of its own"),
}
"""What the database holds to be unique, by its name for the rule: our name for it, and what to do."""


@contextmanager
def explained() -> Iterator[None]:
    """Say in words of ours what the database refuses.

    Raises:
        DuplicateError: there is one already.
        NotFoundError: something that is pointed to isn't there, or is another utility's.
    """
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        field, remedy = UNIQUE.get(error.constraint_name or "", ("id", "give a new one"))
        raise DuplicateError(field, f"there is one already: {_last_value(error)}", remedy) from error
    except asyncpg.ForeignKeyViolationError as error:
        kind = (error.detail or "").rpartition('table "')[2].rstrip('".').replace("_", " ")
        raise NotFoundError(kind, _last_value(error)) from error


def _last_value(error: asyncpg.PostgresError) -> str:
    """The value that is ours in "Key (utility_id, code)=(..., V-1) already exists."."""
    return (error.detail or "").partition(")=(")[2].partition(")")[0].rpartition(", ")[2]


async def one(connection: Connection, kind: str, sql: str, utility_id: UUID, what: object, *values: object) -> Row:
    """The one row that a query gives for a thing of a utility.

    Raises:
        NotFoundError: there is none.
    """
    row = await connection.fetchrow(sql, utility_id, what, *values)
    if row is None:
        raise NotFoundError(kind, what)
    return row


def customer_from(row: Row) -> Customer:
    """A row of its table as a value."""
    return Customer(row["id"], row["name"], row["phone"], row["email"], row["id_number"], row["language"])


def service_point_from(row: Row) -> ServicePoint:
    """A row of its table as a value."""
    phase = Phase(row["phase"]) if row["phase"] else None
    return ServicePoint(row["id"], row["address"], row["feeder"], row["transformer"], row["pole"], phase)


def contract_from(row: Row) -> Contract:
    """A row of its table as a value."""
    return Contract(
        row["id"],
        row["customer_id"],
        row["service_point_id"],
        row["account_no"],
        row["tariff_id"],
        row["opened"],
        row["closed"],
        decode_state(row["state"]),
        row["version"],
    )


def meter_from(row: Row) -> Meter:
    """A row of its table as a value."""
    phase = KeyPhase(row["key_phase"])
    return Meter(
        id=row["id"],
        pan=MeterPAN(row["pan"]),
        ea=EA(row["ea"]),
        tct=TCT(row["tct"]),
        key=key_parameters(*(row[it] for it in KEY_COLUMNS)),
        model=row["model"],
        state=MeterState(row["state"]),
        service_point_id=row["service_point_id"],
        contract_id=row["contract_id"],
        key_phase=phase,
        pending=None if phase is KeyPhase.SETTLED else key_parameters(*(row[f"pending_{it}"] for it in KEY_COLUMNS)),
        last_minute=row["last_minute"],
    )


def meter_columns(meter: Meter) -> tuple[Any, ...]:
    """A meter as its table keeps it, without the utility before and the addition behind."""
    return (
        meter.id,
        meter.pan.digits,
        meter.model,
        int(meter.ea),
        int(meter.tct),
        *meter.key.columns(),
        meter.key_phase,
        *(meter.pending.columns() if meter.pending else (None,) * len(KEY_COLUMNS)),
        meter.last_minute,
        meter.state,
        meter.service_point_id,
        meter.contract_id,
    )


def vendor_from(row: Row) -> Vendor:
    """A row of its table as a value."""
    return Vendor(row["id"], row["code"], row["name"], row["credit_limit"], row["blocked"])


def terminal_from(row: Row) -> Terminal:
    """A row of its table as a value."""
    return Terminal(row["id"], row["vendor_id"], row["code"], row["blocked"])


def operator_from(row: Row) -> Operator:
    """A row of its table as a value."""
    return Operator(
        row["id"],
        row["name"],
        row["full_name"],
        frozenset(map(Role, row["roles"])),
        row["vendor_id"],
        row["password_hash"],
        row["totp_secret"],
        row["blocked"],
        row["person"],
    )


async def insert(
    tx: Connection, table: Table, utility_id: UUID, columns: Sequence[Sequence[Any]], added_by: int
) -> None:
    """Insert rows of a utility, given as columns.

    Raises:
        DuplicateError, NotFoundError: as `explained`.
    """
    count = len(columns[0])
    with explained():
        await table.insert(tx, [utility_id] * count, *columns, [added_by] * count)
