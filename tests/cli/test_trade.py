"""What vendors earn, and what tills took, by commands."""

import asyncio
import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.calls import done, refused
from tests.registry.town import TSHWANE, Town, build, new_id
from tests.trade.agreed import EXAMPLES, SHOPS, in_force
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import open_shop
from umbane.db import Server, open_database
from umbane.registry import Operator, Role, add_operator
from umbane.trade.schemes import Term, propose_schemes, set_terms

TODAY = datetime.now(UTC)
TARIFF_LASTS = "valid_until: 2026-06-30\n"


@pytest.fixture
def town(place: Server) -> Town:
    """Give a town whose shop sold twice, two days ago, and has a cashier; the shops' scheme is in force."""

    async def make() -> Town:
        async with open_database(place) as opened:
            document = TSHWANE.replace(TARIFF_LASTS, "")
            made = await build(opened, "seaview", 1, document=document[: document.index("examples:")])
            await in_force(made, SHOPS)
            async with open_shop(made, LaboratoryModule()) as shop:
                shop.now = TODAY - timedelta(days=2)
                await shop.buy(20_000)
                shop.wait(minutes=1)
                await shop.buy(20_000)
            cashier = Operator(new_id(), "thandi", "Thandi", frozenset({Role.CASHIER}), made.vendor.id)
            await made.does(add_operator, cashier)
            return made

    return asyncio.run(make())


def sell(place: Server, town: Town, money: int) -> None:
    """Sell something now."""

    async def work() -> None:
        async with open_database(place) as opened:
            here = replace(town, database=opened)
            async with open_shop(here, LaboratoryModule(name=f"m{money}")) as shop:
                shop.now = datetime.now(UTC)
                await shop.buy(money, f"till-{money}")

    asyncio.run(work())


def agree(place: Server, town: Town, days: int = 5) -> None:
    """Let the vendor earn by the shops' scheme, since some days ago."""

    async def work() -> None:
        async with open_database(place) as opened:
            since = (TODAY - timedelta(days=days)).date()
            here = replace(town, database=opened)
            await here.does(set_terms, [Term(town.vendor.id, "corner-shops", since)], "agreed", TODAY)

    asyncio.run(work())


# ------------------------------------------------------------------------------------------------------- commission


def test_schemes(place: Server, town: Town) -> None:
    """A scheme is proposed by one, listed as nobody's yet, and refused to the same person who wants to activate it."""
    assert town.vendor.code == "V-1"
    assert done(place, "trade", "scheme", "propose", EXAMPLES / "chains.yaml").startswith(
        "Proposed chains 2026, from 2026-01-01 on."
    )
    assert "nobody yet" in done(place, "trade", "scheme", "list")
    assert "somebody else must activate it" in refused(place, "trade", "scheme", "activate", "chains", "2026")
    told = done(
        place, "trade", "scheme", "agree", "V-1", "corner-shops", "--from", "2026-11-01", "--reason", "contract"
    )
    assert told == "From 2026-11-01 on V-1 earns by corner-shops.\n"
    listed = done(place, "trade", "scheme", "list")
    assert next(it.split() for it in listed.splitlines() if "2026-11-01" in it) == ["V-1", "corner-shops", "2026-11-01"]
    done(place, "trade", "scheme", "agree", "V-1", "none", "--from", "2026-12-01", "--reason", "contract")
    assert "nothing" in done(place, "trade", "scheme", "list")


def test_activation(place: Server, town: Town) -> None:
    """What another proposed is activated."""
    assert town.scope.by == "test"

    async def work() -> None:
        async with open_database(place) as opened:
            document = SHOPS.replace('"2026"', "next").replace("2026-01-01", "2027-01-01")
            await replace(town, database=opened).does(propose_schemes, [document], TODAY)

    asyncio.run(work())
    assert done(place, "trade", "scheme", "activate", "corner-shops", "next") == "corner-shops next is active.\n"


