"""Calls, and what to do when no answer comes."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote as quoted
from uuid import UUID

import httpx

from umbane.client.errors import NoAnswerError, OutcomeUnknownError, ProblemError
from umbane.client.models import Offer, Sale, offer_from, sale_from

__all__ = ["Client", "Retries"]

UNDONE: Final = frozenset({"overloaded", "too_many_requests"})
"""With these the server says that it didn't begin."""
STEADY: Final = frozenset({400, 409, 413, 415, 422})
"""With these it says what it must have said to an earlier try as well, whose answer was lost."""
UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError)
"""What comes of reading an answer that is none: of something on the way, or of another server."""

T = TypeVar("T")
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Retries:
    """How often the same is sent, and how long to wait in between.

    Attributes:
        attempts: how often in all.
        first: seconds after the first failure; each pause is twice the one before.
        longest: no pause is longer, but for what the server asks for.
    """

    attempts: int = 6
    first: float = 0.2
    longest: float = 10.0

    def pause(self, attempt: int, chance: float) -> float:
        """Seconds to wait after so many attempts, from a half to the whole of what is due."""
        return float(min(self.first * 2 ** (attempt - 1), self.longest) * (1 + chance) / 2)


class Client:
    """A till. Not for several threads at once: a till does one thing after another.

    Args:
        url: of the server.
        key: the till's API key.
        timeout: seconds to wait for an answer.
        retries: how often to try.
        transport: another way to the server, such as a Unix socket.
        wait: how time goes by.
    """

    def __init__(  # noqa: PLR0913 - where, who, and how patiently
        self,
        url: str,
        key: str,
        *,
        timeout: float = 10.0,
        retries: Retries = Retries(),
        transport: httpx.BaseTransport | None = None,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.retries = retries
        self.wait = wait
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    # ------------------------------------------------------------------------------------------------------- selling

    def buy(self, message_id: str, meter: str, money: int) -> Sale:
        """Sell electricity for money, in minor units: once, however often this is called with the same message id.

        Raises:
            ProblemError: the server says no.
            OutcomeUnknownError: nobody knows whether it was done.
        """
        return self.sell(message_id, meter, {"kind": "buy", "money": money})

    def sell(self, message_id: str, meter: str, order: Body) -> Sale:
        """Do what is ordered, once. The orders are those of the OpenAPI document.

        Raises:
            ProblemError: the server says no.
            OutcomeUnknownError: nobody knows whether it was done.
        """
        return self._insist(message_id, "/v1/sales", {"message_id": message_id, "meter": meter, "order": order})

    def confirm(self, message_id: str) -> Sale:
        """The customer is there: the digits, where the utility holds them back until now.

        Raises:
            ProblemError: the server says no.
            OutcomeUnknownError: nobody knows whether it was done.
        """
        return self._insist(message_id, f"/v1/messages/{quoted(message_id, safe='')}/confirmation")

    def reverse(self, message_id: str, reason: str) -> Sale:
        """Take a sale back, which can be done only while none of its digits was shown.

        Raises:
            ProblemError: the server says no.
            OutcomeUnknownError: nobody knows whether it was done.
        """
        return self._insist(message_id, f"/v1/messages/{quoted(message_id, safe='')}/reversal", {"reason": reason})

    # ------------------------------------------------------------------------------------------------------- looking

    def quote(self, meter: str, order: Body) -> Offer:
        """What an order would get, without a trace.

        Raises:
            ProblemError: the server says no.
            NoAnswerError: it says nothing.
        """
        return self._look(offer_from, "POST", "/v1/quotes", {"meter": meter, "order": order})

    def outcome(self, message_id: str) -> Sale | None:
        """What became of a message; None when the server doesn't know it: send it again, or never.

        Raises:
            ProblemError: it was refused, or is still in progress; `is_final` tells which.
            NoAnswerError: the server says nothing.
        """
        return self._known(f"/v1/messages/{quoted(message_id, safe='')}")

    def reprint(self, sale_id: UUID) -> Sale:
        """A sale of this vendor's again, with the same digits.

        Raises:
            ProblemError: there is no such sale.
            NoAnswerError: the server says nothing.
        """
        return self._look(sale_from, "GET", f"/v1/sales/{sale_id}")

    def last_response(self) -> Sale | None:
        """What became of this till's last message; None when it never sent any.

        Raises:
            ProblemError: it was refused, or is still in progress; `is_final` tells which.
            NoAnswerError: the server says nothing.
        """
        return self._known("/v1/sales/last")

    # --------------------------------------------------------------------------------------------------------- calls

    def _known(self, path: str) -> Sale | None:
        try:
            return self._look(sale_from, "GET", path)
        except ProblemError as error:
            if error.code == "unknown_sale":
                return None
            raise

    def _look(self, read: Callable[[Body], T], method: str, path: str, body: Body | None = None) -> T:
        """Ask for something that may be asked for as often as one likes, until there is an answer."""
        for attempt in range(1, self.retries.attempts):
            try:
                return self._ask(read, method, path, body)
            except ProblemError as error:
                if not error.may_pass:
                    raise
                self._pause(attempt, error.retry_after)
            except (httpx.HTTPError, ValueError):
                self._pause(attempt)
        try:
            return self._ask(read, method, path, body)
        except (httpx.HTTPError, ValueError) as error:
            raise NoAnswerError(f"no answer came ({type(error).__name__})") from error

    def _insist(self, message_id: str, path: str, body: Body | None = None) -> Sale:
        """Send the same message until it has an outcome.

        After a call without an answer the outcome is unknown, and stays so until an answer comes that is the outcome:
        a later "too many requests", or a key that was revoked meanwhile, says nothing of the earlier call.
        """
        is_unknown, problem = False, "no answer came"
        last: ProblemError | None = None
        for attempt in range(1, self.retries.attempts + 1):
            least = 0.0
            try:
                return self._ask(sale_from, "POST", path, body)
            except ProblemError as error:
                problem, least, last = str(error), error.retry_after, error
                if error.is_final or (not error.may_pass and (not is_unknown or error.status in STEADY)):
                    raise
                if not error.may_pass:
                    break
                is_unknown = is_unknown or error.code not in UNDONE
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                problem, last = f"nobody answers ({type(error).__name__})", None
            except (httpx.HTTPError, ValueError) as error:
                is_unknown, problem, last = True, f"no answer came ({type(error).__name__})", None
            if attempt < self.retries.attempts:
                self._pause(attempt, least)
        if last is not None and not is_unknown:
            raise last
        raise OutcomeUnknownError(message_id, problem)

    def _pause(self, attempt: int, least: float = 0.0) -> None:
        """Let some time go by before the next try."""
        self.wait(max(least, self.retries.pause(attempt, random.random())))  # noqa: S311 - spreads the pauses

    def _ask(self, read: Callable[[Body], T], method: str, path: str, body: Body | None) -> T:
        """One call.

        Raises:
            ProblemError: the server says no.
            httpx.HTTPError, ValueError: no answer came, or one that is none of the API.
        """
        content = None if body is None else json.dumps(body)
        answer = self._http.request(method, path, content=content, headers={"Content-Type": "application/json"})
        try:
            told = answer.json()
            if answer.is_success:
                return read(told)
            problem = ProblemError(answer.status_code, told)
        except UNREADABLE as error:
            raise ValueError("that is no answer of the API") from error
        raise problem
