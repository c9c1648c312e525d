"""What takes several people at desks: it is asked for once, agreed to by others, and done when it is sent again.

Its Idempotency-Key stands for what a message id is at a till. The first answer is `approval_needed`, and nothing was
done; when enough others agreed, the same person sends the same words with the same key.
"""

from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from msgspec import to_builtins
from msgspec.json import encode

from umbane.api.approving import Approval, Decision, NewApproval, approval, keep, latest, lock, mark_done
from umbane.api.bodies import words_of
from umbane.api.desk import Call, Desk
from umbane.api.problems import ApiError
from umbane.db import Connection, new_ids
from umbane.errors import UmbaneError
from umbane.registry import Act, Policy, utility

__all__ = ["OthersNeededError", "ask_others", "is_agreed", "refused_by", "require_agreed"]

WORDS: Final = 16
"""Bytes of a fingerprint that are kept."""


class OthersNeededError(UmbaneError):
    """Others have to agree first: whatever was done in this transaction is undone."""


async def is_agreed(tx: Connection, desk: Desk, call: Call, act: Act, fingerprint: bytes) -> bool:
    """Whether enough others agreed to just this; then it is written down that it is done, in this transaction.

    To be asked before anything is done: that may change who may agree.

    Raises:
        ApiError: somebody refused, or agreed to something else under this key.
    """
    who = call.person
    policy = (await utility(tx, who.utility_id)).policy
    if not policy.permission(act).approvals:
        return True
    before = await latest(tx, who.utility_id, who.id, call.key)
    if before is None or is_over(before, desk):
        return False
    await lock(tx, who.utility_id, before.id)  # nobody refuses from now on
    found = await approval(tx, who.utility_id, before.id)
    if found is None or found.fingerprint != fingerprint[:WORDS]:
        detail, remedy = "others were asked to agree to something else under this key", "give each thing its own key"
        raise ApiError(HTTPStatus.CONFLICT, "key_conflict", detail, remedy)
    if found.refusal:
        raise refused_by(found, found.refusal)
    if found.status(policy, desk.now()) != "agreed":
        return False
    await mark_done(tx, who.utility_id, found.id, desk.now())
    return True


async def require_agreed(desk: Desk, call: Call, act: Act) -> None:
    """Let something go on that isn't done in a transaction of ours, if enough others agreed to it.

    Args:
        desk: where.
        call: with a key of ours that stands for what is done.
        act: what policies call it.

    Raises:
        ApiError: others have to agree first, or somebody refused.
    """
    fingerprint = sha256(encode([act, call.key, call.body])).digest()
    if not await desk.database.run(lambda tx: is_agreed(tx, desk, call, act, fingerprint)):
        raise await ask_others(desk, call, act, fingerprint)


def is_over(found: Approval, desk: Desk) -> bool:
    """Whether what was asked for is over, so that the same has to be asked for anew."""
    return found.is_done or found.expires_at <= desk.now()


def refused_by(found: Approval, refusal: Decision, **more: bool) -> ApiError:
    """Somebody refused."""
    detail, remedy = f"{refusal.by} refused: {refusal.reason}", "talk to each other; another request takes another id"
    return ApiError(HTTPStatus.FORBIDDEN, "approval_refused", detail, remedy, approval_id=found.id, **more)


async def ask_others(desk: Desk, call: Call, act: Act, fingerprint: bytes) -> ApiError:
    """Keep what others have to agree to, unless it is kept already; answer what whoever asked is told."""
    who = call.person

    async def work(tx: Connection) -> tuple[Approval | None, Policy]:
        policy = (await utility(tx, who.utility_id)).policy
        found = await latest(tx, who.utility_id, who.id, call.key)
        if found is None or is_over(found, desk):
            await keep(tx, who.utility_id, new_request(desk, call, act, fingerprint, policy, found))
            found = await latest(tx, who.utility_id, who.id, call.key)
        return found, policy

    found, policy = await desk.database.run(work)
    if found is None:
        raise TypeError("what was kept is gone")
    permission = policy.permission(act)
    roles = ", ".join(sorted(permission.roles))
    detail = f"{permission.approvals} more have to agree, each another person, one of: {roles}"
    remedy = "when they have agreed, send the same again with the same key"
    return ApiError(HTTPStatus.FORBIDDEN, "approval_needed", detail, remedy, approval_id=found.id)


def new_request(  # noqa: PLR0913, PLR0917 - who asks for what, by which policy, after what
    desk: Desk, call: Call, act: Act, fingerprint: bytes, policy: Policy, before: Approval | None
) -> NewApproval:
    """What is kept of something that takes others."""
    now, body = desk.now(), call.body
    return NewApproval(
        id=new_ids(1)[0], terminal_id=None, message_id=call.key, ordinal=before.ordinal + 1 if before else 0,
        fingerprint=fingerprint[:WORDS], meter=None, action=act,
        asked=encode({"path": dict(call.path), "body": to_builtins(body)}).decode(),
        reason=words_of("reason", body.reason),
        evidence=words_of("evidence", body.evidence) if body.evidence else "", operator_id=call.who.id, at=now,
        expires_at=now + timedelta(minutes=policy.approvals.open_minutes),
    )  # fmt: skip
