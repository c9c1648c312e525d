"""The charts: every house, tariff and kind of money is drawn, with words for those who don't see it."""

from copy import deepcopy
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.simulation.market import Market
from tests.simulation.support import ANNA, BEN, CARA, DAN, HOUSEHOLDS, accounts, purchases
from umbane.simulation.charts import (
    KINDS,
    Chart,
    credit_charts,
    energy_chart,
    money_chart,
    price,
    price_charts,
)
from umbane.simulation.story import Story

SVG = "{http://www.w3.org/2000/svg}"
TIME = "2025-07-25T08:00Z"


@pytest.fixture(scope="module")
def told(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Two weeks around a new month."""
    return market.story_of(
        tmp_path_factory.mktemp("told"),
        f"P1,2025-07-25T08:00Z,{ANNA},buy,300.00",
        f"P2,2025-07-25T08:00Z,{BEN},buy,100.00",
        f"P3,2025-08-04T08:00Z,{CARA},buy,1000",
        f"P4,2025-08-04T08:00Z,{DAN},key,TI=02",
        f"P5,2025-08-05T08:00Z,{ANNA},buy,300.00",
        f"P6,2025-08-05T08:00Z,{ANNA},free,",
        f"P7,2025-08-05T08:00Z,{ANNA},tenant,Ada",
    )


@pytest.fixture
def story(told: Story) -> Story:
    """Give a copy of it, which a test may spoil."""
    return deepcopy(told)


def texts(chart: Chart) -> list[str]:
    """All that is written in a picture."""
    return [element.text or "" for element in ET.fromstring(chart.svg).iter(f"{SVG}text")]  # noqa: S314 - our own


def ids(chart: Chart) -> set[str]:
    """The names of the groups of a picture, which say what was drawn."""
    return {element.get("id") or "" for element in ET.fromstring(chart.svg).iter(f"{SVG}g")}  # noqa: S314 - our own


def test_credit(story: Story) -> None:
    """Each meter has a chart by the name of who lives there now, which says the most and the last of its credit."""
    charts = credit_charts(story, 10)
    assert [chart.title for chart in charts] == ["Ada", "Ben", "Cara", "Dan"]
    assert charts[0].words.startswith("Credit of Ada: at most ")
    assert all({"Aug 2025"} <= set(texts(chart)) for chart in charts)


def test_not_too_many(story: Story) -> None:
    """Of many meters only so many are drawn."""
    assert len(credit_charts(story, 2)) == 2
    assert {"Ada", "Ben"} <= set(texts(energy_chart(story, 2)))
    assert "Cara" not in texts(energy_chart(story, 2))


def test_prices(story: Story) -> None:
    """A dot is a purchase at the price of its average kWh with taxes and charges; debts and free units don't count."""
    blocks, flat = price_charts(story)
    assert (blocks.title, flat.title) == ("Blocks of the town, ZAR", "One price for the village, XOF")
    assert flat.words == "One price for the village, XOF: a kWh cost from 100 to 100."
    (second,) = [each for sale in story.sales if sale.purchase.id == "P2" and (each := price(sale))]
    assert round(second, 3) == 2.446
    assert {"line2d_1"} <= ids(flat)


def test_no_price(story: Story) -> None:
    """What was not bought has no price."""
    assert [sale.purchase.id for sale in story.sales if price(sale) is None] == ["P4", "P6", "P7"]


def test_money(story: Story) -> None:
    """A bar shows what all the money of a tariff went to, and only the colours that are there are explained."""
    chart = money_chart(story)
    words = texts(chart)
    assert {"Blocks of the town", "One price for the village"} <= set(words)
    kinds = [word for word in words if word in {name for name, _ in KINDS.values()}]
    assert kinds == ["energy", "fixed charges", "taxes and levies", "old debts"]
    assert chart.words.startswith("What the money of each tariff went to, in per cent")


def test_energy(story: Story) -> None:
    """A bar shows what each household used, has left and missed."""
    assert {"used", "left in the meter", "wanted, but cut off"} <= set(texts(energy_chart(story, 10)))


@pytest.mark.parametrize("name", ["$x^2$", "_hidden", "$", "\u0bb8\u0bcd\u0bb0\u0bc0", "\u5f20\u4f1f", "a & b <i>"])
def test_names_are_only_names(market: Market, tmp_path: Path, name: str) -> None:
    """A name is drawn as it is: no formula, no markup, no complaint about a letter."""
    story = market.play(
        accounts(tmp_path, HOUSEHOLDS.replace(",Anna,", f",{name},")),
        purchases(tmp_path, f"P1,{TIME},{ANNA},buy,300.00"),
    )
    assert name in texts(energy_chart(story, 10))


def test_the_same_bytes(story: Story) -> None:
    """The same story is drawn in the same bytes."""
    assert credit_charts(story, 1) == credit_charts(story, 1)
    assert money_chart(story) == money_chart(story)


def test_nothing_to_draw(market: Market, tmp_path: Path) -> None:
    """A story without a sale has no charts of prices, an empty one of money, and still one of each meter."""
    story = market.story_of(tmp_path, f"P1,{TIME},{ANNA},buy,0")
    assert price_charts(story) == []
    assert "energy" not in texts(money_chart(story))
    assert len(credit_charts(story, 10)) == 4
