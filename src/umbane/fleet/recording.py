"""Recording events: each is done and written down in one transaction, once, whoever tells it how often."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from umbane.db import Connection, new_ids
from umbane.fleet.contra import take_back
from umbane.fleet.deeds import AnyDeed, Contra, Report, kind_of
from umbane.fleet.doing import DOERS
from umbane.fleet.errors import EventConflictError, FleetInputError
from umbane.fleet.telling import tell
from umbane.fleet.work import Done, Work
from umbane.registry import NotFoundError, Scope, utility

__all__ = ["Event", "event", "events", "record_event"]

BYTES: Final = 16
LOCKING: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 70))"
LAST: Final = """
SELECT message_id, at FROM fleet.event
WHERE utility_id = $1 AND (meter_id = ANY ($2) OR other_id = ANY ($2)) ORDER BY at DESC LIMIT 1"""
RECORDING: Final = """
INSERT INTO fleet.event (utility_id, id, message_id, fingerprint, kind, at, by, body, did, meter_id, other_id,
    service_point_id, left_id, credit, terminal_id, model, faulty, served, contra_of, changes)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, coalesce((
    SELECT array_agg(c.id ORDER BY c.id) FROM registry.change c
    WHERE c.utility_id = $1 AND c.object IN ($10, $11) AND c.at = now() AND NOT EXISTS (
        SELECT FROM fleet.event e WHERE e.utility_id = $1 AND e.recorded_at = now()
            AND (e.meter_id = c.object OR e.other_id = c.object) AND c.id = ANY (e.changes))
), '{}')"""
FIELDS: Final = """
SELECT e.id, e.message_id, e.fingerprint, e.kind, e.at, e.recorded_at, e.by, e.body, e.did, m.pan, o.pan AS other,
    e.credit, e.terminal_id, c.sale_id, b.message_id AS taken_back_by
FROM fleet.event e JOIN registry.meter m ON m.utility_id = e.utility_id AND m.id = e.meter_id
LEFT JOIN registry.meter o ON o.utility_id = e.utility_id AND o.id = e.other_id
LEFT JOIN fleet.carrying c ON c.utility_id = e.utility_id AND c.event_id = e.id AND c.sale_id IS NOT NULL
LEFT JOIN fleet.event b ON b.utility_id = e.utility_id AND b.contra_of = e.id
WHERE e.utility_id = $1"""
ONE: Final = FIELDS + " AND e.message_id = $2"
LISTED: Final = (
    FIELDS
    + """ AND ($2::text IS NULL OR e.kind = $2) AND (NOT $3 OR e.credit > 0 AND c.sale_id IS NULL)
