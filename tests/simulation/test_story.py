"""The story: lines in the order of their time, tokens typed as they are sold, and files that tell none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.simulation.market import Market
from tests.simulation.support import (
    ANNA,
    BEN,
    CARA,
    FLAT,
    HOUSEHOLDS,
    PURCHASE_HEADER,
    STRANGER,
    tariff_text,
    world,
    write,
)
from umbane.meter import AuthenticationResult, ValidationResult
from umbane.pricing import TariffFileError
from umbane.simulation.errors import TableFileError
from umbane.simulation.models import Refused, Repeat, Sale
from umbane.simulation.story import AFTER, BEFORE, read_cast
from umbane.sts import MeterPAN


def test_a_sale_is_typed(market: Market, tmp_path: Path) -> None:
    """A sale's token is typed into its meter, and the chapter tells what stands in it afterwards."""
    story = market.story_of(tmp_path, f"P1,2025-07-03T08:00Z,{ANNA},buy,100.00")
    (chapter,) = story.chapters
    assert isinstance(chapter.outcome, Sale)
    (delivery,) = chapter.outcome.deliveries
    assert delivery.typed is not None
    assert delivery.typed.accepted
    assert chapter.glance is not None
    assert chapter.glance.credit_wh > delivery.units * 100


def test_time_around(market: Market, tmp_path: Path) -> None:
    """The meters run from a day before the first purchase to two days after the last."""
    story = market.story_of(
        tmp_path, f"A,2025-07-09T08:00Z,{ANNA},buy,9.00", f"B,2025-07-03T10:00+02:00,{BEN},buy,50.00"
    )
    assert story.start == datetime(2025, 7, 3, 8, tzinfo=UTC) - BEFORE
    assert story.end == datetime(2025, 7, 9, 8, tzinfo=UTC) + AFTER
    assert {house.meter.time for house in story.houses.values()} == {story.end}


def test_lines_out_of_order(market: Market, tmp_path: Path) -> None:
    """Lines are served in the order of their time, those of one moment in the order of the file."""
    story = market.story_of(
        tmp_path,
        f"C,2025-07-05T08:00Z,{ANNA},buy,10.00",
        f"A,2025-07-03T08:00Z,{ANNA},buy,10.00",
        f"B,2025-07-03T10:00+02:00,{BEN},buy,50.00",
    )
    assert [sale.purchase.id for sale in story.sales] == ["A", "B", "C"]


def test_the_light_is_back(market: Market, tmp_path: Path) -> None:
    """The chapter of a purchase in the dark says that there was no light before and is some now."""
    (chapter,) = market.story_of(tmp_path, f"P1,2025-07-03T08:00Z,{BEN},buy,100.00").chapters
    assert chapter.glance is not None
    assert (chapter.glance.was_lit, chapter.glance.lit) == (False, True)


def test_a_line_twice(market: Market, tmp_path: Path) -> None:
    """A line that comes twice is answered with the same digits, and the meter says that it had them."""
    words = f"P1,2025-07-03T08:00Z,{ANNA},buy,100.00"
    story = market.story_of(tmp_path, words, words)
    (repeat,) = story.repeats
    assert [typed.result for typed in repeat.typed] == [ValidationResult.USED_ERROR]
    assert [it.token for it in repeat.sale.deliveries] == [it.token for it in story.sales[0].deliveries]
    assert len(story.sales) == 1


def test_an_id_of_an_earlier_key(market: Market, tmp_path: Path) -> None:
    """Digits of a key that the meter no longer has are wrong to it, and asking often locks no keypad."""
    first = f"P1,2025-07-03T08:00Z,{ANNA},buy,100.00"
    story = market.story_of(
        tmp_path,
        *[first, f"P2,2025-07-03T08:00Z,{ANNA},key,TI=02"],
        *[first] * 12,
        f"P3,2025-07-04T08:00Z,{ANNA},buy,100.00",
    )
    assert {typed.result for repeat in story.repeats for typed in repeat.typed} == {AuthenticationResult.CRC_ERROR}
    assert all(it.typed and it.typed.accepted for sale in story.sales for it in sale.deliveries)
    assert len(story.sales) == 3


def test_the_rest_is_done(market: Market, tmp_path: Path) -> None:
    """Lines that can't be read or done are told with their reasons, and every other line is done."""
    story = market.story_of(
        tmp_path,
        "P1,2025-07-03,x,buy,1",
        f"P2,2025-07-03T08:00Z,{STRANGER},buy,100.00",
        f"P3,2025-07-03T08:00Z,{ANNA},buy,100.00",
        '"',
    )
    assert [refusal.where for refusal in story.refusals] == [
        "purchases.csv line 2, time",
        "purchases.csv line 5",
        "purchases.csv line 3",
    ]
    assert [refusal.purchase and refusal.purchase.id for refusal in story.refusals] == [None, None, "P2"]
    assert [sale.purchase.id for sale in story.sales] == ["P3"]


def test_a_slip_in_the_year(market: Market, tmp_path: Path) -> None:
    """A purchase years away from the others is refused instead of waiting for it."""
    story = market.story_of(
        tmp_path,
        f"A,2025-07-03T08:00Z,{ANNA},buy,10.00",
        f"B,2025-07-04T08:00Z,{ANNA},buy,10.00",
        f"C,2044-07-05T08:00Z,{ANNA},buy,10.00",
        f"D,2015-07-05T08:00Z,{ANNA},buy,10.00",
    )
    assert [sale.purchase.id for sale in story.sales] == ["A", "B"]
    assert all("is years away from the others, around July 2025; check the year" in it.reason for it in story.refusals)
    assert story.end - story.start < timedelta(days=10)


