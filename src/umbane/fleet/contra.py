"""Contra events: what was told that didn't happen is taken back, where that is the truth; else a clear no."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from umbane.fleet.deeds import Contra
from umbane.fleet.errors import NotReversibleError
from umbane.fleet.work import Done, Work, held, hung, require_vacant
from umbane.registry import (
    Meter,
    MeterState,
    NotFoundError,
    block_meter,
    change_tariff,
    contract_by_account,
    install_meter,
    remove_meter,
    replace_meter,
    restock_meter,
    take_debt_back,
    unblock_meter,
)

__all__ = ["NEVER", "take_back"]

FOUND: Final = """
SELECT id, message_id, kind, did, meter_id, other_id, service_point_id, left_id, credit, contra_of FROM fleet.event
WHERE utility_id = $1 AND message_id = $2"""
TAKEN_BACK: Final = "SELECT message_id FROM fleet.event WHERE utility_id = $1 AND contra_of = $2"
LATER: Final = """
SELECT e.message_id FROM fleet.event e
WHERE e.utility_id = $1 AND e.id > $2 AND (e.meter_id = ANY ($3) OR e.other_id = ANY ($3)) AND e.contra_of IS NULL
    AND NOT EXISTS (SELECT FROM fleet.event b WHERE b.utility_id = e.utility_id AND b.contra_of = e.id)
ORDER BY e.id LIMIT 1"""
SOLD: Final = """
SELECT m.drn FROM vending.token t JOIN registry.meter m ON m.utility_id = t.utility_id AND m.id = t.meter_id
WHERE t.utility_id = $1 AND t.meter_id = ANY ($2) AND t.sale_id > $3 LIMIT 1"""

NEVER: Final = {
    "stock": "the meter is there: scrap it, if nobody is to use it",
    "restock": "the meter is in the store: install or scrap it",
    "scrap": "a meter that is destroyed doesn't come back: stock the one that was meant under its own number",
    "change_tenant": "the new account is open and its blocks have begun: change the tenant again",
    "contra": "tell what happened as an event of its own",
}
"""What is never taken back, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Undo:
    """An event that is being taken back.

    Attributes:
        work: the contra event.
        row: of the event.
        did: what it did.
        meter, other: as they are now.
    """

    work: Work
    row: asyncpg.Record
    did: dict[str, Any]
    meter: Meter
    other: Meter | None

    @property
    def reason(self) -> str:
        """For the record of changes."""
        return self.work.report.reason

    @property
    def before(self) -> MeterState:
        """The state of the meter before the event."""
        return MeterState(self.did["state"][0])


async def take_back(work: Work, deed: Contra) -> Done:
    """Undo what an event did.

    Raises:
        NotFoundError: there is no such event.
        NotReversibleError: that would not be the truth.
    """
    row = await work.tx.fetchrow(FOUND, work.scope.utility_id, deed.event)
    if row is None:
        raise NotFoundError("event", deed.event)
    name = f"event {deed.event} ({row['kind'].replace('_', ' ')})"
    if row["kind"] in NEVER:
        raise NotReversibleError(f"{name} is never taken back: {NEVER[row['kind']]}")
    undo = await _looked_at(work, row, name, deed)
    await UNDOERS[row["kind"]](undo)
    after = await held(work, row["meter_id"])
    did = {
        "state": [undo.meter.state, after.state], "key": f"unchanged: {after.key}", "undone": deed.event,
        "books": "the debts were taken back" if isinstance(undo.did["books"], list) else "nothing", "tokens": "none",
    }  # fmt: skip
    place = after.service_point_id or row["service_point_id"]
    return Done(after.id, did, row["other_id"], place, contra_of=row["id"])


