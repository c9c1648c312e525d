"""The fourth and fifth step: tokens get their TIDs, and are taken from what is withheld or asked of the module."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final
from uuid import UUID

from umbane.registry import KeyParameters, minute_of, tid_of
from umbane.security import (
    Issued,
    KeyChangeRequest,
    KeyName,
    ModuleError,
    Refused,
    RequestReusedError,
    TokenRequest,
    UnknownKeyError,
)
from umbane.sts import (
    TID,
    BaseDate,
    Credit,
    EncodedToken,
    KeyChangeError,
    KeyExpiredError,
    Service,
    StampedToken,
    TidError,
    Token,
)
from umbane.vending import store
from umbane.vending.cases import Case
from umbane.vending.codes import Code
from umbane.vending.errors import RefusedError
from umbane.vending.house import Turn
from umbane.vending.identity import request_id
from umbane.vending.plans import Asked, Draft, Situation
from umbane.vending.signatures import signature
from umbane.vending.store import Withheld

__all__ = ["issue", "reserve"]

RND: Final = 15
MEANING: Final[dict[type[Exception], Code]] = {
    UnknownKeyError: Code.NO_KEY,
    KeyExpiredError: Code.KEY_EXPIRED,
    KeyChangeError: Code.KEY_CHANGE_REFUSED,
}
"""What refusals of a module mean for a sale."""
MILLISECOND: Final = 1000


async def reserve(turn: Turn) -> None:
    """Give every draft its id and, if its token carries one, the next TID of its meter.

    What is withheld of a message fits if it says the same and its TID is still ahead of all others; then it is taken.
    Where it doesn't fit, another id is asked under, until one is new.
    """
    held: dict[UUID, list[Withheld]] = {}
    known: set[UUID] = set()
    cases = turn.live
    while cases:
        for case in cases:
            number(case, turn, held)
        new = {id_ for case in cases for id_ in ids_of(case)} - known
        found = await store.withheld(turn.tx, new) if new and turn.withheld else {}
        known |= new
        held |= found
        cases = [case for case in cases if case.is_live and needs_another_look(case, found)] if held else []


def ids_of(case: Case) -> list[UUID]:
    """The ids under which the module is asked for a case's drafts."""
    return [draft.id for draft in case.planned()[0].drafts if draft.id is not None]


def needs_another_look(case: Case, found: Mapping[UUID, list[Withheld]]) -> bool:
    """Whether something is withheld for a case, or one of its drafts needs another id."""
    return any(draft.id is None or draft.id in found for draft in case.planned()[0].drafts)


def number(case: Case, turn: Turn, held: Mapping[UUID, list[Withheld]]) -> None:
    """Number the tokens of a case; one that can't be refuses the case."""
    planned, situation = case.planned()
    last = later(situation.last_minute, turn.minutes[situation.meter_id])
    try:
        for ordinal, draft in enumerate(planned.drafts):
            draft.digits = ()
            if draft.is_stamped:
                draft.minute = next_minute(draft.key, last, situation)
            if draft.id is None:
                draft.id = request_id(case.request, draft.attempt, ordinal)
            draft.request = ask(draft, draft.id, ordinal, situation)
            if draft.id in held and not take(draft, held[draft.id], last):
                draft.attempt, draft.id = draft.attempt + 1, None
            last = draft.minute or last
    except RefusedError as error:
        case.problem = error


def later(taken_over: int | None, sold: int | None) -> int | None:
    """The last TID of a meter: of the tokens sold to it, or the one it came with."""
    return sold if taken_over is None else taken_over if sold is None else max(taken_over, sold)


def take(draft: Draft, found: list[Withheld], last: int | None) -> bool:
    """Take tokens that are withheld for a draft, if some fit."""
    wanted = signature(draft.request) if draft.request else ""
    for it in found:
        minute = None if it.tid is None else minute_of(TID(it.tid), draft.key.base_date)
        if it.signature == wanted and (minute is None or last is None or minute > last):
            draft.minute, draft.module, draft.first = minute, it.module, it.number
            draft.digits = tuple(EncodedToken(int.from_bytes(digits)) for digits in it.digits)
            return True
    return False


