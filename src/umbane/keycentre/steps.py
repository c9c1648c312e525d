"""What can be done in a ceremony, as ceremony files say it and the journal keeps it: one form for both.

Two of them, ``rotate`` and ``compromise``, stand for several others and are spelled out before anything is confirmed;
the journal knows only the others.
"""

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, StringConstraints

from umbane.keycentre.names import as_read
from umbane.keycentre.states import KeyState
from umbane.security import VENDING_TYPES, KeyUse, VendingKeyName
from umbane.sts import DKGA, KRN, SGC, BaseDate

__all__ = [
    "ALGORITHMS",
    "BASE_DATES",
    "Audit",
    "Campaign",
    "Compromise",
    "Enrol",
    "Expire",
    "Found",
    "Generate",
    "Grant",
    "Import",
    "KeyTerms",
    "Limits",
    "Load",
    "NewShares",
    "Revoke",
    "Rotate",
    "SetState",
    "SimpleStep",
    "Step",
    "TopUpModule",
    "key_name",
    "label_of",
]

LARGEST: Final = (1 << 63) - 1
ALGORITHMS: Final = {"DKGA02": DKGA.DES, "DKGA04": DKGA.KDF_HMAC_SHA256}
BASE_DATES: Final = {1993: BaseDate.Y1993, 2014: BaseDate.Y2014, 2035: BaseDate.Y2035}
TYPES: Final = {name: kt for kt, name in VENDING_TYPES.items()}


DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WHEN: Final = "write the day alone, or a moment with its zone: 2026-03-02T10:00:00Z"


def as_moment(value: object) -> object:
    """A day without a time is its first moment in UTC; a number, which could mean seconds, is refused."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, datetime) or (isinstance(value, str) and DAY.match(value)):
        return value
    raise ValueError(WHEN)


def in_utc(value: datetime) -> datetime:
    """A moment in UTC, without parts of seconds; one without a zone is refused."""
    if value.tzinfo is None or value.microsecond:
        raise ValueError(WHEN)
    return value.astimezone(UTC)


Text = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200), AfterValidator(as_read)]
Moment = Annotated[datetime, BeforeValidator(as_moment), AfterValidator(in_utc)]
Amount = Annotated[int, Field(strict=True, ge=0, le=LARGEST)]
KeyLabel = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{6} [1-9] (VDDK|VUDK|VCDK)$")]
ModuleName = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Check = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-fA-F]{6}$", to_lower=True)]
BaseYear = Literal[1993, 2014, 2035]
Ken = Annotated[int, Field(strict=True, ge=0, le=255)]
Names = Annotated[tuple[Text, ...], Field(min_length=2, max_length=255)]


class Part(BaseModel):
    """Anything in a ceremony file: no field more than there is, and nothing changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Found(Part):
    """Found the centre: make its identity and its master key, and give each custodian a share."""

    do: Literal["found"]
    threshold: Annotated[int, Field(strict=True)]
    custodians: Names


class NewShares(Part):
    """Make another master key and give out its shares; the old shares open only what was kept before."""

    do: Literal["new-shares"]
    threshold: Annotated[int, Field(strict=True)]
    custodians: Names


class KeyTerms(Part):
    """What is fixed about a key."""

    key: KeyLabel
    algorithm: Literal["DKGA02", "DKGA04"]
    base_date: BaseYear
    ken: Ken = 255
    active_from: Moment
    expires: Moment


class Generate(KeyTerms):
    """Make a key by chance."""

    do: Literal["generate"]


class Component(Part):
    """A component on paper."""

    holder: Text
    """Who has it, and types it."""
    check: Check


class Import(KeyTerms):
    """Put a key together from components on paper."""

    do: Literal["import"]
    components: Annotated[tuple[Component, ...], Field(min_length=2, max_length=9)]
    """In the order in which they are typed."""
    check_value: Check
    """Of the whole."""


class SetState(Part):
    """Bring a key into another state."""

    do: Literal["state"]
    key: KeyLabel
    to: KeyState
    reason: Text


class Expire(Part):
    """Give a key a shorter KEN."""

    do: Literal["expire"]
    key: KeyLabel
    ken: Ken


class Enrol(Part):
    """Take a module in, by its card."""

    do: Literal["enrol"]
    card: Annotated[str, StringConstraints(strict=True, max_length=2000)]
    """The text of the card."""
    fingerprint: Text
    """As the module's owner reads it from the module itself."""


class Audit(Part):
    """Write down that a module was looked at; until when that counts."""

    do: Literal["audit"]
    module: ModuleName
    by: Text
    report: Text
    valid_until: Moment


class Revoke(Part):
    """Send nothing to a module any more."""

    do: Literal["revoke"]
    module: ModuleName
    reason: Text


class Limits(Part):
    """How much a module may make with a key, and until when."""

    tokens: Amount
    units: Amount
    """In steps of 0.1 kWh."""
    issue_until: Moment


class Grant(Limits):
    """A key for a module."""

    key: KeyLabel
    uses: tuple[KeyUse, ...]
    """None takes the key away from the module."""


class Load(Part):
    """Write a key load file for a module."""

    do: Literal["load"]
    module: ModuleName
    keys: Annotated[tuple[Grant, ...], Field(min_length=1)]
    expires_at: Moment


class TopUpModule(Part):
    """Write an order that lets a module make more with a key."""

    do: Literal["top-up"]
    module: ModuleName
    key: KeyLabel
    tokens: Amount
    units: Amount
    expires_at: Moment


class Campaign(Part):
    """Write the plan by which vending brings all meters from one key to another."""

    do: Literal["campaign"]
    from_key: KeyLabel
    to_key: KeyLabel
    cut_off: Moment
    """From then on vending sells under the new key only."""
    reason: Text


class Rotate(Part):
    """Make the next revision of a key, and let the old one end at its time."""

    do: Literal["rotate"]
    key: KeyLabel
    base_date: BaseYear | None = None
    """Of the new key; None for the old one's."""
    old_until: Moment
    """Until then, at least, meters take tokens under the old one."""
    active_from: Moment
    expires: Moment


class Compromise(Part):
    """Answer that somebody else may have a key: everything that has to be done here, at once."""

    do: Literal["compromise"]
    key: KeyLabel
    reason: Text
    base_date: BaseYear | None = None
    """Of the new key; None for the old one's."""
    old_until: Moment
    """Until then, at least, meters take tokens under the old one: as short as the campaign can be."""
    expires: Moment
    """Of the new key."""
    limits: Limits
    """Of each module that gets it."""
    files_expire_at: Moment
    cut_off: Moment


SimpleStep = (
    Found | NewShares | Generate | Import | SetState | Expire | Enrol | Audit | Revoke | Load | TopUpModule | Campaign
)
"""What the journal keeps."""
Step = Annotated[SimpleStep | Rotate | Compromise, Discriminator("do")]
"""What a ceremony file may say."""


def key_name(label: str) -> VendingKeyName:
    """What the standard calls the key of this label."""
    sgc, krn, type_ = label.split()
    return VendingKeyName(SGC.parse(sgc), KRN(int(krn)), TYPES[type_])


def label_of(name: VendingKeyName) -> str:
    """What a ceremony file calls this key."""
    return f"{name.sgc} {name.krn} {VENDING_TYPES[name.kt]}"
