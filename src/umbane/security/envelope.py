"""What a centre sends to one module: numbered, for a time, for one realm, signed. Refused by the name of the reason.

All that a centre ever sends to a module, key load files and top-up orders alike, has one series of numbers. A module
keeps the last number that it took, and takes only higher ones: nothing can be taken twice, or after what replaced it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from umbane.security.documents import Fields, instant, instant_text, read, signed, unsigned
from umbane.security.errors import (
    AlteredError,
    ExpiredError,
    NotYetActiveError,
    OtherModuleError,
    OtherRealmError,
    ReplayedError,
    WrongCentreError,
)
from umbane.security.identity import CentreCard, CentreIdentity, ModuleCard, realm
from umbane.security.models import Realm

__all__ = ["Envelope", "opened", "sent"]

NAMES: Final = {"centre", "module", "module_name", "realm", "serial", "made_at", "valid_from", "expires_at"}
LAST_SERIAL: Final = (1 << 63) - 1
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is written on the outside.

    Raises:
        AlteredError: the number isn't 1 or more, or the times don't follow each other.
    """

    centre: str
    """The fingerprint of the centre's card."""
    module: str
    """The fingerprint of the module's card."""
    module_name: str
    realm: Realm
    serial: int
    """From 1 on, each higher than all that this module was sent before."""
    made_at: datetime
    valid_from: datetime
    expires_at: datetime
    """From this moment on it is not taken any more."""

    def __post_init__(self) -> None:
        if type(self.serial) is not int or not 1 <= self.serial <= LAST_SERIAL:
            raise AlteredError("the serial number is none")
        if not self.made_at <= self.valid_from < self.expires_at:
            raise AlteredError("it would have to be made first, then be valid, and then expire")

    @classmethod
    def to(  # noqa: PLR0913 - what is written on the outside
        cls,
        module: ModuleCard,
        centre: CentreCard,
        serial: int,
        *,
        made_at: datetime,
        expires_at: datetime,
        valid_from: datetime | None = None,
    ) -> "Envelope":
        """One for this module; valid from when it is made, unless told otherwise.

        Raises:
            OtherRealmError: the module is of another realm than the centre.
        """
        if module.realm is not centre.realm:
            realms = f"of the {module.realm} realm, and the centre {centre.name} of the {centre.realm} realm"
            raise OtherRealmError(f"the module {module.name} is {realms}")
        names = centre.fingerprint, module.fingerprint, module.name, centre.realm
        return cls(*names, serial, made_at, valid_from or made_at, expires_at)

    def fields(self) -> Fields:
        """As fields of a document."""
        return {
            "centre": self.centre,
            "module": self.module,
            "module_name": self.module_name,
            "realm": str(self.realm),
            "serial": self.serial,
            "made_at": instant_text(self.made_at),
            "valid_from": instant_text(self.valid_from),
            "expires_at": instant_text(self.expires_at),
        }

    @classmethod
    def of(cls, fields: Fields) -> "Envelope":
        """From fields that the centre signed."""
        made_at, valid_from, expires_at = (instant(fields[name]) for name in ("made_at", "valid_from", "expires_at"))
        centre, module, name = (str(fields[name]) for name in ("centre", "module", "module_name"))
        return cls(centre, module, name, realm(fields["realm"]), fields["serial"], made_at, valid_from, expires_at)

    def require_taken(self, kind: str, module: ModuleCard, last_serial: int, now: datetime) -> None:
        """Refuse what is for another module, was taken before, or is out of its time."""
        what = f"this {kind} (number {self.serial} for {self.module_name})"
        if self.realm is not module.realm:
            raise OtherRealmError(f"{what} is for the {self.realm} realm, and {module.name} is of the {module.realm}")
        if self.module != module.fingerprint:
            named = "another module of the same name" if self.module_name == module.name else "another module"
            raise OtherModuleError(f"{what} is for {named}: here is {module.name}, {module.fingerprint}")
        if self.serial <= last_serial:
            raise ReplayedError(f"{what} comes too late: number {last_serial} was taken already")
        if now < self.valid_from:
            raise NotYetActiveError(f"{what} is valid only from {instant_text(self.valid_from)}")
        if now >= self.expires_at:
            raise ExpiredError(f"{what} expired at {instant_text(self.expires_at)}")


def sent(kind: str, envelope: Envelope, content: Fields, centre: CentreIdentity) -> bytes:
    """A signed document: envelope and content."""
    return signed(kind, VERSION, {**envelope.fields(), **content}, centre.sign)


def opened(kind: str, text: bytes, names: set[str], centre: CentreCard) -> tuple[Envelope, Fields]:
    """Envelope and content of a document that the centre signed; whether it is to be taken is another question.

    Args:
        kind: of the document.
        text: the document.
        names: of the content's fields.
        centre: the one that is trusted.

    Raises:
        DocumentError: it isn't one; the kind of the error says why.
    """
    fields = read(kind, VERSION, text)
    if fields.get("centre") != centre.fingerprint:
        raise WrongCentreError(
            f"this {kind} is of another centre: here {centre.name}, {centre.fingerprint}, is trusted"
        )
    rest = unsigned(kind, VERSION, fields, centre.verify)
    if set(rest) != NAMES | names:
        raise AlteredError(f"this {kind} has other fields than it should")
    return Envelope.of({name: rest.pop(name) for name in NAMES}), rest
