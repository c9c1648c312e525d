"""What is claimed of the trade: whatever somebody with all rights changes, a claim names the row."""

from datetime import timedelta

import pytest

from tests.ledger.support import as_superuser
from tests.registry.town import NOW
from tests.trade.agreed import accrued, agree, take_back
from tests.trade.tills import Till, till_of
from tests.vending.shop import Shop
from umbane.db import Server
from umbane.ledger import Finding, prove
from umbane.trade.batches import BatchKind, make_batch
from umbane.trade.claims import TRADE


@pytest.fixture
async def busy(shop: Shop) -> Till:
    """Give a till after three days: shifts, batches, commission and a correction of it."""
    till = await till_of(shop)
    await agree(shop.town)
    sold = []
    for _ in range(3):
        await till.open(1_000)
        await shop.buy(20_000)
        shop.wait(hours=2)
        sold.append(await shop.buy(10_000))
        await till.close(31_000)
        shop.wait(days=1)
        await accrued(shop.town, shop.now)
    await take_back(shop, sold[-1])
    await accrued(shop.town, shop.now)
    sales = await shop.town.does(make_batch, BatchKind.SALES, "S-1", till.opened, NOW)
    await shop.town.does(make_batch, BatchKind.BANK, "B-1", [sales.id], NOW)
    return till


async def wrong(till: Till) -> list[Finding]:
    """The claims that don't hold."""
    return [it for it in (await prove(till.shop.town.database, TRADE)).findings if it.wrong]


async def test_in_order(busy: Till) -> None:
    """Every claim holds of a trade in order, and looks at something."""
    findings = (await prove(busy.shop.town.database, TRADE)).findings
    assert [(it.claim.name, it.wrong) for it in findings] == [(it.name, None) for it in TRADE]
    assert all(it.rows for it in findings)


FIRST = "(SELECT id FROM trade.shift ORDER BY number LIMIT 1)"


@pytest.mark.parametrize(
    ("sql", "claim", "words"),
    [
        ("UPDATE trade.accrual SET commission = commission + 1 WHERE ordinal = 1", "commission", "2026-03-14: adds"),
        ("UPDATE trade.accrual SET tax = tax + 1 WHERE ordinal = 1", "commission", "are booked"),
        ("DELETE FROM trade.accrual WHERE ordinal = 1", "commission", "nobody reckoned"),
        ("UPDATE trade.accrual SET ordinal = 5 WHERE ordinal = 1", "commission", "lacks what was reckoned before"),
        ("UPDATE trade.accrual SET entry_id = NULL WHERE ordinal = 1", "commission", "nobody reckoned"),
        ("UPDATE trade.accrual SET entry_id = gen_random_uuid() WHERE ordinal = 0", "commission", "nobody reckoned"),
        ("UPDATE trade.shift_total SET tender = 1 WHERE sales = 2", "shifts", "says that it took 1"),
        ("UPDATE trade.shift_end SET expected = 5, reason = 'x' WHERE shift_id = FIRST", "shifts", "come to 31000"),
        ("UPDATE trade.shift_end SET counted = 5, reason = 'x' WHERE shift_id = FIRST", "shifts", "and says 5"),
        ("UPDATE trade.shift_sale SET shift_id = FIRST", "shifts", "sold for 90000"),
        ("UPDATE vending.sale SET terminal_id = gen_random_uuid()", "shifts", "a sale of another terminal"),
        ("UPDATE trade.batch SET counted = 1 WHERE kind = 'bank'", "batches", "bank B-1: says 1 with 1"),
        ("DELETE FROM trade.batch_member WHERE member_id = FIRST", "batches", "and has 2 with 60000"),
    ],
)  # fmt: skip
async def test_rows_that_were_changed(busy: Till, place: Server, sql: str, claim: str, words: str) -> None:
    """A row that somebody changed behind all guards is named by its claim."""
    await as_superuser(
        place, *(f"ALTER TABLE {it} DISABLE TRIGGER ALL" for it in tables()), sql.replace("FIRST", FIRST)
    )
    found = {it.claim.name: str(it.wrong) for it in await wrong(busy)}
    assert words in found[claim]


def tables() -> list[str]:
    """The tables that a test changes."""
    trade = ("accrual", "shift_total", "shift_end", "shift_sale", "batch", "batch_member")
    return [*(f"trade.{it}" for it in trade), "vending.sale"]


async def test_a_sale_that_is_in_none(busy: Till, place: Server) -> None:
    """A sale that was taken out of its shift is named, once a later shift has ended."""
    taken = "DELETE FROM trade.shift_sale WHERE shift_id = FIRST"
    await as_superuser(place, "ALTER TABLE trade.shift_sale DISABLE TRIGGER ALL", taken.replace("FIRST", FIRST))
    found = {it.claim.name: str(it.wrong) for it in await wrong(busy)}
    assert "is in no shift" in found["in one shift"]


async def test_a_sale_under_way(busy: Till) -> None:
    """A sale that no shift has seen yet is no contradiction."""
    busy.shop.wait(hours=1)
    await busy.shop.buy(7_000)
    assert await wrong(busy) == []
    assert busy.shop.now > NOW + timedelta(days=3)
