"""The charts: everything stands where its figure says, inside the box, with words for those who don't see it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.support import ANNA, BEN, CARA, DAN, story_of
from umbane.simulation.charts import (
    ALL,
    BOX,
    Axes,
    credit_charts,
    energy_bars,
    money_bars,
    money_key,
    price,
    price_charts,
    round_levels,
    whole_days,
)
from umbane.simulation.story import Story

START = datetime(2025, 7, 30, 8, tzinfo=UTC)


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """Two weeks around a new month."""
    return story_of(
        tmp_path,
        f"P1,2025-07-25T08:00Z,{ANNA},buy,300.00",
        f"P2,2025-07-25T08:00Z,{BEN},buy,100.00",
        f"P3,2025-08-04T08:00Z,{CARA},buy,1000",
        f"P4,2025-08-04T08:00Z,{DAN},key,TI=02",
        f"P5,2025-08-05T08:00Z,{ANNA},buy,300.00",
        f"P6,2025-08-05T08:00Z,{ANNA},free,",
        f"P7,2025-08-05T08:00Z,{ANNA},tenant,Ada",
    )


def test_axes() -> None:
    """The start stands at the left edge and the end at the right, the lowest level at the bottom."""
    axes = Axes(START, START + timedelta(days=10), (0, 50, 100))
    assert [axes.x(START), axes.x(START + timedelta(days=5)), axes.x(axes.end)] == [BOX.left, 175, BOX.right]
    assert [axes.y(0), axes.y(50), axes.y(100)] == [BOX.bottom, 55, BOX.top]
    assert axes.line([(START, 0), (axes.end, 100)]) == "36,100 314,10"
    assert [(tick.words, tick.at) for tick in axes.level_ticks()] == [("0", 100), ("50", 55), ("100", 10)]


def test_days_on_the_axis() -> None:
    """The first days of months are marked; a story within one month is marked where it begins."""
    assert [tick.words for tick in Axes(START, START + timedelta(days=40), (0, 1)).day_ticks()] == ["1 Aug", "1 Sep"]
    assert [tick.words for tick in Axes(START, START + timedelta(days=1), (0, 1)).day_ticks()] == ["30 Jul"]


def test_whole_days() -> None:
    """Midnights between two moments, neither before the one nor after the other."""
    days = list(whole_days(START, START + timedelta(days=2)))
    assert [day.isoformat() for day in days] == ["2025-07-31T00:00:00+00:00", "2025-08-01T00:00:00+00:00"]


@given(low=st.floats(0, 1e6), reach=st.floats(1e-3, 1e7))
def test_round_levels(low: float, reach: float) -> None:
    """The levels are few, evenly apart, and reach from below the lowest figure to above the highest."""
    levels = round_levels(low, low + reach)
    assert levels[0] <= low * (1 + 1e-9)
    assert levels[-1] >= (low + reach) * (1 - 1e-9)
    assert 2 <= len(levels) <= 6


@pytest.mark.parametrize(
    ("low", "high", "levels"),
    [(0, 100, (0, 50, 100)), (0, 95, (0, 50, 100)), (0, 1, (0, 0.5, 1)), (98, 163, (50, 100, 150, 200))],
)
def test_levels_people_like(low: float, high: float, levels: tuple[float, ...]) -> None:
    """Levels are multiples of 1, 2 or 5 and a power of ten."""
    assert round_levels(low, high) == pytest.approx(levels)


def test_credit(story: Story) -> None:
    """Each meter has a chart by the name of who lives there now, with a mark for each purchase that gave a token."""
    charts = credit_charts(story, 10)
    assert [chart.title for chart in charts] == ["Ada", "Ben", "Cara", "Dan"]
    assert [len(chart.marks) for chart in charts] == [3, 1, 1, 1]
    assert charts[0].marks[0].words == "25 July 08:00, 101.7 kWh, ZAR 300.00"
    assert charts[3].marks[0].words.startswith("4 August 08:00, Key change to KRN 1, TI 02")
    assert charts[0].words.startswith("Credit of Ada: at most ")


def test_credit_stays_in_its_box(story: Story) -> None:
    """Every point of every chart lies in its box, from the left edge to the right, in the order of time."""
    for chart in [*credit_charts(story, 10), *price_charts(story)]:
        for line in chart.lines:
            points = [tuple(map(float, point.split(","))) for point in line.split()]
            assert all(BOX.left <= x <= BOX.right and BOX.top <= y <= BOX.bottom for x, y in points)
            assert points == sorted(points, key=lambda point: point[0])
        assert all(BOX.left <= mark.x <= BOX.right for mark in chart.marks)


def test_dark_bands(story: Story) -> None:
    """A time without supply is a band from when the light went to when it came back, or to the end."""
    ben, dan = (credit_charts(story, 10)[number] for number in (1, 3))
    assert ben.spans[0].start == BOX.left
    assert ben.spans[0].words == "24 July: 24 hours without supply"
    assert ben.spans[0].length == pytest.approx((BOX.right - BOX.left) / 14, abs=0.1)
    assert dan.spans[-1].start + dan.spans[-1].length == pytest.approx(BOX.right, abs=0.11)


def test_not_too_many(story: Story) -> None:
    """Of many meters only so many are drawn."""
    assert len(credit_charts(story, 2)) == len(energy_bars(story, 2)) == 2


def test_prices(story: Story) -> None:
    """A dot is a purchase at the price of its average kWh with taxes and charges; debts and free units don't count."""
    blocks, flat = price_charts(story)
    assert (blocks.title, flat.title) == ("Blocks of the town, ZAR", "One price for the village, XOF")
    assert [len(blocks.lines), len(blocks.marks)] == [2, 3]
    assert blocks.marks[1].words == "Ben, 25 July 08:00, 32.7 kWh, ZAR 100.00: 2.446 for a kWh"
    assert flat.words == "One price for the village, XOF: a kWh cost from 100 to 100."
    assert flat.levels[0].words == "0"


