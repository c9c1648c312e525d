"""Any history of purchases, good ones and bad ones in any order: the figures meet, and nothing happens twice."""

from collections import defaultdict
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulation.market import Counter, Market
from tests.simulation.support import ANNA, BEN, CARA, STRANGER, purchases
from umbane.simulation.models import Action, Purchase, Refused, Repeat, Sale
from umbane.simulation.receipts import slip
from umbane.simulation.report import report
from umbane.simulation.story import Story
from umbane.simulation.summary import proofs

VALUES = {
    "buy": ["10.00", "100.00", "5000", "1", "0", "-3", "lots", "7.77", "60000"],
    "units": ["5", "0.1", "250.5", "0", "5000", "1e9"],
    "free": ["", "", "20"],
    "tenant": ["Zoe", "Yusuf", "", "=1"],
    "key": ["TI=02", "TI=01", "KRN=2", "KRN=1 TI=01", "KRN=0", "x"],
    "lend": ["5"],
}
TIMES = [
    f"2025-{day}T{time}{offset}"
    for day in ("07-30", "07-31", "08-01")
    for time in ("00:00", "00:01", "22:00", "22:01")
    for offset in ("Z", "+02:00")
]
few = settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@st.composite
def lines(draw: st.DrawFn) -> str:
    """One line: often a good one, sometimes not."""
    action = draw(st.sampled_from(list(VALUES)))
    fields = [
        f"P{draw(st.integers(1, 12))}",
        draw(st.sampled_from([*TIMES, "yesterday"])),
        draw(st.sampled_from([ANNA, ANNA, BEN, CARA, STRANGER, "12"])),
        action,
        draw(st.sampled_from(VALUES[action])),
    ]
    return ",".join(fields)


HISTORIES = st.lists(lines(), max_size=20).map(lambda it: [*it, f"last,2025-08-02T12:00Z,{ANNA},buy,20.00"])


@few
@given(history=HISTORIES)
def test_any_history(market: Market, tmp_path_factory: pytest.TempPathFactory, history: list[str]) -> None:
    """Whatever was bought, all figures meet, an id has one outcome, and a second run tells the same to the byte."""
    folder, name = tmp_path_factory.getbasetemp(), uuid4().hex
    first, second = (market.story_of(folder, *history, name=name) for _ in range(2))
    for story in (first, second):
        assert [proof.claim for proof in proofs(story) if not proof.holds] == []
        assert len(story.chapters) == len(history)
        one_outcome(story)
        energy_arrives(story)
    assert [slip(it) for it in first.chapters] == [slip(it) for it in second.chapters]
    assert report(first, source="it") == report(second, source="it")
    assert not any(it.sold_before for it in first.sales)
    assert all(it.sold_before for it in second.sales)


def one_outcome(story: Story) -> None:
    """An id is sold at most once, one that was refused never, and a repeat gives the digits of its sale."""
    seen: dict[str, object] = {}
    for chapter in story.chapters:
        outcome = chapter.outcome
        if outcome.purchase is None:
            continue
        earlier = seen.setdefault(outcome.purchase.id, outcome)
        if isinstance(outcome, Sale):
            assert earlier is outcome
        if isinstance(outcome, Repeat):
            assert isinstance(earlier, Sale)
            assert [it.token for it in outcome.sale.deliveries] == [it.token for it in earlier.deliveries]


def energy_arrives(story: Story) -> None:
    """Every token brought its energy into its meter, one after the other."""
    credit: dict[str, list[int]] = defaultdict(list)
    for sale in story.sales:
        credit[sale.pan.digits].append(sum(it.units for it in sale.deliveries))
    for pan, house in story.houses.items():
        times = [reading.time for reading in house.readings]
        assert all(before <= after for before, after in pairwise(times))
        assert house.given == (house.household.opening_units + sum(credit[pan.digits])) * 360_000_000


@pytest.fixture(scope="module")
def counter(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Counter:
    """A shop that answers whatever it is asked."""
    return market.counter(tmp_path_factory.mktemp("any"))


@settings(max_examples=30)
@given(action=st.sampled_from(list(Action)), value=st.text(max_size=30), meter=st.text(max_size=20))
def test_any_words(counter: Counter, action: Action, value: str, meter: str) -> None:
    """Whatever stands in the fields of a purchase, the shop answers: with a sale or with a reason."""
    (good,) = purchases(counter.folder, f"P1,2025-08-03T08:00Z,{ANNA},buy,1")
    assert isinstance(good, Purchase)
    for number in (ANNA, meter):
        outcome = counter.serve(Purchase("line", uuid4().hex, good.time, number, action, value))
        assert isinstance(outcome, Sale) or (isinstance(outcome, Refused) and outcome.reason)