def test_from_earning_to_paying(place: Server, town: Town) -> None:
    """What was earned is booked once, listed as owed, paid in two ways, and stands on the vendor's statement."""
    agree(place, town)
    booked = done(place, "trade", "accrue")
    [line] = [it for it in booked.splitlines() if " 2 " in it]
    assert line.split()[0] == "V-1"
    assert line.split()[-3:] == ["2", "17.39", "2.61"]
    assert done(place, "trade", "accrue") == "Nothing to book: all that was earned is booked.\n"
    assert (
        done(place, "trade", "accrue", "--again", "2026-01-01") == "Nothing to book: all that was earned is booked.\n"
    )
    [line] = [it for it in done(place, "trade", "owed").splitlines() if "V-1" in it]
    assert line.split()[-1] == "20.00"
    told = done(place, "trade", "pay", "V-1", "15.00", "--reference", "EFT 9")
    assert told == "Booked: 15.00 of commission paid to V-1.\n"
    assert "booked already" in refused(place, "trade", "pay", "V-1", "1.00", "--reference", "EFT 9")
    assert "0.01 more than is owed" in refused(place, "trade", "pay", "V-1", "5.01", "--reference", "EFT 10")
    told = done(place, "trade", "pay", "V-1", "5.00", "--reference", "November", "--to-float")
    assert told == "Booked: 5.00 of commission to the float of V-1.\n"
    page = done(place, "trade", "vendor-statement", "V-1", "--from", "2026-01-01")
    assert "2 × buy" in page
    assert "commission.payout" in page
    assert [it.split()[-1] for it in page.splitlines() if "closing" in it] == ["395.00", "0.00"]


def test_a_statement_for_programs(place: Server, town: Town) -> None:
    """As comma-separated values a statement has every sale, with what was owed after it."""
    assert town.vendor.code == "V-1"
    rows = list(
        csv.DictReader(done(place, "trade", "vendor-statement", "V-1", "--from", "2026-01-01", "--csv").splitlines())
    )
    assert [(it["account"], it["kind"], it["owed_more"], it["owed"]) for it in rows] == [
        ("vendor_float", "buy", "200.00", "200.00"),
        ("vendor_float", "buy", "200.00", "400.00"),
    ]
    until = (TODAY - timedelta(days=1)).isoformat()
    assert "400.00" in done(place, "trade", "vendor-statement", "V-1", "--until", until, "--from", until)


def test_nothing_yet(place: Server) -> None:
    """Where nothing was agreed, sold or booked, that is said."""

    async def make() -> None:
        async with open_database(place) as opened:
            await build(opened, "seaview", 1)

    asyncio.run(make())
    listed = done(place, "trade", "scheme", "list")
    assert listed == "There is no scheme to list.\nThere is no vendor to list.\n"
    assert done(place, "trade", "vendor-statement", "V-1").endswith("Nothing was ever booked.\n")
    assert done(place, "trade", "shift", "list", "V-1", "T-1") == "There is no shift yet.\n"
    assert done(place, "trade", "batch", "list") == "There is no batch yet.\n"


# ------------------------------------------------------------------------------------------------------------- tills


def test_a_day_at_a_till(place: Server, town: Town) -> None:
    """A shift is opened, sold in, closed with a count, looked at, and carried to the bank."""
    told = done(place, "trade", "shift", "open", "V-1", "T-1", "thandi", "--float", "100.00")
    assert told == "Shift 1 of V-1 T-1 is open for thandi.\n"
    assert "it has totals when it is closed" in refused(place, "trade", "totals", "V-1", "T-1")
    assert "open" in done(place, "trade", "shift", "list", "V-1", "T-1")
    sell(place, town, 20_000)
    count = ["--counted", "cash=250.00", "--counted", "card=49.50"]
    assert "say why" in refused(place, "trade", "shift", "close", "V-1", "T-1", *count)
    told = done(place, "trade", "shift", "close", "V-1", "T-1", *count, "--reason", "a coin fell")
    assert told == "Shift 1 of V-1 T-1 is closed.\nExpected 300.00, counted 299.50: 0.50 missing.\n"
    assert "a coin fell" in " ".join(done(place, "trade", "shift", "list", "V-1", "T-1").split())
    page = done(place, "trade", "totals", "V-1", "T-1", "1")
    assert next(it.split() for it in page.splitlines() if "buy" in it)[:5] == ["thandi", "buy", "1", "0", "200.00"]
    assert page.endswith("thandi: expected 300.00 with floats of 100.00, counted 299.50: 0.50 missing\n")
    told = done(place, "trade", "batch", "sales", "S-1", "V-1:T-1:1")
    assert told == "Sales batch S-1 has 1 shift.\nExpected 200.00, counted 199.50 without floats: 0.50 missing.\n"
    assert "Bank batch B-1 has 1 sales batch." in done(place, "trade", "batch", "bank", "B-1", "S-1")
    assert done(place, "trade", "totals", "--batch", "B-1") == page
    assert "make that void first" in refused(place, "trade", "batch", "void", "sales", "S-1", "--reason", "wrong")
    assert done(place, "trade", "batch", "void", "bank", "B-1", "--reason", "wrong") == "Bank batch B-1 is void.\n"
    assert "void: wrong" in done(place, "trade", "batch", "list")


