"""Taking a sale back from a desk: by people who have no till, wherever in their house it was sold."""

from http import HTTPStatus
from typing import Final

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.orders import sale_out
from umbane.api.problems import ApiError, problem_of
from umbane.api.rights import Caller, Right
from umbane.registry.texts import clean
from umbane.vending import Refused, reverse

__all__ = ["OPERATIONS"]

LONGEST_REASON: Final = 200
FINDING: Final = """
SELECT s.vendor_id, s.terminal_id, m.message_id
FROM vending.sale s JOIN vending.message m
    ON m.utility_id = s.utility_id AND m.terminal_id = s.terminal_id AND m.id = s.id
WHERE s.utility_id = $1 AND s.id = $2"""


async def take_back(desk: Desk, call: Call) -> Reply:
    """Take a sale back, if no digit was shown; who did it is written down."""
    who, sale_id = call.who, call.id("sale_id")
    reason = clean("reason", call.body.reason, LONGEST_REASON)
    async with desk.database.reading() as connection:
        row = await connection.fetchrow(FINDING, who.utility_id, sale_id)
    if row is None or not is_within(who, row["vendor_id"], row["terminal_id"]):
        detail = "there is no such sale here"
        raise ApiError(HTTPStatus.NOT_FOUND, "unknown_sale", detail, "look at the id")
    answer = await reverse(desk.engine, who.utility_id, row["terminal_id"], row["message_id"], reason, by=who.name)
    if isinstance(answer, Refused):
        problem = problem_of(answer)
        return Reply(problem, problem.status)
    return Reply(sale_out(answer))


def is_within(who: Caller, vendor_id: object, terminal_id: object) -> bool:
    """Whether a sale is any business of theirs: of people within their vendor, if they have one; of a till its own."""
    return who.vendor_id in {None, vendor_id} and who.terminal_id in {None, terminal_id}


OPERATIONS: Final = (
    Operation("take_back", "POST", "/v1/sales/{sale_id}/reversal", "Take a sale back, if no digit was shown", take_back,
        {200: wire.SaleOut}, (Right.REVERSE,), wire.ReversalIn, problems=(404, 409, 422, 503)),
)  # fmt: skip
