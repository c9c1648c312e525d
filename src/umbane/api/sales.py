"""Selling over the API: orders, trial quotes, and what became of messages."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from umbane.api import wire
from umbane.api.approvals import ask_others, with_approvers
from umbane.api.bodies import words_of
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.limits import require_within
from umbane.api.orders import offer_out, order_from, sale_out, verdict_out
from umbane.api.peoplewire import AtTill
from umbane.api.problems import ApiError, problem_of
from umbane.api.reversals import require_others
from umbane.api.rights import Caller, Right
from umbane.registry import terminal
from umbane.vending import (
    Answer,
    ChangeKey,
    Code,
    Engineer,
    Give,
    Offer,
    Refused,
    SaleRequest,
    Sold,
    answer_to,
    confirm,
    last_response,
    offer,
    reprint,
    reverse,
    verify_token,
)
from umbane.vending.looking import in_progress

__all__ = ["OPERATIONS"]

OF_VENDOR: Final = "SELECT vendor_id FROM vending.sale WHERE utility_id = $1 AND id = $2"


async def sell(desk: Desk, call: Call) -> Reply:
    """Do what is ordered, once for ever."""
    request = await request_from(desk, call, call.body.message_id)
    await require_within(desk, call.who, request)
    answer = await desk.batcher.ask(await with_approvers(desk, call.who, request))
    if isinstance(answer, Refused) and answer.code is Code.APPROVAL_NEEDED:
        return await ask_others(desk, call, request, answer)
    is_new = isinstance(answer, Sold) and not answer.repeated
    return reply(answer, HTTPStatus.CREATED if is_new else HTTPStatus.OK)


async def quote(desk: Desk, call: Call) -> Reply:
    """Say what an order would get."""
    return reply(await offer(desk.engine, await request_from(desk, call, "quote")))


async def outcome(desk: Desk, call: Call) -> Reply:
    """What became of a message; one that waits here for its batch isn't in the books yet."""
    at, message_id = await till_of(desk, call), call.path["message_id"]
    is_here = desk.batcher.has(at, message_id)  # looked at first: what is done by now is in the books
    answer = await answer_to(desk.engine, call.who.utility_id, at, message_id)
    return told(answer or (in_progress() if is_here else None))


async def last(desk: Desk, call: Call) -> Reply:
    """What became of the last message of a till."""
    at = await till_of(desk, call)
    return told(in_progress() if desk.batcher.has(at) else await last_response(desk.engine, call.who.utility_id, at))


async def confirmation(desk: Desk, call: Call) -> Reply:
    """The customer is there: digits leave the house."""
    at = await till_of(desk, call)
    return reply(await confirm(desk.engine, call.who.utility_id, at, call.path["message_id"]))


async def reversal(desk: Desk, call: Call) -> Reply:
    """Take a sale back, while none of its digits has left the house."""
    who, at, reason = call.who, await till_of(desk, call), words_of("reason", call.body.reason)
    await require_others(desk, call, at, call.path["message_id"])
    by = who.name if who.staff else ""
    return reply(await reverse(desk.engine, who.utility_id, at, call.path["message_id"], reason, by=by))


async def sale(desk: Desk, call: Call) -> Reply:
    """The same digits again, for whoever sold them."""
    who, sale_id = call.who, call.id("sale_id")
    async with desk.database.reading() as connection:
        vendor_id = await connection.fetchval(OF_VENDOR, who.utility_id, sale_id)
    if vendor_id is None or who.vendor_id not in {None, vendor_id}:
        raise unknown_sale()
    return reply(await reprint(desk.engine, who.utility_id, sale_id))


async def verification(desk: Desk, call: Call) -> Reply:
    """Say whose digits these are."""
    verdict = await verify_token(desk.engine, call.who.utility_id, call.body.meter, call.body.token)
    return Reply(verdict_out(verdict))


# --------------------------------------------------------------------------------------------------------------- rules


def reply(answer: Answer | Offer, status: int = HTTPStatus.OK) -> Reply:
    """The reply that an answer of the engine is."""
    match answer:
        case Refused():
            problem = problem_of(answer)
            return Reply(problem, problem.status)
        case Offer():
            return Reply(offer_out(answer), status)
        case Sold():
            return Reply(sale_out(answer), status)


