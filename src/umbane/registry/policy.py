"""What a utility leaves to choice: a document that is checked when it is made, and kept with the utility."""

from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer

from umbane.registry.errors import PolicyError
from umbane.registry.roles import Role

__all__ = [
    "Act",
    "ApprovalPolicy",
    "EngineeringAction",
    "Permission",
    "Policy",
    "SalePolicy",
    "TariffPolicy",
    "TenantPolicy",
    "read_policy",
]

LARGEST_MONEY: Final = 10**15
LONGEST_WAIT: Final = 3650
LONGEST_APPROVAL: Final = 60 * 24 * 30


class EngineeringAction(StrEnum):
    """Tokens and acts that are no sale."""

    INITIATE_TEST = "initiate_test"
    SET_MAXIMUM_POWER_LIMIT = "set_maximum_power_limit"
    CLEAR_CREDIT = "clear_credit"
    SET_TARIFF_RATE = "set_tariff_rate"
    KEY_CHANGE = "key_change"
    CLEAR_TAMPER = "clear_tamper"
    SET_MAXIMUM_PHASE_POWER_UNBALANCE_LIMIT = "set_maximum_phase_power_unbalance_limit"
    SET_WATER_METER_FACTOR = "set_water_meter_factor"
    EXTENDED = "extended"
    """Class 2 tokens of subclass 10 (flags and manufacturer's own)."""
    FREE_ISSUE = "free_issue"
    """Credit that nobody paid for."""
    REPLACEMENT = "replacement"
    """The credit left in a meter that was taken down, for the one that took its place."""
    REISSUE = "reissue"
    """Credit once more, because the first token can't be used; the loss is booked."""


class Act(StrEnum):
    """What people do at their desks, and one of them alone could do harm with."""

    POLICY = "policy"
    """Change what the utility leaves to choice, this list included."""
    OPERATORS = "operators"
    """Let somebody sign in, or say what they may do."""
    KEYS = "keys"
    """Add supply groups and key revisions, or end one."""
    TARIFF = "tariff"
    """Let prices come into force."""
    CREDIT_LIMIT = "credit_limit"
    """Say what a vendor may owe."""
    DEPOSIT_REVERSAL = "deposit_reversal"
    """Take back what a vendor paid in."""
    DEPOSIT_ASSIGNMENT = "deposit_assignment"
    """Say by hand whose money came into the bank, or that it is no vendor's."""
    SALE_REVERSAL = "sale_reversal"
    """Take a sale back from a desk; the money goes back to whoever sold."""
    DEBT = "debt"
    """Put a debt on an account, or take one back."""
    FREE_UNITS = "free_units"
    """Give an account a right to free units, or end it."""


class Section(BaseModel):
    """A part of the document: nothing in it that isn't known, nothing changed once it is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Permission(Section):
    """Who may do something.

    Attributes:
        roles: any of these may ask for it.
        approvals: how many others, each with one of these roles, must agree.
    """

    roles: frozenset[Role] = Field(min_length=1)
    approvals: int = Field(default=0, ge=0, le=2, strict=True)

    @field_serializer("roles")
    def in_order(self, roles: frozenset[Role]) -> list[Role]:
        """The roles in one order, so that equal permissions are kept as equal documents."""
        return sorted(roles)


class SalePolicy(Section):
    """What happens at a sale.

    Attributes:
        key_change: when a meter is to have another key: sell nothing before somebody asked for the key-change tokens,
            put them before the credit, or refuse until the change is settled.
        release: whether a token leaves the house at once, or when the seller confirms that the customer is there.
        unused_token_days: tokens sold so many days before a key change are named in its warning; 0 for no warning.
        largest_money: no purchase is larger, in minor units; None for what the tariff says.
    """

    key_change: Literal["ask_first", "bundle", "refuse"] = "ask_first"
    release: Literal["at_once", "on_confirmation"] = "at_once"
    unused_token_days: int = Field(default=30, ge=0, le=LONGEST_WAIT, strict=True)
    largest_money: int | None = Field(default=None, ge=1, le=LARGEST_MONEY, strict=True)


class TenantPolicy(Section):
    """What happens when somebody moves.

    Attributes:
        debt: whether debts stay with the person who leaves, or follow the premises to the next one.
    """

    debt: Literal["person", "premises"] = "person"


class TariffPolicy(Section):
    """How prices come into force.

    Attributes:
        second_person: whether the one who activates a tariff must be another than the one who added it.
    """

    second_person: bool = Field(default=True, strict=True)


class ApprovalPolicy(Section):
    """How long others may think about what somebody asked for.

    Attributes:
        open_minutes: from the asking until it has to be done.
        emergency: who may do what they asked for before others have agreed; an alarm says so. Empty for nobody.
    """

    open_minutes: int = Field(default=1440, ge=5, le=LONGEST_APPROVAL, strict=True)
    emergency: frozenset[Role] = frozenset({Role.ADMINISTRATOR})

    @field_serializer("emergency")
    def in_order(self, roles: frozenset[Role]) -> list[Role]:
        """The roles in one order."""
        return sorted(roles)


def _usual() -> dict[EngineeringAction, Permission]:
    """Who may do what, where a utility doesn't say: what gives energy or forgives something takes two people."""
    alone = Permission(roles=frozenset({Role.ENGINEER}))
    together = Permission(roles=frozenset({Role.ENGINEER, Role.SUPERVISOR}), approvals=1)
    both = {EngineeringAction.CLEAR_CREDIT, EngineeringAction.CLEAR_TAMPER, EngineeringAction.FREE_ISSUE}
    both |= {EngineeringAction.REPLACEMENT, EngineeringAction.REISSUE, EngineeringAction.EXTENDED}
    anybody = Permission(roles=frozenset({Role.CASHIER, Role.SUPERVISOR, Role.ENGINEER}))
    usual = {it: together if it in both else alone for it in EngineeringAction}
    return usual | {EngineeringAction.INITIATE_TEST: anybody}


