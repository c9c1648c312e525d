"""The page: it stands alone, escapes what people write, tells every figure in words, and is sound HTML."""

import re
from copy import deepcopy
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.simulation.market import Market
from tests.simulation.support import ANNA, BEN, CARA, HOUSEHOLDS, accounts, purchases
from umbane.simulation.report import report
from umbane.simulation.story import Story

VOID = {"meta", "br"}
HOSTILE = "<script>alert('x')</script>\"&"


class Page(HTMLParser):
    """A page, taken apart.

    Attributes:
        open: tags not closed yet.
        seen: all tags with their attributes.
        words: all text.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag opens."""
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself."""
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """A tag closes, the innermost one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text."""
        self.words += data


@pytest.fixture(scope="module")
def told(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A story with everything in it."""
    words = f"P1,2025-07-30T08:00Z,{ANNA},buy,300.00"
    return market.story_of(
        tmp_path_factory.mktemp("told"),
        words,
        words,
        words.replace("300", "301"),
        "?",
        f"P2,2025-07-30T08:00Z,{BEN},buy,100.00",
        f"P3,2025-08-04T08:00Z,{CARA},buy,1000",
        f"P4,2025-08-04T08:00Z,{BEN},key,TI=02",
        f"P5,2025-08-05T08:00Z,{BEN},tenant,Bea",
    )


@pytest.fixture
def story(told: Story) -> Story:
    """Give a copy of it, which a test may spoil."""
    return deepcopy(told)


def test_sound(story: Story) -> None:
    """Every tag that opens is closed, the innermost first."""
    assert Page(report(story, source="p.csv")).open == []


def test_stands_alone(story: Story) -> None:
    """The page asks for nothing: no script, no picture, no style, no font, no address of another place."""
    text = report(story, source="p.csv")
    page = Page(text)
    asked = {name for _, attributes in page.seen for name in attributes} & {"src", "href", "srcset", "data", "action"}
    assert asked == set()
    named = {attributes["xlink:href"] for _, attributes in page.seen if "xlink:href" in attributes}
    assert all(name and name.startswith("#") for name in named)
    assert not re.search(r"url\((?!#)|@import|<script|<link|<iframe", text)
    assert set(re.findall(r"https?://[^\s\"<]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_every_chart_has_words(story: Story) -> None:
    """Each picture has a description for those who don't see it."""
    seen = Page(report(story, source="p.csv")).seen
    described = [it for tag, it in seen if tag == "figure" and it.get("role") == "img" and it.get("aria-label")]
    assert len(described) == len([tag for tag, _ in seen if tag == "svg"]) == 4 + 2 + 1 + 1


def test_all_of_it_is_told(story: Story) -> None:
    """The page holds every token, every refusal, every household and every proof in words."""
    words = " ".join(Page(report(story, source="p.csv")).words.split())
    tokens = [it.token.grouped for sale in story.sales for it in sale.deliveries]
    assert tokens
    assert all(words.count(token) >= 2 for token in tokens)
    assert all(" ".join(refusal.reason.split()) in words for refusal in story.refusals)
    assert all(str(house.household.pan.drn) in words for house in story.houses.values())
    assert words.count("✓") == 11
    assert "✗" not in words


def test_what_does_not_hold(story: Story) -> None:
    """A proof that fails is marked as such."""
    next(iter(story.houses.values())).given += 1
    assert Page(report(story, source="p.csv")).words.count("✗") == 2


@pytest.mark.parametrize("hostile", [HOSTILE, "{{ 7*7 }}", "{% raw %}", "</svg><svg onload=alert(1)>", "A--><b>"])
def test_hostile_names(market: Market, tmp_path: Path, hostile: str) -> None:
    """Names of people, ids and files are text on the page, in the charts as anywhere else."""
    quoted = '"' + hostile.replace('"', '""') + '"'
    story = market.play(
        accounts(tmp_path, HOUSEHOLDS.replace(",Anna,", f",{quoted},")),
        purchases(tmp_path, f"{quoted},2025-07-30T08:00Z,{ANNA},buy,300.00", f"B,2025-07-30T08:00Z,{BEN},buy,{quoted}"),
    )
    page = Page(report(story, source=hostile))
    assert page.open == []
    assert hostile in page.words
    assert [tag for tag, _ in page.seen].count("b") == 6
    assert "script" not in {tag for tag, _ in page.seen}
    assert not any(name.startswith("on") for _, attributes in page.seen for name in attributes)


def test_many_houses(market: Market, tmp_path: Path) -> None:
    """Where not every meter is drawn the page says so, and the table has them all."""
    page = Page(report(market.story_of(tmp_path, f"P1,2025-07-30T08:00Z,{ANNA},buy,300.00"), source="p.csv", most=2))
    assert "The first 2 of 4 meters are drawn" in page.words
    assert CARA in page.words


def test_nothing_sold(market: Market, tmp_path: Path) -> None:
    """A story without a sale has a page too."""
    page = Page(report(market.story_of(tmp_path, f"P1,2025-07-30T08:00Z,{ANNA},buy,0"), source="p.csv"))
    assert page.open == []
    assert "0 buys nothing" in page.words


def test_nothing_refused(market: Market, tmp_path: Path) -> None:
    """A story without a refusal says so."""
    page = Page(report(market.story_of(tmp_path, f"P1,2025-07-30T08:00Z,{ANNA},buy,300.00"), source="p.csv"))
    assert "Every line was done." in page.words
