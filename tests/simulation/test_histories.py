"""Any history of purchases, good ones and bad ones in any order: the figures meet, and nothing happens twice."""

from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.support import ANNA, BEN, CARA, STRANGER, accounts, purchases, sell, story_of
from umbane.simulation.models import Action, Purchase, Refused, Repeat, Sale
from umbane.simulation.receipts import slip
from umbane.simulation.report import report
from umbane.simulation.shop import Shop
from umbane.simulation.summary import proofs

VALUES = {
    "buy": ["10.00", "100.00", "5000", "1", "0", "-3", "lots", "7.77", "60000"],
    "units": ["5", "0.1", "250.5", "0", "5000", "1e9"],
    "free": ["", "", "20"],
    "tenant": ["Zoe", "Yusuf", ""],
    "key": ["TI=02", "TI=01", "KRN=2", "KRN=1 TI=01", "KRN=0", "x"],
    "lend": ["5"],
}
TIMES = [
    f"2025-{day}T{time}{offset}"
    for day in ("07-30", "07-31", "08-01")
    for time in ("00:00", "00:01", "22:00", "22:01")
    for offset in ("Z", "+02:00")
]


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


@settings(max_examples=40)
@given(history=HISTORIES)
def test_all_proofs_hold(tmp_path_factory: pytest.TempPathFactory, history: list[str]) -> None:
    """Money, tokens and energy add up whatever was bought, and every line has its chapter."""
    story = story_of(tmp_path_factory.getbasetemp(), *history)
    assert [proof.claim for proof in proofs(story) if not proof.holds] == []
    assert len(story.chapters) == len(history)
    assert sum(sale.quote.tender for sale in story.sales if sale.quote) == sum(
        line.amount for sale in story.sales if sale.quote for line in sale.quote.lines
    )


@settings(max_examples=40)
@given(history=HISTORIES)
def test_one_id_one_outcome(tmp_path_factory: pytest.TempPathFactory, history: list[str]) -> None:
    """An id is sold at most once, an id that was refused is never sold, and a repeat gives the digits of its sale."""
    story = story_of(tmp_path_factory.getbasetemp(), *history)
    first: dict[str, object] = {}
    for chapter in story.chapters:
        outcome = chapter.outcome
        if outcome.purchase is None:
            continue
        earlier = first.setdefault(outcome.purchase.id, outcome)
        if isinstance(outcome, Sale):
            assert earlier is outcome
        if isinstance(outcome, Repeat):
            assert isinstance(earlier, Sale)
            assert [it.token for it in outcome.sale.deliveries] == [it.token for it in earlier.deliveries]


@settings(max_examples=40)
@given(history=HISTORIES)
def test_tids_rise(tmp_path_factory: pytest.TempPathFactory, history: list[str]) -> None:
    """The TIDs of a meter rise from token to token, through key changes and tenants, and none is the reserved one."""
    story = story_of(tmp_path_factory.getbasetemp(), *history)
    tids: dict[str, list[int]] = defaultdict(list)
    for sale in story.sales:
        tids[sale.pan.digits] += [it.tid.minutes for it in sale.deliveries if it.tid]
    assert all(before < after for series in tids.values() for before, after in pairwise(series))
    assert not any(minutes % 1440 == 1 for series in tids.values() for minutes in series)


@settings(max_examples=40)
@given(history=HISTORIES)
def test_a_refusal_leaves_no_trace(tmp_path_factory: pytest.TempPathFactory, history: list[str]) -> None:
    """A shop that is asked for what it refuses or has sold already ends as one that was never asked."""
    folder = tmp_path_factory.getbasetemp()
    shop, untroubled = Shop(accounts(folder)), Shop(accounts(folder))
    for line in purchases(folder, *history):
        if isinstance(line, Purchase):
            before = dict(shop.accounts)
            outcome = shop.serve(line)
            if isinstance(outcome, Sale):
                assert untroubled.serve(line) == outcome
            else:
                assert shop.accounts == before
    assert shop.accounts == untroubled.accounts


@settings(max_examples=15)
@given(history=HISTORIES)
def test_the_same_again(tmp_path_factory: pytest.TempPathFactory, history: list[str]) -> None:
    """The same file tells the same story: receipts and report are the same to the byte."""
    folder = tmp_path_factory.getbasetemp()
    papers = []
    for _ in range(2):
        story = story_of(folder, *history)
        papers.append(([slip(chapter) for chapter in story.chapters], report(story, source="it")))
    assert papers[0] == papers[1]


@settings(max_examples=40)
@given(action=st.sampled_from(list(Action)), value=st.text(max_size=30), meter=st.text(max_size=20))
def test_any_words(tmp_path_factory: pytest.TempPathFactory, action: Action, value: str, meter: str) -> None:
    """Whatever stands in the fields of a purchase, the shop answers: with a sale or with a reason."""
    shop = Shop(accounts(tmp_path_factory.getbasetemp()))
    (good,) = purchases(tmp_path_factory.getbasetemp(), f"P1,2025-08-03T08:00Z,{ANNA},buy,1")
    assert isinstance(good, Purchase)
    for number in (ANNA, meter):
        outcome = shop.serve(Purchase("line", f"{action}{number}", good.time, number, action, value))
        assert isinstance(outcome, Sale) or (isinstance(outcome, Refused) and outcome.reason)


def test_the_same_from_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A sale depends on nothing but the accounts and its line: another shop issues the same digits."""
    folder = tmp_path_factory.getbasetemp()
    words = f"P1,2025-08-03T08:00Z,{ANNA},buy,100.00"
    assert sell(Shop(accounts(folder)), folder, words) == sell(Shop(accounts(folder)), folder, words)
