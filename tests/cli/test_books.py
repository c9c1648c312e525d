"""`umbane books`, as an auditor sees it."""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from msgspec import structs

from tests.database import administer
from tests.ledger.support import numbered
from tests.registry.town import Town, build
from umbane.cli import main
from umbane.cli.bookpages import Talk
from umbane.db import Connection, Database, Server, open_database
from umbane.db.embedded import EmbeddedServer
from umbane.ledger import BOOKS, ENERGY, AccountKey, CreditLimit, Entry, Kind, Reversal, close_period, open_book
from umbane.pricing import CustomerState
from umbane.registry import change_state

ZONE = ZoneInfo("Africa/Johannesburg")


def call(place: Server, *words: str) -> Result:
    """Call a command of the books."""
    return CliRunner().invoke(main, ["books", *words], env={"UMBANE_DATABASE_URL": place.url})


def lines(result: Result, code: int = 0) -> list[str]:
    """What a command printed, when it ended as it should, without the spaces at the ends of lines."""
    assert result.exit_code == code, result.output
    return [line.rstrip() for line in result.output.splitlines()]


def on(day: int, hour: int = 9) -> datetime:
    """A moment of March."""
    return datetime(2026, 3, day, hour, tzinfo=ZONE)


async def trade(town: Town) -> None:
    """A deposit, three sales with a debt paid off, a reversal, and a late note in a closed period."""

    async def work(tx: Connection) -> None:
        book = await open_book(tx, town.id)
        keys = [
            AccountKey(Kind.CASH, "ZAR", name="bank"),
            AccountKey(Kind.VENDOR_FLOAT, "ZAR", town.vendor.id),
            AccountKey(Kind.REVENUE_ENERGY, "ZAR"),
            AccountKey(Kind.TAX, "ZAR", name="vat"),
            AccountKey(Kind.TAX, "ZAR", name="levy"),
            AccountKey(Kind.ARREARS, "ZAR", town.contract.id, "outstanding"),
            AccountKey(Kind.ENERGY_REPLACED, ENERGY),
            AccountKey(Kind.ENERGY_SOLD, ENERGY),
            AccountKey(Kind.CUSTOMER_CREDIT, "ZAR", numbered(9)),
        ]
        found = await book.accounts(keys)
        cash, vendor, revenue, vat, levy, debt, tokens, sold, _ = (found[key] for key in keys)
        await book.set_credit_limits([CreditLimit(vendor, 100_000, on(1), "agreed")])
        await book.post(
            [
                Entry(numbered(1), on(2), "deposit", [cash, vendor], [50_000, -50_000], note="=slip 12"),
                Entry(
                    numbered(2),
                    on(3),
                    "sale",
                    [vendor, revenue, vat, tokens, sold],
                    [20_000, -17_391, -2_609, 584, -584],
                ),
                Entry(numbered(3), on(4), "sale", [vendor, revenue, vat, levy], [5_000, -4_000, -600, -400]),
                Entry(numbered(4), on(5), "sale", [vendor, debt], [30_000, -30_000], source=numbered(77)),
            ]
        )
        await book.reverse([Reversal(numbered(5), numbered(3), on(6), "wrong meter")])
        [debt_before] = town.contract.state.arrears
        left = CustomerState(arrears=(structs.replace(debt_before, owed=debt_before.owed - 30_000),))
        await change_state(tx, town.scope, town.contract.id, 0, left, "paid")

    async def late(tx: Connection) -> None:
        book = await open_book(tx, town.id)
        keys = [AccountKey(Kind.CASH, "ZAR", name="bank"), AccountKey(Kind.VENDOR_FLOAT, "ZAR", town.vendor.id)]
        found = await book.accounts(keys)
        await book.post([Entry(numbered(6), on(8), "deposit", [found[key] for key in keys], [100, -100])])

    await town.database.run(work)
    await close_period(town.database, town.id, on(10, 0), on(11))
    await town.database.run(late)


def in_town(place: Server, codes: Sequence[str] = ("seaview",)) -> list[Town]:
    """Build towns, and let the first of them trade."""

    async def make() -> list[Town]:
        async with open_database(place) as database:
            towns = [await build(database, code, number) for number, code in enumerate(codes, 1)]
            if towns:
                await trade(towns[0])
            return towns

    return asyncio.run(make())


def test_a_proof(place: Server) -> None:
    """Books in order are proven, claim by claim, and the command ends with 0."""
    in_town(place)
    *claims, verdict = lines(call(place, "prove"))
    assert verdict == f"The books are proven: all {len(claims)} claims hold."
    assert claims[2] == (
        "holds  entries         Every entry sums to zero in each unit, on accounts of its own utility. (7 looked at)"
    )
    assert all(line.startswith("holds  ") for line in claims)


