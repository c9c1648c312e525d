"""The paper that comes out of the till: what stands on it, how wide it is, and that it says all."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.simulation.market import Market
from tests.simulation.support import ANNA, BEN, CARA, HOUSEHOLDS, STRANGER, accounts, purchases
from umbane.meter import TokenResult
from umbane.simulation.models import Chapter, Typed
from umbane.simulation.receipts import WIDTH, centred, pair, slip


def papers(market: Market, folder: Path, *lines: str) -> list[str]:
    """What is printed for these lines."""
    return [slip(chapter) for chapter in market.story_of(folder, *lines).chapters]


def test_a_receipt(market: Market, tmp_path: Path) -> None:
    """A receipt says who, when, which meter and key, every line of the money, the digits, and the meter's answer."""
    (paper,) = papers(market, tmp_path, f"P1,2025-07-03T10:00+02:00,{BEN},buy,100.00")
    assert paper == (
        "            Blocks of the town\n"
        "2025-07-03 10:00                        P1\n"
        "meter 00001021021                      Ben\n"
        "SGC 201457  KRN 1  TI 01  EA 11\n"
        "------------------------------------------\n"
        "Debt: The new cable                  20.00\n"
        "Fixed charge                          5.00\n"
        "Electricity, 0–50 kWh\n"
        "  32.7 × 2                           65.40\n"
        "VAT 15 %                              9.81\n"
        "Rounding, in your favour             -0.21\n"
        "ZAR                                 100.00\n"
        "  still owed: cable                  80.00\n"
        "------------------------------------------\n"
        "Electricity 32.7 kWh\n"
        "  2788 4546 5125 0290 3056\n"
        "  meter: +32.7 kWh                  Accept\n"
        "------------------------------------------\n"
        "in the meter       32.7 kWh: about 10 days\n"
        "            the light is back\n"
    )


def test_a_key_change(market: Market, tmp_path: Path) -> None:
    """A key change has a receipt with all its tokens, no money, and what to do with them."""
    (paper,) = papers(market, tmp_path, f"P1,2025-07-03T08:00Z,{ANNA},key,TI=02")
    assert "Key change to KRN 1, TI 02: type all 2" in paper
    assert "Key change 1 of 2" in paper
    assert "1stKCT" in paper
    assert "meter: KEY CHANGED                Accept" in paper
    assert "ZAR" not in paper


def test_a_tenant(market: Market, tmp_path: Path) -> None:
    """A change of tenant has a receipt without tokens."""
    (paper,) = papers(market, tmp_path, f"P1,2025-07-03T08:00Z,{BEN},tenant,Bea")
    assert "Ben left, Bea moved in" in paper
    assert "Ben still owes ZAR" in paper
    assert "no light" in paper
    assert "less than a day" in paper


def test_free_units(market: Market, tmp_path: Path) -> None:
    """Free units stand on their own line at no cost."""
    (paper,) = papers(market, tmp_path, f"P1,2025-07-03T08:00Z,{ANNA},free,")
    assert "  20.0 kWh on a token of their own    0.00\n" in paper
    assert "Free units 20.0 kWh" in paper


def test_a_repeat(market: Market, tmp_path: Path) -> None:
    """A line that came twice gives the same digits, says that nothing was charged, and explains the meter's answer."""
    words = f"P1,2025-07-03T08:00Z,{ANNA},buy,100.00"
    first, again = papers(market, tmp_path, words, words)
    digits = [line for line in first.splitlines() if line.replace(" ", "").isdigit() and len(line) == 26]
    assert len(digits) == 1
    assert digits[0] in again
    assert "nothing charged" in again
    assert "Already used" in again
    assert "(UsedError)" in again


def test_a_refusal(market: Market, tmp_path: Path) -> None:
    """Instead of a receipt there is a slip with the id, the line and the reason."""
    (paper,) = papers(market, tmp_path, f"P1,2025-07-03T08:00Z,{STRANGER},buy,1.00")
    assert paper.startswith("NOT SOLD                                P1\npurchases.csv line 2\n")
    assert "is not one of ours" in paper