def test_outcomes_by_kind(market: Market, tmp_path: Path) -> None:
    """Sales, repeats and refusals together are all chapters."""
    words = f"P1,2025-07-03T08:00Z,{ANNA},buy,100.00"
    story = market.story_of(tmp_path, words, words, words.replace("100", "200"))
    kinds = [type(chapter.outcome) for chapter in story.chapters]
    assert sorted(kind.__name__ for kind in kinds) == ["Refused", "Repeat", "Sale"]
    assert (len(story.sales), len(story.repeats), len(story.refusals)) == tuple(
        kinds.count(kind) for kind in (Sale, Repeat, Refused)
    )


def test_someone_watches(market: Market, tmp_path: Path) -> None:
    """Whoever watches hears of each line that is done."""
    world(tmp_path, f"A,2025-07-03T08:00Z,{ANNA},buy,10.00", f"B,2025-07-03T08:00Z,{ANNA},buy,10.00")
    heard: list[tuple[int, int]] = []
    cast = read_cast(tmp_path / "purchases.csv", tmp_path / "meters.csv", tmp_path / "tariffs")
    market.tell(cast, on_line=lambda done, of: heard.append((done, of)))
    assert heard == [(1, 2), (2, 2)]


def test_versions_of_a_tariff(market: Market, tmp_path: Path) -> None:
    """Files of one tariff are its versions, and a purchase is priced by the one in force."""
    world(tmp_path, f"A,2025-09-30T21:59Z,{CARA},buy,1000", f"B,2025-09-30T22:00Z,{CARA},buy,1000")
    later = tariff_text(FLAT, version="2", valid_from="2025-10-01", valid_until=None, energy={"price": "200"})
    write(tmp_path / "tariffs" / "later.yaml", later.replace(', "valid_until": null', ""))
    sold = market.told(tmp_path).sales
    assert [it.units for sale in sold for it in sale.deliveries if not it.free] == [100, 50]
    assert [sale.tariff.version for sale in sold if sale.tariff] == ["1", "2"]


# -------------------------------------------------------------------------------------------- files that tell no story


def test_no_purchase(market: Market, tmp_path: Path) -> None:
    """A purchases file with nothing but a header is refused."""
    world(tmp_path)
    with pytest.raises(TableFileError, match=r"purchases\.csv: it holds no purchase"):
        market.told(tmp_path)


def test_no_purchase_that_can_be_read(market: Market, tmp_path: Path) -> None:
    """Where not one line can be read, the error tells of every line, up to a number that can be read."""
    world(tmp_path, *["x"] * 3)
    with pytest.raises(TableFileError) as caught:
        market.told(tmp_path)
    assert str(caught.value).count("is no action") == 3
    write(tmp_path / "purchases.csv", PURCHASE_HEADER + "\nx" * 100)
    with pytest.raises(TableFileError) as caught:
        market.told(tmp_path)
    assert str(caught.value).count("is no action") == 20
    assert "and 80 more" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (",flat,", ",flatt,", r"meters\.csv line 4, tariff: 'flatt' is in no tariff file .* one of: blocks, flat$"),
        (",flat,", ",water,", r"meters\.csv line 4, tariff: water sells no electricity"),
        ("cable:100.00", "cable:ten", r"meters\.csv line 3, arrears: 'ten' is not an amount of ZAR"),
        ("cable:100.00", "cable:9:101", r"meters\.csv line 3, arrears: '101' is not a percentage"),
    ],
)
def test_a_household_that_fits_no_tariff(market: Market, tmp_path: Path, old: str, new: str, problem: str) -> None:
    """A household that its tariff can't serve is refused by its line before anything is sold."""
    world(tmp_path, f"A,2025-07-03T08:00Z,{ANNA},buy,10.00", households=HOUSEHOLDS.replace(old, new))
    water = tariff_text(FLAT, id="water", resource="water")
    folder = tmp_path / "tariffs"
    if "water" in new:
        write(folder / "water.yaml", water)
    with pytest.raises(TableFileError, match=problem):
        market.told(tmp_path)


def test_no_tariffs(tmp_path: Path) -> None:
    """A folder without tariff files is named."""
    world(tmp_path, f"A,2025-07-03T08:00Z,{ANNA},buy,10.00")
    (tmp_path / "empty").mkdir()
    with pytest.raises(TableFileError, match="the folder holds none"):
        read_cast(tmp_path / "purchases.csv", tmp_path / "meters.csv", tmp_path / "empty")


def test_a_wrong_tariff(market: Market, tmp_path: Path) -> None:
    """A tariff file that is wrong is told by file and line, as `umbane tariff check` does."""
    world(tmp_path, f"A,2025-07-03T08:00Z,{ANNA},buy,10.00")
    write(tmp_path / "tariffs" / "bad.yaml", "format: umbane-tariff-1\nid: [\n")
    with pytest.raises(TariffFileError, match=r"bad\.yaml"):
        market.told(tmp_path)


def test_accounts_as_they_end(market: Market, tmp_path: Path) -> None:
    """The story keeps every account as the last sale left it."""
    story = market.story_of(tmp_path, f"A,2025-07-03T08:00Z,{ANNA},tenant,Ada")
    assert story.accounts[MeterPAN.parse(ANNA)].customer == "Ada"
