"""What the books refuse, told in words for whoever wanted to book it.

::

    UmbaneError
    └── LedgerError
        ├── EntryError            an entry isn't one: no sum of zero, an empty posting, no note where one is due
        ├── DuplicateEntryError   the utility has an entry of that id already
        ├── UnknownAccountError   the utility has no such account, or there is no such kind of account
        ├── LimitError            a guarded account would exceed its credit limit
        ├── HoldError             a hold isn't pending any more, or its id is taken
        ├── ReversalError         an entry can't be taken back: it is none, or it was, or it takes back another
        ├── PeriodError           a period can't be closed, or was closed already
        └── SealedError           somebody tried to change what is booked

After one of these PostgreSQL refuses everything else in the same transaction: let it end.
"""

from umbane.errors import UmbaneError

__all__ = [
    "DuplicateEntryError",
    "EntryError",
    "HoldError",
    "LedgerError",
    "LimitError",
    "PeriodError",
    "ReversalError",
    "SealedError",
    "UnknownAccountError",
]


class LedgerError(UmbaneError):
    """The books refuse what was asked.

    Attributes:
        problem: what is wrong.
        remedy: what would be right.
        subject: the id of the entry, hold or account it is about, or an empty text.
    """

    def __init__(self, problem: str, remedy: str, subject: str = "") -> None:
        super().__init__(problem, remedy, subject)
        self.problem = problem
        self.remedy = remedy
        self.subject = subject

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"


class EntryError(LedgerError):
    """An entry doesn't sum to zero in each unit, or isn't an entry for another reason."""


class DuplicateEntryError(LedgerError):
    """The utility has an entry of that id already; the first one stays, and this one was not booked."""


class UnknownAccountError(LedgerError):
    """The utility has no such account, or there is no such kind of account."""


class LimitError(LedgerError):
    """A guarded account would exceed its credit limit."""


class HoldError(LedgerError):
    """A hold isn't pending any more, or its id is taken."""


class ReversalError(LedgerError):
    """An entry can't be taken back: there is none, it was taken back already, or it is itself a reversal."""


class PeriodError(LedgerError):
    """A period can't be closed, or something is dated in one that was."""


class SealedError(LedgerError):
    """What is booked can't be changed, by nobody."""
