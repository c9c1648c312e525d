"""What takes several people: it is kept as it was asked, others decide, and who agreed is bound to just that.

It is an order at a till, known by its message id, or something at a desk, known by its Idempotency-Key. What is kept is
never changed; how it stands follows from who decided, from the utility's policy of the moment, and from whether it was
done. People count by who they are, not by the names with which they sign in.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import asyncpg
from msgspec import Struct
from msgspec.json import Decoder

from umbane.api.rights import Caller
from umbane.audit import Fact, append
from umbane.db import Connection
from umbane.registry import Act, EngineeringAction, Policy, Role

__all__ = [
    "Approval",
    "Decision",
    "NewApproval",
    "Status",
    "approval",
    "decide",
    "keep",
    "latest",
    "lock",
    "mark_done",
    "may_decide",
    "overrule",
    "pending",
]

Status = Literal["open", "agreed", "refused", "expired", "done"]

DONE: Final = """
(EXISTS (SELECT FROM vending.message m
    WHERE m.utility_id = a.utility_id AND m.terminal_id = a.terminal_id AND m.message_id = a.message_id)
OR EXISTS (SELECT FROM api.deed f WHERE f.utility_id = a.utility_id AND f.approval_id = a.id))"""
DECIDED: Final = """
FROM api.decision d JOIN registry.operator p ON p.utility_id = d.utility_id AND p.id = d.operator_id
WHERE d.utility_id = a.utility_id AND d.approval_id = a.id"""
SELECTION: Final = f"""
SELECT a.id, o.person, o.name AS asked_by, a.at, a.expires_at, v.code AS vendor, a.vendor_id, t.code AS terminal,
    a.message_id, a.ordinal, a.fingerprint, a.meter, a.action, a.asked, a.reason, a.evidence, {DONE} AS is_done,
    e.reason AS emergency,
    (SELECT coalesce(json_agg(json_build_object('person', p.person, 'by', p.name, 'roles', p.roles,
        'blocked', p.blocked, 'agreed', d.agreed, 'reason', d.reason, 'at', d.at) ORDER BY d.at, p.name), '[]')
        {DECIDED}) AS decisions
FROM api.approval a
JOIN registry.operator o ON o.utility_id = a.utility_id AND o.id = a.operator_id
LEFT JOIN registry.terminal t ON t.utility_id = a.utility_id AND t.id = a.terminal_id
LEFT JOIN registry.vendor v ON v.utility_id = a.utility_id AND v.id = a.vendor_id
LEFT JOIN api.emergency e ON e.utility_id = a.utility_id AND e.approval_id = a.id
WHERE a.utility_id = $1"""  # noqa: S608 - our words
LATEST: Final = (
    SELECTION
    + """
    AND a.message_id = $3 AND (a.terminal_id = $2 OR a.terminal_id IS NULL AND a.operator_id = $2)
ORDER BY a.ordinal DESC LIMIT 1"""
)
ONE: Final = SELECTION + " AND a.id = $2"
PENDING: Final = f"""{SELECTION}
    AND a.expires_at > $2 AND o.person <> $3
    AND ($4::uuid IS NULL OR a.vendor_id = $4) AND ($5::uuid IS NULL OR a.id > $5)
    AND NOT {DONE} AND e.approval_id IS NULL
    AND NOT EXISTS (SELECT {DECIDED} AND (NOT d.agreed OR p.person = $3))
    AND EXISTS (
        SELECT FROM jsonb_to_recordset($6::jsonb) AS rule (action text, needed integer, roles text[])
        WHERE rule.action = a.action AND rule.needed > (
            SELECT count(DISTINCT p.person) {DECIDED}
                AND d.agreed AND NOT p.blocked AND p.person <> o.person AND p.roles && rule.roles
        )
    )
ORDER BY a.id LIMIT $7"""  # noqa: S608 - our words
KEEPING: Final = """
INSERT INTO api.approval (utility_id, id, terminal_id, vendor_id, message_id, ordinal, fingerprint, meter, action,
    asked, reason, evidence, operator_id, at, expires_at)
