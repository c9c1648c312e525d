"""How everything that can go wrong is told over HTTP, and nowhere else: RFC 9457, with codes that never change."""

import asyncio
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET, DecodeError, Struct, UnsetType, ValidationError

from umbane.api.wire import PayableOut
from umbane.db.errors import BusyError, DatabaseError
from umbane.errors import InputError, UmbaneError
from umbane.ledger.errors import LedgerError, LimitError
from umbane.registry import DuplicateError, NotFoundError, PermissionDeniedError, StaleError, TransitionError
from umbane.security import ModuleError
from umbane.sts import StsInputError
from umbane.vending import Code, Refused, UnknownSaleError

__all__ = ["ApiError", "Problem", "make", "problem_from", "problem_of"]

TYPE: Final = "urn:umbane:problem:"
NOT_ANY_MORE: Final = r"(?!\\n)"
"""The end of a pattern of `wire` as errors quote it: what only Python's patterns need."""


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Nothing was done, and why (RFC 9457).

    Attributes:
        type, title, status, detail: as RFC 9457 has them; the type ends with the code.
        code: why, the same for ever.
        remedy: what would be right.
        field: which value is wrong.
        payable: what could be paid now.
        final: whether it is the outcome of its message; otherwise the same message may be sent again.
        repeated: whether this is the answer to a repetition.
        retry_after: seconds.
        approval_id: what others have to agree to.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str | UnsetType = UNSET
    field: str | UnsetType = UNSET
    payable: PayableOut | UnsetType = UNSET
    final: bool | UnsetType = UNSET
    repeated: bool | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET
    approval_id: UUID | UnsetType = UNSET


class ApiError(UmbaneError):
    """The API itself says no."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, remedy: str, **more: Any) -> None:  # noqa: ANN401 - fields of Problem
        super().__init__(detail)
        self.problem = make(status, code, detail, remedy=remedy, **more)


def make(status: HTTPStatus, code: str, detail: str, **more: Any) -> Problem:  # noqa: ANN401 - fields of Problem
    """A problem of this code."""
    title = code.replace("_", " ")
    return Problem(type=TYPE + code, title=title, status=int(status), code=code, detail=detail, **more)


# ---------------------------------------------------------------------------------------------------- refusals of sales

S = HTTPStatus
STATUS: Final = {
    Code.CONFLICT: S.CONFLICT,
    Code.IN_PROGRESS: S.CONFLICT,
    Code.UNAVAILABLE: S.SERVICE_UNAVAILABLE,
    Code.BAD_MESSAGE_ID: S.BAD_REQUEST,
    Code.RELEASED: S.CONFLICT,
    Code.REVERSED: S.CONFLICT,
    Code.LATER_SALES: S.CONFLICT,
    Code.UNKNOWN_TERMINAL: S.FORBIDDEN,
    Code.SELLER_BLOCKED: S.FORBIDDEN,
    Code.NOT_PERMITTED: S.FORBIDDEN,
    Code.APPROVAL_NEEDED: S.FORBIDDEN,
    Code.FLOAT_EXHAUSTED: S.PAYMENT_REQUIRED,
}
"""All others are 422: the request was understood, and a rule says no.

That no token was made is nobody's fault but ours, so it is 503 although it is final: another try is another message.
"""
RETRY: Final = {Code.IN_PROGRESS: 1, Code.UNAVAILABLE: 2}


def problem_of(refused: Refused) -> Problem:
    """The problem that a refusal is."""
    return make(
        STATUS.get(refused.code, S.UNPROCESSABLE_ENTITY),
        str(refused.code),
        refused.problem,
        remedy=refused.remedy,
        payable=PayableOut(minimum=refused.payable.minimum, maximum=refused.payable.maximum)
        if refused.payable
        else UNSET,
        final=refused.is_final,
        repeated=refused.repeated,
        retry_after=RETRY.get(refused.code, UNSET),
    )


# --------------------------------------------------------------------------------------------------------------- errors


def problem_from(error: Exception) -> Problem:
    """The problem that an error is. What nobody foresaw is told without a word of it."""
    match error:
        case ApiError():
            return error.problem
        case ValidationError():
            words = str(error).replace(NOT_ANY_MORE, "")
            return make(S.BAD_REQUEST, "bad_body", words, remedy="see the OpenAPI document")
        case DecodeError() | UnicodeDecodeError() | RecursionError():
            return make(S.BAD_REQUEST, "malformed_json", "the body is no JSON", remedy="send one JSON object in UTF-8")
        case InputError():
            return make(S.UNPROCESSABLE_ENTITY, code_of(error), error.problem, remedy=error.remedy, field=error.field)
        case _:
            return problem_within(error)


def code_of(error: InputError) -> str:
    """The code of a value that is wrong."""
    return "bad_number" if isinstance(error, StsInputError) else "bad_value"


def problem_within(error: Exception) -> Problem:  # noqa: PLR0911 - one for each kind
    """The problem that an error of the rooms below is."""
    match error:
        case UnknownSaleError():
            return make(S.NOT_FOUND, "unknown_sale", str(error), remedy="look at the message id")
        case NotFoundError():
            return make(S.NOT_FOUND, f"unknown_{error.kind.replace(' ', '_').lower()}", str(error))
        case DuplicateError() | StaleError():
            return make(S.CONFLICT, "conflict", str(error), remedy="read it again")
        case TransitionError():
            return make(S.CONFLICT, "transition", str(error), remedy="look at how it stands")
        case PermissionDeniedError():
            return make(S.FORBIDDEN, "not_permitted", str(error))
        case LimitError():
            return make(S.PAYMENT_REQUIRED, str(Code.FLOAT_EXHAUSTED), error.problem, remedy=error.remedy)
        case LedgerError():
            return make(S.UNPROCESSABLE_ENTITY, "books_refuse", error.problem, remedy=error.remedy)
        case BusyError():
            return make(
                S.SERVICE_UNAVAILABLE, "busy", "too much is going on", remedy="send the same again", retry_after=1
            )
        case DatabaseError() | ModuleError() | OSError() | asyncio.TimeoutError():
            return make(
                S.SERVICE_UNAVAILABLE, str(Code.UNAVAILABLE), "it can't be decided now",
                remedy="send the same message again", retry_after=2,
            )  # fmt: skip
        case _:
            return make(
                S.INTERNAL_SERVER_ERROR,
                "fault",
                "that is our fault",
                remedy="ask for the outcome, or send the same again: nothing is done twice",
            )
