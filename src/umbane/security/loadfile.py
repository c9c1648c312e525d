"""Key load files: vending keys on their way to exactly one module, with what it may do with each and how much.

The format is Umbane's own. It is not that of STS 600-4-2, whose details are not public, and no other maker's module
reads it. It is one signed document (see ``documents`` and ``envelope``): the keys are sealed to the module by HPKE
(RFC 9180) together with all that stands outside, and the centre signs everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from umbane.errors import UmbaneError
from umbane.security.documents import Fields, canonical, instant, instant_text, packed, parsed, unpacked
from umbane.security.envelope import Envelope, opened, sent
from umbane.security.errors import AlteredError, OtherRealmError
from umbane.security.identity import CentreCard, CentreIdentity, ModuleCard, ModuleIdentity
from umbane.security.models import Quota, Realm, VendingKeyName
from umbane.security.vault import RealmKey, check_value
from umbane.sts import DKGA, KEN, KRN, KT, SGC, BaseDate, VendingKey

__all__ = [
    "LOAD_FILE",
    "KeyGrant",
    "KeyUse",
    "LoadFile",
    "grant_fields",
    "key_label",
    "load_file",
    "open_load_file",
    "read_grant",
    "require_quota",
    "require_whole",
]

LOAD_FILE: Final = "umbane key load file"
CONTENT: Final = "umbane vending keys"
"""What the sealed part calls itself in an error."""

LARGEST: Final = (1 << 63) - 1
VENDING_TYPES: Final = {KT.DDTK: "VDDK", KT.DUTK: "VUDK", KT.DCTK: "VCDK"}
"""What vending keys are called, by the type of the decoder keys that they make."""


class KeyUse(StrEnum):
    """What a module may do with a key; what isn't said it may not."""

    CREDIT = "credit"
    """Tokens of class 0."""
    ENGINEERING = "engineering"
    """Tokens of class 2 that aren't part of a key change: clear credit, clear tamper, power limits and so on."""
    CHANGE_FROM = "change-from"
    """Take meters away from this key."""
    CHANGE_TO = "change-to"
    """Bring meters to this key."""


def require_whole(value: object) -> None:
    """Refuse what is no amount."""
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise AlteredError(f"an amount isn't a whole number of 0 to {LARGEST}")


def require_quota(quota: Quota) -> None:
    """Refuse a quota of which a part is no amount."""
    for amount in quota:
        if amount is not None:
            require_whole(amount)


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """A vending key, and what a module may do with it.

    Raises:
        AlteredError: the times don't follow each other, or an amount isn't a whole number.
    """

    held: RealmKey
    active_from: datetime
    """Before this the module makes nothing with it (ACT)."""
    expires: datetime
    """From this on the key is over for everybody (EXP)."""
    issue_until: datetime
    """From this on the module is inhibited and needs a newer file (IUT): a stolen module dies by itself."""
    uses: frozenset[KeyUse]
    quota: Quota
    """How far its counters may go in this module, counted from the first token on; top-up orders add to it."""

    def __post_init__(self) -> None:
        require_quota(self.quota)
        if not self.active_from < self.issue_until <= self.expires:
            raise AlteredError("a key would have to be active first, then inhibited, and then expire")

    @property
    def key(self) -> VendingKey:
        """The vending key."""
        return self.held.key

    @property
    def name(self) -> VendingKeyName:
        """What it is called."""
        return VendingKeyName(self.key.sgc, self.key.krn, self.key.kt)


@dataclass(frozen=True, slots=True)
class LoadFile:
    """A key load file that was opened and found in order."""

    envelope: Envelope
    grants: tuple[KeyGrant, ...]


def key_label(key: VendingKey) -> str:
    """What a key is called where people read it, with its check value: SGC, KRN, type, six digits."""
    return f"{key.sgc} {key.krn} {VENDING_TYPES[key.kt]} {check_value(key)}"


