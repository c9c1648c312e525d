"""What goes over the wire: the bodies of requests and answers.

Money is a whole number of minor units, or a decimal text of major units beside its currency; energy is a whole number
of tenths of a kWh. A JSON number with a point or an exponent is refused, and so is a field that nobody knows.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

__all__ = [
    "Asked",
    "Buy",
    "ChangeKey",
    "ClaimFree",
    "Engineer",
    "Give",
    "Health",
    "LineOut",
    "Listed",
    "MeterFound",
    "MetersFound",
    "MetersQuery",
    "OfferOut",
    "OrderIn",
    "OriginOut",
    "Pay",
    "PayableOut",
    "QuoteIn",
    "ReversalIn",
    "SaleIn",
    "SaleOut",
    "SalesPage",
    "SalesQuery",
    "SessionIn",
    "SessionOut",
    "TokenOut",
    "VerdictOut",
    "VerificationIn",
    "WebhookIn",
    "WebhookOut",
]

LARGEST = 10**15


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that comes from outside."""


# "$" alone would let a line feed slip through behind the last letter.
MinorUnits = Annotated[int, Meta(ge=0, le=LARGEST, description="minor units of the currency")]
Decimal = Annotated[
    str, Meta(pattern=r"^[0-9]{1,13}(\.[0-9]{1,4})?$(?!\n)", description="major units, with the currency")
]
Money = MinorUnits | Decimal
Units = Annotated[int, Meta(ge=0, le=10**9, description="tenths of a kWh")]
CurrencyCode = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", description="ISO 4217")]
MessageId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:~-]{0,63}$(?!\n)", description="the till's own, unique for ever")
]
MeterNumber = Annotated[
    str, Meta(min_length=1, max_length=40, description="as typed or as read from a card: 11, 13 or 18 digits")
]
Reason = Annotated[str, Meta(min_length=1, max_length=200)]
Small = Annotated[int, Meta(ge=0, le=10**9)]
Action = Annotated[str, Meta(pattern=r"^[a-z_]{1,40}$(?!\n)")]


# -------------------------------------------------------------------------------------------------------------- orders


class Buy(Asked, frozen=True, tag="buy", tag_field="kind"):
    """Electricity: for money, or a number of units for what they cost; exactly one of the two."""

    money: Money | UnsetType = UNSET
    units: Units | UnsetType = UNSET
    currency: CurrencyCode | UnsetType = UNSET


class ClaimFree(Asked, frozen=True, tag="claim_free", tag_field="kind"):
    """The free units of the month, without a purchase."""


class Pay(Asked, frozen=True, tag="pay", tag_field="kind"):
    """Money towards what an account owes; no token."""

    money: Money
    currency: CurrencyCode | UnsetType = UNSET


class ChangeKey(Asked, frozen=True, tag="change_key", tag_field="kind"):
    """The key-change tokens of a meter."""


class Engineer(Asked, frozen=True, tag="engineer", tag_field="kind"):
    """A token that is no credit, of class 1 or 2."""

    action: Action
    value: Small = 0
    manufacturer_code: Annotated[int, Meta(ge=0, le=9999)] = 0
    subclass: Annotated[int, Meta(ge=0, le=15)] = 0


class Give(Asked, frozen=True, tag="give", tag_field="kind"):
    """Credit that nobody pays for now."""

    action: Action
    units: Units
    reason: Reason


OrderIn = Buy | ClaimFree | Pay | ChangeKey | Engineer | Give


class QuoteIn(Asked, frozen=True, kw_only=True):
    """What would an order get?"""

    meter: MeterNumber
    order: OrderIn
    terminal_id: UUID | UnsetType = UNSET


class SaleIn(QuoteIn, frozen=True, kw_only=True):
    """An order, once for ever."""

    message_id: MessageId
    reason: Annotated[str, Meta(max_length=200, description="for others who may have to agree")] = ""
    evidence: Annotated[str, Meta(max_length=200, description="where they see that it is so: a photograph, a job")] = ""


class ReversalIn(Asked, frozen=True):
    """Why a sale is taken back."""

    reason: Reason
    evidence: Annotated[str, Meta(max_length=200, description="where others see that it is so")] = ""


class VerificationIn(Asked, frozen=True):
    """Whose digits are these?"""

    meter: MeterNumber
    token: Annotated[str, Meta(min_length=20, max_length=40, description="20 digits")]


