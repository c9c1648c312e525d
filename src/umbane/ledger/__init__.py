"""The books: double entry for money and energy, append-only, and able to prove themselves.

::

    async def work(tx):
        book = await open_book(tx, utility)
        ids = await book.accounts([AccountKey(Kind.VENDOR_FLOAT, "ZAR", owner=vendor), ...])
        fits = await book.admit([Demand(float_account, 20_000), ...])
        await book.post([Entry(sale, now, "sale", accounts=[...], amounts=[...]), ...])

    await database.run(work)

An amount above zero is a debit, one below zero a credit. The amounts of an entry sum to zero in each unit: minor units
of a currency, or tenths of a kWh. What is booked stays; corrections are contra entries.
"""

from umbane.ledger.claims import BOOKS
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
from umbane.ledger.models import (
    ENERGY,
    Account,
    AccountKey,
    CreditLimit,
    Demand,
    Entry,
    Hold,
    HoldRequest,
    HoldState,
    Kind,
    Nature,
    Reversal,
    Standing,
)
from umbane.ledger.periods import close_period, sum_periods
from umbane.ledger.proof import Claim, Finding, Proof, Wrong, first_wrong, prove, sweep
from umbane.ledger.reading import Statement, StatementLine, TrialLine, balance_at, statement, trial_balance
from umbane.ledger.service import Book, Opening, open_book

__all__ = [
    "BOOKS",
    "ENERGY",
    "Account",
    "AccountKey",
    "Book",
    "Claim",
    "CreditLimit",
    "Demand",
    "DuplicateEntryError",
    "Entry",
    "EntryError",
    "Finding",
    "Hold",
    "HoldError",
    "HoldRequest",
    "HoldState",
    "Kind",
    "LedgerError",
    "LimitError",
    "Nature",
    "Opening",
    "PeriodError",
    "Proof",
    "Reversal",
    "ReversalError",
    "SealedError",
    "Standing",
    "Statement",
    "StatementLine",
    "TrialLine",
    "UnknownAccountError",
    "Wrong",
    "balance_at",
    "close_period",
    "first_wrong",
    "open_book",
    "prove",
    "statement",
    "sum_periods",
    "sweep",
    "trial_balance",
]
