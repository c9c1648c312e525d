"""Campaign plans: a centre tells vending which vending key meters leave, and which they get. No key is in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from umbane.errors import UmbaneError
from umbane.security.documents import Fields, instant, instant_text, read, signed, unsigned
from umbane.security.errors import AlteredError, OtherRealmError, WrongCentreError
from umbane.security.identity import CentreCard, CentreIdentity, realm
from umbane.security.loadfile import VENDING_TYPES
from umbane.security.models import Realm, VendingKeyName
from umbane.sts import DKGA, KEN, KRN, KT, SGC, BaseDate

__all__ = ["CAMPAIGN", "CampaignPlan", "campaign_plan", "read_campaign"]

CAMPAIGN: Final = "umbane campaign plan"
VERSION: Final = 1
NAMES: Final = {"centre", "realm", "made_at", "reason", "from", "to", "start", "cut_off", "modules"}


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """From which vending key to which all meters go.

    Raises:
        AlteredError: the times don't follow each other, or both keys are the same.
    """

    centre: str
    """The fingerprint of the centre's card."""
    realm: Realm
    made_at: datetime
    reason: str
    old: VendingKeyName
    new: VendingKeyName
    dkga: DKGA
    """Of the new key, like what follows."""
    base_date: BaseDate
    ken: KEN
    check: str
    """Its check value."""
    start: datetime
    """From then on a meter gets it with the next purchase."""
    cut_off: datetime
    """From then on nothing is sold under the old key."""
    modules: tuple[str, ...]
    """Those that were sent the new key."""

    def __post_init__(self) -> None:
        if not self.made_at <= self.start < self.cut_off:
            raise AlteredError("a plan would have to be made first, then start, and then cut off")
        if self.old == self.new:
            raise AlteredError("the plan leads from a key to the same key")

    @property
    def label(self) -> str:
        """What the new key is called, with its check value, as on the outside of key load files."""
        return f"{labelled(self.new)} {self.check}"


def campaign_plan(plan: CampaignPlan, centre: CentreIdentity) -> bytes:
    """Write a plan."""
    fields = {
        "centre": plan.centre,
        "realm": str(plan.realm),
        "made_at": instant_text(plan.made_at),
        "reason": plan.reason,
        "from": name_fields(plan.old),
        "to": name_fields(plan.new)
        | {"dkga": int(plan.dkga), "base_date": str(plan.base_date), "ken": plan.ken.value, "check": plan.check},
        "start": instant_text(plan.start),
        "cut_off": instant_text(plan.cut_off),
        "modules": list(plan.modules),
    }
    return signed(CAMPAIGN, VERSION, fields, centre.sign)


def read_campaign(text: bytes, centre: CentreCard) -> CampaignPlan:
    """What a plan says, when this centre made it.

    Raises:
        OtherDocumentError, UnknownVersionError: it is something else than such a plan.
        WrongCentreError: another centre made it.
        AlteredError: it isn't what the centre wrote.
        OtherRealmError: it is for the other realm than the centre is of.
    """
    fields = read(CAMPAIGN, VERSION, text)
    if fields.get("centre") != centre.fingerprint:
        raise WrongCentreError(
            f"this {CAMPAIGN} is of another centre: the card is of {centre.name}, {centre.fingerprint}"
        )
    rest = unsigned(CAMPAIGN, VERSION, fields, centre.verify)
    if set(rest) != NAMES:
        raise AlteredError(f"this {CAMPAIGN} has other fields than it should")
    try:
        plan = plan_of(rest)
    except (KeyError, TypeError, ValueError, UmbaneError):
        raise AlteredError(f"this {CAMPAIGN} can't be read, though the centre signed it") from None
    if plan.realm is not centre.realm:
        raise OtherRealmError(f"this {CAMPAIGN} is for the {plan.realm} realm, and its centre of the {centre.realm}")
    return plan


def plan_of(fields: Fields) -> CampaignPlan:
    """From fields that the centre signed."""
    new = fields["to"]
    return CampaignPlan(
        str(fields["centre"]),
        realm(fields["realm"]),
        instant(fields["made_at"]),
        str(fields["reason"]),
        name_of(fields["from"]),
        name_of(new),
        DKGA(new["dkga"]),
        BaseDate(new["base_date"]),
        KEN(new["ken"]),
        str(new["check"]),
        instant(fields["start"]),
        instant(fields["cut_off"]),
        tuple(map(str, fields["modules"])),
    )


def labelled(name: VendingKeyName) -> str:
    """What people call a vending key: SGC, KRN, type."""
    return f"{name.sgc} {name.krn} {VENDING_TYPES[name.kt]}"


def name_fields(name: VendingKeyName) -> Fields:
    """A vending key's name, as fields."""
    return {"sgc": str(name.sgc), "krn": name.krn.value, "kt": int(name.kt)}


def name_of(fields: Fields) -> VendingKeyName:
    """The same read."""
    return VendingKeyName(SGC.parse(fields["sgc"]), KRN(fields["krn"]), KT(fields["kt"]))
