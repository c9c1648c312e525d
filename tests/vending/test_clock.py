"""Clocks that step, days that are longer or shorter, months that end where the utility is, and the 29th of February."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vending.abroad import abroad, let, state_of
from tests.vending.shop import proven
from umbane.db import Database
from umbane.ledger import close_period
from umbane.vending import Buy, ClaimFree, Code, Refused, Sold, TokenKind

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
RESERVED = 1
"""The minute of the day that no ordinary token carries."""


def minutes(answer: object) -> list[int]:
    """The TIDs of an answer, counted from 1993."""
    assert isinstance(answer, Sold), answer
    return [it.minute for it in answer.tokens if it.minute is not None]


# ----------------------------------------------------------------------------------------------------- clocks that step

STEPS = st.lists(st.one_of(st.integers(-3, 3), st.integers(-5000, 5000)), min_size=2, max_size=14)
AROUND = [
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # in Lisbon the hour after 01:00 comes twice
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),  # and here it is left out
    datetime(2026, 3, 15, 23, 58, tzinfo=UTC),  # around the minute that is kept for special tokens
]


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(begin=st.sampled_from(AROUND), steps=STEPS, tid_clock=st.sampled_from(["utc", "local"]))
async def test_tids_grow_whatever_the_clock_does(
    database: Database, begin: datetime, steps: list[int], tid_clock: str
) -> None:
    """However far a clock steps back within a month, and on whatever clock TIDs count: each is greater than all."""
    async with abroad(database, begin, zone="Europe/Lisbon", tid_clock=tid_clock) as shop:
        seen: list[int] = []
        for step in steps:
            moved = shop.now + step * MINUTE
            shop.now = moved if moved.month == begin.month else shop.now
            answers = await shop.sell(*(shop.request(Buy(money=3_000)) for _ in range(2)))
            seen += [minute for it in answers for minute in minutes(it)]
        assert all(one < other for one, other in pairwise(seen))
        assert not any(it % 1440 == RESERVED for it in seen)
        await proven(shop)


async def test_a_clock_that_ran_ahead(database: Database) -> None:
    """After a clock ran ahead by weeks and was put right, TIDs go on from the greatest, a minute each."""
    async with abroad(database, datetime(2026, 3, 2, 9, tzinfo=UTC)) as shop:
        await shop.buy()
        shop.wait(days=27)
        (ahead,) = minutes(await shop.buy())
        shop.wait(days=-27)
        assert minutes(await shop.buy()) == [ahead + 1]
        shop.wait(days=28)
        (later,) = minutes(await shop.buy())
        assert later == ahead + 1440
        await proven(shop)


async def test_a_clock_that_goes_back_behind_closed_books(database: Database) -> None:
    """A sale at a moment whose period is closed is booked at the first open one, and is a sale like any other."""
    async with abroad(database, datetime(2026, 3, 20, tzinfo=UTC)) as shop:
        await shop.buy()
        shop.wait(minutes=1)
        await close_period(database, shop.town.id, shop.now, shop.now)
        shop.wait(days=-3)
        sold = await shop.buy(message_id="a")
        assert await shop.buy(message_id="a") == sold
        assert await shop.look("SELECT max(happened_at) FROM ledger.entry") == shop.now
        await proven(shop)


async def test_a_claim_again_after_the_clock_went_back(database: Database) -> None:
    """Free units claimed while the clock ran ahead aren't given a second time when that month comes."""
    async with abroad(database, datetime(2026, 4, 2, tzinfo=UTC)) as shop:
        minutes(await shop.ask(ClaimFree()))
        shop.now = datetime(2026, 3, 30, tzinfo=UTC)
        assert code(await shop.ask(ClaimFree())) in {Code.NO_PRICE, Code.NOTHING_DUE}
        shop.now = datetime(2026, 4, 3, tzinfo=UTC)
        assert code(await shop.ask(ClaimFree())) is Code.NOTHING_DUE
        await proven(shop)


# ------------------------------------------------------------------------------------------------ months and their ends

ENDS = [
    ("Africa/Johannesburg", date(2026, 4, 1), "+02:00"),
    ("Africa/Johannesburg", date(2027, 1, 1), "+02:00"),
    ("Asia/Kathmandu", date(2026, 4, 1), "+05:45"),
    ("Europe/Lisbon", date(2026, 4, 1), "+01:00"),
    ("Europe/Lisbon", date(2026, 11, 1), "+00:00"),
    ("America/Port-au-Prince", date(2028, 3, 1), "-05:00"),
    ("Pacific/Kiritimati", date(2028, 3, 1), "+14:00"),
]


