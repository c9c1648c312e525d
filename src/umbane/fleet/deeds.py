"""What can happen to a meter, as whoever did it tells it, and in which states it can."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from umbane.errors import shown
from umbane.fleet.errors import FleetInputError, IllegalEventError
from umbane.fleet.models import SHA256
from umbane.registry import MeterState
from umbane.registry.texts import code, require_clean
from umbane.sts import EA, KT, TCT

__all__ = [
    "FAULTS",
    "LEGAL",
    "Arrangement",
    "Block",
    "Cause",
    "ChangeTenant",
    "Contra",
    "Convert",
    "Deed",
    "Install",
    "Move",
    "Photo",
    "Remove",
    "Replace",
    "Report",
    "Restock",
    "Scrap",
    "Site",
    "Stock",
    "Unblock",
    "kind_of",
    "read_report",
    "require_legal",
]

LONGEST_ID: Final = 64
MOST_UNITS: Final = 18_201_624
"""Tenths of a kWh that a credit token can carry (IEC 62055-41 6.3.5)."""
PLACE: Final = re.compile(r"-?[0-9]{1,2}\.[0-9]{4,7},-?[0-9]{1,3}\.[0-9]{4,7}", re.ASCII)


class Cause(StrEnum):
    """Why a meter was taken down."""

    DEAD = "dead"
    DISPLAY = "display"
    KEYPAD = "keypad"
    RELAY = "relay"
    BATTERY = "battery"
    INACCURATE = "inaccurate"
    TOKENS = "tokens"
    """It takes none."""
    LIGHTNING = "lightning"
    TAMPERING = "tampering"
    DAMAGE = "damage"
    UPGRADE = "upgrade"
    REQUEST = "request"
    """The customer, or the end of the supply."""


FAULTS: Final = frozenset(
    {Cause.DEAD, Cause.DISPLAY, Cause.KEYPAD, Cause.RELAY, Cause.BATTERY, Cause.INACCURATE, Cause.TOKENS}
)
"""[choice] What the supplier answers for; lightning and people are nobody's fault of those."""


class Photo(Struct, frozen=True, forbid_unknown_fields=True):
    """A picture by its reference.

    Attributes:
        name: where it is kept.
        sha256: of its file.
    """

    name: str
    sha256: str

    def __post_init__(self) -> None:
        require_clean(("name", self.name))
        if not SHA256.fullmatch(self.sha256):
            raise FleetInputError("sha256", f"{shown(self.sha256)} is none", "64 small hexadecimal digits")


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """What was found where a meter was hung up.

    Attributes:
        checks: what was looked at, and whether it was right.
        photos: what shows it.
        gps: latitude and longitude in degrees, "-25.746111,28.188056".
        seals: their numbers.
    """

    checks: dict[str, bool] = {}
    photos: tuple[Photo, ...] = ()
    gps: str | None = None
    seals: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for it in (*self.checks, *self.seals):
            code("site", it)
        if self.gps is not None and not PLACE.fullmatch(self.gps):
            raise FleetInputError("gps", f"{shown(self.gps)} is no place", "degrees, such as -25.746111,28.188056")


class Deed(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag=str.lower):
    """What happened. Meters are named by their numbers, places by an account there or by their id.

    Attributes:
        meter: the number of the meter that it happened to, as it was typed.
    """

    meter: str


class Stock(Deed, frozen=True, kw_only=True):
    """A new meter came into the store.

    Attributes:
        model, firmware: of it.
        sgc, krn, ti, kt: of its key, as the supplier coded it.
        ea, tct: its algorithm and its carrier of tokens.
        delivered: the day; None for the day it was told.
    """

    model: str
    sgc: int
    krn: int
    ti: int
    kt: int = 2
    ea: int = 7
    tct: int = 2
    firmware: str | None = None
    delivered: date | None = None

    def __post_init__(self) -> None:
        for field, value, every in (("kt", self.kt, KT), ("ea", self.ea, EA), ("tct", self.tct, TCT)):
            if value not in {int(it) for it in every}:
                raise FleetInputError(
                    field, f"{shown(value)} is none", f"one of {', '.join(str(int(it)) for it in every)}"
                )


class Restock(Deed, frozen=True, kw_only=True):
    """A meter that was taken down was found good and is in the store again."""


class Install(Deed, frozen=True, kw_only=True):
    """A meter was hung up where none hung.

    Attributes:
        place: an account number there, or the id of the place.
        site: what was found there.
    """

    place: str
    site: Site = Site()


class Replace(Deed, frozen=True, kw_only=True):
    """Another meter was hung in the place of one. Blocks and debts stay with the account.

    Attributes:
        by: the number of the other one.
        cause: why.
        closing: tenths of a kWh that the old one still had, and the new one gets; below 0 for what it had lent.
        terminal: the till that makes the token for it, as OFFICE/DESK-1 or by its id; needed where there is something
            to carry over.
        site: what was found there.
    """

    by: str
    cause: Cause
    closing: int
    terminal: str | None = None
    site: Site = Site()

    def __post_init__(self) -> None:
        if not -MOST_UNITS <= self.closing <= MOST_UNITS:
            raise FleetInputError("closing", f"{shown(self.closing)} is no balance", f"tenths, up to {MOST_UNITS}")
        if self.closing > 0 and self.terminal is None:
            raise FleetInputError("terminal", "none is named", "the till that makes the credit transfer token")