def test_no_price(story: Story) -> None:
    """What was not bought has no price."""
    assert [sale.purchase.id for sale in story.sales if price(sale) is None] == ["P4", "P6", "P7"]


def test_money(story: Story) -> None:
    """A bar shows by parts what all the money of a tariff went to, from end to end."""
    blocks, flat = money_bars(story)
    assert [part.words.rsplit(" ", 2)[0] for part in blocks.parts] == [
        "energy", "fixed charges", "taxes and levies", "old debts",
    ]  # fmt: skip
    assert [part.words for part in flat.parts] == ["energy 100.0 %"]
    assert blocks.parts[-1].start + blocks.parts[-1].length == pytest.approx(ALL)
    assert blocks.words.startswith("Blocks of the town: energy ")


def test_the_key_to_the_colours(story: Story) -> None:
    """Only colours that are there are explained."""
    names = [name for name, _ in money_key(money_bars(story))]
    assert names == ["energy", "fixed charges", "taxes and levies", "old debts"]


def test_energy(story: Story) -> None:
    """A bar shows what was used, is left and was missed; the longest reaches from end to end."""
    bars = energy_bars(story, 10)
    assert [bar.title for bar in bars] == ["Ada", "Ben", "Cara", "Dan"]
    assert max(bar.parts[-1].start + bar.parts[-1].length for bar in bars) == pytest.approx(ALL)
    dan = story.houses[list(story.houses)[3]]
    assert bars[3].words == f"Dan: used 40.0 kWh, wanted, but cut off {dan.unserved_wh / 1000:,.1f} kWh."


def test_nothing_to_draw(tmp_path: Path) -> None:
    """A story without a sale has empty charts of money and prices, and still one of each meter."""
    story = story_of(tmp_path, f"P1,2025-07-25T08:00Z,{ANNA},buy,0")
    assert (money_bars(story), price_charts(story)) == ([], [])
    assert len(credit_charts(story, 10)) == 4
