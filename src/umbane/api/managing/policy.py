"""What a utility leaves to choice: read by one, changed by two."""

import json
from hashlib import sha256
from typing import Annotated, Any, Final

from msgspec import Meta

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.paging import Edition
from umbane.api.managing.writing import DIGITS, once, reason_of
from umbane.api.peoplewire import Justified
from umbane.api.rights import Right
from umbane.db import Connection
from umbane.registry import Act, Policy, Scope, StaleError, change_policy, hold_utility, read_policy, utility

__all__ = ["OPERATIONS"]


class PolicyIn(Justified, frozen=True, kw_only=True):
    """Another policy; what it leaves out is as usual."""

    policy: Annotated[dict[str, Any], Meta(description="as the page on the registry has it")]
    edition: Edition


class PolicyOut(wire.Told, frozen=True):
    """The policy that holds, with everything that it was silent about."""

    policy: dict[str, Any]
    edition: str


async def read(desk: Desk, call: Call) -> Reply:
    """The policy that holds."""
    async with desk.database.reading() as connection:
        return Reply(policy_out((await utility(connection, call.who.utility_id)).policy))


async def change(desk: Desk, call: Call) -> Reply:
    """Change it."""
    body: PolicyIn = call.body
    reason, _ = reason_of(body.reason), read_policy(body.policy)

    async def work(tx: Connection, scope: Scope) -> PolicyOut:
        old = (await hold_utility(tx, scope.utility_id)).policy
        if policy_out(old).edition != body.edition:
            raise StaleError("somebody changed the policy since it was read")
        return policy_out(await change_policy(tx, scope, body.policy, reason))

    return await once(desk, call, PolicyOut, work, Act.POLICY)


def policy_out(it: Policy) -> PolicyOut:
    """A policy as it is answered."""
    document = it.model_dump(mode="json")
    text = json.dumps(document, sort_keys=True)
    return PolicyOut(document, sha256(text.encode()).hexdigest()[:DIGITS])


POLICY: Final = "/v1/registry/policy"

OPERATIONS: Final = (
    Operation("policy", "GET", POLICY, "What the utility leaves to choice", read, {200: PolicyOut},
        (Right.READ_POLICY,)),
    Operation("change_policy", "PUT", POLICY, "Change what the utility leaves to choice", change,
        {201: PolicyOut, 200: PolicyOut}, (Right.WRITE_POLICY,), PolicyIn, problems=(409, 422), keyed=True),
)  # fmt: skip