class SessionIn(Asked, frozen=True):
    """Somebody signs in."""

    utility: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Annotated[str, Meta(min_length=1, max_length=256)]
    code: Annotated[str, Meta(pattern=r"^[0-9]{6}$(?!\n)", description="of the second factor")]


class WebhookIn(Asked, frozen=True):
    """Where is somebody told of sales?"""

    url: Annotated[str, Meta(min_length=10, max_length=500, description="https:// and the name of a host")]


class MetersQuery(Asked, frozen=True):
    """Who is meant?"""

    q: Annotated[str, Meta(min_length=1, max_length=100, description="whatever is known")]
    cursor: Annotated[str, Meta(max_length=64)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class SalesQuery(Asked, frozen=True):
    """Which sales?"""

    meter: MeterNumber
    cursor: Annotated[str, Meta(max_length=64)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


# ------------------------------------------------------------------------------------------------------------- answers


class Told(Struct, frozen=True):
    """Something that we answer."""


class LineOut(Told, frozen=True):
    """One line of a receipt."""

    kind: str
    name: str
    label: str
    amount: Annotated[int, Meta(description="minor units")]
    base: int
    rate: str | None


class TokenOut(Told, frozen=True):
    """A token, in the order in which it must be typed."""

    kind: str
    units: int
    digits: Annotated[str | None, Meta(description="20 digits; null while held back and after a reversal")]


class SaleOut(Told, frozen=True):
    """It was done, and is booked."""

    id: UUID
    at: datetime
    kind: str
    message_id: str
    meter: str
    currency: str
    tender: int
    units: int
    free_units: int
    lines: list[LineOut]
    tokens: list[TokenOut]
    warnings: list[str]
    released: bool
    reversed: bool
    repeated: bool


class PayableOut(Told, frozen=True):
    """The tenders that can be accepted now, both ends included, in minor units."""

    minimum: int
    maximum: int


class OfferOut(Told, frozen=True):
    """What an order would get now."""

    meter: str
    currency: str
    tender: int
    units: int
    free_units: int
    lines: list[LineOut]
    payable: PayableOut | None
    owed: int
    free_due: int
    warnings: list[str]


class OriginOut(Told, frozen=True):
    """Where a token of ours comes from."""

    sale_id: UUID
    at: datetime
    order: str
    vendor: str
    terminal: str
    kind: str
    units: int
    tender: int
    currency: str
    reversed: bool


class VerdictOut(Told, frozen=True):
    """What is known of twenty digits."""

    meter: Annotated[str, Meta(description="18 digits; empty when this utility doesn't know it")]
    readable: Annotated[bool, Meta(description="whether they say anything under a key of the meter")]
    issued: Annotated[bool, Meta(description="whether we issued them for this meter")]
    withheld: bool
    key: Annotated[str | None, Meta(description="under which key they are read: current, pending, had")]
    content: Annotated[str | None, Meta(description="what they say")]
    origin: OriginOut | None


class MeterFound(Told, frozen=True):
    """Somebody who may be meant."""

    score: int
    why: str
    meter: str | None
    state: str | None
    account: str | None
    name: str | None
    address: str | None


class MetersFound(Told, frozen=True):
    """A page of them, the best first."""

    items: list[MeterFound]
    hint: str
    next_cursor: str | None


class Listed(Told, frozen=True):
    """A sale in a list, without its digits."""

    id: UUID
    at: datetime
    kind: str
    tender: int
    currency: str
    units: int
    free_units: int


class SalesPage(Told, frozen=True):
    """A page of sales, the newest first."""

    items: list[Listed]
    next_cursor: str | None


class SessionOut(Told, frozen=True):
    """Somebody is signed in."""

    token: str
    expires_at: datetime
    roles: list[str]
    rights: list[str]


class WebhookOut(Told, frozen=True):
    """A webhook, and the secret of its signatures, which nobody can show again."""

    id: UUID
    url: str
    secret: Annotated[str, Meta(description="64 hexadecimal digits")]


class Health(Told, frozen=True):
    """How it stands."""

    status: str
    alerts: Annotated[
        list[str] | UnsetType, Meta(description="codes of what the security module says somebody should see to")
    ] = UNSET
