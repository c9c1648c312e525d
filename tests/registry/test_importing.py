"""Filling the registry from a file."""

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.database import by_owner
from tests.registry.town import KEY, TARIFF, TODAY, Town, meter, new_id, pan, revision
from umbane.pricing import Arrears, CustomerState
from umbane.registry import (
    ImportFileError,
    ImportReport,
    KeyPhase,
    Meter,
    MeterState,
    NotFoundError,
    Phase,
    Scope,
    add_key_revisions,
    add_meters,
    contract,
    contract_by_account,
    customer,
    find,
    history,
    import_meters,
    meter_by_number,
    service_point,
)
from umbane.sts import EA, KEN, KRN, KT, TCT, BaseDate

STOCKED = "meter,sgc,krn,ti"
LIVED_IN = f"{STOCKED},account,customer,address,tariff"


def line(number: int, *more: str) -> str:
    """A line about a meter."""
    return ",".join((str(pan(number).drn), "123456", "1", "01", *more))


def home(number: int, **fields: str) -> str:
    """A line about a meter with everything that a contract needs."""
    usual = {"account": f"A-{number}", "customer": "Lerato Dube", "address": f"{number} Long Street", "tariff": TARIFF}
    return line(number, *(usual | fields).values())


async def load(town: Town, tmp_path: Path, *lines: str, **how: Any) -> ImportReport:  # noqa: ANN401 - its own options
    """Import a file with these lines."""
    path = tmp_path / "meters.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return await import_meters(town.database, town.scope, path, today=TODAY, **how)


async def numbers(town: Town) -> set[str]:
    """The meters that the town has."""
    rows = await town.database.run(lambda tx: tx.fetch("SELECT pan FROM registry.meter WHERE utility_id = $1", town.id))
    return {it["pan"] for it in rows}


async def by_number(town: Town, number: int) -> Meter:
    """A meter of the town."""
    return await town.reads(meter_by_number, str(pan(number).drn))


async def problem_of(town: Town, tmp_path: Path, header: str, row: str) -> tuple[str, str, str]:
    """The one problem of a file with one row that is wrong: its field, what is wrong, what to do."""
    before = await numbers(town)
    report = await load(town, tmp_path, header, row)
    [problem] = report.problems
    assert (problem.line, report.rows, report.added, report.bad_rows) == (2, 1, 0, 1)
    assert await numbers(town) == before
    return problem[1:]


async def test_stocked_meters(town: Town, tmp_path: Path) -> None:
    """A file of meters fills the store; what it doesn't say of a key comes from the key revision."""
    await town.does(add_key_revisions, [revision(2, ken=KEN(200), base_date=BaseDate.Y2035)])
    second = line(11).replace(",1,", ",2,")
    report = await load(town, tmp_path, STOCKED, line(10), second)
    assert (report.rows, report.added, report.bad_rows, report.problems) == (2, 2, 0, [])
    assert replace(await by_number(town, 10), id=town.id) == meter(10, id=town.id)
    assert (await by_number(town, 11)).key == replace(KEY, krn=KRN(2), ken=KEN(200), base_date=BaseDate.Y2035)


