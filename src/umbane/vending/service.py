"""The engine: `sell` takes any number of requests of any tills, and answers each."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from umbane.db import Connection, Database, new_ids
from umbane.db.errors import (
    BusyError,
    ConflictError,
    ConnectionLostError,
    DiskFullError,
    OutcomeUnknownError,
    ReadOnlyError,
    ServerMissingError,
)
from umbane.errors import UmbaneError
from umbane.ledger import LimitError
from umbane.security import ModuleError, SecurityModule
from umbane.vending import withholding
from umbane.vending.cases import Case, open_case, refused
from umbane.vending.codes import Code
from umbane.vending.house import House, Turn
from umbane.vending.intents import Intents
from umbane.vending.loading import AsideError, SplitError
from umbane.vending.models import Answer, Refused, SaleRequest
from umbane.vending.rounds import sell_round
from umbane.vending.store import RepeatedError, register_module

__all__ = ["Engine", "open_engine", "resolve", "sell"]

ATTEMPTS: Final = 5
HURRY: Final = "SET LOCAL lock_timeout = '500ms'"
"""Once a batch has waited in vain, the one who is to blame is looked for faster than that: all others wait as well."""
BROKEN = (ConnectionLostError, OutcomeUnknownError, asyncpg.InterfaceError)
PASSING = (*BROKEN, ConflictError, LimitError, RepeatedError)
"""After these the same round may well succeed; what was committed by the last of them is found by its message ids."""
HOPELESS = (DiskFullError, ReadOnlyError, ServerMissingError)
"""After these nothing can be done for anybody now."""

REASONS: Final[dict[type[Exception], str]] = {
    DiskFullError: "the disk of the database is full",
    ReadOnlyError: "the database can't be written to",
    ServerMissingError: "the database is away",
    ModuleError: "the security module can't work",
}
"""What a till is told of why nothing can be decided."""

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


class Engine:
    """Sells from one database with one security module. `open_engine` makes one.

    Attributes:
        database: the books.
        house: what is kept in memory.
        clock: the time of day.
    """

    def __init__(self, database: Database, house: House, clock: Clock) -> None:
        self.database = database
        self.house = house
        self.clock = clock


@asynccontextmanager
async def open_engine(
    database: Database, module: SecurityModule, *, clock: Clock = wall_clock
) -> AsyncIterator[Engine]:
    """Give an engine, after clearing up what a crash may have left behind.

    Raises:
        ModuleBehindError: the books know tokens that the module hasn't made.
    """
    status = await module.status()
    number = await database.run(lambda tx: register_module(tx, status.name, status.realm))
    await withholding.recover(database, module, number, clock())
    yield Engine(database, House(module, number, Intents(database, number)), clock)


async def sell(engine: Engine, requests: Sequence[SaleRequest]) -> list[Answer]:
    """Do what tills ask for, each message once for ever, and answer each.

    A request that is refused, or can't be decided now, is that member's answer and doesn't concern the others. Nothing
    leaves before it is committed.
    """
    ids = new_ids(len(requests))
    cases = [open_case(request, id_) for request, id_ in zip(requests, ids, strict=True)]
    for utility_id, round_ in rounds(cases):
        await serve(engine, utility_id, round_)
    return [case.answer or undecided(case) for case in cases]


def rounds(cases: Sequence[Case]) -> list[tuple[UUID, list[Case]]]:
    """The cases in rounds: no meter and no message is twice in one, and each of them comes in its order."""
    utilities = {case.request.utility_id for case in cases}
    meters = {case.pan or case.id for case in cases}
    messages = {(case.request.terminal_id, case.request.message_id) for case in cases}
    if len(utilities) == 1 and len(meters) == len(messages) == len(cases):  # as mostly
        return [(cases[0].request.utility_id, list(cases))]
    found: dict[tuple[int, UUID], list[Case]] = defaultdict(list)
    latest: dict[object, int] = {}
    for case in cases:
        request = case.request
        keys = (request.utility_id, case.pan or case.id), (request.terminal_id, request.message_id)
        turn = max(latest.get(key, -1) for key in keys) + 1
        latest |= dict.fromkeys(keys, turn)
        found[turn, request.utility_id].append(case)
    return [(utility_id, found[turn, utility_id]) for turn, utility_id in sorted(found, key=lambda it: it[0])]


async def serve(engine: Engine, utility_id: UUID, cases: list[Case]) -> None:
    """Answer a round; when it fails as a whole, find out which of its members did by halving it."""
    if not cases:
        return None
    for _ in range(ATTEMPTS):
        try:
            await attempt(engine, utility_id, cases)
        except SplitError as split:
            return await halves(engine, utility_id, cases, split.at)
        except AsideError as aside:
            for case in aside.cases:
                case.answer = refused(case.problem) if case.problem else undecided(case)
            return await serve(engine, utility_id, [case for case in cases if not case.answer])
        except PASSING as error:
            for case in cases:
                case.unsure |= isinstance(error, OutcomeUnknownError)
                case.may_be_old |= isinstance(error, OutcomeUnknownError | RepeatedError)
        except (UmbaneError, asyncpg.PostgresError) as error:
            return await put_off(engine, utility_id, cases, error)
        else:
            return None
    return None


async def put_off(engine: Engine, utility_id: UUID, cases: list[Case], error: Exception) -> None:
    """Put off those for whom nothing can be decided because of an error, and serve the others."""
    if isinstance(error, ModuleError):
        waiting = [case for case in cases if case.plan and case.plan.drafts] or cases
    elif isinstance(error, HOPELESS) or len(cases) == 1:
        waiting = cases
    else:
        for case in cases:
            case.hurried |= isinstance(error, BusyError)
        return await halves(engine, utility_id, cases, len(cases) // 2)
    for case in waiting:
        case.answer = undecided(case, error)
    return await serve(engine, utility_id, [case for case in cases if not case.answer])


async def halves(engine: Engine, utility_id: UUID, cases: list[Case], at: int) -> None:
    """Answer the cases before a position, then the others."""
    await serve(engine, utility_id, cases[:at])
    await serve(engine, utility_id, cases[at:])


async def attempt(engine: Engine, utility_id: UUID, cases: list[Case]) -> None:
    """Try to answer a round. If that fails, whatever the module was asked for is cleared up before anything else."""
    house, now = engine.house, engine.clock()
    await withholding.clear_up(engine.database, house, now)
    for case in cases:
        case.restart()
    turns: list[Turn] = []

    async def work(tx: Connection) -> None:
        if any(case.hurried for case in cases):
            await tx.execute(HURRY)
        turns.append(Turn(house, tx, utility_id, cases, now))
        await sell_round(turns[-1])

    try:
        await engine.database.run(work, attempts=1)
    except BaseException:
        for case in cases:
            case.answer = None
        for turn in turns:
            house.loose |= turn.asked
        raise
    house.learn(turns[-1])


async def resolve(engine: Engine, older_than: timedelta = withholding.PATIENCE) -> int:
    """Withhold what a module outside of this process made for sales that came to nothing; how many questions that were.

    To be done every minute. Questions later than `older_than` may still be on their way.
    """
    return await withholding.resolve(engine.database, engine.house, engine.clock(), older_than)


def undecided(case: Case, error: Exception | None = None) -> Refused:
    """The answer when nothing was decided, or when nobody knows whether something was."""
    if case.unsure:
        problem = "the database went away while this was being written down: it may be done, or not"
        return Refused(Code.IN_PROGRESS, problem, "send the same message again until it is answered")
    if isinstance(error, BusyError):
        return Refused(Code.IN_PROGRESS, "somebody else works on the same meter or message", "send the same again")
    why = next((words for kind, words in REASONS.items() if isinstance(error, kind)), "it can't be done now")
    return Refused(Code.UNAVAILABLE, f"{why}, and nothing was done", "send the same message again")