AGREEING: Final = {
    Act.POLICY: {Role.ADMINISTRATOR, Role.SUPERVISOR},
    Act.OPERATORS: {Role.ADMINISTRATOR, Role.SUPERVISOR},
    Act.KEYS: {Role.KEY_CUSTODIAN, Role.ADMINISTRATOR},
    Act.TARIFF: {Role.TARIFF_MANAGER, Role.ACCOUNTANT},
    Act.CREDIT_LIMIT: {Role.VENDOR_MANAGER, Role.ACCOUNTANT},
    Act.DEPOSIT_REVERSAL: {Role.ACCOUNTANT, Role.SUPERVISOR},
    Act.DEPOSIT_ASSIGNMENT: {Role.ACCOUNTANT, Role.SUPERVISOR},
    Act.SALE_REVERSAL: {Role.SUPERVISOR, Role.ACCOUNTANT},
    Act.DEBT: {Role.ACCOUNTANT, Role.SUPERVISOR},
    Act.FREE_UNITS: {Role.REGISTRAR, Role.SUPERVISOR},
}
"""Who may agree to what another asked for, where a utility doesn't say."""


def _usual_acts() -> dict[Act, Permission]:
    """What takes two people at their desks, where a utility doesn't say: all but a sale of which no digit was shown."""
    alone = {Act.SALE_REVERSAL}
    return {act: Permission(roles=frozenset(it), approvals=int(act not in alone)) for act, it in AGREEING.items()}


class Policy(Section):
    """Everything that a utility leaves to choice.

    Attributes:
        sale: what happens at a sale.
        tenant: what happens when somebody moves.
        tariffs: how prices come into force.
        approvals: how long others may think.
        tid_clock: whose clock TIDs count: UTC as the standard says, or local time as older systems did.
        engineering: who may ask for what is no sale.
        acts: who agrees to what is done at desks; who may ask for it follows from their roles.
    """

    sale: SalePolicy = SalePolicy()
    tenant: TenantPolicy = TenantPolicy()
    tariffs: TariffPolicy = TariffPolicy()
    approvals: ApprovalPolicy = ApprovalPolicy()
    tid_clock: Literal["utc", "local"] = "utc"
    engineering: dict[EngineeringAction, Permission] = Field(default_factory=_usual)
    acts: dict[Act, Permission] = Field(default_factory=_usual_acts)

    def model_post_init(self, _context: Any, /) -> None:  # noqa: ANN401 - pydantic's own
        """Fill up what isn't said with what is usual."""
        object.__setattr__(self, "engineering", _usual() | self.engineering)
        object.__setattr__(self, "acts", _usual_acts() | self.acts)

    def permission(self, action: EngineeringAction | Act) -> Permission:
        """Who may do something, or agree to it."""
        return self.acts[action] if isinstance(action, Act) else self.engineering[action]


def read_policy(document: object) -> Policy:
    """The policy that a document says; what it leaves out is as usual.

    Raises:
        PolicyError: a field is unknown or wrong; the error names the first such.
    """
    try:
        return Policy.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(("policy", *map(str, first["loc"])))
        remedy = "leave it out" if first["type"] == "extra_forbidden" else "see the page on the registry"
        raise PolicyError(field, _decapitalised(first["msg"]), remedy) from None


def _decapitalised(words: str) -> str:
    return words[:1].lower() + words[1:]