def code(answer: object) -> Code:
    """Why it was refused."""
    assert isinstance(answer, Refused), answer
    return answer.code


@pytest.mark.parametrize(("zone", "first", "offset"), ENDS, ids=str)
async def test_a_month_ends_at_midnight(database: Database, zone: str, first: date, offset: str) -> None:
    """Blocks, fees and free units are of the old month until the utility's last second of it, then of the new one."""
    midnight = datetime.fromisoformat(f"{first}T00:00:00{offset}")
    assert midnight == datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone))
    async with abroad(database, midnight - SECOND, zone=zone, prices=("2", "9", "3")) as shop:
        opening, dearer = await shop.buy(10_000), await shop.buy(10_000)
        minutes(await shop.ask(ClaimFree()))
        assert code(await shop.ask(ClaimFree())) is Code.NOTHING_DUE
        assert [it.name for it in opening.lines] == ["service", "block 1", "block 2", "vat", "rounding"]
        assert "service" not in {it.name for it in dearer.lines}
        assert opening.units > dearer.units
        shop.now = midnight
        again = await shop.buy(10_000)
        assert (again.units, again.lines) == (opening.units, opening.lines)
        minutes(await shop.ask(ClaimFree()))
        state = await state_of(shop)
        assert (state.period_start, state.purchased, state.free_claimed_on) == (first, again.units, first)
        assert await shop.look("SELECT count(*) FROM vending.free_claim") == 2
        await proven(shop)


@pytest.mark.parametrize("february", [date(2027, 2, 1), date(2028, 2, 1)], ids=["28 days", "29 days"])
@pytest.mark.parametrize("anniversary", [1, 29, 31])
async def test_months_from_a_day_of_their_own(database: Database, february: date, anniversary: int) -> None:
    """An account's months begin on its day, or on the last one of shorter months: free units come just then, once."""
    days = [february + timedelta(it) for it in (*range(-2, 2), *range(25, 62))]
    begins = [day for day in days if day.day == min(anniversary, monthrange(day.year, day.month)[1])]
    async with abroad(database, datetime(2027, 1, 29, 10, tzinfo=UTC), period="anniversary") as shop:
        await let(shop.town, anniversary=anniversary)
        given = []
        for day in days:
            shop.now = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
            answer = await shop.ask(ClaimFree())
            given += [day] if isinstance(answer, Sold) else []
        assert given == sorted({days[0], *begins})
        await proven(shop)


async def test_the_29th_of_february(database: Database) -> None:
    """On a leap day everything is sold; the blocks of February go on, and those of March are new."""
    async with abroad(database, datetime(2028, 2, 28, 10, tzinfo=UTC)) as shop:
        first = await shop.buy(10_000)
        shop.wait(days=1)
        on_the_day = await shop.buy(10_000)
        free = await shop.ask(ClaimFree())
        shop.wait(days=1)
        march = await shop.buy(10_000)
        assert (on_the_day.units < first.units, march.units) == (True, first.units)
        assert isinstance(free, Sold)
        assert [it.kind for it in free.tokens] == [TokenKind.FREE]
        assert (await state_of(shop)).period_start == date(2028, 3, 1)
        await proven(shop)


async def test_months_without_a_purchase(database: Database) -> None:
    """A monthly fee is due for each month begun since the last purchase, the short one over a leap day too."""
    async with abroad(database, datetime(2027, 12, 31, 20, tzinfo=UTC), prices=("2", "9", "3")) as shop:
        await shop.buy(10_000)
        shop.now = datetime(2028, 3, 1, 0, tzinfo=UTC)
        due = await shop.buy(10_000)
        assert [it.amount for it in due.lines if it.name == "service"] == [3 * 300]
        await proven(shop)


async def test_two_countries_at_one_moment(database: Database) -> None:
    """At one moment it is the next month in Kathmandu already and still the last one in Lisbon, in one database."""
    moment = datetime(2026, 3, 31, 20, tzinfo=UTC)
    async with (
        abroad(database, moment, zone="Asia/Kathmandu") as east,
        abroad(database, moment, zone="Europe/Lisbon") as west,
    ):
        await east.buy(5_000)
        await west.buy(5_000)
        assert (await state_of(east)).period_start == date(2026, 4, 1)
        assert (await state_of(west)).period_start == date(2026, 3, 1)
        await proven(east)
        await proven(west)
