"""A meter as JSON and back; what can't be restored is refused by the path to what is wrong."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.meter.support import (
    DAY,
    HOUR,
    KEY,
    KILOWATT,
    LONG_KEY,
    MINUTE,
    SECOND,
    START,
    THREE_PHASES,
    Till,
    another_key,
    config,
    new_meter,
    results,
    with_credit,
    wrong,
)
from umbane.meter import (
    ClockPlan,
    CollectionPlan,
    EmergencyPlan,
    Fate,
    Form,
    LinkState,
    Load,
    Meter,
    MeterTariff,
    SnapshotError,
    Tamper,
    TripPlan,
    WeekPlan,
)
from umbane.sts import EA, KRN, TI, EncodedToken


def eventful() -> Meter:
    """A meter to which much has happened."""
    plan = WeekPlan.daily((0, 0), (480, 1), weekend=((0, 1),), holidays=(date(2026, 12, 25),))
    meter, till = with_credit(
        config(
            form=Form.SPLIT,
            subclasses=(0, 1, 3),
            low_credit=(500, 100),
            power_limit=4000,
            trips=TripPlan(recloses=1),
            friendly=WeekPlan.daily((0, 1), (300, 0)),
            tariff=MeterTariff((3, 4), plan),
            collection=CollectionPlan(debt=70, debt_percent=5, debt_per_day=1, charge_per_day=2),
            emergency=EmergencyPlan(limit=5),
            clock=ClockPlan(drift_ppm=55, zone_minutes=120),
        )
    )
    meter.advance(DAY, KILOWATT)
    results(meter, [*till.key_change(another_key(krn=KRN(2))), till.kwh(3), wrong(till.kwh(1))])
    meter.cut_power()
    meter.advance(HOUR)
    meter.return_power()
    meter.enter(till.key_change(another_key(till.key, krn=KRN(3)))[1])
    meter.advance(3 * MINUTE, Load.of(5000))
    meter.sense(Tamper.METER_COVER, present=True)
    meter.set_link(LinkState(noise=(Fate.REQUEST_LOST, Fate.ANSWER_LOST)))
    return meter


def through_json(meter: Meter, **fields: Any) -> Any:  # noqa: ANN401 - what json gives
    """A snapshot as it comes back from a file."""
    return json.loads(json.dumps(meter.snapshot(**fields)))


METERS = {
    "new": new_meter(),
    "eventful": eventful(),
    "three phases": new_meter(config(form=THREE_PHASES, subclasses=(4,))),
    "long key": new_meter(key=LONG_KEY),
}


@pytest.mark.parametrize("name", METERS)
def test_there_and_back(name: str) -> None:
    """A restored meter is the same in every part, with its key in the snapshot or given again."""
    meter = METERS[name]
    whole = Meter.restore(through_json(meter, include_key=True))
    given_key = Meter.restore(through_json(meter), key=meter.key)
    assert whole.state == given_key.state == meter.state
    assert whole.config == given_key.config == meter.config


def test_goes_on_the_same() -> None:
    """What a restored meter does next is what the other one does."""
    meter = eventful()
    twin = Meter.restore(through_json(meter), key=meter.key)
    till = Till(meter.key, meter.time)
    sections = Till(meter.key).key_change(another_key(meter.key, krn=KRN(3)))
    for token in [sections[0], till.clear_tamper(), till.kwh(9), Till(twin.key, meter.time).kwh(2)]:
        assert twin.enter(token) == meter.enter(token)
        assert twin.advance(DAY, KILOWATT) == meter.advance(DAY, KILOWATT)
    assert twin.state == meter.state
    assert twin.key.krn == KRN(3)


def test_while_the_power_is_off() -> None:
    """A snapshot may be taken during a power cut, even after the clock stopped."""
    meter = new_meter(config(clock=ClockPlan(battery_hours=1)))
    meter.cut_power()
    meter.advance(HOUR)
    assert Meter.restore(through_json(meter), key=KEY).state == meter.state
    meter.advance(HOUR)
    twin = Meter.restore(through_json(meter), key=KEY)
    assert twin.state == meter.state
    assert twin.return_power() == meter.return_power()


def test_key_bits_only_when_asked_for() -> None:
    """Without asking, no bit of a key is in the snapshot, nor of one that is half received."""
    meter, till = with_credit()
    new = replace(KEY, value=0xFEEDFACECAFEBEEF)
    first, _ = till.key_change(new)
    meter.enter(first)
    text = json.dumps(meter.snapshot()).lower()
    for secret in (KEY.value, new.value, new.value >> 32, KEY.value >> 32):
        assert str(secret) not in text
        assert f"{secret:x}" not in text
    assert f"{KEY.value:x}" in json.dumps(meter.snapshot(include_key=True))


def refused(data: object, **fields: Any) -> SnapshotError:  # noqa: ANN401 - as restore takes them
    """The error with which a snapshot is refused."""
    with pytest.raises(SnapshotError) as caught:
        Meter.restore(data, **fields)
    return caught.value


@pytest.mark.parametrize("data", [None, 1, "snapshot", [], {}, {"format": "something else"}, float("nan")])
def test_no_snapshot(data: object) -> None:
    """What isn't a snapshot is refused as a whole."""
    assert refused(data, key=KEY).field == "format"


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_other_version(version: object) -> None:
    """A snapshot of a version that isn't known is refused."""
    assert refused(through_json(new_meter()) | {"version": version}, key=KEY).field == "version"


