"""Selling: from a till's request to a token that is booked, exactly once.

`open_engine` gives an engine, and `sell` does what tills ask for. Each message has one outcome for ever; a repetition
gets the same answer and the same digits.

- `models`, `codes`, `errors`: what is asked and answered
- `rounds`: the seven steps; `claiming`, `loading`, `judging`, `money`, `issuing`, `settling`: one each
- `planning`, `keying`, `engineering`, `permits`, `postings`: the rules, all pure
- `withholding`: what a crash leaves behind
- `store`, `lines`: how all that is kept
"""

from umbane.vending.codes import Code
from umbane.vending.errors import ModuleBehindError, UnknownSaleError, VendingError
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
from umbane.vending.service import Engine, open_engine, sell

__all__ = [
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
    "Pay",
    "Refused",
    "SaleRequest",
    "Sold",
    "Staff",
    "TokenKind",
    "UnknownSaleError",
    "VendingError",
    "open_engine",
    "sell",
]
