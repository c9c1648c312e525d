"""What a utility knows: itself, its customers and where they live, its meters, its vendors, its people.

Every value is what it says it is: one that can't be raises `RegistryInputError` when it is made. Names and addresses
are in the form that `texts.clean` gives.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from umbane.pricing import Currency, CustomerState
from umbane.registry import texts
from umbane.registry.errors import RegistryInputError
from umbane.registry.keys import KeyParameters, KeyPhase
from umbane.registry.policy import Policy
from umbane.registry.roles import Role
from umbane.sts import EA, TCT, MeterPAN

__all__ = [
    "LEGAL_MOVES",
    "ApiKey",
    "ApiKeyLimits",
    "Contract",
    "Customer",
    "Meter",
    "MeterState",
    "Operator",
    "Phase",
    "ServicePoint",
    "Terminal",
    "Utility",
    "Vendor",
]


@dataclass(frozen=True, slots=True)
class Utility:
    """Somebody who sells electricity: a utility, a municipality, a landlord.

    Attributes:
        id: ours.
        code: short, for command lines and addresses: "tshwane".
        name: for people.
        currency: of all its money.
        zone: whose days and months its tariffs go by.
        languages: of its receipts, the usual one first.
        policy: what it leaves to choice.
        edition: grows with every change of what its sales go by.
    """

    id: UUID
    code: str
    name: str
    currency: Currency
    zone: ZoneInfo
    languages: tuple[str, ...]
    policy: Policy
    edition: int = 1

    def __post_init__(self) -> None:
        texts.utility_code(self.code)
        texts.require_clean(("name", self.name))
        if not self.languages:
            raise RegistryInputError("languages", "there is none", "give at least one, such as en")
        for language in self.languages:
            texts.language(language)


@dataclass(frozen=True, slots=True)
class Customer:
    """A person or a company.

    Attributes:
        id: ours.
        name: as it is written on a receipt.
        phone, email, id_number, language: None where they are not known.
    """

    id: UUID
    name: str
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    id_number: str | None = field(default=None, repr=False)
    language: str | None = None

    def __post_init__(self) -> None:
        texts.require_clean(("name", self.name), ("id_number", self.id_number))
        for field_name, check in (("phone", texts.phone), ("email", texts.email), ("language", texts.language)):
            value = getattr(self, field_name)
            if value is not None and check(value) != value:
                raise RegistryInputError(
                    field_name, "it is not in the form that is kept", f"pass it through {field_name}()"
                )


class Phase(StrEnum):
    """The conductors that a place is supplied by."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L123 = "L123"
    """All three."""


@dataclass(frozen=True, slots=True)
class ServicePoint:
    """A place that is supplied, and where in the network it hangs.

    Attributes:
        id: ours.
        address: for people.
        feeder, transformer, pole: the utility's names for them, from the substation to the street.
        phase: None where it isn't known.
    """

    id: UUID
    address: str
    feeder: str | None = None
    transformer: str | None = None
    pole: str | None = None
    phase: Phase | None = None

    def __post_init__(self) -> None:
        texts.require_clean(("address", self.address), ("feeder", self.feeder))
        texts.require_clean(("transformer", self.transformer), ("pole", self.pole))


@dataclass(frozen=True, slots=True)
class Contract:
    """Who pays for what is used at a place, by which tariff.

    Attributes:
        id: ours.
        customer_id: who.
        service_point_id: where.
        account_no: the utility's own number for it.
        tariff_id: by which tariff.
        opened: the first day.
        closed: the last day; None while it is open.
        state: what the next price depends on.
        version: how often that has changed.
    """

    id: UUID
    customer_id: UUID
    service_point_id: UUID
    account_no: str
    tariff_id: str
    opened: date
    closed: date | None = None
    state: CustomerState = field(default_factory=CustomerState)
    version: int = 0

    def __post_init__(self) -> None:
        texts.account(self.account_no)
        if self.closed is not None and self.closed < self.opened:
            raise RegistryInputError("closed", f"{self.closed} is before it was opened", f"{self.opened} or later")


class MeterState(StrEnum):
    """What has become of a meter."""

    STOCKED = "stocked"
    """In the store."""
    INSTALLED = "installed"
    """At a place, in use."""
    BLOCKED = "blocked"
    """At a place; nothing may be sold to it."""
    REMOVED = "removed"
    """Taken down, to be looked at."""
    SCRAPPED = "scrapped"
    """Gone for ever."""


LEGAL_MOVES: Final[Mapping[MeterState, frozenset[MeterState]]] = MappingProxyType(
    {
        MeterState.STOCKED: frozenset({MeterState.INSTALLED, MeterState.SCRAPPED}),
        MeterState.INSTALLED: frozenset({MeterState.BLOCKED, MeterState.REMOVED}),
        MeterState.BLOCKED: frozenset({MeterState.INSTALLED, MeterState.REMOVED}),
        MeterState.REMOVED: frozenset({MeterState.STOCKED, MeterState.INSTALLED, MeterState.SCRAPPED}),
        MeterState.SCRAPPED: frozenset(),
    }
)
"""What may become of a meter next. The database holds the same table and refuses everything else."""


