"""Taking a sale back from a desk: by people who have no till, wherever in their house it was sold."""

from dataclasses import replace
from http import HTTPStatus
from typing import Final
from uuid import UUID

from umbane.api import wire
from umbane.api.bodies import words_of
from umbane.api.consent import require_agreed
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.orders import sale_out
from umbane.api.problems import ApiError, problem_of
from umbane.api.rights import Caller, Right
from umbane.registry import Act
from umbane.vending import Refused, reverse

__all__ = ["OPERATIONS", "require_others"]

FINDING: Final = """
SELECT s.vendor_id, s.terminal_id, m.message_id
FROM vending.sale s JOIN vending.message m
    ON m.utility_id = s.utility_id AND m.terminal_id = s.terminal_id AND m.id = s.id
WHERE s.utility_id = $1 AND s.id = $2"""
STANDING: Final = """
SELECT s.id FROM vending.sale s JOIN vending.message m
    ON m.utility_id = s.utility_id AND m.terminal_id = s.terminal_id AND m.id = s.id
WHERE m.utility_id = $1 AND m.terminal_id = $2 AND m.message_id = $3 AND NOT s.released
    AND NOT EXISTS (SELECT FROM vending.release r WHERE r.utility_id = s.utility_id AND r.sale_id = s.id)
    AND NOT EXISTS (SELECT FROM vending.reversal r WHERE r.utility_id = s.utility_id AND r.sale_id = s.id)"""
"""The sale of a message, if it can still be taken back."""


async def take_back(desk: Desk, call: Call) -> Reply:
    """Take a sale back, if no digit was shown; who did it is written down."""
    who, sale_id = call.who, call.id("sale_id")
    reason = words_of("reason", call.body.reason)
    async with desk.database.reading() as connection:
        row = await connection.fetchrow(FINDING, who.utility_id, sale_id)
    if row is None or not is_within(who, row["vendor_id"], row["terminal_id"]):
        detail = "there is no such sale here"
        raise ApiError(HTTPStatus.NOT_FOUND, "unknown_sale", detail, "look at the id")
    await require_others(desk, call, row["terminal_id"], row["message_id"])
    answer = await reverse(desk.engine, who.utility_id, row["terminal_id"], row["message_id"], reason, by=who.name)
    if isinstance(answer, Refused):
        problem = problem_of(answer)
        return Reply(problem, problem.status)
    return Reply(sale_out(answer))


async def require_others(desk: Desk, call: Call, terminal_id: UUID, message_id: str) -> None:
    """Let a person take a sale back if enough others agreed, where the policy wants that; a till takes back its own.

    Raises:
        ApiError: others have to agree first, or somebody refused.
    """
    who = call.who
    if who.staff is None:
        return
    async with desk.database.reading() as connection:
        sale_id = await connection.fetchval(STANDING, who.utility_id, terminal_id, message_id)
    if sale_id is not None:
        await require_agreed(desk, replace(call, key=f"sale:{sale_id}"), Act.SALE_REVERSAL)


def is_within(who: Caller, vendor_id: object, terminal_id: object) -> bool:
    """Whether a sale is any business of theirs: of people within their vendor, if they have one; of a till its own."""
    return who.vendor_id in {None, vendor_id} and who.terminal_id in {None, terminal_id}


OPERATIONS: Final = (
    Operation("take_back", "POST", "/v1/sales/{sale_id}/reversal", "Take a sale back, if no digit was shown", take_back,
        {200: wire.SaleOut}, (Right.REVERSE,), wire.ReversalIn, problems=(404, 409, 422, 503)),
)  # fmt: skip
