"""What can be told, and what can happen to a meter in which state."""

from datetime import datetime
from typing import Any

import msgspec
import pytest

from tests.fleet.events import work_order
from tests.registry.town import NOW
from umbane.errors import InputError
from umbane.fleet import LEGAL, Block, Cause, Contra, Deed, FleetInputError, Photo, Replace, Report, Site, read_report
from umbane.registry import LEGAL_MOVES, MeterState

TOLD: dict[str, Any] = {
    "id": "wo-1",
    "at": "2026-03-12T11:00:00+02:00",
    "reason": "new connection",
    "deed": {"kind": "install", "meter": "00000010019", "place": "700-1", "site": {"checks": {"wiring": True}}},
}


def changed(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - what is wrong
    """A document that is wrong somewhere."""
    deed = {it: value for it, value in {**TOLD["deed"], **fields.pop("deed", {})}.items() if value is not None}
    return {it: value for it, value in {**TOLD, **fields, "deed": deed}.items() if value is not None}


def test_there_and_back() -> None:
    """A document says the same after it was read and written."""
    report = read_report(TOLD)
    assert report.at == datetime.fromisoformat("2026-03-12T09:00:00+00:00")
    assert read_report(msgspec.json.decode(msgspec.json.encode(report))) == report


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"id": "x" * 65}, "65 characters"),
        ({"at": "2026-03-12T09:00:00"}, "no zone"),
        ({"at": "yesterday"}, "at"),
        ({"reason": "  "}, "reason"),
        ({"other": 1}, "other"),
        ({"deed": {"kind": "explode"}}, "explode"),
        ({"deed": {"kind": None}}, "kind"),
        ({"deed": {"meter": 10019}}, "meter"),
        ({"deed": {"place": None}}, "place"),
        ({"deed": {"seals": []}}, "seals"),
        ({"deed": {"site": {"checks": {"two words": True}}}}, "site"),
        ({"deed": {"site": {"gps": "here"}}}, "no place"),
        ({"deed": {"site": {"photos": [{"name": "front", "sha256": "x"}]}}}, "sha256"),
        ({"deed": {"kind": "remove", "cause": "boredom", "place": None, "site": None}}, "boredom"),
        ({"deed": {"kind": "change_tenant", "account": "700-9", "place": None, "site": None}}, "isn't named once"),
    ],
)
def test_no_event(fields: dict[str, Any], words: str) -> None:
    """A document that can't be an event is refused, and says where."""
    with pytest.raises(FleetInputError, match=words):
        read_report(changed(**fields))


@pytest.mark.parametrize("closing", [10**9, -(10**9)])
def test_no_balance(closing: int) -> None:
    """A balance that no token can carry is none."""
    with pytest.raises(InputError, match="closing"):
        Replace(meter="1", by="2", cause=Cause.DEAD, closing=closing)


def test_who_makes_the_token() -> None:
    """Where there is something to carry over, a till has to be named; where there is nothing, none has."""
    with pytest.raises(InputError, match="terminal"):
        Replace(meter="1", by="2", cause=Cause.DEAD, closing=1)
    assert Replace(meter="1", by="2", cause=Cause.DEAD, closing=-5).terminal is None


def test_values() -> None:
    """What was seen at a place may be shown by a picture."""
    site = Site(photos=(Photo("a.jpg", "0" * 64),), gps="-25.7461,28.18805", seals=("S-1",))
    assert site.photos[0].name == "a.jpg"
    assert work_order("1", Block(meter="1")).at == NOW
    with pytest.raises(InputError, match="name"):
        Photo("", "0" * 64)
    with pytest.raises(InputError, match="zone"):
        Report("1", NOW.replace(tzinfo=None), "x", Block(meter="1"))


LEADS: dict[str, MeterState | None] = {
    "Stock": None,
    "Restock": MeterState.STOCKED,
    "Install": MeterState.INSTALLED,
    "Replace": MeterState.REMOVED,
    "Move": MeterState.REMOVED,
    "ChangeTenant": None,
    "Block": MeterState.BLOCKED,
    "Unblock": MeterState.INSTALLED,
    "Remove": MeterState.REMOVED,
    "Scrap": MeterState.SCRAPPED,
    "Convert": MeterState.INSTALLED,
}


def test_the_table() -> None:
    """Every deed but the contra event has its states, and the registry lets each of them go where the deed leads."""
    assert (
        {it.__name__ for it in LEGAL}
        == LEADS.keys()
        == {it.__name__ for it in Deed.__subclasses__()} - {Contra.__name__}
    )
    for deed, states in LEGAL.items():
        to = LEADS[deed.__name__]
        assert to is None or all(to in LEGAL_MOVES[state] for state in states)
