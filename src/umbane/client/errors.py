"""What can become of a call.

::

    UmbaneError
    └── ClientError
        ├── ProblemError          the server says no, and why
        ├── OutcomeUnknownError   nobody knows whether it was done: ask, or send the same message again
        └── NoAnswerError         nothing was asked that changes anything, and nobody answers
"""

from typing import Any, Final

from umbane.errors import UmbaneError

__all__ = ["ClientError", "NoAnswerError", "OutcomeUnknownError", "ProblemError"]

PASSING: Final = frozenset({"in_progress", "unavailable", "busy", "overloaded", "too_many_requests", "fault"})
"""After these the same message may be sent again, and has to be: whether it was done isn't said by all of them."""
FAULT: Final = 500
OURS: Final = "urn:umbane:problem:"
"""What the type of every problem begins with, before its code."""


class ClientError(UmbaneError):
    """A call came to nothing."""


class ProblemError(ClientError):
    """The server says no (RFC 9457).

    Attributes:
        status: of HTTP.
        code: why, the same for ever.
        remedy: what would be right, or an empty text.
        payable: the least and the greatest tender now, in minor units, where that is known.
        is_final: whether it is the outcome of the message: then another attempt needs a new message id.
        may_pass: whether the same may be answered otherwise in a moment.
        retry_after: seconds that the server asks to wait.

    Raises:
        ValueError, KeyError, TypeError: what came is no problem of the API.
    """

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("detail", "no reason was given")))
        self.status = status
        self.code = str(problem["type"]).removeprefix(OURS)
        if self.code != problem["code"]:
            raise ValueError("that is no problem of the API")
        self.remedy = str(problem.get("remedy", ""))
        limits = problem.get("payable")
        self.payable = (int(limits["minimum"]), int(limits["maximum"])) if limits else None
        self.retry_after = float(problem.get("retry_after", 0))
        self.is_final = bool(problem.get("final", False))
        self.may_pass = not self.is_final and (self.code in PASSING or status >= FAULT)


class OutcomeUnknownError(ClientError):
    """The message was sent, perhaps, and its outcome couldn't be had. Never sell again under another message id.

    Attributes:
        message_id: by which the outcome is found: `Client.outcome`, or the same sale with the same id.
    """

    def __init__(self, message_id: str, problem: str) -> None:
        super().__init__(f"{problem}; ask again for message {message_id}, and sell nothing else instead")
        self.message_id = message_id


class NoAnswerError(ClientError):
    """Nobody answers, or something on the way answers in the server's place. Ask again when the line is better."""
