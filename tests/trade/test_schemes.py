"""Schemes that are proposed, activated by somebody else, and agreed with vendors."""

from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest

from tests.database import by_owner
from tests.registry.town import NOW, Town, new_id
from tests.trade.agreed import CHAINS, SHOPS, SINCE, accrued, agree, in_force
from umbane.registry import (
    DuplicateError,
    NotFoundError,
    PermissionDeniedError,
    RegistryInputError,
    change_policy,
    history,
)
from umbane.trade.errors import SchemeError, TradeStateError
from umbane.trade.schemes import (
    Term,
    activate_schemes,
    active_schemes,
    propose_schemes,
    scheme_versions,
    set_terms,
    terms,
)

NEXT = SHOPS.replace('"2026"', "2026b").replace("2026-01-01", "2026-04-01")


def another(town: Town) -> Town:
    """The town in the hands of somebody else."""
    return replace(town, scope=replace(town.scope, by="another"))


async def test_a_proposal_waits(town: Town) -> None:
    """What is proposed is kept with who proposed it, and nobody earns by it yet."""
    await town.does(propose_schemes, [SHOPS, CHAINS], NOW)
    chains, shops = await town.reads(scheme_versions)
    assert (chains.scheme_id, shops.scheme_id) == ("chains", "corner-shops")
    assert (shops.version, shops.added_by, shops.added_at, shops.activated_at) == ("2026", "test", NOW, None)
    assert await town.reads(active_schemes) == {}


async def test_another_activates(town: Town) -> None:
    """A version that somebody else activates is in force, and the record says who did what."""
    await in_force(town, SHOPS)
    [scheme] = (await town.reads(active_schemes))["corner-shops"]
    assert (scheme.version, scheme.valid_until) == ("2026", None)
    told = [(it.action, it.by) for it in await town.reads(history, town.id) if it.action.startswith("scheme")]
    assert told == [("scheme.propose", "test"), ("scheme.activate", "another")]


async def test_not_the_same_person(town: Town) -> None:
    """Who proposed a scheme doesn't activate it, unless the utility's policy lets one person do."""
    await town.does(propose_schemes, [SHOPS], NOW)
    with pytest.raises(PermissionDeniedError, match="somebody else"):
        await town.does(activate_schemes, [("corner-shops", "2026")], NOW)
    await town.does(change_policy, {"tariffs": {"second_person": False}})
    await town.does(activate_schemes, [("corner-shops", "2026")], NOW)


async def test_a_version_ends_the_one_before(town: Town) -> None:
    """A version without an end ends on the day before the next one begins."""
    await in_force(town, SHOPS)
    await in_force(town, NEXT)
    first, second = (await town.reads(active_schemes))["corner-shops"]
    assert (first.valid_until, second.valid_until) == (date(2026, 3, 31), None)


async def test_refused_activations(town: Town) -> None:
    """What isn't there, is active already, or holds on the same days as another can't be activated."""
    await in_force(town, SHOPS)
    with pytest.raises(NotFoundError):
        await another(town).does(activate_schemes, [("corner-shops", "1999")], NOW)
    with pytest.raises(TradeStateError, match="active already"):
        await another(town).does(activate_schemes, [("corner-shops", "2026")], NOW)
    with pytest.raises(TradeStateError, match="other dates"):
        await in_force(town, NEXT.replace("2026-04-01", "2026-01-01"))


async def test_refused_proposals(town: Town) -> None:
    """A wrong document, another currency, and a version that is there already are refused, and nothing is kept."""
    await town.does(propose_schemes, [SHOPS], NOW)
    for documents, problem in (
        ([CHAINS, "format: x"], SchemeError),
        ([CHAINS.replace("ZAR", "GHS")], SchemeError),
        ([SHOPS], DuplicateError),
        ([CHAINS, CHAINS], DuplicateError),
    ):
        with pytest.raises(problem):
            await town.does(propose_schemes, documents, NOW)
    assert len(await town.reads(scheme_versions)) == 1


async def test_terms(town: Town) -> None:
    """What is agreed is told by its days; of two for the same day the later one holds."""
    shops, chains, vendor = await in_force(town, SHOPS), await in_force(town, CHAINS), town.vendor.id
    await town.does(set_terms, [Term(vendor, chains, SINCE)], "agreed", NOW)
    await town.does(set_terms, [Term(vendor, shops, SINCE), Term(vendor, None, date(2026, 5, 1))], "corrected", NOW)
    assert await town.reads(terms) == [Term(vendor, shops, SINCE), Term(vendor, None, date(2026, 5, 1))]
    last = (await town.reads(history, vendor))[-1]
    assert (last.action, last.details) == (
        "vendor.commission",
        {"scheme": None, "since": "2026-05-01", "reason": "corrected"},
    )


async def test_refused_terms(town: Town) -> None:
    """Terms of nobody, by what isn't in force, or without a reason, are refused."""
    shops = await in_force(town, SHOPS)
    await town.does(propose_schemes, [CHAINS], NOW)
    for term, reason, problem in (
        (Term(new_id(), shops, SINCE), "agreed", NotFoundError),
        (Term(town.vendor.id, "chains", SINCE), "agreed", NotFoundError),
        (Term(town.vendor.id, shops, SINCE), " ", RegistryInputError),
    ):
        with pytest.raises(problem):
            await town.does(set_terms, [term], reason, NOW)
    assert await town.reads(terms) == []


async def test_no_terms_for_what_is_booked(town: Town) -> None:
    """What was earned and booked isn't agreed otherwise afterwards; the day after it is."""
    shops = await agree(town)
    await accrued(town, NOW)
    with pytest.raises(TradeStateError, match="V-1 earned is booked up to 2026-03-12"):
        await town.does(set_terms, [Term(town.vendor.id, None, date(2026, 3, 11))], "changed", NOW)
    await town.does(set_terms, [Term(town.vendor.id, shops, date(2026, 3, 12))], "changed", NOW + timedelta(days=1))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE trade.scheme_version SET document = 'other'",
        "UPDATE trade.scheme_version SET valid_from = '2020-01-01'",
        "UPDATE trade.scheme_version SET activated_at = now()",
        "DELETE FROM trade.scheme_version",
        "UPDATE trade.term SET scheme_id = NULL",
        "DELETE FROM trade.term",
        "UPDATE trade.accrual SET commission = 0",
        "DELETE FROM trade.accrual",
        "TRUNCATE trade.accrual",
    ],
)
async def test_nobody_changes_it(town: Town, sql: str) -> None:
    """What was agreed and earned is changed by nobody, the owner of the tables included."""
    await agree(town)
    await accrued(town, NOW)
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await by_owner(town.database, sql)