def told(answer: Answer | None) -> Reply:
    """The reply to somebody who asks what became of a message."""
    if answer is None:
        raise unknown_sale()
    return reply(answer)


def unknown_sale() -> ApiError:
    """There is none, or it is nobody's business."""
    detail = "there is no such sale or message here"
    return ApiError(
        HTTPStatus.NOT_FOUND, "unknown_sale", detail, "look at the id; a message that never came can be sent"
    )


async def till_of(desk: Desk, call: Call) -> UUID:
    """The till whose messages somebody asks about."""
    return await terminal_of(desk, call.who, call.query.terminal_id or None)


async def request_from(desk: Desk, call: Call, message_id: str) -> SaleRequest:
    """What the engine is asked."""
    who, order = call.who, order_from(call.body.order)
    if isinstance(order, Engineer | ChangeKey | Give):
        require_engineer(who, call.body.order)
    elif call.body.__class__ is wire.SaleIn and Right.SELL not in who.rights:
        raise ApiError(HTTPStatus.FORBIDDEN, "not_permitted", "selling is not for everybody", "ask a cashier")
    at = await terminal_of(desk, who, call.body.terminal_id or None)
    return SaleRequest(who.utility_id, at, message_id, call.body.meter, order, who.staff)


def require_engineer(who: Caller, order: wire.OrderIn) -> None:
    """Engineering takes a person with that right; what else it takes, the utility's policy says."""
    if Right.ENGINEER not in who.rights:
        detail = f"an order of the kind {order.__struct_config__.tag} is no ordinary sale"
        raise ApiError(HTTPStatus.FORBIDDEN, "not_permitted", detail, "sign in as somebody who may do that")


async def terminal_of(desk: Desk, who: Caller, said: UUID | None) -> UUID:
    """At which till something is asked: that of the API key, or the one that a person names."""
    if who.terminal_id is not None:
        if said in {None, who.terminal_id}:
            return who.terminal_id
        raise ApiError(HTTPStatus.FORBIDDEN, "unknown_terminal", "that is another till", "leave terminal_id out")
    if said is None:
        detail = "it isn't said at which till"
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "unknown_terminal", detail, "give terminal_id")
    async with desk.database.reading() as connection:
        found = await terminal(connection, who.utility_id, said)
    if who.vendor_id not in {None, found.vendor_id}:
        raise ApiError(HTTPStatus.FORBIDDEN, "unknown_terminal", "that is another vendor's till", "name one of yours")
    return found.id


SOLD: Final[dict[int, Any]] = {200: wire.SaleOut}
RULES: Final = (402, 403, 409, 422, 503)

OPERATIONS: Final = (
    Operation(
        "sell", "POST", "/v1/sales", "Sell, once for each message id", sell, {201: wire.SaleOut} | SOLD,
        (Right.SELL, Right.ENGINEER), wire.SaleIn, problems=(404, *RULES),
    ),
    Operation(
        "quote", "POST", "/v1/quotes", "Say what an order would get, without a trace", quote, {200: wire.OfferOut},
        (Right.QUOTE,), wire.QuoteIn, problems=(404, *RULES),
    ),
    Operation("last", "GET", "/v1/sales/last", "The answer to the till's last message", last, SOLD, (Right.SELL,),
        query=AtTill, problems=(404, *RULES)),
    Operation("outcome", "GET", "/v1/messages/{message_id}", "What became of a message", outcome, SOLD, (Right.SELL,),
        query=AtTill, problems=(404, *RULES)),
    Operation("confirm", "POST", "/v1/messages/{message_id}/confirmation", "Let the digits leave the house",
        confirmation, SOLD, (Right.SELL,), query=AtTill, problems=(404, *RULES)),
    Operation("reverse", "POST", "/v1/messages/{message_id}/reversal", "Take a sale back, if no digit was shown",
        reversal, SOLD, (Right.REVERSE,), wire.ReversalIn, AtTill, problems=(404, *RULES)),
    Operation("reprint", "GET", "/v1/sales/{sale_id}", "The same digits again", sale, SOLD, (Right.REPRINT,),
        problems=(404, 422)),
    Operation("verify", "POST", "/v1/verifications", "Say whose digits these are", verification,
        {200: wire.VerdictOut}, (Right.VERIFY,), wire.VerificationIn, problems=(422,)),
)  # fmt: skip
