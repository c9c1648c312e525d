"""The first step: every message is claimed once for ever; one that came before gets the answer it got then."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from msgspec import structs

from umbane.registry import Seller, load_terminals
from umbane.vending import store
from umbane.vending.cases import Case, message_id_problem, refused
from umbane.vending.codes import Code
from umbane.vending.house import Turn
from umbane.vending.models import Refused
from umbane.vending.store import Claim

__all__ = ["claim"]


async def claim(turn: Turn) -> None:
    """Claim the messages of a turn; answer those that nobody can have sent, and those that came before.

    Raises:
        RepeatedError: some came before, and none of them was known to: to ask again for all of them is cheaper, because
            it is rare.
    """
    waiting = with_ids(turn.cases)
    if any(case.may_be_old for case in waiting):
        await claim_again(turn, waiting)
    else:
        seat(waiting, await store.claim(turn.tx, turn.utility_id, [claim_of(case) for case in waiting], turn.now))


async def claim_again(turn: Turn, cases: Sequence[Case]) -> None:
    """Claim those messages that nobody has claimed, and answer the others."""
    await find_sellers(turn, cases)
    waiting = [case for case in cases if not case.answer]
    new = await store.claim_new(turn.tx, turn.utility_id, map(claim_of, waiting), turn.now)
    old = [case for case in waiting if case.id not in new]
    if old:
        await repeat(turn, old)


def claim_of(case: Case) -> Claim:
    """What a case claims."""
    return Claim(case.request.terminal_id, case.request.message_id, case.id, case.fingerprint)


def with_ids(cases: Sequence[Case]) -> list[Case]:
    """The cases whose message has an id; the others are answered."""
    for case in cases:
        if problem := message_id_problem(case.request.message_id):
            case.answer = refused(problem)
    return [case for case in cases if not case.answer]


async def find_sellers(turn: Turn, cases: Sequence[Case]) -> None:
    """Find the till of each case; those of unknown ones are answered, and those whose message has no id."""
    waiting = with_ids(cases)
    terminals = list({case.request.terminal_id for case in waiting})
    seat(waiting, await load_terminals(turn.tx, turn.utility_id, terminals))


def seat(cases: Iterable[Case], sellers: Mapping[UUID, Seller]) -> None:
    """Give each case its till; those of unknown ones are answered."""
    for case in cases:
        case.seller = sellers.get(case.request.terminal_id)
        if case.seller is None:
            case.answer = Refused(Code.UNKNOWN_TERMINAL, "there is no such terminal", "use one of this utility's")


async def repeat(turn: Turn, cases: Sequence[Case]) -> None:
    """Answer messages that came before."""
    seen = await store.seen(turn.tx, turn.utility_id, [claim_of(case) for case in cases])
    kept = await store.answers(turn.tx, turn.utility_id, {it.id: it.message_id for it in seen.values()})
    for case in cases:
        earlier = seen[case.request.terminal_id, case.request.message_id]
        if earlier.fingerprint != case.fingerprint:
            problem = "this message id was used for something else"
            case.answer = Refused(Code.CONFLICT, problem, "give every message an id of its own", repeated=True)
        elif earlier.id in kept:
            case.answer = structs.replace(kept[earlier.id], repeated=True)
        else:
            case.answer = Refused(Code.IN_PROGRESS, "this message is being worked on", "ask again in a moment")