async def test_everything(town: Town, tmp_path: Path) -> None:
    """A row may say everything about a meter, its place, its contract and its customer."""
    row = {
        "meter": pan(10, 1).digits,
        "sgc": "123456",
        "krn": "1",
        "ti": "7",
        "kt": "2",
        "base_date": "1993",
        "ken": "100",
        "ea": "11",
        "tct": "7",
        "model": "Blue 3",
        "state": "Blocked",
        "account": "700/9",
        "customer": "Jose\u0301  Müller ",
        "phone": "+27 82 000-1111",
        "email": "j@example.org",
        "id_number": "80 01",
        "language": "zu",
        "address": "5 Hill Street",
        "feeder": "F1",
        "transformer": "T 2",
        "pole": "P3",
        "phase": "l123",
        "tariff": TARIFF,
        "opened": "2025-12-31",
        "arrears": "services:450.00:30 outstanding:10",
        "free_from": "2026-01-01",
        "connected_load": "5000",
    }
    report = await load(town, tmp_path, ",".join(row), ",".join(row.values()))
    assert report.added == 1
    it = await town.reads(meter_by_number, pan(10, 1).digits)
    assert (it.ea, it.tct, it.model, it.state, it.key_phase) == (
        EA.MISTY1,
        TCT.VTC07,
        "Blue 3",
        MeterState.BLOCKED,
        KeyPhase.SETTLED,
    )
    assert (it.key.ti.value, it.key.base_date, it.key.ken) == (7, BaseDate.Y1993, KEN(100))
    bargain = await town.reads(contract_by_account, "700/9")
    debts = (Arrears("services", 45_000, percent="30"), Arrears("outstanding", 1_000))
    assert bargain.state == CustomerState(arrears=debts, free_from=date(2026, 1, 1), connected_load=5_000)
    assert (bargain.id, bargain.tariff_id, bargain.opened, bargain.version) == (
        it.contract_id,
        TARIFF,
        date(2025, 12, 31),
        0,
    )
    who = await town.reads(customer, bargain.customer_id)
    assert (who.name, who.phone, who.email) == ("José Müller", "+27820001111", "j@example.org")
    assert (who.id_number, who.language) == ("80 01", "zu")
    where = await town.reads(service_point, bargain.service_point_id)
    assert (where.id, where.address, where.feeder) == (it.service_point_id, "5 Hill Street", "F1")
    assert (where.transformer, where.pole, where.phase) == ("T 2", "P3", Phase.L123)


async def test_found_at_once(town: Town, tmp_path: Path) -> None:
    """Everybody who was imported is found, with a slip too."""
    await load(town, tmp_path, LIVED_IN, home(10), home(11, customer="Sipho Nkosi"))
    assert [it.account_no for it in (await town.reads(find, "siphp nkosi")).hits] == ["A-11"]
    assert [it.account_no for it in (await town.reads(find, "10 long street")).hits][:1] == ["A-10"]


async def test_a_vacant_place(town: Town, tmp_path: Path) -> None:
    """A meter with an address and no account hangs at a vacant place."""
    await load(town, tmp_path, LIVED_IN, line(10, "", "", "10 Long Street", ""))
    it = await by_number(town, 10)
    assert (it.state, it.contract_id) == (MeterState.INSTALLED, None)
    assert (await town.reads(service_point, it.service_point_id)).address == "10 Long Street"


async def test_written_down(town: Town, tmp_path: Path) -> None:
    """Everything that was added by a file names it, with its digest and who did it."""
    await load(town, tmp_path, LIVED_IN, home(10))
    it = await by_number(town, 10)
    bargain = await town.reads(contract, it.contract_id)
    told = [await town.reads(history, of) for of in (it.id, bargain.id, bargain.customer_id, bargain.service_point_id)]
    assert [[change.action for change in them] for them in told] == [["meter.import"]] * 4
    details = told[0][0].details
    assert (details["file"], details["rows"], len(details["sha256"])) == ("meters.csv", 1, 64)


@pytest.mark.parametrize("good_rows_only", [True, False])
async def test_good_and_bad(town: Town, tmp_path: Path, *, good_rows_only: bool) -> None:
    """When one row is wrong none is added, or, if so asked, all the others; either way every problem is told."""
    before = await numbers(town)
    lines = (LIVED_IN, home(10), home(11, tariff="nothing", customer="=1"), "x", home(12))
    report = await load(town, tmp_path, *lines, good_rows_only=good_rows_only)
    assert (report.rows, report.bad_rows, report.problem_count) == (4, 2, 3)
    assert [(it.line, it.field) for it in report.problems] == [(3, "customer"), (3, "tariff"), (4, "row")]
    added = {pan(10).digits, pan(12).digits} if good_rows_only else set()
    assert (report.added, await numbers(town) - before) == (len(added), added)