def next_minute(key: KeyParameters, last: int | None, situation: Situation) -> int:
    """The minute of the next token: that of the clock, or the one after the last, whichever is later."""
    house = situation.book.utility
    zone = UTC if house.policy.tid_clock == "utc" else house.zone
    try:
        tid, before = tid_now(situation.now, key.base_date, zone), tid_of(last, key.base_date)
        if before is not None and before.minutes >= tid.minutes:
            tid = TID.after(before, key.base_date)
        minute = minute_of(tid, key.base_date)
    except TidError as error:
        raise RefusedError(Code.TIDS_EXHAUSTED, error.problem, error.remedy) from error
    if last is not None and minute <= last:
        problem = "the meter's TIDs are ahead of those of its key's base date"
        raise RefusedError(Code.TIDS_EXHAUSTED, problem, "change the meter to a key of a later base date")
    if tid.beyond(key.ken):
        problem = f"key revision {key.krn} of supply group {key.sgc} expired with KEN {key.ken}"
        raise RefusedError(Code.KEY_EXPIRED, problem, "change the meter to a newer key")
    return minute


@lru_cache(16)
def tid_now(now: datetime, base_date: BaseDate, zone: tzinfo) -> TID:
    """The TID of the clock: one for all cases of a turn that share a base date."""
    return TID.at(now, base_date, zone=zone)


# ----------------------------------------------------------------------------------------------------------- the module


@lru_cache(1 << 16)
def key_name(key: KeyParameters) -> KeyName:
    """A key as the module knows it."""
    return KeyName(key.sgc, key.krn, key.kt, key.ti)


def ask(draft: Draft, id_: UUID, ordinal: int, situation: Situation) -> Asked:
    """How the module is asked for a draft."""
    pan, ea, key = situation.pan, situation.ea, key_name(draft.key)
    if draft.new is not None:
        return KeyChangeRequest(id_, pan, ea, key, key_name(draft.new), now_under(draft.new, situation))
    return TokenRequest(id_, pan, ea, key, stamped(draft, situation.now.microsecond // MILLISECOND + ordinal & RND))


def now_under(key: KeyParameters, situation: Situation) -> TID:
    """The moment as a TID of a new key."""
    try:
        return TID.at(situation.now, key.base_date)
    except TidError as error:
        raise RefusedError(Code.TIDS_EXHAUSTED, error.problem, error.remedy) from error


def stamped(draft: Draft, rnd: int) -> Token:
    """The token of a draft, with the TID that it got."""
    tid = tid_of(draft.minute, draft.key.base_date)
    if draft.credit and tid is not None:
        return Credit(Service.ELECTRICITY, draft.credit, tid=tid, rnd=rnd)
    token = draft.token
    if token is None:
        raise TypeError("a draft that is neither credit nor a token is a change of key")
    return replace(token, tid=tid, rnd=rnd) if isinstance(token, StampedToken) and tid is not None else token


async def issue(turn: Turn) -> None:
    """Ask the module for all tokens of a turn that aren't there yet. One that it refuses refuses its case.

    That one outside of this process is asked is committed before.

    Raises:
        ModuleError: the module can't work now; what it made is found out later.
    """
    wanted = [(case, draft) for case in turn.live for draft in case.planned()[0].drafts if not draft.digits]
    sets = [(case, draft, draft.request) for case, draft in wanted if isinstance(draft.request, KeyChangeRequest)]
    tokens = [(case, draft, draft.request) for case, draft in wanted if isinstance(draft.request, TokenRequest)]
    asked: dict[UUID, Asked] = {it[2].id: it[2] for it in sets} | {it[2].id: it[2] for it in tokens}
    if asked and turn.house.doubt:
        raise ModuleError(turn.house.doubt)
    turn.asked, module = asked, turn.house.module
    if module.external and turn.asked:
        turn.intent = await turn.house.intents.keep([*turn.asked.values()], turn.now)
    if sets:
        receive(turn, sets, await module.change_keys([request for _, _, request in sets]))
    if tokens:
        receive(turn, tokens, await module.issue([request for _, _, request in tokens]))


def receive(turn: Turn, asked: Sequence[tuple[Case, Draft, Asked]], answers: Sequence[Issued | Refused]) -> None:
    """Put the module's answers where they belong."""
    for (case, draft, _), answer in zip(asked, answers, strict=True):
        if isinstance(answer, Refused):
            case.problem = case.problem or module_refusal(answer)
        else:
            draft.module, draft.first, draft.digits = turn.house.module_number, answer.first, answer.tokens


def module_refusal(answer: Refused) -> RefusedError:
    """What a refusal of the module means for a sale."""
    reason = answer.reason
    if isinstance(reason, RequestReusedError):
        return RefusedError(Code.IN_PROGRESS, "an earlier attempt is being cleared up", "send the same message again")
    code = MEANING.get(type(reason), Code.UNAVAILABLE)
    return RefusedError(code, f"the security module refuses: {reason}", "have the keys of this meter checked")
