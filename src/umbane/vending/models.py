"""What is asked of the engine, and what it answers. Money is in minor units, energy in tenths of a kWh."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct
from msgspec.structs import astuple

from umbane.pricing import Line, Payable
from umbane.registry import EngineeringAction, Role
from umbane.sts import EncodedToken
from umbane.vending.codes import PASSING, Code

__all__ = [
    "Answer",
    "Buy",
    "ChangeKey",
    "ClaimFree",
    "Engineer",
    "Give",
    "IssuedToken",
    "Offer",
    "Order",
    "Pay",
    "Refused",
    "SaleRequest",
    "Sold",
    "Staff",
    "TokenKind",
]


# -------------------------------------------------------------------------------------------------------- what is asked


class Buy(Struct, frozen=True):
    """Electricity for money, or a number of units for what they cost.

    Attributes:
        money: the tender in minor units; or
        units: tenths of a kWh.
        currency: ISO 4217, if the till says it: it must be the utility's.
    """

    money: int | None = None
    units: int | None = None
    currency: str | None = None


class ClaimFree(Struct, frozen=True):
    """The free units of the month, without a purchase."""


class Pay(Struct, frozen=True):
    """Money towards what an account owes; no token.

    Attributes:
        money: minor units.
        currency: ISO 4217, if the till says it.
    """

    money: int
    currency: str | None = None


class ChangeKey(Struct, frozen=True):
    """The key-change tokens of a meter: those that were planned for it, or to its supply group's newest key.

    The same tokens again, as often as they are asked for, until the change is settled.
    """


class Engineer(Struct, frozen=True):
    """A token that is no credit, of class 1 or 2.

    Attributes:
        action: which.
        value: watts of a limit, the register to clear, the control bits of a test, the rate, the factor; an extended
            token's index above its ten bits of data.
        manufacturer_code: of a test; 0 for every meter.
        subclass: of a test, 0-15.
    """

    action: EngineeringAction
    value: int = 0
    manufacturer_code: int = 0
    subclass: int = 0


class Give(Struct, frozen=True):
    """Credit that nobody pays for now.

    Attributes:
        action: free issue, replacement or reissue.
        units: tenths of a kWh.
        reason: for the books.
    """

    action: EngineeringAction
    units: int
    reason: str


Order = Buy | ClaimFree | Pay | ChangeKey | Engineer | Give


class Staff(Struct, frozen=True):
    """Who asks for what is no ordinary sale, and who agrees. Whether they are who they say was found out before.

    Attributes:
        name: of the operator.
        roles: what they may do.
        approvers: others who agree.
        emergency: whether nobody else has to agree this time; whoever lets that be raises an alarm.
    """

    name: str
    roles: frozenset[Role]
    approvers: tuple["Staff", ...] = ()
    emergency: bool = False


class SaleRequest(Struct, frozen=True):
    """One thing that a till asks for.

    Attributes:
        utility_id: in whose house.
        terminal_id: which till; its vendor's float pays.
        message_id: the till's own, unique for ever: the same one again gets the same answer.
        meter: its number as it was typed, 11, 13 or 18 digits.
        order: what is to be done.
        staff: who asks, where a policy wants to know.
    """

    utility_id: UUID
    terminal_id: UUID
    message_id: str
    meter: str
    order: Order
    staff: Staff | None = None


# ----------------------------------------------------------------------------------------------------- what is answered


class TokenKind(StrEnum):
    """What a token is for; engineering tokens are called as their action."""

    KEY_CHANGE = "key_change"
    FREE = "free"
    CREDIT = "credit"


class IssuedToken(Struct, frozen=True):
    """A token of a sale.

    Attributes:
        kind: a `TokenKind` or an `EngineeringAction`.
        units: tenths of a kWh that the meter will add.
        minute: its TID counted from 1993; None for tokens without one.
        token: its digits; None while they are held back until the sale is confirmed, and after it was taken back.
    """

    kind: str
    units: int
    minute: int | None
    token: EncodedToken | None


class Answered(Struct, frozen=True, eq=False):
    """What two answers have in common: they are equal even if one of them is to a repetition, which comes last."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and astuple(self)[:-1] == astuple(other)[:-1]

    def __hash__(self) -> int:
        return hash(astuple(self)[:-1])


class Sold(Answered, frozen=True):
    """It was done, and is booked.

    Attributes:
        id: ours; the ledger's entry has the same.
        at: when.
        kind: of the order: "buy", "claim_free", "pay", "change_key", "engineer", "give".
        message_id: the till's.
        meter: the 18 digits of its number.
        currency: of the money.
        tender: minor units.
        units, free_units: tenths of a kWh.
        lines: of the receipt.
        tokens: in the order in which they must be typed.
        warnings: for whoever stands at the till.
        released: whether digits left the house.
        reversed: whether it was taken back.
        repeated: whether this is the answer to a repetition.
    """

    id: UUID
    at: datetime
    kind: str
    message_id: str
    meter: str
    currency: str
    tender: int
    units: int
    free_units: int
    lines: tuple[Line, ...]
    tokens: tuple[IssuedToken, ...]
    warnings: tuple[str, ...] = ()
    released: bool = True
    reversed: bool = False
    repeated: bool = False

    @property
    def is_final(self) -> bool:
        """It is the outcome of its message."""
        return True


class Refused(Answered, frozen=True):
    """Nothing was done.

    Attributes:
        code: why, the same for ever.
        problem, remedy: for people.
        payable: what could be paid now, where that is known.
        repeated: whether this is the answer to a repetition.
    """

    code: Code
    problem: str
    remedy: str
    payable: Payable | None = None
    repeated: bool = False

    @property
    def is_final(self) -> bool:
        """Whether it is the outcome of its message; otherwise the same message may be sent again."""
        return self.code not in PASSING


Answer = Sold | Refused


class Offer(Struct, frozen=True):
    """What an order would do now: a trial without a trace.

    Attributes:
        meter: the 18 digits of its number.
        currency: of the money.
        tender: minor units.
        units, free_units: tenths of a kWh.
        lines: as they would stand on the receipt.
        payable: the least and the greatest tender now; None where no tariff is involved.
        owed: minor units of all debts.
        free_due: tenths of a kWh that could be claimed without buying.
        warnings: as they would be given.
    """

    meter: str
    currency: str
    tender: int
    units: int
    free_units: int
    lines: tuple[Line, ...]
    payable: Payable | None
    owed: int
    free_due: int
    warnings: tuple[str, ...]