@pytest.mark.parametrize("good_rows_only", [True, False])
async def test_dry_run(town: Town, tmp_path: Path, *, good_rows_only: bool) -> None:
    """A dry run tells what would be, and leaves nothing behind."""
    before = await town.database.run(lambda tx: tx.fetchval("SELECT count(*) FROM registry.change"))
    lines = (LIVED_IN, home(10), home(11, tariff="nothing"))
    options = {"dry_run": True, "good_rows_only": good_rows_only}
    report = await load(town, tmp_path, *lines, **options)
    assert (report.dry_run, report.rows, report.added, report.bad_rows) == (True, 2, int(good_rows_only), 1)
    assert pan(10).digits not in await numbers(town)
    assert await town.database.run(lambda tx: tx.fetchval("SELECT count(*) FROM registry.change")) == before


async def test_the_dry_run_tells_the_truth(town: Town, tmp_path: Path) -> None:
    """After a dry run without problems the import adds as many rows as that said."""
    dry = await load(town, tmp_path, LIVED_IN, home(10), home(11), dry_run=True)
    real = await load(town, tmp_path, LIVED_IN, home(10), home(11))
    assert (dry.added, dry.problems) == (real.added, real.problems) == (2, [])


async def test_again(town: Town, tmp_path: Path) -> None:
    """A file that was imported is not imported twice: every row says what is in the registry already."""
    await load(town, tmp_path, LIVED_IN, home(10), home(11))
    report = await load(town, tmp_path, LIVED_IN, home(10), home(11))
    assert (report.added, report.bad_rows, report.problem_count) == (0, 2, 4)
    assert [str(it) for it in report.problems[:2]] == [
        "line 2, account: A-10 is in the registry already; leave the line out, or correct the number",
        f"line 2, meter: {pan(10).drn} is in the registry already; leave the line out, or correct the number",
    ]


async def test_twice_in_the_file(town: Town, tmp_path: Path) -> None:
    """A meter or an account that a file has twice is told with the line that has it first, in whatever form."""
    lines = (LIVED_IN, home(10), home(11), home(12, account="A-10"), home(11).replace(str(pan(11).drn), pan(11).digits))
    report = await load(town, tmp_path, *lines, good_rows_only=True)
    assert [(it.line, it.field, it.problem) for it in report.problems] == [
        (4, "account", "A-10 is in line 2 already"),
        (5, "account", "A-11 is in line 3 already"),
        (5, "meter", f"{pan(11).drn} is in line 3 already"),
    ]
    assert (report.added, report.bad_rows) == (2, 2)


async def test_what_others_have(town: Town, other: Town, tmp_path: Path) -> None:
    """Meters and accounts of another utility are nobody's business: the same ones can be imported."""
    drn = str(other.meter.pan.drn)
    row = f"{drn},123456,1,01,{other.contract.account_no},Lerato Dube,1 Long Street,{TARIFF}"
    assert (await load(town, tmp_path, LIVED_IN, row)).added == 1
    assert (await other.reads(meter_by_number, drn)).id == other.meter.id


