"""What a story comes to: totals that add up, houses as they end, proofs that can fail."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulation.market import Market
from tests.simulation.support import ANNA, BEN, CARA, DAN
from umbane.meter.validation import TidMemory
from umbane.pricing import LineKind
from umbane.simulation.models import Chapter, Sale
from umbane.simulation.proof import Proof
from umbane.simulation.story import Story
from umbane.simulation.summary import dark_hours, endings, proofs, show_energy, tariff_totals


@pytest.fixture(scope="module")
def told(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Purchases on two tariffs, with a debt, free units, a key change and a repeat."""
    return market.story_of(
        tmp_path_factory.mktemp("told"),
        f"P1,2025-08-03T08:00Z,{ANNA},buy,100.00",
        f"P1,2025-08-03T08:00Z,{ANNA},buy,100.00",
        f"P2,2025-08-03T08:00Z,{ANNA},free,",
        f"P3,2025-08-03T08:00Z,{BEN},buy,100.00",
        f"P4,2025-08-04T08:00Z,{CARA},buy,1000",
        f"P5,2025-08-04T08:00Z,{DAN},key,TI=02",
        f"P6,2025-08-04T08:00Z,{BEN},tenant,Bea",
    )


@pytest.fixture
def story(told: Story) -> Story:
    """Give a copy of it, which a test may spoil."""
    return deepcopy(told)


def broken(story: Story) -> set[str]:
    """The claims of the proofs that don't hold."""
    return {proof.claim for proof in proofs(story) if not proof.holds}


def with_sale(story: Story, number: int, sale: Sale) -> Story:
    """The story with another sale in the place of one."""
    old = story.sales[number]
    chapters = tuple(Chapter(sale, it.glance) if it.outcome is old else it for it in story.chapters)
    return replace(story, chapters=chapters)


def test_totals(story: Story) -> None:
    """Each tariff has its purchases, money, units, taxes and debts; a claim of free units is no purchase."""
    blocks, flat = tariff_totals(story)
    assert (blocks.tariff.id, blocks.sales, blocks.money, blocks.arrears) == ("blocks", 2, 20_000, 2_000)
    assert (flat.tariff.id, flat.sales, flat.money, flat.units, flat.free_units) == ("flat", 1, 1000, 200, 100)
    assert blocks.free_units == 200
    taxes = [it.amount for sale in story.sales for it in sale.lines if it.kind is LineKind.TAX]
    assert blocks.taxes == sum(taxes) > 0
    units = sum(it.units for sale in story.sales for it in sale.deliveries)
    assert blocks.units + flat.units == units


def test_endings(story: Story) -> None:
    """Each house is told with who lives there now, what was bought, and whether it should buy soon."""
    anna, bea, cara, dan = endings(story)
    assert [it.customer for it in (anna, bea, cara, dan)] == ["Anna", "Bea", "Cara", "Dan"]
    assert (cara.bought, dan.bought) == (200, 0)
    assert [it.low for it in (anna, bea, cara, dan)] == [it.house.days_left < 3 for it in endings(story)]
    assert bea.dark_hours == 24
    assert dark_hours(story) == sum(it.dark_hours for it in endings(story))


def test_every_proof_holds(story: Story) -> None:
    """The figures of a story meet, each in its own currency or unit."""
    assert broken(story) == set()
    words = {proof.claim: proof.words for proof in proofs(story)}
    assert words["XOF: the lines of all receipts add up to the money tendered"] == "1000 = 1000"
    assert words["ZAR: the lines of all receipts add up to the money tendered"] == "200.00 = 200.00"
    assert words["Every token was taken by its meter"] == "7 = 7"


def test_a_missing_line_is_noticed(story: Story) -> None:
    """A receipt that lacks a line, or was written for other money, breaks the proof of its currency alone."""
    sale = story.sales[0]
    claim = "ZAR: the lines of all receipts add up to the money tendered"
    assert broken(with_sale(story, 0, replace(sale, lines=sale.lines[1:]))) == {claim}
    other = replace(sale, purchase=replace(sale.purchase, value="100.01"))
    assert broken(with_sale(story, 0, other)) == {claim}


def test_a_token_issued_twice_is_noticed(story: Story) -> None:
    """The same digits sold twice break the proof that each token is one of its kind, and that of the energy."""
    sale = story.sales[0]
    twice = replace(sale, deliveries=sale.deliveries * 2)
    assert broken(with_sale(story, 0, twice)) == {
        "Every token is one of its kind",
        "The energy on the tokens is the credit that the meters took",
    }


def test_a_token_not_taken_is_noticed(story: Story) -> None:
    """A token that its meter didn't take, or that was never typed, breaks a proof."""
    sale = story.sales[0]
    (delivery,) = sale.deliveries
    assert delivery.typed is not None
    for typed in (delivery.typed._replace(accepted=False), None):
        changed = replace(sale, deliveries=(replace(delivery, typed=typed),))
        assert broken(with_sale(story, 0, changed)) == {"Every token was taken by its meter"}


def test_a_token_that_works_again_is_noticed(story: Story) -> None:
    """A meter that forgets a token breaks the proof that none works again."""
    house = story.houses[story.sales[0].pan]
    house.meter.state = replace(house.meter.state, tids=TidMemory.filled(0, 50))
    assert "Typed once more at the end, so many tokens work again" in broken(story)


def test_lost_energy_is_noticed(story: Story) -> None:
    """A single millijoule that a meter didn't take, or lost, breaks a proof and is shown."""
    house = story.houses[story.sales[0].pan]
    house.given -= 1
    found = {proof.claim: proof.words for proof in proofs(story) if not proof.holds}
    assert set(found) == {
        "The energy on the tokens is the credit that the meters took",
        "Credit taken is energy used and credit left",
    }
    assert all(" mJ" in words and "≠" in words for words in found.values())


@pytest.mark.parametrize(
    ("millijoules", "words"),
    [(0, "0.0 kWh"), (360_000_000, "0.1 kWh"), (36_000_000_000_000, "10,000.0 kWh"), (1, "1 mJ"), (-1, "-1 mJ")],
)
def test_showing_energy(millijoules: int, words: str) -> None:
    """Energy is shown in kWh if that says all of it, and else to the millijoule."""
    assert show_energy(millijoules) == words


def test_a_proof() -> None:
    """A proof holds when both figures are one, and shows both either way."""
    assert Proof("", 2, 2, str).words == "2 = 2"
    assert Proof("", 2, 3, str).words == "2 ≠ 3"


def test_nothing_sold(market: Market, tmp_path: Path) -> None:
    """A story in which nothing was sold has no totals, and its proofs hold."""
    story = market.story_of(tmp_path, f"P1,2025-08-03T08:00Z,{ANNA},buy,0")
    assert tariff_totals(story) == []
    assert broken(story) == set()
