"""What a rule sees, and what it decides: values between loading and booking."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from umbane.ledger import Kind
from umbane.pricing import CustomerState, Line, Quote, Tariff
from umbane.registry import KeyParameters, KeyPhase, MeterState, Rulebook, Seller
from umbane.security import KeyChangeRequest, TokenRequest
from umbane.sts import EA, EncodedToken, MeterPAN, StampedToken, Token
from umbane.vending.models import SaleRequest

__all__ = ["Asked", "Draft", "Plan", "Situation", "signed_by"]

Asked = TokenRequest | KeyChangeRequest
"""What a module is asked for."""


class Situation(NamedTuple):
    """Everything that an order is judged by: the meter, its contract, the rules, the moment."""

    now: datetime
    book: Rulebook
    """The utility's policy, prices and names of keys."""
    seller: Seller
    """The till."""
    meter_id: UUID
    """This, and what follows, is of the meter; what is None for a meter without a contract is of that."""
    pan: MeterPAN
    ea: EA
    state: MeterState
    key: KeyParameters
    pending: KeyParameters | None
    phase: KeyPhase
    last_minute: int | None
    contract_id: UUID | None
    tariff_id: str | None
    customer: CustomerState | None
    version: int | None


@dataclass(slots=True)
class Draft:
    """A token, or the tokens of a key change, on the way to the module: credit, or a token, or a new key.

    Attributes:
        kind: a `TokenKind` or an `EngineeringAction`.
        key: that the meter will have when it is typed.
        credit: tenths of a kWh that a credit token is asked to carry.
        units: tenths of a kWh that the meter will add: a few more than asked, where its field can't say so many.
        token: what any other token says, its TID left open.
        new: the key that a key change is to.
        attempt, id, minute, request: how the module is asked.
        module, first, digits: which module made it, with which number, and what.
    """

    kind: str
    key: KeyParameters
    credit: int = 0
    units: int = 0
    token: Token | None = None
    new: KeyParameters | None = None
    attempt: int = 0
    id: UUID | None = None
    minute: int | None = None
    request: Asked | None = None
    module: int = 0
    first: int = -1
    digits: tuple[EncodedToken, ...] = ()

    @property
    def is_stamped(self) -> bool:
        """Whether it carries a TID."""
        return self.credit > 0 or isinstance(self.token, StampedToken)


@dataclass(slots=True)
class Plan:
    """What is to be done for an order.

    Attributes:
        kind: of the order, as sales are listed by it.
        tender: minor units from the vendor's float.
        units, free_units: tenths of a kWh, sold and free.
        lines: of the receipt.
        quote: where there is one.
        tariff: by which it was priced.
        customer: the contract's state afterwards; None where it doesn't change.
        drafts: the tokens, in the order in which they must be typed.
        given: the energy account that tokens without a price are booked on.
        free_month: the month whose free units are claimed.
        new_key: the key whose key-change tokens go out.
        warnings: for whoever stands at the till.
        note: for the books.
    """

    kind: str
    tender: int = 0
    units: int = 0
    free_units: int = 0
    lines: tuple[Line, ...] = ()
    quote: Quote | None = None
    tariff: Tariff | None = None
    customer: CustomerState | None = None
    drafts: list[Draft] = field(default_factory=list)
    given: Kind = Kind.ENERGY_SOLD
    free_month: int | None = None
    new_key: KeyParameters | None = None
    warnings: list[str] = field(default_factory=list)
    note: str | None = None


def signed_by(request: SaleRequest) -> str | None:
    """Who asked and who agreed, as the sale keeps it."""
    staff = request.staff
    if staff is None:
        return None
    return ", ".join([staff.name, *(it.name for it in staff.approvers), *["in an emergency"] * staff.emergency])
