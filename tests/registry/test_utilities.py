"""Utilities, their choices, supply groups and key revisions."""

from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest

from tests.database import by_owner
from tests.registry.town import GROUP, NOW, Town, new_id, revision, utility
from umbane.registry import (
    DuplicateError,
    NotFoundError,
    PolicyError,
    Realm,
    RegistryInputError,
    SupplyGroup,
    add_key_revisions,
    add_supply_groups,
    add_utility,
    change_policy,
    end_key_revision,
    history,
    key_revisions,
    supply_groups,
    utilities,
    utility_by_code,
)
from umbane.registry import utility as utility_of
from umbane.registry.utilities import currency_of, new_edition, zone_of
from umbane.sts import KRN, KT, SGC


async def test_a_utility(town: Town) -> None:
    """A utility is kept with its currency, time zone, languages and policy, and found by its id and by its code."""
    kept = await town.reads(utility_of)
    assert (kept.code, kept.currency.code, kept.zone.key, kept.languages) == (
        *("seaview", "ZAR", "Africa/Johannesburg"),
        ("en", "zu"),
    )
    assert await town.database.run(lambda tx: utility_by_code(tx, "seaview")) == kept


async def test_several(town: Town) -> None:
    """Several utilities live in one deployment, each with a currency and a time zone of its own."""
    new = utility("accra", currency=currency_of("GHS"), zone=zone_of("Africa/Accra"), languages=("en",))
    scope = await town.database.run(lambda tx: add_utility(tx, "test", new))
    assert scope.utility_id == new.id
    listed = await town.database.run(utilities)
    assert [(it.code, str(it.currency.code)) for it in listed] == [
        ("accra", "GHS"),
        ("hilltop", "ZAR"),
        ("seaview", "ZAR"),
    ]


async def test_a_code_is_taken_once(town: Town) -> None:
    """Two utilities never have the same code."""
    with pytest.raises(DuplicateError, match="seaview"):
        await town.database.run(lambda tx: add_utility(tx, "test", utility("seaview")))


async def test_no_such_utility(town: Town) -> None:
    """A utility that isn't there is not found, and nothing can be changed about it."""
    nobody = replace(town.scope, utility_id=new_id())
    with pytest.raises(NotFoundError, match="utility"):
        await town.database.run(lambda tx: utility_by_code(tx, "nowhere"))
    with pytest.raises(NotFoundError, match="utility"):
        await town.database.run(lambda tx: change_policy(tx, nobody, {}))
    with pytest.raises(NotFoundError, match="utility"):
        await town.database.run(lambda tx: new_edition(tx, nobody.utility_id))


@pytest.mark.parametrize("code", ["", "zar", "XXX", "R"])
def test_no_currency(code: str) -> None:
    """A currency that ISO 4217 doesn't list is refused."""
    with pytest.raises(RegistryInputError, match="currency"):
        currency_of(code)


@pytest.mark.parametrize(
    "name", ["", "Africa", "Africa/Nowhere", "../etc/passwd", "/etc/localtime", "Africa/Accra\0", "GMT+2:00"]
)
def test_no_zone(name: str) -> None:
    """A time zone that nobody knows is refused, whatever file its name would lead to."""
    with pytest.raises(RegistryInputError, match="time_zone"):
        zone_of(name)


async def test_another_policy(town: Town) -> None:
    """A policy is changed as a whole, a wrong one not at all, and it is written down what was different."""
    await town.does(change_policy, {"sale": {"key_change": "bundle"}})
    with pytest.raises(PolicyError):
        await town.does(change_policy, {"sale": {"key_change": "never"}})
    assert (await town.reads(utility_of)).policy.sale.key_change == "bundle"
    [change] = [it for it in await town.reads(history, town.id) if it.action == "utility.policy"]
    assert [it["key_change"] for it in change.details["sale"]] == ["ask_first", "bundle"]
    assert set(change.details) == {"sale"}


async def test_editions(town: Town) -> None:
    """Every change of what sales go by makes a new edition: policy, supply groups, key revisions."""
    editions = [(await town.reads(utility_of)).edition]
    for verb, arguments in (
        (change_policy, ({},)),
        (add_supply_groups, ([SupplyGroup(SGC(7), "seven", Realm.TEST)],)),
        (add_key_revisions, ([revision(2)],)),
        (end_key_revision, ((GROUP, KT.DUTK, KRN(1)), NOW)),
    ):
        await town.does(verb, *arguments)
        editions.append((await town.reads(utility_of)).edition)
    assert editions == [*range(editions[0], editions[0] + 5)]


async def test_supply_groups(town: Town) -> None:
    """Supply groups are kept by their codes, each once."""
    await town.does(add_supply_groups, [SupplyGroup(SGC(7), "seven", Realm.PRODUCTION)])
    kept = await town.reads(supply_groups)
    assert kept == [SupplyGroup(SGC(7), "seven", Realm.PRODUCTION), SupplyGroup(GROUP, "all", Realm.TEST)]
    with pytest.raises(DuplicateError, match="SGC"):
        await town.does(add_supply_groups, [SupplyGroup(GROUP, "again", Realm.TEST)])


async def test_key_revisions(town: Town) -> None:
    """Key revisions are kept by their names, in the order in which they begin, each once."""
    second = revision(2, active_until=datetime(2030, 1, 1, tzinfo=UTC))
    await town.does(add_key_revisions, [second])
    assert await town.reads(key_revisions) == [revision(1), second]
    with pytest.raises(DuplicateError, match="KRN"):
        await town.does(add_key_revisions, [revision(2)])


async def test_a_key_ends(town: Town) -> None:
    """A key revision ends at a moment after it began, and one that isn't there can't."""
    key = (GROUP, KT.DUTK, KRN(1))
    await town.does(end_key_revision, key, NOW)
    assert [it.active_until for it in await town.reads(key_revisions)] == [NOW]
    for wrong, until in (((GROUP, KT.DUTK, KRN(9)), NOW), (key, datetime(2000, 1, 1, tzinfo=UTC))):
        with pytest.raises(NotFoundError, match="key revision"):
            await town.does(end_key_revision, wrong, until)


@pytest.mark.parametrize("wrong", [{"realm": Realm.PRODUCTION}, {"sgc": SGC(9)}])
async def test_realms_stay_apart(town: Town, wrong: dict[str, object]) -> None:
    """A key of one realm can't be added to a supply group of the other, nor to one that isn't there."""
    with pytest.raises(NotFoundError, match="supply group"):
        await town.does(add_key_revisions, [revision(3, **wrong)])


async def test_the_realm_of_a_group_stays(town: Town) -> None:
    """A supply group that has keys never changes from the test realm to production, not even by hand."""
    sql = "UPDATE registry.supply_group SET realm = 'production' WHERE utility_id = $1"
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await by_owner(town.database, sql, town.id)


async def test_a_key_to_a_group_of_another_utility(town: Town, other: Town) -> None:
    """A key revision finds only supply groups of its own utility."""
    await other.does(add_supply_groups, [SupplyGroup(SGC(77), "theirs", Realm.TEST)])
    with pytest.raises(NotFoundError):
        await town.does(add_key_revisions, [revision(3, sgc=SGC(77))])
    assert SGC(77) not in [it.sgc for it in await town.reads(supply_groups)]
