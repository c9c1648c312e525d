"""The two files: households all or none, purchases line by line."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.project.tree import ROOT
from tests.simulation.support import ANNA, HOUSEHOLDS, purchases, write
from umbane.simulation.errors import TableFileError
from umbane.simulation.files import HOUSEHOLD_COLUMNS, PURCHASE_COLUMNS, read_households
from umbane.simulation.load import LOADS
from umbane.simulation.models import Action, Arrear, Household, Purchase
from umbane.sts import EA, KRN, SGC, TI, MeterPAN

HEADER = HOUSEHOLDS.splitlines()[0]
GOOD = {
    "meter": ANNA, "customer": "Anna", "tariff": "blocks", "ea": "7", "sgc": "201457", "krn": "1", "ti": "01",
    "load": "modest", "arrears": "", "free_from": "", "opening_kwh": "20",
}  # fmt: skip


def household(folder: Path, **fields: str) -> Household:
    """The household of a file of one line with these fields."""
    line = ",".join((GOOD | fields).values())
    (found,) = read_households(write(folder / "meters.csv", f"{HEADER}\n{line}\n")).values()
    return found


def purchase(folder: Path, line: str) -> Purchase | TableFileError:
    """What one line is read as."""
    (found,) = purchases(folder, line)
    return found


def test_a_household(tmp_path: Path) -> None:
    """A line becomes a household with the standard's own types."""
    found = household(tmp_path, arrears="cable:100.00:30 fine:5", free_from="2025-07-01")
    assert found == Household(
        where="meters.csv line 2",
        customer="Anna",
        pan=MeterPAN.parse(ANNA),
        tariff="blocks",
        ea=EA.STA,
        sgc=SGC.parse("201457"),
        krn=KRN(1),
        ti=TI(1),
        load="modest",
        arrears=(Arrear("cable", "100.00", "30"), Arrear("fine", "5", None)),
        free_from=date(2025, 7, 1),
        opening_units=200,
    )


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("meter", "00001011015", "line 2, DRN: the last digit"),
        ("meter", "1011014", "line 2, meter number: '1011014' has 7 characters"),
        ("meter", "", "line 2, meter number"),
        ("meter", "００００１０１１０１４", "line 2, meter number"),
        ("customer", "", "line 2, customer: nothing is given; give at least one letter"),
        ("customer", "A" * 81, "has 81 characters; give at most 80"),
        ("customer", "=cmd()", "as formulas in spreadsheets do"),
        ("ea", "9", "line 2, EA: 9 is not one of the codes supported; give one of 7"),
        ("ea", "seven", "line 2, ea: 'seven' is not a whole number"),
        ("ea", "７", "is not a whole number"),
        ("sgc", "20145", "line 2, SGC"),
        ("krn", "0", "line 2, KRN"),
        ("krn", "", "line 2, krn: '' is not a whole number"),
        ("ti", "1", "line 2, TI"),
        ("load", "mansion", "line 2, load: 'mansion' is no load; give one of modest, family, electric, shop"),
        ("arrears", "cable", "line 2, arrears: 'cable' is no debt"),
        ("arrears", "cable:", "is no debt"),
        ("arrears", ":5", "is no debt"),
        ("arrears", "cable:5:30:1", "is no debt"),
        ("free_from", "1 July", "line 2, free_from: '1 July' is no date; give one such as 2025-07-01"),
        ("free_from", "2025-02-30", "is no date"),
        ("free_from", "20250701", "is no date"),
        ("opening_kwh", "-1", "line 2, opening_kwh: '-1' is not a whole number"),
        ("opening_kwh", "1.5", "is not a whole number"),
        ("opening_kwh", "100001", "is more than a meter begins with"),
        ("opening_kwh", "9" * 10, "is not a whole number"),
    ],
)
def test_a_wrong_household(tmp_path: Path, field: str, value: str, problem: str) -> None:
    """A wrong field of a household stops everything, by its line, its column and what would be right."""
    with pytest.raises(TableFileError) as caught:
        household(tmp_path, **{field: value})
    assert problem in str(caught.value)
    assert str(caught.value).startswith("meters.csv line 2, ")


def test_an_unreadable_household(tmp_path: Path) -> None:
    """A line of households that can't be read stops everything as well."""
    with pytest.raises(TableFileError, match="quotation marks"):
        read_households(write(tmp_path / "m.csv", f'{HEADER}\n"x\n'))