SELECT $1, $2, t.id, t.vendor_id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14
FROM (SELECT) one LEFT JOIN registry.terminal t ON t.utility_id = $1 AND t.id = $3
WHERE ($3::uuid IS NULL) = (t.id IS NULL)
ON CONFLICT DO NOTHING RETURNING true"""
LOCKING: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text || $2::uuid, 42))"
DECIDING: Final = """
INSERT INTO api.decision (utility_id, approval_id, operator_id, agreed, reason, at) VALUES ($1, $2, $3, $4, $5, $6)"""
DOING: Final = "INSERT INTO api.deed (utility_id, approval_id, at) VALUES ($1, $2, $3)"
OVERRULING: Final = "INSERT INTO api.emergency (utility_id, approval_id, reason, at) VALUES ($1, $2, $3, $4)"


class Decision(Struct, frozen=True):
    """What somebody decided.

    Attributes:
        person, by: who, and the name with which they signed in.
        roles, blocked: as they are now, not as they were then: who has left agrees to nothing any more.
        agreed: or refused.
        reason: why.
        at: when.
    """

    person: str
    by: str
    roles: frozenset[Role]
    blocked: bool
    agreed: bool
    reason: str
    at: datetime


DECISIONS: Final = Decoder(list[Decision])


@dataclass(frozen=True, slots=True)
class Approval:
    """Something that takes several people.

    Attributes:
        id: ours.
        person, asked_by: who asked, and the name with which they signed in.
        at, expires_at: from when to when others can decide and it can be done.
        vendor, vendor_id, terminal, meter: of an order: at which till, and for which meter, its 18 digits; else None.
        message_id: of the message that is to be sent again, or the Idempotency-Key.
        ordinal: how often it had expired before.
        fingerprint: of what is asked for.
        action: what policies call it.
        asked: the order, or the path and body, as JSON.
        reason, evidence: why it is asked for, and where others can see that.
        is_done: whether it was done.
        emergency: why it may be done although nobody agreed; None where that isn't so.
        decisions: of others, in their order.
    """

    id: UUID
    person: str
    asked_by: str
    at: datetime
    expires_at: datetime
    vendor: str | None
    vendor_id: UUID | None
    terminal: str | None
    message_id: str
    ordinal: int
    fingerprint: bytes
    meter: str | None
    action: EngineeringAction | Act
    asked: str
    reason: str
    evidence: str
    is_done: bool
    emergency: str | None
    decisions: tuple[Decision, ...]

    @property
    def refusal(self) -> Decision | None:
        """The first refusal; one is enough."""
        return next((it for it in self.decisions if not it.agreed), None)

    @property
    def agreeing(self) -> list[Decision]:
        """The others who agree and still work here, each person once."""
        others = (it for it in self.decisions if it.agreed and not it.blocked and it.person != self.person)
        return [*{it.person: it for it in others}.values()]

    def status(self, policy: Policy, now: datetime) -> Status:
        """How it stands."""
        if self.is_done:
            return "done"
        if self.refusal:
            return "refused"
        if self.expires_at <= now:
            return "expired"
        permission = policy.permission(self.action)
        agree = sum(bool(it.roles & permission.roles) for it in self.agreeing)
        return "agreed" if self.emergency or agree >= permission.approvals else "open"


@dataclass(frozen=True, slots=True)
class NewApproval:
    """Something that others are to agree to; as `Approval` has it."""

    id: UUID
    terminal_id: UUID | None
    message_id: str
    ordinal: int
    fingerprint: bytes
    meter: str | None
    action: EngineeringAction | Act
    asked: str
    reason: str
    evidence: str
    operator_id: UUID
    at: datetime
    expires_at: datetime


async def keep(tx: Connection, utility_id: UUID, new: NewApproval) -> None:
    """Keep what others are to agree to, unless the same message was kept at the same moment."""
    values = (getattr(new, name) for name in NewApproval.__slots__)
    if await tx.fetchval(KEEPING, utility_id, *values):
        says = {"by": str(new.operator_id), "action": str(new.action), "fingerprint": new.fingerprint.hex()}
        says |= {"reason": new.reason, "evidence": new.evidence, "message": new.message_id}
        till = {"terminal": str(new.terminal_id)} if new.terminal_id else {}
        await tell(tx, "asked", utility_id, new.id, new.at, says | till)


async def latest(connection: Connection, utility_id: UUID, asker: UUID, message_id: str) -> Approval | None:
    """What was last asked for under the message id of a terminal, or the Idempotency-Key of an operator."""
    row = await connection.fetchrow(LATEST, utility_id, asker, message_id)
    return approval_from(row) if row else None


async def approval(tx: Connection, utility_id: UUID, approval_id: UUID) -> Approval | None:
    """What has this id, if anything has."""
    row = await tx.fetchrow(ONE, utility_id, approval_id)
    return approval_from(row) if row else None


async def pending(  # noqa: PLR0913, PLR0917 - for whom, by which policy, from where, how many
    connection: Connection, who: Caller, policy: Policy, now: datetime, after: UUID | None, limit: int
) -> list[Approval]:
    """What waits for a decision of somebody, the oldest first.

    Args:
        connection: to read with.
        who: may decide, as far as the policy lets them, at their vendor's tills, and not on what they asked for.
        policy: of the utility.
        now: the moment.
        after: the last one of the page before; None for the first page.
        limit: at most so many.
    """
    actions = [it for it in (*EngineeringAction, *Act) if may_decide(who, policy, it)]
    permissions = {it: policy.permission(it) for it in actions}
    rules = json.dumps([
        {"action": action, "needed": it.approvals, "roles": sorted(it.roles)} for action, it in permissions.items()
    ])  # fmt: skip
    rows = await connection.fetch(PENDING, who.utility_id, now, who.person, who.vendor_id, after, rules, limit)
    return [approval_from(row) for row in rows]


def may_decide(who: Caller, policy: Policy, action: EngineeringAction | Act) -> bool:
    """Whether the policy lets somebody agree to such a thing; what is done at desks is no business of a vendor's."""
    is_theirs = who.vendor_id is None or not isinstance(action, Act)
    return bool(is_theirs and who.staff and who.staff.roles & policy.permission(action).roles)


