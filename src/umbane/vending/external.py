"""Modules outside of this process: what is kept before they are asked, and what their answers are held against."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from umbane.security import Issued
from umbane.vending.cases import Case
from umbane.vending.codes import PASSING, Code
from umbane.vending.errors import RefusedError
from umbane.vending.house import Turn
from umbane.vending.intents import Intent, drop_intents, encode_message, insert_intents
from umbane.vending.issuing import exact, module_refusal
from umbane.vending.plans import Asked, Draft
from umbane.vending.store import answers
from umbane.vending.withholding import from_intent, insert

__all__ = ["asked_for", "fill", "keep", "open_drafts", "take_up", "withhold_lost"]

ANEW: Final = "sell again under a new message id"


def open_drafts(case: Case) -> list[Draft]:
    """The drafts of a case that the module has to make."""
    return [draft for draft in case.planned()[0].drafts if not draft.digits]


def asked_for(case: Case) -> list[Asked]:
    """What the module is asked for a case."""
    return [draft.request for draft in open_drafts(case) if draft.request]


async def keep(turn: Turn, cases: Sequence[Case]) -> None:
    """Keep what the module is going to be asked."""
    for case in cases:
        case.intent = intent_of(turn, case)
    await insert_intents(turn.tx, [case.intent for case in cases if case.intent])


def intent_of(turn: Turn, case: Case) -> Intent:
    """What the module is going to be asked for a case."""
    planned, situation = case.planned()
    requests = asked_for(case)
    return Intent(
        turn.utility_id, case.id, situation.meter_id, turn.house.module_number, turn.now, encode_message(case.request),
        case.id if planned.tender else None, [it.id for it in requests], [exact(it) for it in requests],
    )  # fmt: skip


async def take_up(turn: Turn) -> Turn:
    """Take up the cases of a turn to settle them; those that somebody else has settled meanwhile are answered."""
    left = await drop_intents(turn.tx, turn.utility_id, [case.id for case in turn.cases])
    done = {case.id: case for case in turn.cases if case.id not in left}
    messages = {id_: case.request.message_id for id_, case in done.items()}
    for id_, answer in (await answers(turn.tx, turn.utility_id, messages)).items():
        done[id_].answer = answer
    return replace(turn, cases=[case for case in turn.cases if case.id in left])


async def withhold_lost(turn: Turn) -> None:
    """Keep, unseen, what was made for cases that are refused after all."""
    rows = [
        from_intent(case.intent, place, answer, turn.now)
        for case in turn.cases
        if case.problem and case.intent
        for place, id_ in enumerate(case.intent.requests)
        if isinstance(answer := turn.answers.get(id_), Issued)
    ]
    await insert(turn.tx, rows)


def fill(turn: Turn) -> None:
    """Give every draft what the module made for it; refuse for good a case that can't be sold any more."""
    for case in turn.live:
        intent = case.intent
        requests = asked_for(case)
        if intent is None or intent.signatures != [exact(it) for it in requests]:
            case.problem = changed()
            continue
        for draft in open_drafts(case):
            receive(turn, case, draft)
    for case in turn.cases:
        case.problem = case.problem and final(case.problem)


def receive(turn: Turn, case: Case, draft: Draft) -> None:
    """Give a draft what the module made for it."""
    answer = turn.answers.get(draft.request.id) if draft.request else None
    if isinstance(answer, Issued):
        draft.module, draft.first, draft.digits = turn.house.module_number, answer.first, answer.tokens
        turn.asked |= {draft.request.id: draft.request} if draft.request else {}
    elif answer is None:
        problem = "the security module made no token, and nothing was charged"
        case.problem = case.problem or RefusedError(Code.NOT_MADE, problem, ANEW)
    else:
        case.problem = case.problem or module_refusal(answer)


def final(error: RefusedError) -> RefusedError:
    """A refusal as an outcome: the message was claimed, so it gets one."""
    return RefusedError(Code.NOT_MADE, error.problem, ANEW) if error.code in PASSING else error


def changed() -> RefusedError:
    """The refusal when the account isn't what it was when the module was asked."""
    problem = "the account changed while the token was being made; nothing was charged"
    return RefusedError(Code.NOT_MADE, problem, ANEW)