@pytest.mark.parametrize(
    ("number", "problem", "remedy"),
    [
        ("", "nothing is given", "11, 13 or 18 digits"),
        ("00001011015", "calls? for|call for", "digit by digit"),
        ("1011014", "has 7 digits", "it is 00001011014: format the column as text"),
        ("6.00727E+17", "rounded by a spreadsheet", "as text"),
        ('"=""00001011014"""', "is a formula", "export the values"),
        ("٠٠٠٠١٠١١٠١٤", "other than the digits", "digits 0-9"),
        ("meter", "characters", "digits"),
    ],
)
async def test_meter_numbers(town: Town, tmp_path: Path, number: str, problem: str, remedy: str) -> None:
    """A wrong meter number is told apart from one that a spreadsheet has spoilt, and the remedy says how to mend it."""
    field, told, mended = await problem_of(town, tmp_path, STOCKED, f"{number},123456,1,01")
    assert field == "meter"
    assert any(it in told for it in problem.split("|"))
    assert remedy in mended


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("sgc", "999999"), ("sgc", "1234567"), ("sgc", ""), ("sgc", "12e4")),
        *(("krn", "2"), ("krn", "0"), ("krn", ""), ("ti", "100"), ("ti", ""), ("ti", "-1")),
        *(("kt", "4"), ("base_date", "2013"), ("ken", "256"), ("ea", "9"), ("ea", "STA"), ("tct", "3")),
        *(("model", "\u202ex"), ("state", "lost"), ("state", "stocked"), ("account", "A 10"), ("customer", "")),
        *(("customer", "@x"), ("customer", '"a\nb"'), ("customer", "pay\u200bpal"), ("phone", "call me")),
        *(("email", "me"), ("id_number", "x\ty"), ("language", "English"), ("address", ""), ("address", "-")),
        *(("feeder", "=F"), ("transformer", "x" * 101), ("pole", "\ufeff"), ("phase", "L4")),
        *(("tariff", ""), ("tariff", "nothing"), ("opened", "31.12.2025"), ("opened", "2025-02-30")),
        *(("arrears", "services"), ("arrears", "services:x"), ("arrears", "services:1:2:3"), ("arrears", "a:1:101")),
        *(("arrears", "services:450.001"), ("arrears", ":5"), ("free_from", "soon"), ("connected_load", "5 kW")),
        *(("connected_load", "0"), ("arrears", " ".join(["a:1"] * 51))),
    ],
)
async def test_every_field(town: Town, tmp_path: Path, column: str, value: str) -> None:
    """Whatever is wrong in a row, its field is told, and nothing is added."""
    row = {"meter": str(pan(10).drn), "sgc": "123456", "krn": "1", "ti": "01", "account": "A-10", "customer": "Lerato"}
    row |= {"address": "1 Long Street", "tariff": TARIFF} | {column: value}
    field, problem, remedy = await problem_of(town, tmp_path, ",".join(row), ",".join(row.values()))
    assert field in {column, "percent"}
    assert problem
    assert remedy


@pytest.mark.parametrize("column", ["customer", "phone", "tariff", "opened", "arrears", "free_from", "connected_load"])
async def test_without_an_account(town: Town, tmp_path: Path, column: str) -> None:
    """What belongs to a contract says nothing without an account, and is not silently dropped."""
    values = {
        "phone": "0821234567",
        "opened": "2026-01-01",
        "arrears": "x:1",
        "free_from": "2026-01-01",
        "connected_load": "5",
    }
    row = f"{line(10)},,{values.get(column, 'x')}"
    field, problem, _ = await problem_of(town, tmp_path, f"{STOCKED},account,{column}", row)
    assert (field, problem) == (column, "there is no account that it could belong to")


@pytest.mark.parametrize("column", ["feeder", "transformer", "pole", "phase"])
async def test_a_place_without_an_address(town: Town, tmp_path: Path, column: str) -> None:
    """A place in the network needs an address, so that somebody finds the meter."""
    field, problem, _ = await problem_of(town, tmp_path, f"{STOCKED},{column}", line(10, "L1"))
    assert (field, problem) == ("address", "a place in the network has none")


@pytest.mark.parametrize("state", ["installed", "blocked"])
async def test_a_state_without_a_place(town: Town, tmp_path: Path, state: str) -> None:
    """A meter that hangs somewhere has an address."""
    field, problem, _ = await problem_of(town, tmp_path, f"{STOCKED},state", line(10, state))
    assert (field, problem) == ("state", f"a meter that is {state} has no address")