ORDER BY e.id DESC LIMIT $4"""
)


class Event(Struct, frozen=True):
    """Something that happened to a meter, as it is written down.

    Attributes:
        id: ours.
        report_id: the teller's.
        kind: what.
        at, recorded_at: when it happened, and when it was told.
        by, reason: who told it, and why it was done.
        deed: what was told.
        did: what that did to keys, books and tokens, and to all else.
        meter, other: the 18 digits of the meter that it happened to, and of the one that took its place.
        credit: tenths of a kWh that the other one gets by a token.
        terminal_id: the till that makes it.
        sale_id: of that token; None while it isn't made.
        taken_back_by: the contra event, if there is one.
        repeated: whether it was told before.
    """

    id: UUID
    report_id: str
    kind: str
    at: datetime
    recorded_at: datetime
    by: str
    reason: str
    deed: AnyDeed
    did: dict[str, Any]
    meter: str
    other: str | None
    credit: int
    terminal_id: UUID | None
    sale_id: UUID | None
    taken_back_by: str | None
    repeated: bool = False

    @property
    def is_pending(self) -> bool:
        """Whether credit is still to be carried over."""
        return self.credit > 0 and self.sale_id is None


async def record_event(tx: Connection, scope: Scope, report: Report, now: datetime) -> Event:
    """Do what an event says, and write it down; told again, answer what it was.

    Args:
        tx: a transaction.
        scope: in whose house, and who tells.
        report: what happened.
        now: the time.

    Raises:
        EventConflictError: another event was told under this id.
        FleetInputError: it would have happened in the future, or before the last event of the meter.
        IllegalEventError, NotCertifiedError, NotReversibleError: it can't have happened.
        RegistryError: the registry knows something that stands against it.
    """
    mark = fingerprint(report)
    await tx.execute(LOCKING, f"{scope.utility_id}/{report.id}")
    if row := await tx.fetchrow(ONE, scope.utility_id, report.id):
        if row["fingerprint"] != mark:
            raise EventConflictError(f"event {report.id} was told before, and said something else: nothing was done")
        return msgspec.structs.replace(_event_from(row), repeated=True)
    if report.at > now:
        raise FleetInputError("at", f"{report.at} is still to come", "tell what happened")
    work = Work(tx, scope, await utility(tx, scope.utility_id), report, now)
    done = await (take_back(work, report.deed) if isinstance(report.deed, Contra) else do(work, report.deed))
    await require_order(work, [done.meter_id, *filter(None, [done.other_id])])
    await _write(work, done, mark)
    return await event(tx, scope.utility_id, report.id)


async def do(work: Work, deed: AnyDeed) -> Done:
    """Do what is no contra event."""
    return await DOERS[type(deed)](work, deed)


def fingerprint(report: Report) -> bytes:
    """What a report says, in 16 bytes."""
    return blake2b(msgspec.json.encode(report, order="deterministic"), digest_size=BYTES).digest()


async def require_order(work: Work, meter_ids: Sequence[UUID]) -> None:
    """Refuse an event of a meter that would have happened before the last one of it: history isn't written anew.

    Raises:
        FleetInputError: it would.
    """
    last = await work.tx.fetchrow(LAST, work.scope.utility_id, meter_ids)
    if last and last["at"] > work.report.at:
        when = last["at"].astimezone(work.house.zone)
        problem = f"event {last['message_id']} of this meter was later, at {when:%Y-%m-%d %H:%M:%S}"
        raise FleetInputError("at", problem, "tell events of a meter in their order")


async def _write(work: Work, done: Done, mark: bytes) -> None:
    """Write an event down, and tell the log."""
    report, scope = work.report, work.scope
    body, did = msgspec.json.encode(report).decode(), msgspec.json.encode(done.did).decode()
    kind = kind_of(report.deed)
    await work.tx.execute(
        RECORDING, scope.utility_id, new_ids(1)[0], report.id, mark, kind, report.at, scope.by, body, did,
        done.meter_id, done.other_id, done.place_id, done.left_id, done.credit, done.terminal_id,
        done.model, done.faulty, done.served, done.contra_of,
    )  # fmt: skip
    says = {"event": report.id, "kind": kind, "at": report.at.isoformat(), "reason": report.reason}
    meters = [str(it) for it in (done.meter_id, done.other_id) if it]
    await tell(work.tx, scope, "event", [{**says, "meters": meters}], did.encode())


async def event(connection: Connection, utility_id: UUID, report_id: str) -> Event:
    """The event that was told under an id.

    Raises:
        NotFoundError: the utility has none.
    """
    row = await connection.fetchrow(ONE, utility_id, report_id)
    if row is None:
        raise NotFoundError("event", report_id)
    return _event_from(row)


async def events(
    connection: Connection, utility_id: UUID, *, kind: str | None = None, pending: bool = False, most: int = 100
) -> list[Event]:
    """The last events, the newest first; of one kind, or those whose credit is still to be carried over."""
    return [_event_from(row) for row in await connection.fetch(LISTED, utility_id, kind, pending, most)]


def _event_from(row: asyncpg.Record) -> Event:
    """A row as a value."""
    report, did = msgspec.json.decode(row["body"], type=Report), msgspec.json.decode(row["did"])
    when = row["at"], row["recorded_at"], row["by"], report.reason, report.deed, did
    rest = row["pan"], row["other"], row["credit"], row["terminal_id"], row["sale_id"], row["taken_back_by"]
    return Event(row["id"], row["message_id"], row["kind"], *when, *rest)
