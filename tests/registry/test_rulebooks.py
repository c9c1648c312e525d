"""What sales go by, read once and kept until it changes."""

from datetime import UTC, date, datetime

import pytest

from tests.registry.test_tariffs import OPEN_ENDED, active, version
from tests.registry.town import GROUP, NOW, TARIFF, Town, new_id, revision
from umbane.pricing import CustomerState, NotInForce, quote
from umbane.registry import (
    NotFoundError,
    Rulebooks,
    add_key_revisions,
    add_tariff_version,
    change_policy,
    end_key_revision,
)
from umbane.registry import utility as utility_of
from umbane.sts import KRN, KT, SGC


async def edition(town: Town) -> int:
    """The utility's edition as it is now."""
    return (await town.reads(utility_of)).edition


async def test_a_rulebook(town: Town) -> None:
    """A rulebook has the utility with its policy, the active tariffs ready for quoting, and the names of the keys."""
    book = await town.database.run(lambda tx: Rulebooks().of(tx, town.id, 1))
    assert book.utility == await town.reads(utility_of)
    sale = quote(book.tariffs[TARIFF].at(NOW), CustomerState(), at=NOW, money=20_000)
    assert sale.units == 584
    assert book.key_revision(GROUP, KT.DUTK, KRN(1)) == revision()
    assert book.key_revision(GROUP, KT.DUTK, KRN(2)) is None


async def test_kept(town: Town) -> None:
    """A rulebook that is new enough is not read again; one that is older is."""
    books = Rulebooks()
    first = await town.database.run(lambda tx: books.of(tx, town.id, 1))
    await town.does(change_policy, {"tid_clock": "local"})
    now = await edition(town)
    assert await town.database.run(lambda tx: books.of(tx, town.id, now - 1)) is first
    second = await town.database.run(lambda tx: books.of(tx, town.id, now))
    assert (first.utility.policy.tid_clock, second.utility.policy.tid_clock) == ("utc", "local")
    assert await town.database.run(lambda tx: books.of(tx, town.id, now)) is second


async def test_compiled_once(town: Town) -> None:
    """A tariff whose document didn't change is not compiled again for a new edition."""
    books = Rulebooks()
    first = await town.database.run(lambda tx: books.of(tx, town.id, 1))
    await town.does(change_policy, {})
    now = await edition(town)
    second = await town.database.run(lambda tx: books.of(tx, town.id, now))
    assert second.tariffs[TARIFF].versions[0] is first.tariffs[TARIFF].versions[0]


async def test_only_what_is_active(town: Town) -> None:
    """A version that nobody activated is in no rulebook."""
    await town.does(add_tariff_version, OPEN_ENDED)
    book = await town.database.run(lambda tx: Rulebooks().read(tx, town.id))
    assert set(book.tariffs) == {TARIFF}


async def test_prices_change_over_night(town: Town) -> None:
    """Of two versions each holds on its own days, and before the first there is none."""
    await active(town, OPEN_ENDED)
    await active(town, version(OPEN_ENDED, "2026/27", "2026-07-01"))
    tariff = (await town.database.run(lambda tx: Rulebooks().read(tx, town.id))).tariffs["open-ended"]
    midnight = datetime(2026, 6, 30, 22, 0, tzinfo=UTC)
    assert tariff.at(midnight.replace(hour=21, minute=59)).version == "2025/26"
    assert tariff.at(midnight).version == "2026/27"
    assert tariff.versions[0].valid_until == date(2026, 6, 30)
    with pytest.raises(NotInForce):
        tariff.at(datetime(2025, 6, 1, tzinfo=UTC))


async def test_the_newest_key(town: Town) -> None:
    """The newest key of a group is the last to begin of those that may be used at the moment; there may be none."""
    await town.does(add_key_revisions, [revision(2, active_from=datetime(2026, 6, 1, tzinfo=UTC))])
    book = await town.database.run(lambda tx: Rulebooks().read(tx, town.id))
    newest = [book.newest_key(GROUP, KT.DUTK, datetime(year, 7, 1, tzinfo=UTC)) for year in (2020, 2025, 2026)]
    assert [it and it.krn for it in newest] == [None, KRN(1), KRN(2)]
    assert book.newest_key(GROUP, KT.DDTK, NOW) is None
    assert book.newest_key(SGC(9), KT.DUTK, NOW) is None


async def test_an_ended_key(town: Town) -> None:
    """A key that has ended is no longer the newest."""
    await town.does(end_key_revision, (GROUP, KT.DUTK, KRN(1)), NOW)
    book = await town.database.run(lambda tx: Rulebooks().read(tx, town.id))
    assert book.newest_key(GROUP, KT.DUTK, NOW) is None


async def test_two_utilities(town: Town, other: Town) -> None:
    """Each utility has a rulebook of its own."""
    books = Rulebooks()
    await town.does(change_policy, {"tid_clock": "local"})
    both = [await it.reads(books.of, 1) for it in (town, other)]
    assert [it.utility.policy.tid_clock for it in both] == ["local", "utc"]


async def test_nobody(town: Town) -> None:
    """A utility that isn't there has no rulebook."""
    with pytest.raises(NotFoundError):
        await town.database.run(lambda tx: Rulebooks().of(tx, new_id(), 1))
