"""Vendors and their terminals."""

from dataclasses import replace

import pytest

from tests.registry.town import Town, new_id
from umbane.registry import (
    DuplicateError,
    NotFoundError,
    Terminal,
    Vendor,
    add_terminals,
    add_vendors,
    block_terminal,
    change_vendor,
    history,
    terminal,
    terminals,
    vendor,
    vendor_by_code,
    vendors,
)

BAKERY = Vendor(new_id(), "B-1", "Bakery", 5_000, blocked=True)


async def test_there_and_back(town: Town) -> None:
    """Vendors and terminals come back as they were added, by id, by code and in lists."""
    second = Terminal(new_id(), town.vendor.id, "T-0", blocked=True)
    await town.does(add_vendors, [BAKERY])
    await town.does(add_terminals, [second])
    assert await town.reads(vendor, BAKERY.id) == await town.reads(vendor_by_code, "B-1") == BAKERY
    assert await town.reads(vendors) == [BAKERY, town.vendor]
    assert await town.reads(terminal, second.id) == second
    assert await town.reads(terminals, town.vendor.id) == [second, town.terminal]
    assert await town.reads(terminals, BAKERY.id) == []


async def test_codes(town: Town, other: Town) -> None:
    """A vendor's code is taken once in a utility, a terminal's once for its vendor."""
    for verb, again in (
        (add_vendors, replace(BAKERY, code="V-1")),
        (add_terminals, Terminal(new_id(), town.vendor.id, "T-1")),
    ):
        with pytest.raises(DuplicateError, match="there is one already"):
            await town.does(verb, [again])
    await town.does(add_vendors, [BAKERY])
    await town.does(add_terminals, [Terminal(new_id(), BAKERY.id, "T-1")])
    with pytest.raises(DuplicateError, match="vendor: there is one already: V-1"):
        await town.does(change_vendor, replace(BAKERY, code="V-1"), "x")
    assert (await other.reads(vendor_by_code, "V-1")).id == other.vendor.id


async def test_changed(town: Town) -> None:
    """A vendor's limit is changed and the vendor blocked, and it is written down why."""
    new = replace(town.vendor, credit_limit=7, blocked=True)
    await town.does(change_vendor, new, "cheque bounced")
    assert await town.reads(vendor, new.id) == new
    [*_, change] = await town.reads(history, new.id)
    assert change.details == {"credit_limit": [100_000, 7], "blocked": [False, True], "reason": "cheque bounced"}


async def test_a_terminal_stopped(town: Town) -> None:
    """A terminal is stopped and let sell again, and it is written down why."""
    for blocked in (True, False):
        await town.does(block_terminal, town.terminal.id, blocked=blocked, reason="stolen, found")
        assert (await town.reads(terminal, town.terminal.id)).blocked is blocked
    assert [it.action for it in await town.reads(history, town.terminal.id)] == [
        "terminal.add",
        *["terminal.block"] * 2,
    ]


async def test_apart(town: Town, other: Town) -> None:
    """Nothing about a vendor is read or changed with the id of another utility."""
    for verb, arguments in (
        (vendor, (town.vendor.id,)),
        (terminal, (town.terminal.id,)),
        (vendor_by_code, ("V-9",)),
    ):
        with pytest.raises(NotFoundError):
            await other.reads(verb, *arguments)
    with pytest.raises(NotFoundError):
        await other.does(change_vendor, town.vendor, "x")
    with pytest.raises(NotFoundError):
        await other.does(add_terminals, [Terminal(new_id(), town.vendor.id, "T-7")])
    with pytest.raises(NotFoundError):
        await other.does(block_terminal, town.terminal.id, blocked=True, reason="x")
    assert await other.reads(terminals, town.vendor.id) == []