@dataclass(frozen=True, slots=True)
class Meter:
    """A payment meter.

    Attributes:
        id: ours.
        pan: its number.
        ea, tct: its algorithm and its carrier of tokens.
        key: the parameters of the key it has.
        model: of its maker; None where it isn't known.
        state: what has become of it.
        service_point_id: where it hangs; None for one that hangs nowhere.
        contract_id: who pays for what goes through it; None at a vacant place.
        key_phase: how far it is with a change of its key.
        pending: the key it is to have, or may have already; None while the key is settled.
        last_minute: the last TID that it came with, counted from 1993 whatever the base date; None for a new one. Later
            ones are with the tokens that were sold.
    """

    id: UUID
    pan: MeterPAN
    ea: EA
    tct: TCT
    key: KeyParameters
    model: str | None = None
    state: MeterState = MeterState.STOCKED
    service_point_id: UUID | None = None
    contract_id: UUID | None = None
    key_phase: KeyPhase = KeyPhase.SETTLED
    pending: KeyParameters | None = None
    last_minute: int | None = None

    def __post_init__(self) -> None:
        texts.require_clean(("model", self.model))
        hangs = self.state in {MeterState.INSTALLED, MeterState.BLOCKED}
        if hangs != (self.service_point_id is not None):
            raise RegistryInputError("state", f"{self.state} doesn't fit its place", "a place for one that hangs")
        if self.contract_id is not None and not hangs:
            raise RegistryInputError("contract", "a meter that hangs nowhere has one", "install it first")
        if (self.pending is None) != (self.key_phase is KeyPhase.SETTLED):
            raise RegistryInputError("pending", f"doesn't fit the phase {self.key_phase}", "a key unless it is settled")


@dataclass(frozen=True, slots=True)
class Vendor:
    """Somebody who sells for the utility.

    Attributes:
        id: ours.
        code: the utility's own.
        name: for people.
        credit_limit: minor units that the float may go below zero.
        blocked: whether selling is stopped.
    """

    id: UUID
    code: str
    name: str
    credit_limit: int = 0
    blocked: bool = False

    def __post_init__(self) -> None:
        texts.code("code", self.code)
        texts.require_clean(("name", self.name))
        if self.credit_limit < 0:
            raise RegistryInputError("credit_limit", f"{self.credit_limit} is below zero", "0 or more, in minor units")


@dataclass(frozen=True, slots=True)
class Terminal:
    """One till of a vendor. Attributes: its id, its vendor, its code among the vendor's, whether it is stopped."""

    id: UUID
    vendor_id: UUID
    code: str
    blocked: bool = False

    def __post_init__(self) -> None:
        texts.code("code", self.code)


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who signs in.

    Attributes:
        id: ours.
        name: to sign in with.
        full_name: for people.
        roles: what they may do.
        vendor_id: at whose till; None for staff of the utility.
        password_hash: Argon2id, in its own notation; None before the first password is set.
        totp_secret: sealed by whoever checks the codes; None before the second factor is set up.
        blocked: whether signing in is stopped.
        person: who it is, by a personnel number or a name: several operators may be one person. Their own name if
            nothing is said.
    """

    id: UUID
    name: str
    full_name: str
    roles: frozenset[Role]
    vendor_id: UUID | None = None
    password_hash: str | None = field(default=None, repr=False)
    totp_secret: bytes | None = field(default=None, repr=False)
    blocked: bool = False
    person: str = ""

    def __post_init__(self) -> None:
        texts.code("name", self.name)
        object.__setattr__(self, "person", texts.code("person", self.person or self.name).lower())
        texts.require_clean(("full_name", self.full_name))


@dataclass(frozen=True, slots=True)
class ApiKeyLimits:
    """How much a key may do; None for no limit of its own.

    Attributes:
        requests_per_minute: how often it may be used.
        money_per_sale: in minor units.
        money_per_day: in minor units.
    """

    requests_per_minute: int | None = None
    money_per_sale: int | None = None
    money_per_day: int | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise RegistryInputError(name, f"{value} is no limit", "a whole number from 1, or none")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program that may sell for a terminal. What it shows to be let in is not kept.

    Attributes:
        id: ours; the secret begins with it.
        utility_id, vendor_id, terminal_id: for whom it acts.
        label: for people.
        scopes: what it may ask for.
        limits: how much it may do.
        issued_at: since when.
        revoked_at: until when; None while it works.
    """

    id: UUID
    utility_id: UUID
    vendor_id: UUID
    terminal_id: UUID
    label: str
    scopes: frozenset[str]
    limits: ApiKeyLimits
    issued_at: datetime
    revoked_at: datetime | None = None
