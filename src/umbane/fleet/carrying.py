"""Carrying credit over: the token for what a meter still had that another took the place of.

The event says what is to be carried over; it is committed before any token is made. The engine is asked under a message
id that follows from the event, so whoever finishes after a crash gets the same token, and nobody a second one.
"""

from typing import Final

from msgspec import Struct

from umbane.db import Connection
from umbane.fleet.deeds import Report
from umbane.fleet.recording import Event, event, record_event
from umbane.fleet.telling import tell
from umbane.registry import EngineeringAction, Scope
from umbane.vending import Answer, Engine, Give, SaleRequest, Sold, Staff, reprint, sell

__all__ = ["Carried", "carry_over", "tell_event"]

TRIES: Final = "SELECT count(*) FROM fleet.carrying WHERE utility_id = $1 AND event_id = $2"
CARRYING: Final = """
INSERT INTO fleet.carrying (utility_id, event_id, number, sale_id, problem) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING true"""


class Carried(Struct, frozen=True):
    """An event, and what became of the credit that is to be carried over.

    Attributes:
        event: as it is written down.
        answer: of the engine; None where nothing is to be carried over.
    """

    event: Event
    answer: Answer | None


async def tell_event(engine: Engine, scope: Scope, report: Report, staff: Staff | None = None) -> Carried:
    """Record an event, and carry over what it says; told again, finish what was left undone.

    Args:
        engine: makes the token.
        scope: in whose house, and who tells.
        report: what happened.
        staff: who asks for the token, and who agrees, as the policy for replacements wants it.

    Raises:
        FleetError, FleetInputError, RegistryError: as `record_event`.
    """
    await engine.database.run(lambda tx: record_event(tx, scope, report, engine.clock()))
    return await carry_over(engine, scope, report.id, staff)


async def carry_over(engine: Engine, scope: Scope, report_id: str, staff: Staff | None = None) -> Carried:
    """Make the token that an event says, or show it again.

    What the engine refuses for good is written down, and the next try is a new message. After `approval_needed` and the
    like the same one is sent again.

    Raises:
        NotFoundError: there is no such event.
    """
    async with engine.database.reading() as connection:
        found = await event(connection, scope.utility_id, report_id)
        number = await connection.fetchval(TRIES, scope.utility_id, found.id)
    if not found.credit or not found.other or not found.terminal_id:
        return Carried(found, None)
    if found.sale_id:
        return Carried(found, await reprint(engine, scope.utility_id, found.sale_id))
    order = Give(EngineeringAction.REPLACEMENT, found.credit, found.reason)
    message_id = f"fleet:{found.id}:{number}"
    request = SaleRequest(scope.utility_id, found.terminal_id, message_id, found.other, order, staff)
    [answer] = await sell(engine, [request])
    if answer.is_final:
        await engine.database.run(lambda tx: _note(tx, scope, found, number, answer))
    async with engine.database.reading() as connection:
        return Carried(await event(connection, scope.utility_id, report_id), answer)


async def _note(tx: Connection, scope: Scope, about: Event, number: int, answer: Answer) -> None:
    """Write down what became of a try, once."""
    sale = answer.id if isinstance(answer, Sold) else None
    problem = None if isinstance(answer, Sold) else f"{answer.code}: {answer.problem}"
    if await tx.fetchval(CARRYING, scope.utility_id, about.id, number, sale, problem):
        says = {"event": about.report_id, "units": about.credit, "sale": str(sale or ""), "problem": problem}
        await tell(tx, scope, "carrying", [says])