def test_too_much(place: Server, town: Town) -> None:
    """What is too much is called so, and what is just right too; what was sold before the shift stands apart."""
    assert town.vendor.code == "V-1"
    for count, words in (("0", "all is there"), ("0.01", "0.01 too much")):
        done(place, "trade", "shift", "open", "V-1", "T-1", "thandi", "--float", "0")
        told = done(place, "trade", "shift", "close", "V-1", "T-1", "--counted", f"cash={count}", "--reason", "found")
        assert words in told
        sell(place, town, 5_000 + len(words))
    done(place, "trade", "shift", "open", "V-1", "T-1", "thandi", "--float", "0")
    done(place, "trade", "shift", "close", "V-1", "T-1")
    assert "buy, before the shift" in done(place, "trade", "totals", "V-1", "T-1")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["scheme", "propose", "/nowhere"], "does not exist"),
        (["scheme", "propose", EXAMPLES / "../tariffs/za-tshwane-2025.yaml"], "format"),
        (["scheme", "activate", "chains", "1999"], "there is no scheme chains 1999"),
        (["scheme", "agree", "V-1", "chains", "--from", "soon", "--reason", "x"], "is no day"),
        (["scheme", "agree", "V-1", "chains", "--from", "2026-01-01", "--reason", "x"], "no active scheme chains"),
        (["scheme", "agree", "V-9", "chains", "--from", "2026-01-01", "--reason", "x"], "there is no vendor V-9"),
        (["accrue", "--again", "yesterday"], "is no day"),
        (["pay", "V-1", "0", "--reference", "x"], "more than 0"),
        (["pay", "V-1", "5.00", "--reference", "=1"], "begins with ="),
        (["pay", "V-1", "5.00", "--reference", "x"], "5.00 more than is owed"),
        (["vendor-statement", "V-9"], "there is no vendor V-9"),
        (["vendor-statement", "V-1", "--from", "soon"], "write 2026-03-31"),
        (["shift", "open", "V-1", "T-9", "thandi", "--float", "0"], "there is no terminal T-9 of V-1"),
        (["shift", "open", "V-1", "T-1", "nobody", "--float", "0"], "there is no operator nobody"),
        (["shift", "open", "V-1", "T-1", "thandi", "--float", "much"], "is not an amount"),
        (["shift", "close", "V-1", "T-1"], "there is no shift yet of V-1 T-1"),
        (["totals"], "it isnt clear of what"),
        (["totals", "V-1", "T-1", "last"], "it isnt clear of what"),
        (["totals", "V-1", "T-1", "7"], "there is no shift 7 of V-1 T-1"),
        (["totals", "V-1", "T-1", "--batch", "S-1"], "it isnt clear of what"),
        (["totals", "--batch", "S-1"], "there is no batch S-1"),
        (["batch", "sales", "S-1", "V-1/T-1/1"], "write V-001:T-1:12"),
        (["batch", "bank", "B-1", "S-1"], "there is no batch S-1"),
        (["batch", "void", "bank", "B-1", "--reason", "x"], "there is no batch B-1"),
    ],
)  # fmt: skip
def test_refused(place: Server, town: Town, words: list[str], told: str) -> None:
    """What can't be done is refused in words."""
    assert town.vendor.code == "V-1"
    assert told in refused(place, "trade", *words).replace("'", "").replace("’", "")


@pytest.mark.parametrize(
    ("counted", "told"),
    [("gold=1.00", "gold is no way to pay"), ("cash", "is not an amount"), ("cash=1", "cash is there twice")],
)
def test_refused_counts(place: Server, town: Town, counted: str, told: str) -> None:
    """A count that isn't one is refused."""
    assert town.vendor.code == "V-1"
    done(place, "trade", "shift", "open", "V-1", "T-1", "thandi", "--float", "0")
    count = ["--counted", "cash=1.00"] if told.endswith("twice") else []
    assert told in refused(place, "trade", "shift", "close", "V-1", "T-1", *count, "--counted", counted)
