"""Versions of tariffs: added, looked at, activated, followed by others."""

from dataclasses import replace
from datetime import date
from hashlib import sha256

import asyncpg
import pytest

from tests.database import by_owner
from tests.registry.town import TARIFF, TARIFFS, TSHWANE, Town, new_id
from umbane.pricing import Tariff, TariffFileError, load_tariff_text
from umbane.registry import (
    DuplicateError,
    NotFoundError,
    Operator,
    PermissionDeniedError,
    RegistryInputError,
    TariffVersion,
    TransitionError,
    activate_tariff,
    add_operator,
    add_tariff_version,
    change_policy,
    history,
    tariff_versions,
    utility,
)
from umbane.registry.tariffs import ended

OPEN_ENDED = TSHWANE.replace("valid_until: 2026-06-30\n", "").replace("za-tshwane-domestic", "open-ended")


def version(text: str, name: str, valid_from: str, valid_until: str | None = None) -> str:
    """Another version of the tariff without an end."""
    until = f"valid_until: {valid_until}\n" if valid_until else ""
    changed = text.replace("version: 2025/26", f"version: {name}").replace(
        "valid_from: 2025-07-01\n", f"valid_from: {valid_from}\n{until}"
    )
    return changed[: changed.index("examples:")]


async def active(town: Town, document: str) -> TariffVersion:
    """Add a version, and let somebody else activate it."""
    tariff: Tariff = await town.does(add_tariff_version, document)
    scope = replace(town.scope, by="somebody else")
    return await town.database.run(lambda tx: activate_tariff(tx, scope, tariff.id, tariff.version))


async def test_a_version(town: Town) -> None:
    """A version is kept with its document's digest, its dates, and who added and who activated it."""
    [kept] = await town.reads(tariff_versions)
    assert (kept.tariff_id, kept.version, kept.title) == (TARIFF, "2025/26", "City of Tshwane, domestic prepaid")
    assert kept.sha256 == sha256(TSHWANE.encode()).hexdigest()
    assert (kept.valid_from, kept.valid_until) == (date(2025, 7, 1), date(2026, 6, 30))
    assert (kept.added_by, kept.activated_by) == ("test", "somebody else")


async def test_added_is_not_active(town: Town) -> None:
    """A version that was added waits to be activated."""
    await town.does(add_tariff_version, OPEN_ENDED)
    [kept] = [it for it in await town.reads(tariff_versions) if it.tariff_id == "open-ended"]
    assert (kept.activated_at, kept.activated_by) == (None, None)


async def test_a_wrong_document(town: Town) -> None:
    """A document that is no tariff is refused with its problems, and nothing of it is kept."""
    with pytest.raises(TariffFileError):
        await town.does(add_tariff_version, TSHWANE.replace("price: 3.425", "price: cheap"))
    assert len(await town.reads(tariff_versions)) == 1


@pytest.mark.parametrize(
    ("file", "field"), [("gh-ecg-2025-05.yaml", "currency"), ("za-tshwane-2025.yaml", "time_zone")]
)
async def test_of_another_house(town: Town, file: str, field: str) -> None:
    """A tariff in another currency or time zone than the utility's is refused."""
    text = (TARIFFS / file).read_text(encoding="utf-8").replace("Africa/Johannesburg", "Africa/Harare")
    with pytest.raises(RegistryInputError) as error:
        await town.does(add_tariff_version, text)
    assert error.value.field == field


async def test_a_version_once(town: Town) -> None:
    """A version of a tariff is added once."""
    with pytest.raises(DuplicateError, match="version"):
        await town.does(add_tariff_version, TSHWANE)


async def test_a_second_person(town: Town) -> None:
    """Who added a version doesn't activate it, unless the policy lets them."""
    await town.does(add_tariff_version, OPEN_ENDED)
    with pytest.raises(PermissionDeniedError, match="somebody else"):
        await town.does(activate_tariff, "open-ended", "2025/26")
    await town.does(change_policy, {"tariffs": {"second_person": False}})
    before = (await town.reads(utility)).edition
    assert (await town.does(activate_tariff, "open-ended", "2025/26")).activated_by == "test"
    assert (await town.reads(utility)).edition == before + 1


