"""What a sale reads and writes here, many sales at a time: one statement before, one statement after."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Final
from uuid import UUID

import asyncpg

from umbane.db import Change, Connection, Table
from umbane.pricing import CustomerState
from umbane.registry.keys import KeyParameters, KeyPhase, key_parameters
from umbane.registry.models import MeterState
from umbane.registry.states import decode_state, encode_state
from umbane.registry.store import KEY_COLUMNS
from umbane.sts import EA

__all__ = ["ForSale", "Seller", "load_for_sale", "load_terminals", "moved_states"]

ASKED: Final = Table("", {"pan": "text", "position": "integer"}).rows

METER: Final = ", ".join(
    f"m.{it}"
    for it in (
        *("id", "pan", "ea", "state", "key_phase", "last_minute"),
        *KEY_COLUMNS,
        *(f"pending_{it}" for it in KEY_COLUMNS),
    )
)
FIRST_KEY: Final = 8
FIRST_PENDING: Final = FIRST_KEY + len(KEY_COLUMNS)
FIRST_CONTRACT: Final = FIRST_PENDING + len(KEY_COLUMNS)

# Rows are locked in the order of contracts and then of meters, so that no two sales wait for each other in a circle.
# Both are locked, not the meter alone: after waiting for a lock PostgreSQL reads only locked rows anew. Others may
# still point to them (NO KEY). An outer join can't be locked: meters without a contract have a statement of their own.
EDITION: Final = "(SELECT edition FROM registry.utility WHERE id = $3)"
LOADING: Final = f"""
SELECT new.position, {EDITION}, {METER}, m.contract_id, c.tariff_id, c.state, c.version
FROM {ASKED}
JOIN registry.meter m ON m.utility_id = $3 AND m.pan = new.pan
JOIN registry.contract c ON c.utility_id = m.utility_id AND c.id = m.contract_id
ORDER BY c.id, m.id"""  # noqa: S608 - names from our code
LOCKED: Final = " FOR NO KEY UPDATE OF m, c"
LOADING_BARE: Final = f"""
SELECT new.position, {EDITION}, {METER}, m.contract_id, NULL, NULL, NULL
FROM {ASKED}
JOIN registry.meter m ON m.utility_id = $3 AND m.pan = new.pan
ORDER BY m.id"""  # noqa: S608 - names from our code
LOCKED_BARE: Final = " FOR NO KEY UPDATE OF m"

STORING: Final = """
UPDATE registry.contract c SET state = new.state, version = c.version + 1
FROM unnest({0}::uuid[], {1}::json[], {2}::bigint[]) AS new (contract_id, state, version)
WHERE c.utility_id = {3} AND c.id = new.contract_id AND c.version = new.version"""

TERMINALS: Final = """
SELECT t.id, v.id, v.code, t.code, v.blocked OR t.blocked
FROM registry.terminal t JOIN registry.vendor v ON v.utility_id = t.utility_id AND v.id = t.vendor_id
WHERE t.utility_id = $1 AND t.id = ANY($2)"""


@dataclass(slots=True)
class ForSale:
    """Meters with their contracts, a list for each column.

    Attributes:
        position: which of the meters asked for it is.
        edition: of its utility.
        meter_id, pan, ea, state, key_phase, last_minute, key, pending: as in `Meter`; the PAN as its 18 digits.
        contract_id, tariff_id, customer, version: of its contract; all None for a meter without one.
    """

    position: list[int] = field(default_factory=list)
    edition: list[int] = field(default_factory=list)
    meter_id: list[UUID] = field(default_factory=list)
    pan: list[str] = field(default_factory=list)
    ea: list[EA] = field(default_factory=list)
    state: list[MeterState] = field(default_factory=list)
    key_phase: list[KeyPhase] = field(default_factory=list)
    last_minute: list[int | None] = field(default_factory=list)
    key: list[KeyParameters] = field(default_factory=list)
    pending: list[KeyParameters | None] = field(default_factory=list)
    contract_id: list[UUID | None] = field(default_factory=list)
    tariff_id: list[str | None] = field(default_factory=list)
    customer: list[CustomerState | None] = field(default_factory=list)
    version: list[int | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.position)

    def extend(self, rows: Sequence[asyncpg.Record]) -> None:
        """Add rows as the statements above give them."""
        if not rows:
            return
        columns = list(zip(*rows, strict=True))
        keys = columns[FIRST_KEY:FIRST_PENDING]
        pending = columns[FIRST_PENDING:FIRST_CONTRACT]
        contract, tariff, states, versions = columns[FIRST_CONTRACT:]
        position, edition, meter, pan, ea, state, phase, minute = columns[:FIRST_KEY]
        ready = (
            *(position, edition, meter, pan, map(EAS.__getitem__, ea)),
            *(map(STATES.__getitem__, state), map(PHASES.__getitem__, phase), minute, map(key_parameters, *keys)),
            [None if it[0] is None else key_parameters(*it) for it in zip(*pending, strict=True)],
            *(contract, tariff, [None if it is None else decode_state(it) for it in states], versions),
        )
        for column, values in zip(COLUMNS, ready, strict=True):
            getattr(self, column).extend(values)


COLUMNS: Final = tuple(it.name for it in fields(ForSale))
EAS: Final = {int(it): it for it in EA}
STATES: Final = {it.value: it for it in MeterState}
PHASES: Final = {it.value: it for it in KeyPhase}


async def load_for_sale(tx: Connection, utility_id: UUID, pans: Sequence[str], *, lock: bool = True) -> ForSale:
    """Load meters with their contracts, and hold them until the transaction ends.

    Args:
        tx: a transaction.
        utility_id: in whose house they are looked for.
        pans: the 18 digits of each, as `pan_of` gives them; no meter twice, and no contract twice.
        lock: whether to hold them; a quote needn't.

    Returns:
        The meters that are there; one that isn't there has no row.
    """
    found = ForSale()
    found.extend(await tx.fetch(LOADING + LOCKED * lock, pans, range(len(pans)), utility_id))
    if len(found) < len(pans):
        await _add_bare(tx, found, utility_id, pans, lock=lock)
    return found


async def _add_bare(tx: Connection, found: ForSale, utility_id: UUID, pans: Sequence[str], *, lock: bool) -> None:
    """Add the meters that have no contract, or got one just now."""
    missing = sorted(set(range(len(pans))) - set(found.position))
    rows = await tx.fetch(LOADING_BARE + LOCKED_BARE * lock, [pans[it] for it in missing], missing, utility_id)
    found.extend([row for row in rows if row[FIRST_CONTRACT] is None])
    if late := [row[0] for row in rows if row[FIRST_CONTRACT] is not None]:
        found.extend(await tx.fetch(LOADING + LOCKED * lock, [pans[it] for it in late], late, utility_id))


def moved_states(
    utility_id: UUID, contract_ids: Sequence[UUID], customers: Sequence[CustomerState], versions: Sequence[int]
) -> Change:
    """What stores the states of contracts after sales, for `write`, which raises ConflictError if one isn't as loaded.

    Args:
        utility_id: as they were loaded.
        contract_ids: none twice.
        customers: the new state of each.
        versions: as they were loaded; the database counts one on.
    """
    states = [encode_state(it) for it in customers]
    return Change(STORING, (contract_ids, states, versions, utility_id), len(contract_ids))


@dataclass(frozen=True, slots=True)
class Seller:
    """A terminal and its vendor, as a sale needs them. `blocked` says whether either of them is."""

    terminal_id: UUID
    vendor_id: UUID
    vendor_code: str
    terminal_code: str
    blocked: bool


async def load_terminals(connection: Connection, utility_id: UUID, terminal_ids: Sequence[UUID]) -> dict[UUID, Seller]:
    """The terminals of these ids that are there."""
    rows = await connection.fetch(TERMINALS, utility_id, terminal_ids)
    return {row[0]: Seller(*row) for row in rows}
