"""For how much money a caller may sell."""

from datetime import datetime
from datetime import time as time_of_day
from http import HTTPStatus
from typing import Final
from uuid import UUID

from umbane.api.desk import Desk
from umbane.api.problems import ApiError
from umbane.api.rights import Caller
from umbane.registry import utility
from umbane.vending import Buy, Pay, SaleRequest, answer_to

__all__ = ["require_within"]

SPENT: Final = """
SELECT coalesce(sum(s.tender), 0)::bigint FROM vending.message m
JOIN vending.sale s ON s.utility_id = m.utility_id AND s.id = m.id
WHERE m.utility_id = $1 AND m.terminal_id = $2 AND m.id >= $3 AND m.at >= $4
AND NOT EXISTS (SELECT FROM vending.reversal r WHERE r.utility_id = s.utility_id AND r.sale_id = s.id)"""


async def require_within(desk: Desk, who: Caller, request: SaleRequest) -> None:
    """Let a sale be within the limits of a key; a message that has its answer gets it whatever the limits are.

    Raises:
        ApiError: it is more money than the key may take for one sale, or in a day.
    """
    limits = who.limits
    if limits.money_per_sale is None and limits.money_per_day is None:
        return
    problem = await beyond(desk, who, request)
    if problem and await answer_to(desk.engine, who.utility_id, request.terminal_id, request.message_id) is None:
        raise problem


async def beyond(desk: Desk, who: Caller, request: SaleRequest) -> ApiError | None:
    """What is beyond the limits of a key in a sale, if anything is."""
    limits, order = who.limits, request.order
    money = order.money or 0 if isinstance(order, Buy | Pay) else 0
    if isinstance(order, Buy) and order.units is not None:
        return too_much("this key has limits of money, and a sale by units has its price only afterwards", "give money")
    if limits.money_per_sale is not None and money > limits.money_per_sale:
        return too_much(
            "that is more than this key may take for one sale", f"at most {limits.money_per_sale} minor units"
        )
    if limits.money_per_day is not None and await spent(desk, who, request.terminal_id) + money > limits.money_per_day:
        return too_much("that is more than this key may take in a day", f"at most {limits.money_per_day} minor units")
    return None


def too_much(detail: str, remedy: str) -> ApiError:
    """A limit of the key is reached."""
    return ApiError(HTTPStatus.FORBIDDEN, "above_key_limit", detail, remedy)


async def spent(desk: Desk, who: Caller, terminal_id: UUID) -> int:
    """What a till has taken since midnight, in minor units."""
    async with desk.database.reading() as connection:
        zone = (await utility(connection, who.utility_id)).zone
        midnight = datetime.combine(desk.now().astimezone(zone), time_of_day.min, zone)
        total: int = await connection.fetchval(SPENT, who.utility_id, terminal_id, first_id(midnight), midnight)
    return total


def first_id(moment: datetime) -> UUID:
    """An id below those of all sales since this moment: they begin with their milliseconds."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
