"""What can become of a call.

::

    UmbaneError
    └── ClientError
        ├── ProblemError          the server says no, and why
        └── OutcomeUnknownError   nobody knows whether it was done: ask, or send the same message again
"""

from typing import Any

from umbane.errors import UmbaneError

__all__ = ["ClientError", "OutcomeUnknownError", "ProblemError"]


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
        retry_after: seconds that the server asks to wait.
    """

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("detail", "no reason was given")))
        self.status = status
        self.code = str(problem.get("code", ""))
        self.remedy = str(problem.get("remedy", ""))
        limits = problem.get("payable")
        self.payable = (int(limits["minimum"]), int(limits["maximum"])) if limits else None
        self.retry_after = float(problem.get("retry_after", 0))
        self.is_final = bool(problem.get("final", False))


class OutcomeUnknownError(ClientError):
    """The message was sent, perhaps, and its outcome couldn't be had. Never sell again under another message id.

    Attributes:
        message_id: by which the outcome is found: `Client.outcome`, or the same sale with the same id.
    """

    def __init__(self, message_id: str, problem: str) -> None:
        super().__init__(f"{problem}; ask again for message {message_id}, and sell nothing else instead")
        self.message_id = message_id
