"""What the tests of the face share: a face, fingers, and a meter in every state."""

from dataclasses import replace
from typing import Any

from tests.meter.support import HOUR, config, new_meter
from umbane.meter import EmergencyPlan, Form, LockoutPlan, Meter, MeterTariff
from umbane.meter.face import Face, Key, Response, load_pack, press

OURS = load_pack("umbane")
SPLIT = Form.SPLIT


def new_face(pack: str = "umbane") -> Face:
    """A face with the short codes of a make."""
    return Face(OURS if pack == "umbane" else load_pack(pack))


def meter_of(payer: int = 0, **fields: Any) -> Meter:  # noqa: ANN401 - whatever a configuration has
    """A meter that is paid by register 0, 3 or 4, with warnings, emergency credit and prices."""
    plan = {
        "subclasses": (payer,),
        "low_credit": (50, 20),
        "emergency": EmergencyPlan(30, 20),
        "tariff": MeterTariff(prices=(25_000,)),
        "lockout": LockoutPlan(after=3),
    }
    return new_meter(config(**plan | fields))


def type_keys(face: Face, meter: Meter, keys: str) -> Response:
    """Press these keys and then Enter; spaces are passed over."""
    for key in keys.replace(" ", ""):
        face = press(face, meter, key).face
    return press(face, meter, Key.ENTER)


def later(face: Face, hours: int) -> Face:
    """The face as if somebody had last looked so many hours earlier."""
    assert face.since is not None
    return replace(face, since=face.since - HOUR * hours)