async def decide(  # noqa: PLR0913 - who, on what, how, why, when
    tx: Connection, utility_id: UUID, approval_id: UUID, operator_id: UUID, *, agreed: bool, reason: str, at: datetime
) -> None:
    """Write down what somebody decided; the database itself lets no person decide twice, or on their own."""
    await tx.execute(DECIDING, utility_id, approval_id, operator_id, agreed, reason, at)
    await tell(tx, "decided", utility_id, approval_id, at, {"by": str(operator_id), "agreed": agreed, "reason": reason})


async def mark_done(tx: Connection, utility_id: UUID, approval_id: UUID, at: datetime) -> None:
    """Write down that it was done: once, and in the same transaction."""
    await tx.execute(DOING, utility_id, approval_id, at)
    await tell(tx, "done", utility_id, approval_id, at, {})


async def overrule(tx: Connection, utility_id: UUID, approval_id: UUID, reason: str, at: datetime) -> None:
    """Write down that it may be done although nobody agreed."""
    await tx.execute(OVERRULING, utility_id, approval_id, reason, at)
    await tell(tx, "overruled", utility_id, approval_id, at, {"reason": reason})


async def tell(  # noqa: PLR0913, PLR0917 - what happened to which, when, and how
    tx: Connection, step: str, utility_id: UUID, approval_id: UUID, at: datetime, says: Mapping[str, str | bool]
) -> None:
    """Tell the log what happened to something that takes several people."""
    named = {"utility": str(utility_id), "approval": str(approval_id), "step": step}
    await append(tx, [Fact("approval", at, {**named, **says})])


async def lock(tx: Connection, utility_id: UUID, approval_id: UUID) -> None:
    """Let one person after the other decide."""
    await tx.execute(LOCKING, utility_id, approval_id)


def approval_from(row: asyncpg.Record) -> Approval:
    """What a row says."""
    values = dict(row)
    values["action"] = action_named(values["action"])
    values["decisions"] = tuple(DECISIONS.decode(values["decisions"]))
    return Approval(**values)


def action_named(name: str) -> EngineeringAction | Act:
    """What policies call so."""
    return Act(name) if name in set(Act) else EngineeringAction(name)
