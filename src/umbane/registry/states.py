"""What the next price depends on, in the form in which a contract keeps it: JSON without what is as usual."""

from datetime import date
from operator import attrgetter
from typing import Any, Final

import msgspec

from umbane.pricing import Arrears, CustomerState

__all__ = ["decode_state", "encode_state"]

NEW: Final = CustomerState()
EMPTY: Final = "{}"
WRITER: Final = msgspec.json.Encoder()
DATES: Final = ("period_start", "charged_on", "free_from", "free_until", "free_claimed_on")
SIMPLE: Final = ("purchased", "spent", "credit", "anniversary", "connected_load", *DATES)
"""What is a number or a date: the rest are lists."""
values_of: Final = attrgetter(*SIMPLE)
USUAL: Final = values_of(NEW)


def encode_state(state: CustomerState) -> str:
    """A state as JSON."""
    values = values_of(state)
    if values == USUAL and not state.arrears and not state.unpaid_charges:
        return EMPTY
    fields: dict[str, Any] = {
        name: value for name, value, usual in zip(SIMPLE, values, USUAL, strict=True) if value != usual
    }
    if state.arrears:
        fields["arrears"] = [_debt(it) for it in state.arrears]
    if state.unpaid_charges:
        fields["unpaid_charges"] = state.unpaid_charges
    return WRITER.encode(fields).decode()


def _debt(debt: Arrears) -> dict[str, Any]:
    fields: dict[str, Any] = {"kind": debt.kind, "owed": debt.owed}
    if debt.paid:
        fields["paid"] = debt.paid
    if debt.percent is not None:
        fields["percent"] = str(debt.percent)
    if debt.instalment is not None:
        fields["instalment"] = debt.instalment
    return fields | {"frozen": True} if debt.frozen else fields


def decode_state(text: str) -> CustomerState:
    """The state that JSON of ours holds. Percentages come back as text, which stands for the same number.

    Raises:
        StateError, TypeError, ValueError: it is not of ours: somebody else wrote it.
    """
    if text == EMPTY:
        return NEW
    fields: dict[str, Any] = msgspec.json.decode(text)
    for name in DATES:
        if name in fields:
            fields[name] = date.fromisoformat(fields[name])
    if "arrears" in fields:
        fields["arrears"] = tuple(Arrears(**it) for it in fields["arrears"])
    if "unpaid_charges" in fields:
        fields["unpaid_charges"] = tuple((name, amount) for name, amount in fields["unpaid_charges"])
    return CustomerState(**fields)