@pytest.mark.parametrize("state", ["removed", "scrapped", "stocked"])
async def test_old_meters(town: Town, tmp_path: Path, state: str) -> None:
    """Meters that hang nowhere may be imported in any such state."""
    await load(town, tmp_path, f"{STOCKED},state", line(10, state))
    assert (await by_number(town, 10)).state == state


async def test_a_key_from_the_factory(town: Town, tmp_path: Path) -> None:
    """A meter that still has its maker's key needs no key revision, but must say from when it counts."""
    header = f"{STOCKED},kt,base_date"
    await load(town, tmp_path, header, line(10, "0", "2014"))
    assert (await by_number(town, 10)).key.kt is KT.DITK
    assert (await problem_of(town, tmp_path, header, line(11, "0", "")))[0] == "krn"


async def test_a_currency_without_minor_units(town: Town, tmp_path: Path) -> None:
    """Debts are read in the currency of the utility."""
    await by_owner(town.database, "UPDATE registry.utility SET currency = 'UGX' WHERE id = $1", town.id)
    await load(town, tmp_path, f"{LIVED_IN},arrears", f"{home(10)},outstanding:450")
    assert (await town.reads(contract_by_account, "A-10")).state.arrears == (Arrears("outstanding", 450),)
    row = f"{home(11)},outstanding:450.00"
    assert (await problem_of(town, tmp_path, f"{LIVED_IN},arrears", row))[0] == "arrears"


async def test_no_table(town: Town, tmp_path: Path) -> None:
    """A file that is no table of meters is refused as a whole, and so is one for a utility that isn't there."""
    with pytest.raises(ImportFileError, match="load"):
        await load(town, tmp_path, f"{STOCKED},load", line(10, "5"))
    nobody = replace(town, scope=Scope(new_id(), "x"))
    with pytest.raises(NotFoundError, match="utility"):
        await load(nobody, tmp_path, STOCKED, line(10))


async def test_an_empty_table(town: Town, tmp_path: Path) -> None:
    """A header alone adds nothing and is no error."""
    report = await load(town, tmp_path, STOCKED)
    assert (report.rows, report.added, report.bad_rows) == (0, 0, 0)


async def test_thousands(town: Town, tmp_path: Path) -> None:
    """A file longer than what is staged at a time comes in whole, and the caller hears how far it is."""
    heard: list[int] = []
    rows = (home(it) for it in range(10_000, 15_000))
    report = await load(town, tmp_path, LIVED_IN, *rows, on_rows=heard.append)
    assert (report.rows, report.added, report.bad_rows) == (5_000, 5_000, 0)
    assert heard == list(range(500, 5_001, 500))


async def test_thousands_of_problems(town: Town, tmp_path: Path) -> None:
    """Of very many problems the first are told, and all are counted."""
    rows = (f"{it},1,1,1" for it in range(6_000))
    report = await load(town, tmp_path, STOCKED, *rows)
    assert (report.rows, report.bad_rows, report.problem_count) == (6_000, 6_000, 12_000)
    assert len(report.problems) == 10_000


async def test_somebody_was_faster(town: Town, tmp_path: Path) -> None:
    """Two imports of one file at the same time leave each meter once."""

    async def import_() -> str:
        try:
            return str((await load(town, tmp_path, STOCKED, line(10))).added)
        except Exception as error:  # noqa: BLE001 - which one is what is tested
            return type(error).__name__

    outcomes = await asyncio.gather(import_(), import_())
    assert sorted(outcomes) in (["0", "1"], ["1", "DuplicateError"])
    assert len([it for it in await numbers(town) if it == pan(10).digits]) == 1


async def test_a_meter_that_is_added_meanwhile(town: Town, tmp_path: Path) -> None:
    """A meter in the registry is not imported, whatever became of it since."""
    await town.does(add_meters, [meter(10, state=MeterState.SCRAPPED)])
    assert (await problem_of(town, tmp_path, STOCKED, line(10)))[0] == "meter"
