"""Orders that take several people, and what others say to whatever takes several people.

A message that takes others answers `approval_needed`, which is not its outcome: when enough of them agreed, the same
message is sent again and goes through. Who agreed, agreed to that message and no other. Whoever agrees shows a fresh
code of their second factor. What is asked for at a desk is kept in `consent`, and decided here as well.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID

from msgspec import UnsetType, structs
from msgspec.json import decode, encode

from umbane.api import wire
from umbane.api.alarms import raise_alarm
from umbane.api.approving import (
    Approval,
    NewApproval,
    Status,
    approval,
    decide,
    keep,
    latest,
    lock,
    may_decide,
    overrule,
    pending,
)
from umbane.api.bodies import words_of
from umbane.api.consent import refused_by
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.doors import gate_of
from umbane.api.lookups import cursor, id_from
from umbane.api.peoplewire import (
    ApprovalOut,
    ApprovalsPage,
    ApprovalsQuery,
    DecisionIn,
    DecisionOut,
    EmergencyIn,
    RequestOut,
)
from umbane.api.problems import ApiError
from umbane.api.rights import Caller, Right
from umbane.db import Connection, new_ids
from umbane.errors import InputError
from umbane.registry import EngineeringAction, Policy, pan_of, utility
from umbane.vending import ChangeKey, Code, Engineer, Give, Order, Refused, SaleRequest, Staff
from umbane.vending.identity import fingerprint

__all__ = ["OPERATIONS", "ask_others", "with_approvers"]


# -------------------------------------------------------------------------------------------------- whoever asks for it


async def with_approvers(desk: Desk, who: Caller, request: SaleRequest) -> SaleRequest:
    """The same request with those who agreed to exactly this; as it is, if it takes nobody else.

    Raises:
        ApiError: somebody refused, or something else was asked for under this message id.
    """
    staff = request.staff
    if staff is None or not isinstance(request.order, Engineer | ChangeKey | Give):
        return request
    if (pan := meter_in(request)) is None:
        return request
    async with desk.database.reading() as connection:
        found = await latest(connection, request.utility_id, request.terminal_id, request.message_id)
    if found is None or found.is_done:
        return request
    require_same(found, request, pan)
    if found.person != who.person or found.expires_at <= desk.now():
        return request
    approvers = tuple(Staff(it.by, it.roles) for it in found.agreeing)
    return structs.replace(
        request, staff=structs.replace(staff, approvers=approvers, emergency=found.emergency is not None)
    )


def meter_in(request: SaleRequest) -> str | None:
    """The 18 digits of the meter that a request is about; None where it is none, which the engine says better."""
    try:
        return pan_of(request.meter)
    except InputError:
        return None


def require_same(found: Approval, request: SaleRequest, pan: str) -> None:
    """Let what was asked for before be the same, and refused by nobody."""
    if found.fingerprint != fingerprint(request, pan):
        detail = "others were asked to agree to something else under this message id"
        raise ApiError(
            HTTPStatus.CONFLICT, str(Code.CONFLICT), detail, "give every message an id of its own", final=False
        )
    if found.refusal:
        raise refused_by(found, found.refusal, final=True)


async def ask_others(desk: Desk, call: Call, request: SaleRequest, refused: Refused) -> Reply:
    """Keep what takes others, so that they can see it and decide; tell whoever asked.

    Raises:
        ApiError: always; that others have to agree is a problem for whoever asks.
    """
    who, pan = call.who, pan_of(request.meter)
    async with desk.database.reading() as connection:
        found = await latest(connection, request.utility_id, request.terminal_id, request.message_id)
        policy = (await utility(connection, request.utility_id)).policy
    if found is None or found.expires_at <= desk.now():
        new = new_approval(desk, call, request, policy, found)
        await desk.database.run(lambda tx: keep(tx, request.utility_id, new))
        async with desk.database.reading() as connection:
            found = await latest(connection, request.utility_id, request.terminal_id, request.message_id)
    if found is None or found.person != who.person:
        detail = "somebody else asked for this under the same message id"
        raise ApiError(HTTPStatus.FORBIDDEN, "not_permitted", detail, "let them send it", final=False)
    require_same(found, request, pan)
    remedy = f"{refused.remedy}; when they have agreed, send the same message again"
    raise ApiError(HTTPStatus.FORBIDDEN, str(refused.code), refused.problem, remedy, final=False, approval_id=found.id)


def new_approval(desk: Desk, call: Call, request: SaleRequest, policy: Policy, before: Approval | None) -> NewApproval:
    """What is kept of a request that takes others."""
    now, pan, order = desk.now(), pan_of(request.meter), request.order
    return NewApproval(
        id=new_ids(1)[0],
        terminal_id=request.terminal_id,
        message_id=request.message_id,
        ordinal=before.ordinal + 1 if before else 0,
        fingerprint=fingerprint(request, pan),
        meter=pan,
        action=action_of(order),
        asked=encode(call.body.order).decode(),
        reason=reason_of(call.body, order),
        evidence=words_of("evidence", call.body.evidence) if call.body.evidence else "",
        operator_id=call.who.id,
        at=now,
        expires_at=now + timedelta(minutes=policy.approvals.open_minutes),
    )


def action_of(order: Order) -> EngineeringAction:
    """What policies call an order."""
    return order.action if isinstance(order, Engineer | Give) else EngineeringAction.KEY_CHANGE


def reason_of(body: wire.SaleIn, order: Order) -> str:
    """Why something is asked for, as far as that is said."""
    said = body.reason or (order.reason if isinstance(order, Give) else "")
    return words_of("reason", said) if said else ""


# ------------------------------------------------------------------------------------------------- whoever is to decide


async def waiting(desk: Desk, call: Call) -> Reply:
    """What waits for a decision of the person who asks; a page of it."""
    who, query = call.person, call.query
    after = id_from(query.cursor)
    async with desk.database.reading() as connection:
        policy = (await utility(connection, who.utility_id)).policy
        found = await pending(connection, who, policy, desk.now(), after, query.limit + 1)
    items = [told(it, policy, desk) for it in found[: query.limit]]
    following = cursor(items[-1].id.bytes) if len(found) > query.limit else None
    return Reply(ApprovalsPage(items=items, next_cursor=following))


async def look(desk: Desk, call: Call) -> Reply:
    """One of them, for whoever asked for it or may decide on it."""
    who, approval_id = call.person, call.id("approval_id")
    async with desk.database.reading() as connection:
        policy = (await utility(connection, who.utility_id)).policy
        found = await visible(connection, who, policy, approval_id)
    return Reply(told(found, policy, desk))


async def decision(desk: Desk, call: Call) -> Reply:
    """Agree to something, or refuse it: each person once, and nobody to what they asked for."""
    who, approval_id, body = call.person, call.id("approval_id"), call.body
    agreed, reason = body.decision == "agree", words_of("reason", body.reason) if body.reason else ""
    if not agreed and not reason:
        raise InputError("reason", "no reason is given", "say why you refuse")
    async with desk.database.reading() as connection:  # before the code is looked at: it is used up only for a reason
        policy = (await utility(connection, who.utility_id)).policy
        found = await visible(connection, who, policy, approval_id)
    if has_decided(who, found, agreed=agreed):
        return Reply(told(found, policy, desk))
    require_open(found.status(policy, desk.now()), agreed=agreed)
    step = await gate_of(desk).fresh_step(who, code_in(body.code)) if agreed else None

    async def work(tx: Connection) -> Reply:
        await lock(tx, who.utility_id, approval_id)
        policy = (await utility(tx, who.utility_id)).policy
        found = await visible(tx, who, policy, approval_id)
        if not has_decided(who, found, agreed=agreed):
            require_open(found.status(policy, desk.now()), agreed=agreed)
            if step is not None:
                await gate_of(desk).use_up(tx, who, step)
            await decide(tx, who.utility_id, found.id, who.id, agreed=agreed, reason=reason, at=desk.now())
        return Reply(told(await visible(tx, who, policy, approval_id), policy, desk))

    return await desk.database.run(work)


def code_in(code: str | UnsetType) -> str:
    """The code with which somebody agrees.

    Raises:
        ApiError: there is none.
    """
    if not code:
        detail, remedy = "whoever agrees shows their second factor", "give code, as the telephone shows it now"
        raise ApiError(HTTPStatus.FORBIDDEN, "wrong_code", detail, remedy)
    return code


async def emergency(desk: Desk, call: Call) -> Reply:
    """Let the person who asked do it although nobody agreed, if the policy has such people; an alarm says so."""
    who, approval_id, body = call.person, call.id("approval_id"), call.body
    reason = words_of("reason", body.reason)
    step = await gate_of(desk).fresh_step(who, body.code)

    async def work(tx: Connection) -> Reply:
        await lock(tx, who.utility_id, approval_id)
        policy = (await utility(tx, who.utility_id)).policy
        found = await visible(tx, who, policy, approval_id)
        require_emergency(who, policy, found)
        require_open(found.status(policy, desk.now()), agreed=True)
        await gate_of(desk).use_up(tx, who, step)
        await overrule(tx, who.utility_id, found.id, reason, desk.now())
        words = f"{found.action} without the agreement of others: {reason}"
        await raise_alarm(tx, who.utility_id, "emergency", who.name, words, desk.now(), found.id)
        return Reply(told(await visible(tx, who, policy, approval_id), policy, desk))

    return await desk.database.run(work)


def require_emergency(who: Caller, policy: Policy, found: Approval) -> None:
    """Let somebody overrule what others didn't decide on, only for their own request and by the policy's leave.

    Raises:
        ApiError: they mayn't.
    """
    roles = policy.approvals.emergency
    if found.person != who.person or not (who.staff and who.staff.roles & roles):
        detail, remedy = "that isn't for you to do alone", "whoever asked for it, and is one of: "
        raise ApiError(HTTPStatus.FORBIDDEN, "not_permitted", detail, remedy + (", ".join(sorted(roles)) or "nobody"))


async def visible(connection: Connection, who: Caller, policy: Policy, approval_id: UUID) -> Approval:
    """What has this id, if it is any business of somebody's.

    Raises:
        ApiError: it isn't, or there is no such thing; which of the two isn't said.
    """
    found = await approval(connection, who.utility_id, approval_id)
    if found and found.person == who.person:
        return found
    if found and who.vendor_id in {None, found.vendor_id} and may_decide(who, policy, found.action):
        return found
    raise ApiError(HTTPStatus.NOT_FOUND, "unknown_approval", "there is no such request here", "look at the id")


def has_decided(who: Caller, found: Approval, *, agreed: bool) -> bool:
    """Whether somebody has decided the same before.

    Raises:
        ApiError: they decided otherwise, or asked for it themselves.
    """
    if found.person == who.person:
        detail = "nobody decides on what they asked for themselves"
        raise ApiError(HTTPStatus.FORBIDDEN, "not_permitted", detail, "let another person decide")
    before = next((it for it in found.decisions if it.person == who.person), None)
    if before is not None and before.agreed != agreed:
        raise ApiError(HTTPStatus.CONFLICT, "already_decided", "you have decided otherwise", "each decides once")
    return before is not None


def require_open(status: Status, *, agreed: bool) -> None:
    """Let there be something to decide: as long as it isn't done, somebody may still refuse.

    Raises:
        ApiError: it is over.
    """
    if status != "open" and (agreed or status != "agreed"):
        raise ApiError(HTTPStatus.CONFLICT, "approval_closed", f"it is {status} already", "there is nothing to decide")


def told(found: Approval, policy: Policy, desk: Desk) -> ApprovalOut:
    """An approval as it is answered."""
    decisions = [DecisionOut(by=it.by, agreed=it.agreed, reason=it.reason, at=it.at) for it in found.decisions]
    at_till = found.terminal is not None
    return ApprovalOut(
        id=found.id, status=found.status(policy, desk.now()), asked_by=found.asked_by, asked_at=found.at,
        expires_at=found.expires_at, vendor=found.vendor, terminal=found.terminal, message_id=found.message_id,
        meter=found.meter, action=found.action, order=decode(found.asked, type=wire.OrderIn) if at_till else None,
        request=None if at_till else decode(found.asked, type=RequestOut), reason=found.reason,
        evidence=found.evidence, fingerprint=found.fingerprint.hex(),
        needed=policy.permission(found.action).approvals, emergency=found.emergency, decisions=decisions,
    )  # fmt: skip


ASKED_OR_DECIDING: Final = (Right.APPROVE, Right.ENGINEER)

OPERATIONS: Final = (
    Operation("approvals", "GET", "/v1/approvals", "What waits for one's decision", waiting, {200: ApprovalsPage},
        (Right.APPROVE,), query=ApprovalsQuery, problems=(422,)),
    Operation("approval", "GET", "/v1/approvals/{approval_id}", "Something that takes several people", look,
        {200: ApprovalOut}, ASKED_OR_DECIDING, problems=(404, 422)),
    Operation("decide", "POST", "/v1/approvals/{approval_id}/decision", "Agree to it, or refuse it", decision,
        {200: ApprovalOut}, (Right.APPROVE,), DecisionIn, problems=(404, 409, 422)),
    Operation("overrule", "POST", "/v1/approvals/{approval_id}/emergency",
        "Do what one asked for although nobody agreed; an alarm says so", emergency, {200: ApprovalOut},
        ASKED_OR_DECIDING, EmergencyIn, problems=(404, 409, 422)),
)  # fmt: skip