def test_two_households_at_one_meter(tmp_path: Path) -> None:
    """A meter has one line, whichever of its numbers is written."""
    line = ",".join(GOOD.values())
    other = line.replace(ANNA, MeterPAN.parse(ANNA).digits)
    with pytest.raises(TableFileError, match="line 3, meter: 00001011014 has a line already"):
        read_households(write(tmp_path / "m.csv", f"{HEADER}\n{line}\n{other}\n"))


def test_no_household(tmp_path: Path) -> None:
    """A file of households with nothing but a header is refused."""
    with pytest.raises(TableFileError, match="it holds no household"):
        read_households(write(tmp_path / "m.csv", f"{HEADER}\n"))


def test_a_purchase(tmp_path: Path) -> None:
    """A line becomes a purchase; its meter and its value stay as they were written."""
    found = purchase(tmp_path, "P1,2025-07-03T18:20+02:00,1234,buy, lots ")
    moment = datetime(2025, 7, 3, 16, 20, tzinfo=UTC)
    assert found == Purchase("purchases.csv line 2", "P1", moment, "1234", Action.BUY, "lots")


@pytest.mark.parametrize("time", ["2025-07-03T16:20Z", "2025-07-03 16:20:00Z", "2025-07-03T18:20:00+02:00"])
def test_ways_to_write_a_time(tmp_path: Path, time: str) -> None:
    """A moment may be written with a T or a space, with seconds, and with Z for UTC."""
    found = purchase(tmp_path, f"P1,{time},1,buy,1")
    assert isinstance(found, Purchase)
    assert found.time == datetime(2025, 7, 3, 16, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "time",
    [
        "", "now", "2025-07-03", "2025-07-03T18:20", "18:20+02:00", "2025-13-03T18:20Z", "2025-07-03T25:00Z",
        "20250703T1820Z", "2025-W27-4T18:20Z", "2025-07-03T18:20:00.5Z", "２０２５-07-03T18:20Z", "1751552400",
        "2025-07-03T18:20+99:00", "2025-07-03T18:20+02:00:01", "2025-02-29T18:20Z",
    ],
)  # fmt: skip
def test_no_time(tmp_path: Path, time: str) -> None:
    """Anything but a full moment with its offset from UTC is refused, with an example of one."""
    found = purchase(tmp_path, f"P1,{time},1,buy,1")
    assert isinstance(found, TableFileError)
    assert found.field == "purchases.csv line 2, time"
    assert "2025-07-03T18:20+02:00" in found.remedy


@pytest.mark.parametrize(
    "time",
    ["0001-01-01T00:00+14:00", "2014-01-01T00:00Z", "2046-01-01T00:00Z", "9999-12-31T23:59-12:00", "0001-01-01T00:00Z"],
)
def test_a_time_out_of_range(tmp_path: Path, time: str) -> None:
    """A moment that tokens of base date 2014 can't count to is refused with those that they can."""
    found = purchase(tmp_path, f"P1,{time},1,buy,1")
    assert isinstance(found, TableFileError)
    assert found.remedy == "give one from 2014-01-03 to 2045-01-01"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (",2025-07-03T18:20Z,1,buy,1", "line 2, id: '' is no id"),
        (f"{'P' * 41},2025-07-03T18:20Z,1,buy,1", "is no id; give 1 to 40 characters"),
        ("P1,2025-07-03T18:20Z,1,lend,1", "line 2, action: 'lend' is no action; give one of buy, units, free"),
        ("P1,2025-07-03T18:20Z,1,BUY,1", "is no action"),
        ("P1,2025-07-03T18:20Z,1,,1", "is no action"),
        (f"P1,2025-07-03T18:20Z,1,tenant,{'T' * 81}", "line 2, value: 'TTT"),
        ("P1", "line 2, action: '' is no action"),
    ],
)
def test_a_wrong_purchase(tmp_path: Path, line: str, problem: str) -> None:
    """A line that is no purchase is an error with its number and its column."""
    found = purchase(tmp_path, line)
    assert isinstance(found, TableFileError)
    assert problem in str(found)


def test_the_page_names_everything() -> None:
    """The page about the two files names every column, every action and every load."""
    page = (ROOT / "docs" / "vend.md").read_text(encoding="utf-8")
    assert {
        name for name in (*HOUSEHOLD_COLUMNS, *PURCHASE_COLUMNS, *Action, *LOADS) if f"`{name}`" not in page
    } == set()
