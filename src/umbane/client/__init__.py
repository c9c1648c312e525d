"""A till's side of the API: sells, and never twice.

`Client` sends a sale until it has its outcome, always as the same message. When the outcome can't be had, it says so,
with the message id by which it is found later.
"""

from umbane.client.client import Client, Retries
from umbane.client.errors import ClientError, NoAnswerError, OutcomeUnknownError, ProblemError
from umbane.client.models import Line, Offer, Sale, Token

__all__ = [
    "Client",
    "ClientError",
    "Line",
    "NoAnswerError",
    "Offer",
    "OutcomeUnknownError",
    "ProblemError",
    "Retries",
    "Sale",
    "Token",
]
