"""Looking without selling: trial quotes, what was answered, the same digits again."""

from contextlib import suppress
from uuid import UUID

from umbane.db import Connection, new_ids
from umbane.db.errors import BusyError, ReadOnlyError
from umbane.pricing import Payable, free_units_due, payable
from umbane.registry import pan_of
from umbane.vending import store
from umbane.vending.cases import Case, message_id_problem, open_case, refused
from umbane.vending.claiming import find_sellers
from umbane.vending.codes import Code
from umbane.vending.errors import UnknownSaleError
from umbane.vending.house import Turn
from umbane.vending.identity import BYTES
from umbane.vending.issuing import reserve
from umbane.vending.judging import judge
from umbane.vending.loading import load
from umbane.vending.models import Answer, Offer, Refused, SaleRequest, Sold
from umbane.vending.money import try_floats
from umbane.vending.service import Engine

__all__ = ["answer_to", "in_progress", "last_response", "offer", "reprint", "sales_of_meter"]

OF_METER = """
SELECT s.id FROM registry.meter m CROSS JOIN LATERAL (
    SELECT t.sale_id FROM vending.token t WHERE t.utility_id = m.utility_id AND t.meter_id = m.id
    UNION SELECT p.id FROM vending.sale p WHERE p.utility_id = m.utility_id AND p.meter_id = m.id AND p.kind = 'pay'
) s (id) WHERE m.utility_id = $1 AND m.pan = $2 ORDER BY s.id DESC LIMIT $3"""


class _TrialOverError(Exception):
    """Takes back everything that a trial did in its transaction."""


async def offer(engine: Engine, request: SaleRequest) -> Offer | Refused:
    """What a request would get now: the same checks and the same lines as a sale, and no trace of it.

    The message id isn't claimed, and no token is made.
    """
    case = open_case(request, new_ids(1)[0])

    async def work(tx: Connection) -> None:
        case.restart()
        await look(Turn(engine.house, tx, request.utility_id, [case], engine.clock()))
        raise _TrialOverError

    with suppress(_TrialOverError):
        await engine.database.run(work)
    if case.answer:
        return case.answer if isinstance(case.answer, Refused) else in_progress()
    return refused(case.problem) if case.problem else offered(case)


async def look(turn: Turn) -> None:
    """All steps of a sale before the module is asked."""
    await find_sellers(turn, turn.cases)
    await load(turn, lock=False)
    await judge(turn)
    await try_floats(turn)
    await reserve(turn)


def offered(case: Case) -> Offer:
    """The offer that a planned case is."""
    planned, situation = case.planned()
    customer, tariff = situation.customer, planned.tariff
    limits: Payable | None = None
    due = 0
    if tariff and customer:
        limits = payable(tariff, customer, at=situation.now)
        due = free_units_due(tariff, customer, at=situation.now)
    owed = sum(debt.owed for debt in customer.arrears) if customer else 0
    currency = situation.book.utility.currency.code
    return Offer(
        case.pan, currency, planned.tender, planned.units, planned.free_units, planned.lines, limits, owed, due,
        tuple(planned.warnings),
    )  # fmt: skip


async def answer_to(engine: Engine, utility_id: UUID, terminal_id: UUID, message_id: str) -> Answer | None:
    """What a message was answered: its outcome, "in progress", or None when it never came.

    None is never the answer while it is being worked on, in this process or another.
    """
    if message_id_problem(message_id):
        return None
    claim = store.Claim(terminal_id, message_id, new_ids(1)[0], bytes(BYTES))
    if answer := await kept_answer(engine, utility_id, claim):
        return answer
    try:
        return await kept_answer(engine, utility_id, claim) if await is_taken(engine, utility_id, claim) else None
    except BusyError:
        return in_progress()


async def kept_answer(engine: Engine, utility_id: UUID, claim: store.Claim) -> Answer | None:
    """What a message was answered, as far as that is committed."""
    async with engine.database.reading() as connection:
        seen = await store.seen(connection, utility_id, [claim])
        return await told(connection, utility_id, [(it.id, it.message_id) for it in seen.values()])


async def is_taken(engine: Engine, utility_id: UUID, claim: store.Claim) -> bool:
    """Whether a message is claimed, after waiting for whoever is about to: nobody else can claim it meanwhile."""
    taken = False

    async def work(tx: Connection) -> None:
        nonlocal taken
        taken = not await store.claim_new(tx, utility_id, [claim], engine.clock())
        raise _TrialOverError

    with suppress(_TrialOverError, ReadOnlyError):  # where nobody can write, nobody claims
        await engine.database.run(work)
    return taken


async def last_response(engine: Engine, utility_id: UUID, terminal_id: UUID) -> Answer | None:
    """What the last message of a till was answered; None for a till that never sent any."""
    async with engine.database.reading() as connection:
        last = await store.last_message(connection, utility_id, terminal_id)
        return await told(connection, utility_id, [last] if last else [])


async def told(connection: Connection, utility_id: UUID, messages: list[tuple[UUID, str]]) -> Answer | None:
    """The answer to the only message in a list, or None for no message."""
    if not messages:
        return None
    ((id_, message_id),) = messages
    kept = await store.answers(connection, utility_id, {id_: message_id})
    return kept.get(id_) or in_progress()


def in_progress() -> Refused:
    """The answer for a message that has none yet."""
    return Refused(Code.IN_PROGRESS, "this message is being worked on", "ask again in a moment")


async def reprint(engine: Engine, utility_id: UUID, sale_id: UUID) -> Sold:
    """A sale again: the same digits, never another token. What is held back or was taken back stays unseen.

    Raises:
        UnknownSaleError: this utility has no such sale.
    """
    async with engine.database.reading() as connection:
        found = await store.find_sale(connection, utility_id, sale_id)
    if found is None:
        raise UnknownSaleError(f"there is no sale {sale_id}")
    return found


async def sales_of_meter(engine: Engine, utility_id: UUID, number: str, most: int = 10) -> list[Sold]:
    """The last sales to a meter, the newest first.

    Raises:
        StsInputError: the number is none.
    """
    async with engine.database.reading() as connection:
        rows = await connection.fetch(OF_METER, utility_id, pan_of(number), most)
        found = [await store.find_sale(connection, utility_id, row["id"]) for row in rows]
    return [it for it in found if it]