class Move(Deed, frozen=True, kw_only=True):
    """A meter was taken from one place to another. What it holds goes with it.

    Attributes:
        place: an account number there, or the id of the place.
        site: what was found there.
    """

    place: str
    site: Site = Site()


class ChangeTenant(Deed, frozen=True, kw_only=True, tag="change_tenant"):
    """Another customer took the place of a meter over: blocks start anew, and debts go as the policy says.

    Attributes:
        account: the number of the new account.
        name, phone, email, id_number: of a customer who is new; or
        customer: the id of one who is known.
        tariff: of the new account; None for that of the old one.
    """

    account: str
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    id_number: str | None = None
    customer: UUID | None = None
    tariff: str | None = None

    def __post_init__(self) -> None:
        if (self.name is None) is (self.customer is None):
            raise FleetInputError("name", "the new customer isn't named once", "give a name, or the id of a customer")


class Block(Deed, frozen=True, kw_only=True):
    """Nothing is to be sold to a meter."""


class Unblock(Deed, frozen=True, kw_only=True):
    """A blocked meter is to be sold to again."""


class Remove(Deed, frozen=True, kw_only=True):
    """A meter was taken down.

    Attributes:
        cause: why.
        closing: tenths of a kWh that it still had; None where that couldn't be read.
    """

    cause: Cause
    closing: int | None = None


class Scrap(Deed, frozen=True, kw_only=True):
    """A meter was destroyed."""


class Arrangement(Struct, frozen=True, forbid_unknown_fields=True):
    """A debt from the time before, and how it is paid.

    Attributes:
        debt: its kind, by the name of the tariff's rule or any other.
        owed: minor units.
        percent: of each purchase, as "30"; or
        instalment: minor units a month; neither where the tariff has a rule.
    """

    debt: str
    owed: int
    percent: str | None = None
    instalment: int | None = None


class Convert(Deed, frozen=True, kw_only=True):
    """A place that was billed got a prepayment meter; what is owed is paid off with purchases.

    Attributes:
        account: the account there, which was billed up to now.
        tariff: for prepayment.
        reading: of the old meter in Wh, the last to be billed.
        arrears: what is owed, with arrangements.
        site: what was found there.
    """

    account: str
    tariff: str
    reading: int
    arrears: tuple[Arrangement, ...] = ()
    site: Site = Site()


class Contra(Deed, frozen=True, kw_only=True):
    """An event was told that didn't happen like that, and is taken back.

    Attributes:
        event: the id under which it was told.
    """

    event: str


AnyDeed = (
    Stock | Restock | Install | Replace | Move | ChangeTenant | Block | Unblock | Remove | Scrap | Convert | Contra
)  # fmt: skip


class Report(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody tells.

    Attributes:
        id: the teller's own, unique for ever in a utility: the same again gets the same answer. A work order's number.
        at: when it happened, with its zone.
        reason: why.
        deed: what.
    """

    id: str
    at: datetime
    reason: str
    deed: AnyDeed

    def __post_init__(self) -> None:
        require_clean(("id", self.id), ("reason", self.reason))
        if len(self.id) > LONGEST_ID:
            raise FleetInputError("id", f"it has {len(self.id)} characters", f"at most {LONGEST_ID}")
        if self.at.tzinfo is None:
            raise FleetInputError("at", f"{self.at} has no zone", "such as 2026-03-12T09:00:00+02:00")


def read_report(document: object) -> Report:
    """What a document of JSON or YAML tells.

    Raises:
        FleetInputError: a field is missing, unknown or wrong.
    """
    try:
        return msgspec.convert(document, Report, strict=False)
    except msgspec.ValidationError as error:
        raise FleetInputError(
            "event", str(error), "digits that are a name go in quotes; see the page on the fleet"
        ) from None


def kind_of(deed: Deed) -> str:
    """The name of what happened."""
    return str(deed.__struct_config__.tag)


STOCKED, INSTALLED, BLOCKED, REMOVED, _SCRAPPED = MeterState
HANGING: Final = frozenset({INSTALLED, BLOCKED})
LYING: Final = frozenset({STOCKED, REMOVED})

LEGAL: Final[Mapping[type[Deed], frozenset[MeterState]]] = MappingProxyType(
    {
        Stock: frozenset(),
        Restock: frozenset({REMOVED}),
        Install: LYING,
        Replace: HANGING,
        Move: frozenset({INSTALLED}),
        ChangeTenant: HANGING,
        Block: frozenset({INSTALLED}),
        Unblock: frozenset({BLOCKED}),
        Remove: HANGING,
        Scrap: LYING,
        Convert: LYING,
    }
)
"""In which states each thing can happen to a meter; a new meter has none. What a contra event may take back has rules
of its own. The meter that takes another's place must be one that can be installed."""


def require_legal(deed: type[Deed], state: MeterState, number: object) -> None:
    """Refuse what can't happen to a meter in this state.

    Raises:
        IllegalEventError: it can't.
    """
    if state not in LEGAL[deed]:
        states = " or ".join(sorted(LEGAL[deed])) or "new"
        name = str(deed.__struct_config__.tag).replace("_", " ")
        raise IllegalEventError(f"{name}: meter {number} is {state}, and would have to be {states}")