async def test_a_second_name(town: Town) -> None:
    """Who added a version doesn't activate it under another name either."""
    for name in ("thandi", "thandi-2"):
        await town.does(add_operator, Operator(new_id(), name, "Thandi", frozenset(), person="e-1"))
    first, second = (replace(town.scope, by=f"operator:{name}") for name in ("thandi", "thandi-2"))
    await town.database.run(lambda tx: add_tariff_version(tx, first, OPEN_ENDED))
    with pytest.raises(PermissionDeniedError, match="somebody else"):
        await town.database.run(lambda tx: activate_tariff(tx, second, "open-ended", "2025/26"))


async def test_what_cannot_be_activated(town: Town) -> None:
    """A version that isn't there, or is active already, can't be activated."""
    for tariff_id, name in (("nothing", "1"), (TARIFF, "1999")):
        with pytest.raises(NotFoundError, match="tariff version"):
            await town.does(activate_tariff, tariff_id, name)
    with pytest.raises(TransitionError, match="already"):
        await town.does(activate_tariff, TARIFF, "2025/26")


async def test_the_next_version(town: Town) -> None:
    """A version without an end ends on the day before the next one begins."""
    await active(town, OPEN_ENDED)
    await active(town, version(OPEN_ENDED, "2026/27", "2026-07-01"))
    kept = [it for it in await town.reads(tariff_versions) if it.tariff_id == "open-ended"]
    assert [(it.version, it.valid_from, it.valid_until) for it in kept] == [
        ("2025/26", date(2025, 7, 1), date(2026, 6, 30)),
        ("2026/27", date(2026, 7, 1), None),
    ]
    [*_, change] = await town.reads(history, town.id)
    assert (change.action, change.details["ended"]) == ("tariff.activate", "2025/26")


@pytest.mark.parametrize(
    ("begins", "ends"), [("2026-06-30", None), ("2025-01-01", "2025-07-01"), ("2025-08-01", "2025-09-01")]
)
async def test_one_price_a_day(town: Town, begins: str, ends: str | None) -> None:
    """No two active versions of a tariff hold on one day; the one that would is not activated."""
    text = version(TSHWANE.replace("valid_until: 2026-06-30\n", ""), "another", begins, ends)
    await town.does(add_tariff_version, text)
    with pytest.raises(TransitionError, match="another active version"):
        await town.database.run(lambda tx: activate_tariff(tx, replace(town.scope, by="x"), TARIFF, "another"))
    kept = {it.version: it for it in await town.reads(tariff_versions)}
    assert kept["another"].activated_at is None
    assert kept["2025/26"].valid_until == date(2026, 6, 30)


@pytest.mark.parametrize(
    "change",
    [
        "document = 'free for all'",
        "sha256 = repeat('0', 64)",
        "valid_from = '2020-01-01'",
        "activated_at = NULL, activated_by = NULL",
    ],
)
async def test_words_stay(town: Town, change: str) -> None:
    """The database lets nobody change what an active version says, or that it is active."""
    sql = f"UPDATE registry.tariff_version SET {change}"  # noqa: S608 - the changes above
    with pytest.raises(asyncpg.RestrictViolationError, match="what customers were told"):
        await by_owner(town.database, sql)
    with pytest.raises(asyncpg.RestrictViolationError):
        await by_owner(town.database, "DELETE FROM registry.tariff_version")


def test_an_earlier_end() -> None:
    """A tariff that ends earlier than its document says holds until that day and no longer."""
    tariff = load_tariff_text(OPEN_ENDED)
    shorter = ended(tariff, date(2026, 3, 31))
    assert ended(tariff, None) is tariff
    assert [shorter.in_force(it) for it in (date(2026, 3, 31), date(2026, 4, 1))] == [True, False]
    assert tariff.in_force(date(2026, 4, 1))


async def test_apart(town: Town, other: Town) -> None:
    """A tariff of one utility can't be seen or activated with the id of another."""
    await town.does(add_tariff_version, OPEN_ENDED)
    assert [it.tariff_id for it in await other.reads(tariff_versions)] == [TARIFF]
    with pytest.raises(NotFoundError):
        await other.does(activate_tariff, "open-ended", "2025/26")