def test_key_is_missing() -> None:
    """A snapshot without a key needs one."""
    assert refused(through_json(new_meter())).field == "key_bits"


@pytest.mark.parametrize("bits", [1, "", "xyz", "f" * 33, "-1", "0x1", True, ["1"], "１"])
def test_wrong_key_bits(bits: object) -> None:
    """Key bits that can't be are refused, without being shown."""
    error = refused(through_json(new_meter()) | {"key_bits": bits})
    assert error.field == "key_bits"


def test_bits_of_the_wrong_length() -> None:
    """A long key doesn't fit a meter for short ones."""
    assert refused(through_json(new_meter()) | {"key_bits": "f" * 32}).field == "state.key.DecoderKey"


@pytest.mark.parametrize("key", [replace(KEY, value=5), another_key()])
def test_another_key(key: Any) -> None:  # noqa: ANN401 - a key
    """The key of another meter is refused."""
    assert refused(through_json(new_meter()), key=key).field == "fingerprint"


def paths(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    """The path to every value in a snapshot."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, value in items:
        yield (*path, name)
        yield from paths(value, (*path, name))


WHOLE = through_json(METERS["eventful"], include_key=True)
PATHS = [path for path in paths(WHOLE) if not any(isinstance(step, int) and step > 0 for step in path)]
"""The path to every value but those in lists, of which the first one stands for all."""
OBJECT_FIELDS = [path for path in PATHS if isinstance(path[-1], str)]


def place(data: Any, path: tuple[Any, ...]) -> Any:  # noqa: ANN401 - any JSON
    """The object or list that holds the last step of a path."""
    for step in path[:-1]:
        data = data[step]
    return data


@pytest.mark.parametrize("path", OBJECT_FIELDS, ids=lambda path: ".".join(map(str, path)))
def test_nothing_may_be_missing(path: tuple[Any, ...]) -> None:
    """A snapshot that lacks a field, wherever, is refused by the name of that field."""
    data = deepcopy(WHOLE)
    del place(data, path)[path[-1]]
    error = refused(data)
    assert str(path[-1]) in error.field


@pytest.mark.parametrize("path", [("config",), ("state",), ("state", "clock"), ("state", "key"), ("config", "pan")])
def test_nothing_may_be_added(path: tuple[Any, ...]) -> None:
    """A field that the meter doesn't know is refused."""
    data = deepcopy(WHOLE)
    place(data, path)[path[-1]]["surprise"] = 1
    assert "surprise" in refused(data).field


JUNK: list[Any] = [
    None,
    True,
    -1,
    10**400,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "x" * 10_000,
    [],
    [[]],
    {},
    {"a": {}},
    "0",
]
PARTS = ("format", "version", "config", "state", "fingerprint", "key_bits")


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: repr(junk)[:12])
def test_junk_anywhere(junk: object) -> None:
    """Whatever junk stands wherever, the answer is the typed error, or a meter that still works."""
    for path in PATHS:
        data = deepcopy(WHOLE)
        place(data, path)[path[-1]] = junk
        field, words = restored_or_refused(data)
        assert field.startswith(PARTS)
        assert len(words) < 400


def restored_or_refused(data: object) -> tuple[str, str]:
    """The field and the words of the error; where there is none, the meter was tried, and the words are few."""
    try:
        meter = Meter.restore(data)
    except SnapshotError as error:
        return error.field, str(error)
    meter.advance(HOUR, KILOWATT)
    return PARTS[0], ""


@given(st.sampled_from(PATHS), st.integers(-(1 << 70), 1 << 70), st.booleans())
def test_other_numbers(path: tuple[Any, ...], number: int, small: bool) -> None:  # noqa: FBT001 - drawn
    """A number that was changed is refused, or gives a meter that lives on, and lives as one of its kind."""
    data = deepcopy(WHOLE)
    old = place(data, path)[path[-1]]
    if isinstance(old, bool) or not isinstance(old, int):
        return
    place(data, path)[path[-1]] = old + number % 5 if small else number
    try:
        meter = Meter.restore(data)
    except SnapshotError:
        return
    meter.advance(DAY, KILOWATT)
    meter.cut_power()
    meter.advance(DAY)
    meter.return_power()
    assert Meter.restore(meter.snapshot(include_key=True)).state == meter.state


