"""Statements and deposits, by commands."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.calls import call, done, refused
from tests.registry.town import Town, build
from tests.trade.banks import LAYOUT, MONDAY, camt, csv_of, fee, mt940, paid, statement
from umbane.db import Server, open_database
from umbane.trade.statements import read_layout

DAY = statement(paid("FT1", 50_000, "FLOAT V-0001"), paid("FT2", 7000, "CASH"), fee(1250))


@pytest.fixture
def town(place: Server) -> Town:
    """Give a utility with a vendor."""

    async def make() -> Town:
        async with open_database(place) as opened:
            return await build(opened, "seaview", 1)

    return asyncio.run(make())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give the bank's file of a day."""
    path = tmp_path / "statement.sta"
    path.write_bytes(mt940(DAY))
    return path


def test_check(place: Server, file: Path, tmp_path: Path) -> None:
    """A file is shown as it was understood, whatever its format, without a database."""
    shown = done(place, "trade", "statement", "check", file)
    assert "Account ZA62001234567, ZAR: statement STMT1, number 1" in shown
    assert shown.endswith("It holds together.\n")
    for words in (
        "opening balance 1000.00",
        "FT1 FLOAT V-0001 500.00",
        "ACCOUNT FEE -12.50",
        "closing balance 1557.50",
    ):
        assert words in " ".join(shown.split())
    xml, table, layout = tmp_path / "a.xml", tmp_path / "a.csv", tmp_path / "bank.toml"
    xml.write_bytes(camt(DAY))
    assert done(place, "trade", "statement", "check", xml) == shown
    layout.write_text(LAYOUT, encoding="utf-8")
    table.write_text(csv_of(DAY, read_layout(LAYOUT)), encoding="utf-8")
    assert "number -" in done(place, "trade", "statement", "check", table, "--layout", layout)


def test_check_of_a_forged_file(place: Server, file: Path) -> None:
    """A file that was changed is refused by line and reason."""
    file.write_bytes(file.read_bytes().replace(b"C500,00", b"C900,00"))
    words = refused(place, "trade", "statement", "check", file)
    assert "closing balance: 1000.00 and entries of 957.50 don't make 1557.50" in words


def test_check_of_a_large_file(place: Server, tmp_path: Path) -> None:
    """A file of a hundred megabytes is refused without being read."""
    large = tmp_path / "large.sta"
    with large.open("wb") as opened:
        opened.truncate(100_000_000)
    assert "it has more than 16 777 216 bytes" in refused(place, "trade", "statement", "check", large)


@pytest.mark.usefixtures("town")
def test_from_slip_to_float(place: Server, file: Path) -> None:
    """An accountant reads a statement, sees what waits, says whose it is, and another agrees."""
    trade = "trade", "deposits"
    assert "isn't the utility's" in refused(place, *trade, "read", file)
    done(place, *trade, "account", "ZA62001234567", "--title", "Deposits")
    done(place, *trade, "payer", "V-1", "--reference", "V-0001")
    assert done(place, *trade, "read", file) == (
        "New: 1 statements, 3 entries. Booked: 1.\n2 entries wait for a person: umbane trade deposits waiting\n"
    )
    assert done(place, *trade, "read", file).startswith("New: 0 statements, 0 entries. Booked: 0.")
    done(place, *trade, "announce", "V-1", "SL-1001", "70.00", "--paid-on", "2026-03-02", "--batch", "B 7")
    assert done(place, *trade, "match") == "Booked: 1.\n"
    shown = done(place, *trade, "waiting")
    assert "FEE1" in shown
    assert "FT2" not in shown
    said = done(place, *trade, "assign", "ZA62001234567", "FEE1", "--reason", "a fee")
    proposal = said.split()[-1]
    shown = " ".join(done(place, *trade, "waiting").split())
    assert f"says that FEE1 is no vendor's: a fee. To agree: umbane trade deposits agree {proposal}" in shown
    done(place, *trade, "assign", "ZA62001234567", "FEE1", "--vendor", "V-1", "--reason", "no, its charge")
    assert "says that FEE1 is V-1's: no, its charge." in done(place, *trade, "waiting")
    assert "another person has to agree" in refused(place, *trade, "agree", proposal)
    assert call(place, *trade, "agree", proposal, LOGNAME="sipho").output == "Done.\n"
    assert done(place, *trade, "waiting") == "No entry waits.\n"
    assert "-570.00" in done(place, "books", "floats")


@pytest.mark.usefixtures("town")
def test_slips_and_payers(place: Server) -> None:
    """A slip is withdrawn, a payer is known by one thing, and without entries nothing waits."""
    trade = "trade", "deposits"
    assert done(place, *trade, "waiting") == "No entry waits.\n"
    done(place, *trade, "payer", "V-1", "--account", "ZA99 1")
    assert "exactly one of" in refused(place, *trade, "payer", "V-1")
    done(place, *trade, "announce", "V-1", "SL-1001", "70.00", "--paid-on", "2026-03-02")
    assert done(place, *trade, "withdraw", "SL-1001", "--reason", "typed wrongly") == "The slip SL-1001 is withdrawn.\n"
    assert "there is no open slip SL-1001" in refused(place, *trade, "withdraw", "SL-1001", "--reason", "again")


@pytest.mark.usefixtures("town")
def test_missing_statements(place: Server, tmp_path: Path) -> None:
    """Statements that are missing are said to be."""
    done(place, "trade", "deposits", "account", "ZA62001234567", "--title", "Deposits")
    for number, opening in ((1, 1000), (4, 9000)):
        path, later = tmp_path / f"{number}.sta", MONDAY + timedelta(number)
        path.write_bytes(mt940(statement(paid(f"FT{number}", 500), number=number, opening=opening, on=later)))
        done(place, "trade", "deposits", "read", path)
    shown = done(place, "trade", "deposits", "waiting")
    words = "2 statements are missing between 2026-03-03 and 2026-03-05; the account changed by 75.00 there."
    assert f"ZA62001234567: {words}" in shown
