"""`umbane registry`, as somebody at a terminal sees it."""

import asyncio
import csv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.project.tree import ROOT
from tests.registry.town import NEXT_KEY, NOW, Town, build, pan
from umbane.cli import main
from umbane.db import Server, open_database
from umbane.registry import block_meter, close_contract, mark_issued

EXAMPLE = ROOT / "examples" / "utility"
HEADER = "meter,sgc,krn,ti,account,customer,address,tariff"


def call(place: Server, *words: str | Path) -> Result:
    """Call a command of the registry."""
    return CliRunner().invoke(main, ["registry", *map(str, words)], env={"UMBANE_DATABASE_URL": place.url})


def with_town(place: Server) -> Town:
    """A database with one small utility in it."""

    async def make() -> Town:
        async with open_database(place) as opened:
            return await build(opened, "seaview", 1)

    return asyncio.run(make())


def table(tmp_path: Path, *rows: str) -> Path:
    """A file of meters with these rows."""
    path = tmp_path / "meters.csv"
    path.write_text("\n".join((HEADER, *rows)), encoding="utf-8")
    return path


def home(number: int, tariff: str = "za-tshwane-domestic") -> str:
    """A row about a meter at somebody's home."""
    return f"{pan(number).drn},123456,1,01,A-{number},Lerato Dube,{number} Long Street,{tariff}"


def test_from_nothing(place: Server) -> None:
    """An empty registry says what to do first; two files make a utility in which people are found."""
    assert "Add one with: umbane registry import utility FILE" in call(place, "utilities").output
    assert "there is no utility yet" in call(place, "find", "thandi").output
    added = call(place, "import", "utility", EXAMPLE / "utility.yaml")
    assert added.output.splitlines() == [
        "Added Seaview Electricity (seaview), ZAR, Africa/Johannesburg.",
        "Next: umbane registry import meters FILE --utility seaview",
    ]
    assert (
        call(place, "import", "meters", EXAMPLE / "meters.csv", "--dry-run").output == "318 rows: 318 would be added.\n"
    )
    assert call(place, "import", "meters", EXAMPLE / "meters.csv").output == "318 rows: 318 added.\n"
    assert "Seaview Electricity" in call(place, "utilities").output
    found = call(place, "find", "thadni", "mokena")
    assert found.exit_code == 0
    assert [it for it in found.output.split() if it.isdigit()][:2] == ["00001011014", "3"]


def test_a_file_with_problems(place: Server, tmp_path: Path) -> None:
    """Each problem is told by line and field with what to do, and nothing is added; the exit code is 1."""
    with_town(place)
    result = call(place, "import", "meters", table(tmp_path, home(10), home(11, "nothing"), home(10)))
    assert result.exit_code == 1
    assert "the utility has no tariff 'nothing'" in " ".join(result.output.split())
    assert "A-10 is in line 2 already" in " ".join(result.output.split())
    assert result.output.endswith("3 rows: 0 added, 2 wrong.\nCorrect them, or add the others with --good-rows-only.\n")
    assert "Nobody was found." in call(place, "find", "lerato").output


def test_good_rows_only(place: Server, tmp_path: Path) -> None:
    """The rows that are right can be added alone, and all problems of the others are in a file for spreadsheets."""
    with_town(place)
    rows = [home(10), *(home(it, "nothing") for it in range(100, 130))]
    report = tmp_path / "report.csv"
    result = call(place, "import", "meters", table(tmp_path, *rows), "--good-rows-only", "--report", report)
    assert result.output.endswith(f"and 10 more, in {report}\n\n31 rows: 1 added, 30 wrong.\n")
    with report.open(encoding="utf-8-sig", newline="") as file:
        told = list(csv.DictReader(file))
    assert [(it["line"], it["field"]) for it in told] == [(str(it), "tariff") for it in range(3, 33)]
    assert "Lerato Dube" in call(place, "find", "lerato").output


