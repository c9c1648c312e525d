"""The demonstration's plan: the same for ever, with every rarity in it, and no two errands in each other's way."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.project.tree import ROOT
from umbane.registry.utilityfile import read_utility_file
from umbane.simulation.demo.deployment import Diary
from umbane.simulation.demo.homes import Home, read_homes
from umbane.simulation.demo.plan import HARMLESS, SOLD, Errand, Twist, key_changes, plan_day
from umbane.simulation.demo.till import mistyped
from umbane.sts import EA, luhn_valid
from umbane.vending import Code

TOWN = ROOT / "examples" / "utility"
FILE = read_utility_file(TOWN / "utility.yaml")
TEMPLATES = sorted((ROOT / "src" / "umbane" / "simulation" / "templates").iterdir())
TILLS = [f"{vendor.code}/{terminal}" for vendor in FILE.vendors for terminal in vendor.terminals]
HOMES = read_homes(TOWN / "meters.csv")
DAYS = st.integers(1, 400)
SIZES = st.integers(10, 400)


def day(number: int, size: int = 240) -> list[Errand]:
    """The errands of a day in Seaview."""
    return plan_day(HOMES, TILLS, day=number, size=size)


def test_the_town() -> None:
    """Seaview has a few hundred homes, some with debts or free units, one blocked, and meters in the store."""
    assert len(HOMES) == 318
    assert sum(it.has_free for it in HOMES) > 30
    assert sum(it.owes for it in HOMES) > 30
    assert [it.state for it in HOMES if it.state] == ["blocked"]
    assert sum(not it.customer for it in HOMES) == 3
    assert {it.ea for it in HOMES} == {EA.STA, EA.MISTY1}
    assert len({it.feeder for it in HOMES if it.feeder}) == 4
    assert len({it.meter for it in HOMES}) == len(HOMES)
    assert all(luhn_valid(it.meter) for it in HOMES)


@settings(max_examples=25)
@given(number=DAYS, size=SIZES)
def test_the_same_again(number: int, size: int) -> None:
    """A day is the same whenever it is asked for, so that what was broken off can be replayed."""
    assert day(number, size) == day(number, size)


@settings(max_examples=25)
@given(number=DAYS, size=SIZES)
def test_a_day(number: int, size: int) -> None:
    """Errands are in the order of their times, at tills of the town, each under an id of its own."""
    errands = day(number, size)
    assert [it.minute for it in errands] == sorted(it.minute for it in errands)
    assert all(0 <= it.minute < 1440 for it in errands)
    assert {it.till for it in errands} <= set(TILLS)
    assert len({it.message_id(number) for it in errands}) == len(errands)
    assert {code for it in errands for code in it.codes} <= {SOLD, *Code}
    assert sum(it.till.startswith("KIOSK") for it in errands) == 4


@settings(max_examples=25)
@given(number=DAYS)
def test_nobody_meets_themselves(number: int) -> None:
    """No home buys twice on a day, so that the tills may work side by side and every price is certain."""
    sold = [it for it in day(number) if it.codes == {SOLD}]
    assert max(Counter(it.meter for it in sold).values()) == 1
    rare = {it.meter for it in day(number) if SOLD not in it.codes and it.codes != {"nothing_due"}}
    assert not rare & {it.meter for it in sold if it.order["kind"] != "buy"}


@settings(max_examples=25)
@given(number=DAYS, size=SIZES)
def test_one_after_the_other(number: int, size: int) -> None:
    """Whoever comes twice comes to the same till, because tills don't wait for one another."""
    tills: dict[str, set[str]] = {}
    for it in day(number, size):
        if SOLD in it.codes or it.codes == {"nothing_due"}:
            tills.setdefault(it.meter, set()).add(it.till)
    assert {len(it) for it in tills.values()} == {1}


@settings(max_examples=25)
@given(number=DAYS)
def test_every_rarity(number: int) -> None:
    """Every day has each kind of refusal, and each thing that can go wrong on the way."""
    errands = day(number)
    codes = {code for it in errands for code in it.codes}
    assert codes >= {
        *("wrong_check_digit", "unknown_meter", "meter_blocked", "meter_not_installed", "wrong_currency"),
        *("below_minimum", "float_exhausted", "nothing_due"),
    }
    assert {it.twist for it in errands} == set(Twist)
    assert {it.order["kind"] for it in errands} == {"buy", "claim_free", "pay"}


def test_every_twist_has_its_words() -> None:
    """Whatever goes wrong on the way is told in words when it did no harm."""
    assert set(HARMLESS) == set(Twist) - {Twist.NONE}


def test_keys_run_out() -> None:
    """Each day another meter gets its next key, until none is left with its first one."""
    changed = [it.meter for number in range(1, 400) for it in key_changes(HOMES, number)]
    assert 100 < len(changed) < 399
    assert len(set(changed)) == len(changed)


def test_the_wrong_numbers_are_wrong() -> None:
    """The number with a wrong digit fails its check, and the one that nobody has passes it."""
    for number in range(1, 30):
        errands = {next(iter(it.codes)): it for it in day(number) if len(it.codes) == 1}
        assert not luhn_valid(errands["wrong_check_digit"].meter)
        unknown = errands["unknown_meter"].meter
        assert luhn_valid(unknown)
        assert unknown not in {it.meter for it in HOMES}


def test_a_town_without_anything_rare() -> None:
    """In a town of ordinary homes, without a kiosk and an office, people just buy."""
    plain = [it for it in HOMES if it.is_ordinary][:20]
    errands = plan_day(plain, ["MARKET/TILL-1"], day=1, size=10)
    assert {it.till for it in errands} == {"MARKET/TILL-1"}
    assert plan_day([], ["MARKET/TILL-1"], day=1, size=10)[0].codes == {"unknown_meter"}


def test_a_mistyped_token() -> None:
    """A mistyped token has one wrong digit."""
    digits = "01234567890123456789"
    assert sum(one != other for one, other in zip(digits, mistyped(digits), strict=True)) == 1


def test_a_diary() -> None:
    """A day that was broken off is the next one; keys are in no repr."""
    assert (Diary().next_day(), Diary(3).next_day(), Diary(3, ended=False).next_day()) == (1, 4, 3)
    assert "umb_" not in repr(Diary(keys={"A/1": "umb_secret"}))


def test_a_home_of_a_short_line(tmp_path: Path) -> None:
    """A file may leave out what it says nothing about."""
    path = tmp_path / "meters.csv"
    path.write_text("meter,sgc,krn,ti\n00001011014,201457,1,01\n", encoding="utf-8")
    (home,) = read_homes(path)
    assert isinstance(home, Home)
    assert (home.customer, home.is_ordinary, home.key(1, 5)) == ("", False, "SGC 201457  KRN 1  TI 05  EA 07")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda it: it.name)
def test_pages_stand_alone(path: Path) -> None:
    """The templates ask for nothing of another place."""
    text = path.read_text(encoding="utf-8")
    assert "http" not in text
    assert "<script" not in text