def test_a_wrong_row(place: Server, server: EmbeddedServer) -> None:
    """A row that somebody changed is named, and the command ends with 1."""
    in_town(place)
    name = place.url.partition("@/")[2].partition("?")[0]
    change = f"UPDATE ledger.entry SET amounts[1] = 20001 WHERE id = '{numbered(2)}'"  # noqa: S608 - our own words
    off, on_again = ("ALTER TABLE ledger.entry DISABLE TRIGGER ALL", "ALTER TABLE ledger.entry ENABLE TRIGGER ALL")
    administer(server, off, change, on_again, name=name)
    shown = lines(call(place, "prove"), code=1)
    assert f"                       ledger.entry {numbered(2)}: ZAR sum to 1, not to zero" in shown
    assert shown[-1].startswith("The books are NOT proven: 4 of ")
    assert shown[-1].endswith(" claims are wrong.")


class Screen(StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_how_far_it_is() -> None:
    """On a terminal one line says how far a proof is, and goes away; in a file there is none of it."""
    screen, file = Screen(), StringIO()
    for talk in (Talk(screen), Talk(file)):
        talk.progress(BOOKS[2], 0)
        talk.progress(BOOKS[2], 1_234_567)
        talk.clear()
    assert screen.getvalue() == "\r\x1b[Kentries: 0 …\r\x1b[Kentries: 1,234,567 …\r\x1b[K"
    assert file.getvalue() == ""


def test_a_trial_balance(place: Server) -> None:
    """A trial balance has each account on its side, unit by unit, with equal sums."""
    in_town(place)
    assert lines(call(place, "trial-balance", "--until", "2026-03-09")) == [
        "Trial balance of Town of seaview, before 2026-03-09 00:00 (Africa/Johannesburg)",
        "",
        "ZAR                                         accounts            debit           credit",
        "Owed by customers: outstanding (arrears)           1           550.00",
        "Money received: bank (cash)                        1           500.00",
        "Taxes collected: levy (tax)                        1             0.00",
        "Taxes collected: vat (tax)                         1                             26.09",
        "Floats of vendors (vendor_float)                   1             0.00",
        "Taken over from elsewhere (opening)                1                            850.00",
        "Energy sold (revenue_energy)                       1                            173.91",
        "                                                       --------------   --------------",
        "sum                                                           1050.00          1050.00",
        "",
        "kWh                                         accounts            debit           credit",
        "Energy replaced (energy_replaced)                  1             58.4",
        "Energy sold (energy_sold)                          1                              58.4",
        "                                                       --------------   --------------",
        "sum                                                              58.4             58.4",
    ]


def test_a_trial_balance_of_all(place: Server) -> None:
    """Without a date the trial balance has everything."""
    in_town(place)
    assert "Money received: bank (cash)                        1           501.00" in lines(
        call(place, "trial-balance")
    )


def test_a_trial_balance_of_nothing(place: Server) -> None:
    """Before anything was booked, the trial balance says so."""
    in_town(place)
    assert lines(call(place, "trial-balance", "--until", "2025-01-01T06:30"))[1:] == ["Nothing was booked."]


@pytest.mark.parametrize("moment", ["0001-01-01", "1969-12-31", "9000-01-01", "9999-12-31T23:59:59-12:00", "x"])
def test_a_moment_of_no_books(place: Server, moment: str) -> None:
    """A moment around which nothing was ever booked is refused as a date."""
    in_town(place)
    answer = call(place, "trial-balance", "--until", moment)
    assert (answer.exit_code, answer.stderr.startswith("error: date: ")) == (2, True)


def test_a_statement(place: Server) -> None:
    """A statement has the opening balance, each posting with its balance and its entry, and the closing balance."""
    in_town(place)
    head, *shown = lines(call(place, "statement", "vendor_float", "--from", "2026-03-03", "--until", "2026-04-01"))
    assert re.fullmatch(r"Account \d: Floats of vendors \(vendor_float\), in ZAR, of vendor V-1, Corner Shop", head)
    assert shown == [
        "Town of seaview, from 2026-03-03 00:00 (Africa/Johannesburg) until 2026-04-01 00:00 (Africa/Johannesburg)",
        "",
        "date              what                        debit           credit             balance",
        "                  opening                                                      500.00 Cr",
        *map(
            "  entry ".join,
            [
                ("2026-03-03 09:00  sale                       200.00                            300.00 Cr", SALE),
                ("2026-03-04 09:00  sale                        50.00                            250.00 Cr", MISTAKE),
                ("2026-03-05 09:00  sale                       300.00                             50.00 Dr", PAYMENT),
                ("2026-03-06 09:00  reversal                                     50.00             0.00   ", BACK),
                ("2026-03-10 00:00  deposit                                       1.00             1.00 Cr", LATE),
            ],
        ),
        "                  closing                                                        1.00 Cr",
    ]


SALE = str(numbered(2))
MISTAKE = str(numbered(3))
PAYMENT = f"{numbered(4)}; about {numbered(77)}"
BACK = f"{numbered(5)}; wrong meter"
LATE = f"{numbered(6)}; of 2026-03-08 09:00 (Africa/Johannesburg); happened in a period that was closed"


@pytest.mark.parametrize(
    ("words", "owner"),
    [
        (("vendor_float",), ", of vendor V-1, Corner Shop"),
        (("arrears",), ", of customer account 700-1"),
        (("customer_credit",), f", of {numbered(9)}"),
        (("cash",), ""),
    ],
)
def test_whose_account(place: Server, words: tuple[str, ...], owner: str) -> None:
    """A statement names the vendor or the customer whose account it is, as people call them."""
    in_town(place)
    head = lines(call(place, "statement", *words))[0]
    assert head.partition("in ZAR")[2] == owner


def test_a_statement_in_energy(place: Server) -> None:
    """Energy is shown in kWh with one digit after the point."""
    in_town(place)
    shown = lines(call(place, "statement", "energy_replaced", "--from", "2026-03-01", "--until", "2026-04-01"))
    assert shown[5].startswith(
        "2026-03-03 09:00  sale                         58.4                              58.4 Dr"
    )


def test_a_statement_for_programs(place: Server) -> None:
    """As comma-separated values a statement is plain, and no note is a formula."""
    in_town(place)
    shown = lines(call(place, "statement", "vendor_float", "--csv", "--from", "2026-03-01", "--until", "2026-03-04"))
    assert shown == [
        "at,entry,kind,debit,credit,balance,unit,source,happened_at,note",
        f"2026-03-02T09:00:00+02:00,{numbered(1)},deposit,0.00,500.00,-500.00,ZAR,,,'=slip 12",
        f"2026-03-03T09:00:00+02:00,{numbered(2)},sale,200.00,0.00,-300.00,ZAR,,,",
    ]
    late = lines(call(place, "statement", "vendor_float", "--csv", "--from", "2026-03-07", "--until", "2026-04-01"))[1]
    assert "2026-03-08T09:00:00+02:00,happened in a period" in late


@pytest.mark.parametrize(
    "words",
    [
        ("vendor_float", "--vendor", "V-1"),
        ("arrears", "--contract", "700-1"),
        ("arrears", "--name", "outstanding"),
        ("tax", "--name", "vat"),
        ("1",),
    ],
)
def test_which_account(place: Server, words: tuple[str, ...]) -> None:
    """An account is named by its number, or by its kind with as much more as it takes."""
    in_town(place)
    assert lines(call(place, "statement", *words))[0].startswith("Account ")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("tax",), r"2 accounts are of that kind; name one by its number"),
        (("gold",), "there is no account 'gold' of that name and owner; look at the trial balance"),
        (("arrears", "--vendor", "V-1"), "there is no account 'arrears'"),
        (("vendor_float", "--vendor", "V-9"), "V-9"),
        (("arrears", "--contract", "999"), "999"),
        (("999",), "there is no account 999"),
        (("9" * 30,), "there is no account 999999999"),
        (("²",), "there is no account '²'"),
        (("-7",), "No such option"),
        (("cash", "--from", "yesterday"), "date: 'yesterday' is none; write 2026-03-31"),
        (("cash", "--until", "2026-02-30"), "date: '2026-02-30' is none"),
        (("cash", "--utility", "nowhere"), "nowhere"),
    ],
)
def test_no_account(place: Server, words: tuple[str, ...], problem: str) -> None:
    """What isn't one account, one utility or a date is told in a line, and the command ends with 2."""
    in_town(place)
    result = call(place, "statement", *words)
    assert result.exit_code == 2
    assert problem in result.stderr
    assert "Traceback" not in result.output


def test_several_utilities(place: Server) -> None:
    """Where there are several utilities, one is named; where there is none, that is said."""
    assert (
        "there is no utility yet; add one: umbane registry import utility FILE" in call(place, "trial-balance").stderr
    )
    in_town(place, ["seaview", "hilltop"])
    assert "there are several utilities; name one of hilltop, seaview" in call(place, "trial-balance").stderr
    assert "Town of hilltop" in lines(call(place, "trial-balance", "--utility", "hilltop"))[0]


def test_the_months_beginning(place: Server) -> None:
    """Without a date a statement begins on the first of the month in which it ends, on the clock of the utility."""
    in_town(place)
    shown = lines(call(place, "statement", "cash", "--until", "2026-02-28T23:30+00:00"))
    assert shown[1].startswith("Town of seaview, from 2026-03-01 00:00 (Africa/Johannesburg) until 2026-03-01 01:30")


async def test_the_fixture_trades(database: Database) -> None:
    """The town of these tests is one whose books hold."""
    town = await build(database, "seaview", 1)
    await trade(town)
    async with database.reading() as connection:
        assert await connection.fetchval("SELECT count(*) FROM ledger.entry WHERE utility_id = $1", town.id) == 7