async def _looked_at(work: Work, row: asyncpg.Record, name: str, deed: Contra) -> Undo:
    """An event with its meters, when nothing came after it."""
    ids = [it for it in (row["meter_id"], row["other_id"]) if it]
    meters = [await held(work, it) for it in ids]
    undo = Undo(work, row, msgspec.json.decode(row["did"]), meters[0], meters[1] if meters[1:] else None)
    if deed.meter not in {meters[0].pan.digits, str(meters[0].pan.drn)}:
        raise NotReversibleError(f"{name} is of meter {meters[0].pan.drn}: compare the number")
    if again := await work.tx.fetchval(TAKEN_BACK, work.scope.utility_id, row["id"]):
        raise NotReversibleError(f"{name} was taken back by event {again}")
    if later := await work.tx.fetchval(LATER, work.scope.utility_id, row["id"], ids):
        raise NotReversibleError(f"{name} was followed by event {later}: take that one back first")
    if row["credit"]:
        raise NotReversibleError(f"{name} carried credit over by a token, which is money: replace the meter again")
    if drn := await work.tx.fetchval(SOLD, work.scope.utility_id, ids, row["id"]):
        raise NotReversibleError(f"{name} stands: tokens were made for meter {drn} since then")
    if undo.meter.state != undo.did["state"][1]:
        raise NotReversibleError(f"{name} left the meter {undo.did['state'][1]}, and it is {undo.meter.state} now")
    return undo


async def un_install(undo: Undo) -> None:
    """Take a meter down that was never hung up."""
    work = undo.work
    await remove_meter(work.tx, work.scope, undo.meter.id, undo.reason)
    await _lay_down(undo, undo.meter, undo.before)


async def _lay_down(undo: Undo, it: Meter, before: MeterState) -> None:
    """Let a meter lie where it lay, as if it had never hung."""
    if before is MeterState.STOCKED:
        await restock_meter(undo.work.tx, undo.work.scope, it.id)
    was = undo.did["installed"][0]
    await hung(undo.work, it, date.fromisoformat(was) if was else None)


async def un_remove(undo: Undo) -> None:
    """Hang a meter up that was never taken down."""
    work = undo.work
    await require_vacant(work, undo.row["service_point_id"])
    await install_meter(work.tx, work.scope, undo.meter.id, undo.row["service_point_id"])
    await _block_again(undo)


async def _block_again(undo: Undo) -> None:
    """Block a meter that was blocked before."""
    if undo.before is MeterState.BLOCKED:
        await block_meter(undo.work.tx, undo.work.scope, undo.meter.id, undo.reason)


async def un_replace(undo: Undo) -> None:
    """Hang the old meter up again in the place of the other, which was never there."""
    work = undo.work
    if undo.other is None or undo.other.service_point_id != undo.row["service_point_id"]:
        raise NotReversibleError("the other meter hangs there no more: tell what became of it")
    await replace_meter(work.tx, work.scope, undo.other.id, undo.meter.id, undo.reason)
    await _lay_down(undo, undo.other, MeterState(undo.did["by"][0]))
    await _block_again(undo)


async def un_move(undo: Undo) -> None:
    """Hang a meter up where it always was."""
    work = undo.work
    await require_vacant(work, undo.row["left_id"])
    await remove_meter(work.tx, work.scope, undo.meter.id, undo.reason)
    await install_meter(work.tx, work.scope, undo.meter.id, undo.row["left_id"])


async def un_block(undo: Undo) -> None:
    """Sell to a meter again."""
    await unblock_meter(undo.work.tx, undo.work.scope, undo.meter.id, undo.reason)


async def un_unblock(undo: Undo) -> None:
    """Sell to a meter no more."""
    await block_meter(undo.work.tx, undo.work.scope, undo.meter.id, undo.reason)


async def un_convert(undo: Undo) -> None:
    """Take a meter down that was never hung up, and what was put on the account for it."""
    work = undo.work
    for debt in undo.did["books"] if isinstance(undo.did["books"], list) else []:
        await take_debt_back(work.tx, work.scope, UUID(debt), work.now, undo.reason)
    account = await contract_by_account(work.tx, work.scope.utility_id, undo.did["account"])
    await change_tariff(work.tx, work.scope, account.id, undo.did["tariff"][0])
    await un_install(undo)


UNDOERS: Final[dict[str, Callable[[Undo], Awaitable[None]]]] = {
    "install": un_install,
    "remove": un_remove,
    "replace": un_replace,
    "move": un_move,
    "block": un_block,
    "unblock": un_unblock,
    "convert": un_convert,
}
"""How each kind of event is taken back."""
