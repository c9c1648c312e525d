"""A sitting as a file, and back: JSON with the meter's snapshot, the house, and what keypad and shop remember.

It holds no key: those of the test realm are worked out again from the revision and the tariff index.
"""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from umbane.cli.meter.desk import Desk, realm_key
from umbane.cli.meter.house import Appliance, House
from umbane.cli.meter.session import Session
from umbane.errors import InputError, shown
from umbane.meter import Meter
from umbane.meter.face import Face, LastCredit, load_pack
from umbane.sts import EA, KRN, LAST_TID, TI, TID, DecoderKey, MeterPAN

__all__ = ["load", "save"]

LARGEST_FILE: Final = 2_000_000
FORMAT: Final = "umbane.keypad"

Phase = Annotated[int, Field(ge=1, le=3)]


class Strict(BaseModel):
    """Nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SavedAppliance(Strict):
    """An appliance of the house."""

    name: Annotated[str, Field(max_length=16)]
    watts: Annotated[int, Field(ge=-100_000, le=100_000)]
    phase: Phase
    on: bool


class SavedHouse(Strict):
    """What hangs on the meter."""

    appliances: Annotated[list[SavedAppliance], Field(max_length=40)]
    reversed: bool
    bypass: bool
    neutral: bool
    lost: Annotated[list[Phase], Field(max_length=3)]


class SavedKey(Strict):
    """Which key of the test realm."""

    ea: Literal[7, 11]
    krn: Annotated[int, Field(ge=1, le=9)]
    ti: Annotated[int, Field(ge=0, le=99)]


class SavedCredit(Strict):
    """A credit token that was typed."""

    digits: Annotated[str, Field(pattern=r"^[0-9]{20}$")]
    subclass: Annotated[int, Field(ge=0, le=7)]
    amount: int
    tid: Annotated[int, Field(ge=0, le=LAST_TID)]
    clock: Annotated[AwareDatetime, Field(strict=False)] | None


class Saved(Strict):
    """The whole file."""

    format: Literal["umbane.keypad"]
    version: Literal[1]
    pan: str
    meter_key: SavedKey
    seller_key: SavedKey
    last_tid: Annotated[int, Field(ge=0, le=LAST_TID)] | None
    pack: str
    recent: Annotated[list[SavedCredit], Field(max_length=5)]
    house: SavedHouse
    meter: dict[str, Any]


def save(session: Session, path: Path) -> None:
    """Write the sitting into a file.

    Raises:
        InputError: it can't be written.
    """
    try:
        path.write_text(saved(session).model_dump_json(), encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError("file", f"{shown(str(path))} can't be written", "name a file that can") from error


def saved(session: Session) -> Saved:
    """The sitting as values for a file."""
    meter, desk, house = session.meter, session.desk, session.house
    recent = [
        SavedCredit(**{name: getattr(one, name) for name in SavedCredit.model_fields}) for one in session.face.recent
    ]
    appliances = [
        SavedAppliance(name=one.name, watts=one.watts, phase=one.phase, on=one.on) for one in house.appliances
    ]
    return Saved(
        format=FORMAT,
        version=1,
        pan=str(desk.pan),
        meter_key=key_of(meter.key.ea, meter.key.krn, meter.key.ti),
        seller_key=key_of(desk.key.ea, desk.key.krn, desk.key.ti),
        last_tid=None if desk.last is None else desk.last.minutes,
        pack=session.face.pack.name,
        recent=recent,
        house=SavedHouse(
            appliances=appliances,
            reversed=house.reversed,
            bypass=house.bypass,
            neutral=house.neutral,
            lost=list(house.lost),
        ),
        meter=meter.snapshot(),
    )


def key_of(ea: EA, krn: KRN, ti: TI) -> SavedKey:
    """Which key."""
    return SavedKey(ea=7 if ea is EA.STA else 11, krn=krn.value, ti=ti.value)


def load(session: Session, path: Path) -> None:
    """Go on with the sitting of a file; when it can't be used, the present one stays as it is.

    Raises:
        InputError: it can't be read, isn't such a file, or was changed.
        SnapshotError: the meter in it can't be.
    """
    found = parsed(read(path))
    pan = MeterPAN(found.pan)
    meter = Meter.restore(found.meter, key=key_from(pan, found.meter_key))
    if meter.config.payer is None:
        raise InputError("meter", "nothing is paid in advance with it", "give a file that 'save' wrote")
    house = house_from(found.house, meter.config.form.phases)
    house.load(meter.config.volts)
    recent = tuple(LastCredit(**one.model_dump()) for one in found.recent)
    face = Face(load_pack(found.pack), recent=recent)
    last = None if found.last_tid is None else TID(found.last_tid)
    desk = Desk(pan, key_from(pan, found.seller_key), meter.config.payer, last)
    session.meter, session.house, session.face, session.desk = meter, house, face, desk


def read(path: Path) -> str:
    """The text of a file of reasonable size."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        text = data.decode()
    except (OSError, ValueError) as error:
        raise InputError("file", f"{shown(str(path))} can't be read", "name a file that 'save' wrote") from error
    if len(data) > LARGEST_FILE:
        raise InputError("file", f"{shown(str(path))} is too large", "name a file that 'save' wrote")
    return text


def parsed(text: str) -> Saved:
    """The values in the text of a file."""
    try:
        return Saved.model_validate_json(text)
    except (ValidationError, RecursionError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": "nested too deeply"}
        where = ".".join(map(str, first["loc"])) or "file"
        raise InputError(where, str(first["msg"])[:100], "give a file that 'save' wrote") from error


def key_from(pan: MeterPAN, key: SavedKey) -> DecoderKey:
    """A key of the test realm."""
    return realm_key(pan, EA(key.ea), KRN(key.krn), TI(key.ti))


def house_from(house: SavedHouse, phases: int) -> House:
    """The house."""
    appliances = tuple(Appliance(one.name, one.watts, one.phase, one.on) for one in house.appliances)
    lost = tuple(phase for phase in sorted(set(house.lost)) if phase <= phases)
    return House(phases, appliances, house.reversed, house.bypass, house.neutral, lost)
