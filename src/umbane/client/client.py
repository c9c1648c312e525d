"""Calls, and what to do when no answer comes."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote as quoted
from uuid import UUID

import httpx

from umbane.client.errors import OutcomeUnknownError, ProblemError
from umbane.client.models import Offer, Sale, offer_from, sale_from

__all__ = ["Client", "Retries"]

PASSING: Final = frozenset({"in_progress", "unavailable", "busy", "overloaded", "too_many_requests", "fault"})
"""After these the same message may be sent again, and has to be: whether it was done isn't said by all of them."""
UNDONE: Final = frozenset({"overloaded", "too_many_requests"})
"""With these the server says that it didn't begin."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often the same message is sent, and how long to wait in between.

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

    def sell(self, message_id: str, meter: str, order: dict[str, Any]) -> Sale:
        """Do what is ordered, once. The orders are those of the OpenAPI document.

        Raises:
            ProblemError: the server says no.
            OutcomeUnknownError: nobody knows whether it was done.
        """
        body = {"message_id": message_id, "meter": meter, "order": order}
        return sale_from(self._insist(message_id, "POST", "/v1/sales", body))

    def confirm(self, message_id: str) -> Sale:
        """The customer is there: the digits, where the utility holds them back until now."""
        return sale_from(self._insist(message_id, "POST", f"/v1/messages/{quoted(message_id, safe='')}/confirmation"))

    def reverse(self, message_id: str, reason: str) -> Sale:
        """Take a sale back, which can be done only while none of its digits was shown.

        Raises:
            ProblemError: the server says no.
            OutcomeUnknownError: nobody knows whether it was done.
        """
        path = f"/v1/messages/{quoted(message_id, safe='')}/reversal"
        return sale_from(self._insist(message_id, "POST", path, {"reason": reason}))

    # ------------------------------------------------------------------------------------------------------- looking

    def quote(self, meter: str, order: dict[str, Any]) -> Offer:
        """What an order would get, without a trace."""
        return offer_from(self._ask("POST", "/v1/quotes", {"meter": meter, "order": order}))

    def outcome(self, message_id: str) -> Sale | None:
        """What became of a message; None when it never came to the server.

        Raises:
            ProblemError: it was refused, or is still in progress; `is_final` tells which.
        """
        return self._known(f"/v1/messages/{quoted(message_id, safe='')}")

    def reprint(self, sale_id: UUID) -> Sale:
        """A sale of this vendor's again, with the same digits.

        Raises:
            ProblemError: there is no such sale.
        """
        return sale_from(self._ask("GET", f"/v1/sales/{sale_id}"))

    def last_response(self) -> Sale | None:
        """What became of this till's last message; None when it never sent any."""
        return self._known("/v1/sales/last")

    # --------------------------------------------------------------------------------------------------------- calls

    def _known(self, path: str) -> Sale | None:
        try:
            return sale_from(self._ask("GET", path))
        except ProblemError as error:
            if error.code == "unknown_sale":
                return None
            raise

    def _insist(self, message_id: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send the same message until it has an outcome.

        After a call without an answer the outcome is unknown, and stays so until an answer comes that is the outcome:
        a later "too many requests" says nothing of the earlier call.
        """
        is_unknown, problem = False, "no answer came"
        last: ProblemError | None = None
        for attempt in range(1, self.retries.attempts + 1):
            least = 0.0
            try:
                return self._ask(method, path, body)
            except ProblemError as error:
                passes = error.code in PASSING or error.status >= httpx.codes.INTERNAL_SERVER_ERROR
                if error.is_final or not passes:
                    raise
                is_unknown = is_unknown or error.code not in UNDONE
                problem, least, last = str(error), error.retry_after, error
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                problem, last = f"nobody answers ({type(error).__name__})", None
            except (httpx.HTTPError, ValueError) as error:
                is_unknown, problem, last = True, f"no answer came ({type(error).__name__})", None
            if attempt < self.retries.attempts:
                self.wait(max(least, self.retries.pause(attempt, random.random())))  # noqa: S311 - spreads the pauses
        if last is not None and not is_unknown:
            raise last
        raise OutcomeUnknownError(message_id, problem)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call.

        Raises:
            ProblemError: the server says no.
            httpx.HTTPError, ValueError: no answer came, or one that is none.
        """
        content = None if body is None else json.dumps(body)
        answer = self._http.request(method, path, content=content, headers={"Content-Type": "application/json"})
        told = answer.json()
        if not isinstance(told, dict):
            raise ValueError("the answer is no object")  # noqa: TRY004 - what came is wrong, not its type
        if answer.is_success:
            return told
        raise ProblemError(answer.status_code, told)
