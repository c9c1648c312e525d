"""Models of meters, and what shows that they may be used. Days are those of the utility's own calendar."""

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from umbane.errors import shown
from umbane.fleet.errors import FleetInputError
from umbane.registry.texts import require_clean

__all__ = ["LASTING", "Evidence", "EvidenceKind", "Form", "MeterModel"]

CODE: Final = re.compile(r"[0-9]{2}(?:[0-9]{2})?", re.ASCII)
SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
MOST_VOLTS, MOST_AMPERES, MOST_MONTHS = 1_000, 1_000, 600


class Form(StrEnum):
    """How a meter is built and mounted."""

    INTEGRATED = "integrated"
    """Meter and keypad in one case, in the customer's house."""
    DIN_RAIL = "din_rail"
    """Split: the meter on a rail in a box or board, the keypad apart."""
    POLE = "pole"
    """Split: the meter on a pole, the keypad in the house."""
    BS = "bs"
    """One case on the mounting of a British Standard meter, in place of a post-paid one."""


class EvidenceKind(StrEnum):
    """What may be shown of a model."""

    STS_CERTIFICATE = "sts_certificate"
    """That it accepts tokens as the standard says."""
    NATIONAL_APPROVAL = "national_approval"
    """That it may measure for money here: a national approval, or a certificate under the European MID."""
    SURGE_REPORT = "surge_report"
    """What lightning it withstood in a laboratory."""
    IP_REPORT = "ip_report"
    """What dust and water it withstood (IEC 60529)."""
    WARRANTY = "warranty"
    """For how many months after its delivery the supplier answers for a meter."""
    BATTERY_LIFE = "battery_life"
    """For how many months after it was installed the battery of a meter lasts."""

    @property
    def in_words(self) -> str:
        """For people."""
        words = self.replace("_", " ")
        return words.replace("sts ", "STS ").replace("ip ", "IP ")


LASTING: Final = frozenset({EvidenceKind.WARRANTY, EvidenceKind.BATTERY_LIFE})
"""Evidence that says how many months something of each meter lasts."""


def whole(field: str, value: int, most: int) -> None:
    """Refuse a number that isn't from 1 to the most.

    Raises:
        FleetInputError: it isn't.
    """
    if not 1 <= value <= most:
        raise FleetInputError(field, f"{shown(value)} can't be one", f"a whole number from 1 to {most}")


class MeterModel(Struct, frozen=True, forbid_unknown_fields=True):
    """A model of meters.

    Attributes:
        name: as the meters of the registry have it; unique in a utility.
        maker: who supplies it.
        code: the manufacturer's, with which the numbers of its meters begin: 2 or 4 digits.
        form: how it is built.
        phases: 1 or 3.
        volts: rated, between phase and neutral.
        amperes: the largest current.
        communication: the module for remote reading, if it has one: "PLC", "RF mesh".
    """

    name: str
    maker: str
    code: str
    form: Form
    phases: int
    volts: int
    amperes: int
    communication: str | None = None

    def __post_init__(self) -> None:
        require_clean(("name", self.name), ("maker", self.maker), ("communication", self.communication))
        if not CODE.fullmatch(self.code):
            raise FleetInputError(
                "code", f"{shown(self.code)} is none", "2 or 4 digits, in quotes where it begins with 0"
            )
        if self.phases not in {1, 3}:
            raise FleetInputError("phases", f"{shown(self.phases)} can't be", "1 or 3")
        whole("volts", self.volts, MOST_VOLTS)
        whole("amperes", self.amperes, MOST_AMPERES)


class Evidence(Struct, frozen=True, forbid_unknown_fields=True):
    """A document about a model. None is ever changed; a newer one stands beside it.

    Attributes:
        model: the name of the model.
        kind: what it shows.
        number: the issuer's own: of a certificate, a report, a contract.
        issuer: who wrote it.
        valid_from, valid_until: the first and the last day; None for one without an end.
        firmware: versions that it covers; none for all.
        months: of a warranty, from a meter's delivery on; of a battery, from its installation on.
        words: what it found: "IP54", "6 kV, 3 kA".
        sha256: of its file, wherever that is kept.
        withdrawn: the first day on which it doesn't count any more, if its issuer withdrew it.
    """

    model: str
    kind: EvidenceKind
    number: str
    issuer: str
    valid_from: date
    valid_until: date | None = None
    firmware: tuple[str, ...] = ()
    months: int | None = None
    words: str | None = None
    sha256: str | None = None
    withdrawn: date | None = None

    def __post_init__(self) -> None:
        names = ("model", self.model), ("number", self.number), ("issuer", self.issuer), ("words", self.words)
        require_clean(*names, *(("firmware", it) for it in self.firmware))
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise FleetInputError("valid_until", f"{self.valid_until} is before it begins", "a later day, or none")
        if (self.months is None) is (self.kind in LASTING):
            need = "give it" if self.months is None else "leave it out"
            raise FleetInputError("months", f"it doesn't fit a document of the kind {self.kind}", need)
        if self.months is not None:
            whole("months", self.months, MOST_MONTHS)
        if self.sha256 is not None and not SHA256.fullmatch(self.sha256):
            raise FleetInputError("sha256", f"{shown(self.sha256)} is none", "64 small hexadecimal digits")

    @property
    def last_day(self) -> date | None:
        """The last day on which it counts, withdrawal included; None where there is no end."""
        ends = [self.valid_until] if self.valid_until else []
        ends += [self.withdrawn - timedelta(days=1)] if self.withdrawn else []
        return min(ends, default=None)

    def covers(self, firmware: str | None) -> bool:
        """Whether it is about this version; of a version that nobody knows only one about all versions is."""
        return not self.firmware or firmware in self.firmware

    def holds(self, on: date) -> bool:
        """Whether it counts on a day."""
        return self.valid_from <= on and (self.last_day is None or on <= self.last_day)
