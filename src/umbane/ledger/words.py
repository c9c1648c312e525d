"""What PostgreSQL reports about the books, in words of ours."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from umbane.ledger.errors import (
    DuplicateEntryError,
    EntryError,
    HoldError,
    LedgerError,
    LimitError,
    PeriodError,
    ReversalError,
    SealedError,
    UnknownAccountError,
)

__all__ = ["in_words"]

RAISED: Final[dict[str, tuple[type[LedgerError], str]]] = {
    "UL001": (SealedError, "correct it by a contra entry"),
    "UL002": (EntryError, "let debits and credits be equal"),
    "UL003": (UnknownAccountError, "ask the book for the account of a key first"),
    "UL004": (HoldError, "look up what became of it"),
    "UL005": (ReversalError, "take back an entry that is no reversal, as a whole"),
    "UL006": (PeriodError, "use a later date"),
}
"""What the triggers of the books raise, by their SQLSTATE."""

BROKEN: Final[dict[str, tuple[type[LedgerError], str, str]]] = {
    "entry_pkey": (DuplicateEntryError, "an entry of this id is booked already", "look it up: it stands as it was"),
    "entry_reversed_once": (ReversalError, "an entry can be taken back once only", "look up its reversal"),
    "hold_pkey": (HoldError, "a hold of this id was made already", "look up what became of it"),
    "account_kind_fkey": (UnknownAccountError, "there is no such kind of account", "add it to ledger.kind"),
    "account_unit_check": (
        UnknownAccountError,
        "an account counts a currency or kWh",
        "write a code of ISO 4217, or kWh",
    ),
    "one_amount_for_each_account": (
        EntryError,
        "an entry has two postings or more",
        "give one amount for each account",
    ),
    "no_empty_posting": (EntryError, "a posting of nothing", "leave it out"),
    "amounts_in_range": (EntryError, "an amount is beyond 10¹⁵", "no purchase or debt is that large"),
    "entry_at_check": (EntryError, "an entry has no date", "give the moment when it counts"),
    "entry_kind_check": (EntryError, "an entry doesn't say what happened", "write up to 40 lower-case letters"),
    "late_with_note": (EntryError, "a late entry happened before it counts, and says why it is late", "add a note"),
    "reversal_with_note": (EntryError, "only a reversal takes back an entry, and says why", "use Book.reverse"),
    "credit_limit_amount_check": (LimitError, "a credit limit is between 0 and 10¹⁵", "name one in between"),
    "credit_limit_note_check": (LimitError, "a credit limit is set without a reason", "say why"),
    "hold_amount_check": (HoldError, "a hold sets aside between 1 and 10¹⁵", "name an amount in between"),
    "hold_check": (HoldError, "a hold ends after it begins", "name a later moment"),
    "hold_check3": (HoldError, "a hold is voided without a reason", "say why"),
    "period_until_check": (PeriodError, "a period ends at a moment", "name one"),
    "period_check": (PeriodError, "a period can't be closed before it is over", "name an earlier end"),
}
"""The rules of the tables, by their names."""

ROW: Final = re.compile(r"\(([0-9a-f-]{36}), (\d+), ")
"""How PostgreSQL shows a row of `ledger.balance`: the utility, then the account."""


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what PostgreSQL reports about the books into errors of ours; everything else stays what it is.

    Raises:
        LedgerError: the books refuse.
    """
    try:
        yield
    except asyncpg.PostgresError as error:
        if ours := _ours(error):
            raise ours from error
        raise


def _ours(error: asyncpg.PostgresError) -> LedgerError | None:
    """The error of ours for a report of PostgreSQL's, or None when it isn't about the books."""
    if raised := RAISED.get(error.sqlstate or ""):
        kind, remedy = raised
        return kind(str(error.args[0]), remedy, error.detail or "")
    if error.constraint_name == "within_limit":
        return _over_limit(error.detail or "")
    if isinstance(error, asyncpg.IntegrityConstraintViolationError) and error.schema_name == "ledger":
        kind, problem, remedy = BROKEN.get(error.constraint_name or "", (EntryError, str(error.args[0]), "correct it"))
        return kind(problem, remedy)
    return None


def _over_limit(detail: str) -> LimitError:
    """The error for a guarded account that would exceed its credit limit."""
    account = found[2] if (found := ROW.search(detail)) else ""
    return LimitError(
        f"account {account} would exceed its credit limit", "book less, pay in first, or raise the limit", account
    )
