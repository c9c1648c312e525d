"""What ends within some days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.support import BLUE, DAY, hang_up, paper, with_blue
from tests.fleet.test_approval import DOSSIERS
from tests.registry.town import Town
from umbane.errors import InputError
from umbane.fleet import (
    Dossier,
    EvidenceKind,
    Unit,
    add_evidence,
    describe_units,
    due_meters,
    ending_documents,
    waves,
)
from umbane.fleet.foresight import ending, lasting_months

SOON = DAY + timedelta(days=30)
WARRANTY, BATTERY = EvidenceKind.WARRANTY, EvidenceKind.BATTERY_LIFE


@pytest.mark.parametrize(
    ("evidence", "numbers"),
    [
        ((paper(valid_until=SOON),), ["C-1"]),
        ((paper(valid_until=SOON + timedelta(days=1)),), []),
        ((paper(valid_until=DAY - timedelta(days=1)),), []),
        ((paper(valid_until=None),), []),
        ((paper(valid_until=SOON), paper(number="C-2", valid_from=SOON + timedelta(days=1))), []),
        ((paper(valid_until=SOON), paper(number="C-2", valid_from=SOON + timedelta(days=2))), ["C-1"]),
        ((paper(valid_until=SOON), paper(number="C-2", firmware=("2.0",))), ["C-1"]),
        ((paper(valid_until=SOON, firmware=("1.0", "2.0")), paper(number="C-2", firmware=("2.0",))), ["C-1"]),
        ((paper(valid_until=SOON, firmware=("2.0",)), paper(number="C-2", firmware=("2.0",))), []),
        ((paper(withdrawn=SOON),), ["C-1"]),
    ],
)
def test_what_ends(evidence: tuple[object, ...], numbers: list[str]) -> None:
    """A document is named while it holds and ends soon, unless another covers the same from the next day on."""
    assert [it.number for it in ending(Dossier(BLUE, evidence), DAY, SOON)] == numbers  # type: ignore[arg-type]  # documents


@given(DOSSIERS, st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(0, 400), st.integers(0, 400))
def test_further_is_more(dossier: Dossier, today: date, near: int, far: int) -> None:
    """Who looks further ahead sees all that who looks less far does, and only documents that hold today."""
    short, long = (ending(dossier, today, today + timedelta(days=it)) for it in sorted((near, far)))
    assert [it for it in short if it not in long] == []
    assert all(it.holds(today) for it in long)


def test_months() -> None:
    """Of several promises that which began last counts."""
    old, new = paper(WARRANTY), paper(WARRANTY, number="W-2", valid_from=date(2025, 1, 1), months=36)
    for order in ((old, new), (new, old)):
        assert lasting_months({"Blue 3": Dossier(BLUE, order)}) == [("Blue 3", WARRANTY, 36)]
    assert lasting_months({"Blue 3": Dossier(BLUE, (paper(),))}) == []


async def test_documents(town: Town) -> None:
    """Documents that end are listed by their last day, with the meters that hang."""
    await with_blue(town)
    await hang_up(town, BLUE.name, 2)
    later = paper(EvidenceKind.IP_REPORT, valid_until=SOON)
    await town.does(add_evidence, [later, paper(valid_until=DAY)])
    found = await town.reads(ending_documents, DAY, 30)
    assert [(it.evidence.kind, it.last_day, it.meters) for it in found] == [
        ("sts_certificate", DAY, 2),
        ("ip_report", SOON, 2),
    ]
    assert len(await town.reads(ending_documents, DAY, 0)) == 1


async def test_waves(town: Town) -> None:
    """Warranties run from the delivery and batteries from the day they were put in, by model and area."""
    await with_blue(town)
    north, more = await hang_up(town, BLUE.name, 2, "North", 5000)
    [south] = await hang_up(town, BLUE.name, 1, None, 6000)
    await hang_up(town, "Green", 1, "North", 7000)
    await town.does(add_evidence, [paper(WARRANTY, months=24), paper(BATTERY, months=120)])
    units = [
        Unit(north, delivered=date(2024, 3, 20), battery=date(2016, 4, 1)),
        Unit(more, delivered=date(2024, 3, 15)),
        Unit(south, battery=date(2016, 3, 11)),
    ]
    await town.does(describe_units, units)
    found = await town.reads(waves, DAY, 30)
    assert [(it.kind, it.model, it.area, it.meters, it.first, it.last) for it in found] == [
        ("battery_life", "Blue 3", "North", 1, date(2026, 4, 1), date(2026, 4, 1)),
        ("warranty", "Blue 3", "North", 2, date(2026, 3, 15), date(2026, 3, 20)),
    ]
    listed = await town.reads(due_meters, DAY, 30)
    assert [(it.kind, it.ends.day, it.address) for it in listed] == [
        ("warranty", 15, "1 Long Street"),
        ("warranty", 20, "0 Long Street"),
        ("battery_life", 1, "0 Long Street"),
    ]


async def test_narrowed_down(town: Town) -> None:
    """The list to go round with is narrowed down by model and area, and no longer than asked for."""
    await with_blue(town)
    ids = await hang_up(town, BLUE.name, 2, "North", 5000) + await hang_up(town, BLUE.name, 1, "South", 6000)
    await town.does(add_evidence, [paper(WARRANTY)])
    await town.does(describe_units, [Unit(it, delivered=date(2024, 3, 20)) for it in ids])
    for named, count in (({}, 3), ({"area": "South"}, 1), ({"model": "Red"}, 0), ({"most": 2}, 2)):
        async with town.database.reading() as connection:
            assert len(await due_meters(connection, town.id, DAY, 30, **named)) == count


async def test_since_when(town: Town) -> None:
    """Where no day is known, a battery lasts from the day on which the registry heard of the meter."""
    await with_blue(town)
    await hang_up(town, BLUE.name, 1)
    await town.does(add_evidence, [paper(BATTERY, months=1)])
    heard = await town.database.run(lambda tx: tx.fetchval("SELECT now()::date"))
    [it] = await town.reads(waves, heard, 31)
    assert it.meters == 1


@pytest.mark.parametrize("days", [-1, 3_651])
async def test_no_horizon(town: Town, days: int) -> None:
    """Nobody looks backwards, or further than ten years."""
    for verb in (ending_documents, waves, due_meters):
        with pytest.raises(InputError, match="days"):
            await town.reads(verb, DAY, days)
