"""`umbane registry campaign`, as whoever runs a utility's server calls it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.calls import done, refused
from tests.registry.test_campaigns import PLAN
from tests.registry.test_operators import HASH
from tests.registry.town import Town, build, new_id
from umbane.db import Server, open_database
from umbane.registry import Operator, Role, add_operator, key_revisions
from umbane.registry import meter as meter_of
from umbane.security import CentreIdentity, Realm, campaign_plan

CENTRE = CentreIdentity("centre", Realm.TEST, b"c" * 32)
NOW = datetime.now(UTC).replace(microsecond=0)
TOLD = replace(
    PLAN, centre=CENTRE.card.fingerprint, made_at=NOW - timedelta(days=1), start=NOW - timedelta(days=1),
    cut_off=NOW + timedelta(days=60),
)  # fmt: skip

ALARM = "campaign from SGC 123456 KRN 1 DUTK to SGC 123456 KRN 2 DUTK: call from the centre"


@pytest.fixture
def town(place: Server) -> Town:
    """Give a utility with two meters, and two people who could have agreed."""

    async def make() -> Town:
        async with open_database(place) as opened:
            town = await build(opened, "seaview", 1)
            for name in ("awa", "bo"):
                roles = frozenset({Role.KEY_CUSTODIAN})
                await town.does(add_operator, Operator(new_id(), name, name, roles, None, HASH, b"sealed"))
            return town

    return asyncio.run(make())


def files(folder: Path, text: bytes) -> tuple[str | Path, ...]:
    """A plan and the centre's card as files; the words of the command."""
    (folder / "plan.json").write_bytes(text)
    (folder / "centre.card").write_bytes(CENTRE.card.text())
    return "registry", "campaign", folder / "plan.json", "--card", folder / "centre.card"


def standing(place: Server, town: Town) -> tuple[int, str, list[str]]:
    """How many keys the utility knows, how far its meter is with a change, and what alarms say."""

    async def look() -> tuple[int, str, list[str]]:
        async with open_database(place) as database, database.reading() as connection:
            found = await meter_of(connection, town.id, town.meter.id)
            alarms = [row[0] for row in await connection.fetch("SELECT words FROM api.alarm ORDER BY id")]
            return len(await key_revisions(connection, town.id)), str(found.key_phase), alarms

    return asyncio.run(look())


def test_tried_and_applied(place: Server, town: Town, tmp_path: Path) -> None:
    """A plan is only told without --apply; with it the meters are due, and an alarm says who did it alone."""
    words = files(tmp_path, campaign_plan(TOLD, CENTRE))
    said = done(place, *words)
    assert "        2 due for the new key" in said
    assert "Nothing was changed" in said
    assert "found on the market" in said
    assert "before somebody fetched its key-change tokens" in said
    assert standing(place, town) == (1, "settled", [])
    said = done(place, *words, "--apply", "--reason", "call from the centre")
    assert said.endswith("Applied.\n")
    assert standing(place, town) == (2, "planned", [ALARM])
    said = done(place, *words, "--apply", "--reason", "once more")
    assert "        0 due for the new key" in said
    assert "        2 on their way to the new key already" in said


def test_refused(place: Server, town: Town, tmp_path: Path) -> None:
    """Without a reason, or with a plan that was altered or is of another centre or time, nothing is changed."""
    words = files(tmp_path, campaign_plan(TOLD, CENTRE))
    assert "no reason is given" in refused(place, *words, "--apply")
    altered = files(tmp_path, campaign_plan(TOLD, CENTRE).replace(b'"krn": 2', b'"krn": 3'))
    assert "the signature doesn't fit" in refused(place, *altered, "--apply", "--reason", "x")
    other = CentreIdentity("centre", Realm.TEST, b"d" * 32)
    strange = files(tmp_path, campaign_plan(replace(TOLD, centre=other.card.fingerprint), other))
    assert "is of another centre" in refused(place, *strange)
    early = replace(TOLD, start=NOW + timedelta(days=9))
    assert "apply it from then on" in refused(place, *files(tmp_path, campaign_plan(early, CENTRE)))
    assert "this is the umbane centre card" in refused(place, *files(tmp_path, CENTRE.card.text()))
    assert standing(place, town) == (1, "settled", [])