def test_a_report_that_cannot_be_written(place: Server, tmp_path: Path) -> None:
    """A report that can't be written is told by its option."""
    with_town(place)
    result = call(place, "import", "meters", table(tmp_path, home(10)), "--report", tmp_path / "no" / "report.csv")
    assert result.exit_code == 2
    assert "--report: can't be written" in result.output


def test_a_file_that_is_no_table(place: Server) -> None:
    """A file that isn't a table of meters is refused in one line."""
    with_town(place)
    result = call(place, "import", "meters", ROOT / "examples" / "meters.csv")
    assert (result.exit_code, result.output[:6]) == (2, "error:")
    assert "nobody knows a column 'load'" in result.output


def test_several_utilities(place: Server) -> None:
    """Where there are several utilities one must be named, and the error names them all."""
    with_town(place)
    call(place, "import", "utility", EXAMPLE / "utility.yaml")
    assert "there is one already: seaview" in call(place, "import", "utility", EXAMPLE / "utility.yaml").output
    asyncio.run(_second(place))
    result = call(place, "find", "thandi")
    assert "there are several utilities; name one of hilltop, seaview" in result.output
    assert "Thandi Mokoena" in call(place, "find", "thandi", "--utility", "hilltop").output
    assert "there is no utility 'nowhere'" in call(place, "find", "thandi", "--utility", "nowhere").output


async def _second(place: Server) -> None:
    async with open_database(place) as opened:
        await build(opened, "hilltop", 2)


def test_hints(place: Server) -> None:
    """A meter number with a wrong digit is pointed out, and a hit says how it differs."""
    drn = str(with_town(place).meter.pan.drn)
    wrong = drn[:5] + str((int(drn[5]) + 3) % 10) + drn[6:]
    result = call(place, "find", wrong)
    assert "compare it with the number printed on the meter" in result.output
    assert "number differs by one slip" in result.output
    assert drn in result.output


def test_what_to_know_first(place: Server) -> None:
    """A hit says that somebody moved out, or that a meter is blocked."""
    town = with_town(place)
    asyncio.run(_trouble(place, town))
    assert "moved out 2026-03-12" in call(place, "find", "thandi").output
    assert "blocked" in call(place, "find", str(town.meter.pan.drn)).output


async def _trouble(place: Server, town: Town) -> None:
    async with open_database(place) as opened:
        await opened.run(lambda tx: block_meter(tx, town.scope, town.meter.id, "x"))
        await opened.run(lambda tx: close_contract(tx, town.scope, town.contract.id, NOW.date()))
        await opened.run(lambda tx: mark_issued(tx, town.scope, [town.meter.id], [NEXT_KEY], NOW, "sale 1"))


def test_a_meter(place: Server) -> None:
    """A meter is shown with whose it is, its keys, and who did what to it, on the utility's clock."""
    town = with_town(place)
    lines = call(place, "show", str(town.meter.pan.drn)).output.splitlines()
    assert lines[:4] == [
        f"Meter     {town.meter.pan.drn}  (MeterPAN {town.meter.pan})",
        "State     installed",
        "Customer  Thandi Mokoena, account 700-1",
        "Address   12 Church Street, Seaview",
    ]
    assert [it[18:] for it in lines[-2:]] == ["meter.add, test", "meter.install, test"]
    asyncio.run(_trouble(place, town))
    lines = call(place, "show", town.meter.pan.digits).output.splitlines()
    assert "Pending   SGC 123456 KRN 2 TI 01 DUTK base 2014 KEN 255, issued" in lines
    assert "2026-03-12 11:00  issued: SGC 123456 KRN 2 TI 01 DUTK base 2014 KEN 255, sale 1" in lines
    assert "Customer  –" in lines


@pytest.mark.parametrize(("number", "told"), [("12", "characters"), (str(pan(9).drn), "there is no meter")])
def test_no_such_meter(place: Server, number: str, told: str) -> None:
    """A number that is none, or nobody's, is an error in one line."""
    with_town(place)
    result = call(place, "show", number)
    assert result.exit_code == 2
    assert told in result.output