ELSEWHERE = {
    "state.calendar.ends": "state.calendar",
    "state.key_change.sections": "state.key_change",
    "state.tariff.prices": "state.tariff",
    "state.log.sequence": "state.log",
    "state.log.events": "state.log",
    "config.pan.digits": "config.pan",
}
"""Where an error names the whole of which the path is a part."""


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("state.accounts[0]", [1, 0, 0, 0, 0]),
        ("state.accounts[2]", [5, 5, 0, 0, 0]),
        ("state.energy.by_rate", [0, 0]),
        ("state.energy.imported", [0, 0]),
        ("state.energy.exported", [-1]),
        ("state.tids.minutes", [0] * 49),
        ("state.tids.minutes", [5, *[0] * 49]),
        ("state.tids.minutes", [*[0] * 49, 1 << 24]),
        ("state.tids.minutes", [-1] * 50),
        ("state.tids.retired", [[1, -1]]),
        ("state.tids.retired", [[number, 0] for number in range(65)]),
        ("state.log.sequence", 3),
        ("state.log.events", []),
        ("state.log.events", [[1] * 5] * 300),
        ("state.holds", 0),
        ("state.holds", 1 << 20),
        ("state.latched", 64),
        ("state.lost", [2]),
        ("state.drawing", [0, 0]),
        ("state.flags", 1 << 11),
        ("state.mpl", -1),
        ("state.calendar.rate", 2),
        ("state.calendar.ends", 1 << 200),
        ("state.calendar.day", 10**9),
        ("state.profile.ends", 0),
        ("state.profile.intervals", [[0, 0, 0, 0]] * 2000),
        ("state.clock.since", 1 << 62),
        ("state.clock.battery_ms", -5),
        ("state.standing.warning", 3),
        ("state.standing.debt", -1),
        ("state.trip.recloses", 0),
        ("state.trip.since", -1),
        ("state.lockout.until", 1 << 60),
        ("state.key_change.until", 1 << 60),
        ("state.key_change.sections", [[2, "0" * 20]]),
        ("state.key_change.sections", [[2, "0" * 19]]),
        ("state.key_change.sections", [[1, None]]),
        ("state.link.noise", ["boom"]),
        ("state.tariff.prices", [1, 2, 3]),
        ("config.pan.digits", "600727000000000008"),
        ("config.form", "cube"),
        ("config.form", 1),
        ("config.tct", 99),
        ("config.tariff.plan.holidays", ["yesterday"]),
        ("config.low_credit", [1, 2]),
        ("config.tamper.detects", True),
        ("config.paid_by", [0, 4]),
    ],
)
def test_what_can_not_have_become(path: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    """A state that no meter can have come to is refused by the path to what is wrong."""
    data = deepcopy(WHOLE)
    names = [int(name) if name.isdigit() else name for name in path.replace("[", ".").replace("]", "").split(".")]
    old = place(data, tuple(names))[names[-1]]
    value = dict(zip(old, value, strict=True)) if isinstance(old, dict) else value
    if names[-1] in {"events", "intervals"} and value:
        value = [old[0]] * len(value)
    place(data, tuple(names))[names[-1]] = value
    field = refused(data).field
    assert field.startswith(ELSEWHERE.get(path, path))


def test_sections_in_disorder() -> None:
    """The sections of a key change stand in order, and each is what it says it is."""
    first, second = Till(METERS["eventful"].key).key_change(another_key(krn=KRN(7)))
    for sections in ([[2, second.digits], [1, first.digits]], [[1, second.digits]], [[1, first.digits]] * 2):
        data = deepcopy(WHOLE)
        data["state"]["key_change"]["sections"] = sections
        assert refused(data).field == "state.key_change"


def test_reading_errors_shows_no_secret() -> None:
    """An error about a token's digits doesn't repeat them."""
    data = deepcopy(WHOLE)
    data["state"]["key_change"]["sections"] = [[2, "12345678901234567890123"]]
    assert "12345" not in str(refused(data))


def test_deep_nesting() -> None:
    """Deeply nested data is refused at the first level that doesn't fit."""
    data: Any = 0
    for _ in range(100_000):
        data = [data]
    assert refused(WHOLE | {"config": data}).field == "config"


def test_the_attributes_of_the_register_stay() -> None:
    """Beside its bits, the register's contents are those of the snapshot, not of the key that is given."""
    meter = new_meter(key=replace(KEY, ti=TI(5)))
    restored = Meter.restore(meter.snapshot(), key=replace(KEY, ti=TI(77), krn=KRN(9)))
    assert restored.key == meter.key
    assert meter.key.ea is EA.STA


@given(st.lists(st.sampled_from(["token", "hour", "cut", "return", "cover", "wrong"]), max_size=12))
def test_after_any_step(steps: list[str]) -> None:
    """After any step the meter can be taken down and put up again."""
    meter, till = with_credit(kwh=2)
    for what in steps:
        match what:
            case "token":
                meter.enter(till.kwh(1))
            case "hour":
                meter.advance(timedelta(minutes=47), KILOWATT)
            case "cut":
                meter.cut_power()
            case "return":
                meter.return_power()
            case "cover":
                meter.sense(Tamper.TERMINAL_COVER, present=True)
            case _:
                meter.enter(EncodedToken(1))
        twin = Meter.restore(through_json(meter), key=KEY)
        assert twin.state == meter.state
        assert twin.advance(5 * SECOND, KILOWATT) == meter.advance(5 * SECOND, KILOWATT)
        assert meter.time >= START
