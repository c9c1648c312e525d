"""What vendors may owe and what they pay, by commands."""

import asyncio

import pytest
import yaml

from tests.cli.calls import done, refused
from tests.project.tree import ROOT
from tests.registry.town import Town, build
from umbane.db import Server, open_database
from umbane.ledger import BOOKS, prove
from umbane.registry import vendor
from umbane.vending import CLAIMS

EXAMPLE = ROOT / "examples" / "utility" / "utility.yaml"


@pytest.fixture
def town(place: Server) -> Town:
    """Give a utility with a vendor who has no float yet."""

    async def make() -> Town:
        async with open_database(place) as opened:
            return await build(opened, "seaview", 1)

    return asyncio.run(make())


def row(place: Server, vendor_code: str = "V-1") -> list[str]:
    """What a vendor may owe, owes, and has left."""
    (line,) = (it for it in done(place, "books", "floats").splitlines() if it.split()[:1] == [vendor_code])
    return line.split()[-3:]


def pay(place: Server, amount: str, reference: str) -> str:
    """Book a payment."""
    return done(place, "books", "deposit", "V-1", amount, "--reference", reference)


def test_from_a_file(place: Server) -> None:
    """A vendor may owe as much as the file says that it came in with."""
    done(place, "registry", "import", "utility", EXAMPLE)
    file = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    limits = {it["code"]: f"{it.get('credit_limit', 0):.2f}" for it in file["vendors"]}
    assert {code: row(place, code) for code in limits} == {code: [it, "0.00", it] for code, it in limits.items()}
    assert any(it != "0.00" for it in limits.values())


def test_a_limit(place: Server, town: Town) -> None:
    """A limit stands in the books and in the registry alike; before there is one nothing can be sold."""
    assert row(place) == ["0.00", "0.00", "0.00"]
    assert done(place, "books", "limit", "V-1", "750.00", "--reason", "as agreed") == "V-1 may owe 750.00.\n"
    assert row(place) == ["750.00", "0.00", "750.00"]

    async def kept() -> int:
        async with open_database(place) as database, database.reading() as connection:
            return (await vendor(connection, town.id, town.vendor.id)).credit_limit

    assert asyncio.run(kept()) == 75_000


@pytest.mark.usefixtures("town")
def test_payments(place: Server) -> None:
    """Payments add up to what the vendor has left, each is booked once, and the books prove themselves."""
    assert pay(place, "100.00", "bank 1") == "Booked: V-1 paid 100.00.\n"
    pay(place, "0.05", "bank 2")
    again = refused(place, "books", "deposit", "V-1", "100.00", "--reference", "bank 1")
    assert "a payment of V-1 with this reference is booked already" in again
    assert row(place) == ["0.00", "-100.05", "100.05"]

    async def look() -> bool:
        async with open_database(place) as database:
            return (await prove(database, (*BOOKS, *CLAIMS))).holds

    assert asyncio.run(look())


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["deposit", "V-1", "0", "--reference", "x"], "nothing was paid"),
        (["deposit", "V-1", "1.005", "--reference", "x"], "is not an amount of ZAR"),
        (["deposit", "V-1", "1e3", "--reference", "x"], "is not an amount of ZAR"),
        (["deposit", "V-9", "5.00", "--reference", "x"], "there is no vendor V-9"),
        (["deposit", "V-1", "5.00"], "Missing option --reference"),
        (["deposit", "V-1", "5.00", "--reference", "=1+1"], "begins with ="),
        (["limit", "V-1", "5.00"], "Missing option --reason"),
        (["limit", "V-9", "5.00", "--reason", "x"], "there is no vendor V-9"),
        (["limit", "V-1", "much", "--reason", "x"], "is not an amount of ZAR"),
        (["limit", "V-1", "5.00", "--reason", "x", "--utility", "nowhere"], "there is no utility nowhere"),
    ],
)
def test_refused(place: Server, words: list[str], told: str) -> None:
    """What can't be booked isn't."""
    assert told in refused(place, "books", *words).replace("'", "")
    assert row(place) == ["0.00", "0.00", "0.00"]


def test_nobody(place: Server) -> None:
    """Where there is no utility the first step is told."""
    assert "umbane registry import utility FILE" in refused(place, "books", "floats")