def test_a_line_that_could_not_be_read(market: Market, tmp_path: Path) -> None:
    """A line without an id that could be read has a slip too."""
    slips = papers(market, tmp_path, "x", f"P1,2025-07-03T08:00Z,{ANNA},buy,9.00")
    assert slips[0].startswith("NOT SOLD\npurchases.csv line 2, action\n")


def test_a_token_that_was_not_taken(market: Market, tmp_path: Path) -> None:
    """A token that its meter refused is printed with what that means; one never typed, with its digits only."""
    story = market.story_of(tmp_path, f"P1,2025-07-03T08:00Z,{ANNA},buy,100.00")
    (sale,) = story.sales
    typed = Typed(TokenResult.OVERFLOW_ERROR, "FULL", "The meter can't hold that much more.", accepted=False)
    full, never = (
        slip(Chapter(replace(sale, deliveries=(replace(sale.deliveries[0], typed=it),)))) for it in (typed, None)
    )
    assert "  The meter can't hold that much more.\n  (OverflowError)\n" in full
    assert never.endswith(f"  {sale.deliveries[0].token.grouped}\n")


@pytest.mark.parametrize("kwh", [0, 6, 14, 100])
def test_days_in_the_meter(market: Market, tmp_path: Path, kwh: int) -> None:
    """What stands in the meter is also said in days of this household."""
    households = HOUSEHOLDS.replace("free_from,opening_kwh\n", "free_from,opening_kwh\n", 1).replace(
        ",5\n", f",{kwh}\n"
    )
    story = market.play(accounts(tmp_path, households), purchases(tmp_path, f"P1,2025-07-03T08:00Z,{CARA},buy,100"))
    (chapter,) = story.chapters
    assert chapter.glance is not None
    days = chapter.glance.days
    words = "less than a day" if days == 0 else "a day" if days == 1 else f"about {days} days"
    assert f"kWh: {words}\n" in slip(chapter)


@pytest.mark.parametrize(
    "name",
    [
        "A" * 80, "Nomsa Ntombizodwa van der Westhuizen-Mkhize", "محمد بن عبد الله", "र\u094d\u200dया",
        "電気屋の山田" * 4,
        "[bold]Bob[/bold]", "1=cmd()",
    ],
)  # fmt: skip
def test_names_of_all_kinds(market: Market, tmp_path: Path, name: str) -> None:
    """A name of any length and script is printed whole, and no line is wider than the paper."""
    story = market.play(
        accounts(tmp_path, HOUSEHOLDS.replace(",Anna,", f",{name},")),
        purchases(tmp_path, f"{'I' * 40},2025-07-03T08:00Z,{ANNA},buy,100.00", f"B,2025-07-03T08:00Z,{ANNA},tenant,B"),
    )
    for chapter in story.chapters:
        paper = slip(chapter)
        assert name.replace(" ", "") in paper.replace(" ", "").replace("\n", "")
        assert max(map(cell_len, paper.splitlines())) <= WIDTH


@given(
    left=st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=90),
    right=st.text("0123456789. ", max_size=60),
)
def test_a_pair(left: str, right: str) -> None:
    """Two texts at the edges of the paper are both printed whole, however long they are."""
    printed = "".join(pair(left, right))
    assert "".join(printed.split()) == "".join((left + right).split())


@pytest.mark.parametrize(("space", "lines"), [(1, 1), (0, 2), (-1, 2)])
def test_words_that_would_touch(space: int, lines: int) -> None:
    """Two texts share a line only if there is room between them."""
    assert len(list(pair("l" * (WIDTH - 10 - space), "r" * 10))) == lines


@pytest.mark.parametrize(("words", "line"), [("ab", " " * 20 + "ab"), ("x" * 50, "x" * 50), ("", "")])
def test_centred(words: str, line: str) -> None:
    """Words stand in the middle; those that are too long begin at the edge."""
    assert centred(words) == line
