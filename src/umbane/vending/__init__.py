"""Selling: from a till's request to a token that is booked, exactly once.

`open_engine` gives an engine, and `sell` does what tills ask for. Each message has one outcome for ever; a repetition
gets the same answer and the same digits.

- `models`, `codes`, `errors`: what is asked and answered
- `rounds`: the seven steps; `claiming`, `loading`, `judging`, `money`, `issuing`, `settling`: one each
- `planning`, `keying`, `engineering`, `permits`, `postings`: the rules, all pure
- `withholding`: what a crash leaves behind; `external`, `intents`: what a module outside of this process is asked
- `looking`, `releasing`, `verification`: quotes and reprints; confirmation and reversal; whose digits are these
- `telling`: what the log is told; `claims`, `logclaims`: what `books prove` proves of sales and the log;
  `reconciliation`: both held against what a module says
- `store`, `lines`: how all that is kept
"""

from umbane.vending.claims import CLAIMS, booked_tokens
from umbane.vending.codes import Code
from umbane.vending.errors import ModuleBehindError, UnknownSaleError, VendingError
from umbane.vending.logclaims import LOG
from umbane.vending.looking import answer_to, last_response, offer, reprint, sales_of_meter
from umbane.vending.memory import collect_seldom
from umbane.vending.models import (
    Answer,
    Buy,
    ChangeKey,
    ClaimFree,
    Engineer,
    Give,
    IssuedToken,
    Offer,
    Order,
    Pay,
    Refused,
    SaleRequest,
    Sold,
    Staff,
    TokenKind,
)
from umbane.vending.reconciliation import Reconciliation, Tally, reconcile
from umbane.vending.releasing import confirm, reverse
from umbane.vending.service import Engine, open_engine, resolve, sell
from umbane.vending.store import last_minutes
from umbane.vending.verification import Origin, Reading, Verdict, verify_token

__all__ = [
    "CLAIMS",
    "LOG",
    "Answer",
    "Buy",
    "ChangeKey",
    "ClaimFree",
    "Code",
    "Engine",
    "Engineer",
    "Give",
    "IssuedToken",
    "ModuleBehindError",
    "Offer",
    "Order",
    "Origin",
    "Pay",
    "Reading",
    "Reconciliation",
    "Refused",
    "SaleRequest",
    "Sold",
    "Staff",
    "Tally",
    "TokenKind",
    "UnknownSaleError",
    "VendingError",
    "Verdict",
    "answer_to",
    "booked_tokens",
    "collect_seldom",
    "confirm",
    "last_minutes",
    "last_response",
    "offer",
    "open_engine",
    "reconcile",
    "reprint",
    "resolve",
    "reverse",
    "sales_of_meter",
    "sell",
    "verify_token",
]