def load_file(envelope: Envelope, grants: Sequence[KeyGrant], module: ModuleCard, centre: CentreIdentity) -> bytes:
    """Write a key load file.

    Raises:
        OtherRealmError: a key is of another realm than the file.
        AlteredError: the envelope is for another module, or a key is in it twice.
    """
    for grant in grants:
        if grant.held.realm is not envelope.realm:
            realms = f"of the {grant.held.realm} realm, and the file is for the {envelope.realm} realm"
            raise OtherRealmError(f"the key {key_label(grant.key)} is {realms}")
    if envelope.module != module.fingerprint:
        raise AlteredError(f"the envelope is for {envelope.module_name}, and the keys would be sealed to {module.name}")
    require_distinct(grants)
    outside = {**envelope.fields(), "keys": [key_label(grant.key) for grant in grants]}
    inside = canonical({"keys": [grant_fields(grant) for grant in grants]})
    sealed = packed(module.seal(inside, canonical(outside)))
    return sent(LOAD_FILE, envelope, {"keys": outside["keys"], "sealed": sealed}, centre)


def open_load_file(
    text: bytes, *, module: ModuleIdentity, centre: CentreCard, last_serial: int, now: datetime
) -> LoadFile:
    """Open a key load file as the module that it is for.

    Args:
        text: the file.
        module: who opens it.
        centre: the centre that it trusts.
        last_serial: the number of what it took last from this centre; 0 if that is nothing.
        now: the moment.

    Raises:
        OtherDocumentError: it is something else than a key load file.
        UnknownVersionError: it is of another version.
        WrongCentreError: another centre made it.
        AlteredError: it isn't what the centre wrote.
        OtherRealmError: it is for the other realm.
        OtherModuleError: it is for another module.
        ReplayedError: it, or a later one, was taken before.
        NotYetActiveError: its time has not come.
        ExpiredError: its time is over.
    """
    envelope, content = opened(LOAD_FILE, text, {"keys", "sealed"}, centre)
    envelope.require_taken(LOAD_FILE, module.card, last_serial, now)
    outside = canonical({**envelope.fields(), "keys": content["keys"]})
    inside = parsed(CONTENT, module.unseal(unpacked(content["sealed"]), outside))
    try:
        grants = tuple(read_grant(envelope.realm, fields) for fields in inside["keys"])
    except (KeyError, TypeError, ValueError, UmbaneError):  # nothing of it is repeated: it may be a key
        raise AlteredError("the keys in the file can't be read, though the centre signed it") from None
    if [key_label(grant.key) for grant in grants] != content["keys"]:
        raise AlteredError("the keys in the file aren't those that are named on its outside")
    require_distinct(grants)
    return LoadFile(envelope, grants)


def require_distinct(grants: Sequence[KeyGrant]) -> None:
    """Refuse two keys of one name."""
    if len({grant.name for grant in grants}) != len(grants):
        raise AlteredError("a key is in the file twice")


def grant_fields(grant: KeyGrant) -> Fields:
    """A key and what may be done with it, as fields. They hold the key itself."""
    key = grant.key
    return {
        "secret": key.secret.hex(),
        "dkga": int(key.dkga),
        "sgc": str(key.sgc),
        "krn": key.krn.value,
        "kt": int(key.kt),
        "base_date": str(key.base_date),
        "ken": key.ken.value,
        "active_from": instant_text(grant.active_from),
        "expires": instant_text(grant.expires),
        "issue_until": instant_text(grant.issue_until),
        "uses": sorted(grant.uses),
        "tokens": grant.quota.tokens,
        "units": grant.quota.units,
    }


def read_grant(realm: Realm, fields: dict[str, Any]) -> KeyGrant:
    """The same read."""
    key = VendingKey(
        bytes.fromhex(fields["secret"]),
        DKGA(fields["dkga"]),
        SGC.parse(fields["sgc"]),
        KRN(fields["krn"]),
        KT(fields["kt"]),
        BaseDate(fields["base_date"]),
        KEN(fields["ken"]),
    )
    return KeyGrant(
        RealmKey(realm, key),
        instant(fields["active_from"]),
        instant(fields["expires"]),
        instant(fields["issue_until"]),
        frozenset(map(KeyUse, fields["uses"])),
        Quota(fields["tokens"], fields["units"]),
    )
