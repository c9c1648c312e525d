"""Reconciliation A beside a server, and the command that asks for it."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.registry.town import NOW, Town, build
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import Shop, open_shop
from umbane.api import make_app
from umbane.api.keeping import Keeper
from umbane.api.reconciling import Reconciler, ask_once_a_night, job_of, write_down
from umbane.api.watching import Watch
from umbane.audit import Signer, Tree, entries_from, heads_after, sequence
from umbane.audit.store import waiting
from umbane.cli.reconcile import asked
from umbane.db import database_clock
from umbane.db.desk import JobState, look_up_all
from umbane.security import Attestation
from umbane.security.attesting import Statement, attested, read_attestation
from umbane.security.identity import ModuleIdentity
from umbane.security.models import Realm
from umbane.vending import reconcile

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.fixture
async def shop(town: Town, module: LaboratoryModule) -> AsyncIterator[Shop]:
    """Give the town's corner shop, which has sold something."""
    async with open_shop(town, module) as opened:
        await opened.buy()
        yield opened


@pytest.fixture
async def watch(shop: Shop) -> AsyncIterator[Watch]:
    """Give the figures of a server that reconciles its module when it is asked to."""
    watch = Watch(None)
    working, _ = Reconciler(shop.engine, "laboratory", watch).chores()
    async with Keeper(shop.town.database, watch).keeping([working._replace(pause=0.02)]):
        yield watch


async def test_all_agree(shop: Shop, watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever asks while a server runs hears from it that all witnesses agree."""
    assert await asked(shop.town.database, 60)
    assert capsys.readouterr().out == "module laboratory: the module, the books and the log agree.\n"
    assert "umbane_reconciliation_differences 0.0" in watch.page().decode()


async def test_an_alarm(shop: Shop, watch: Watch, module: LaboratoryModule, capsys: pytest.CaptureFixture[str]) -> None:
    """A difference is told to whoever asks, and seen in the figures, the alarms, the dead jobs and the log."""
    module.count -= 1
    module.made.clear()
    assert not await asked(shop.town.database, 60)
    problem = "vending.token laboratory 0: is booked, and the module has made only 0 tokens"
    assert capsys.readouterr().out == f"module laboratory: DIFFERS  {problem}\n"
    assert "umbane_reconciliation_differences 1.0" in watch.page().decode()
    now = await database_clock(shop.town.database)()
    async with shop.town.database.reading() as connection:
        [dead] = await look_up_all(connection, now, states=[JobState.DEAD], name=job_of("laboratory"))
    assert (dead.problem, dead.attempts) == (problem, 1)
    [said], [alarm] = await told(shop, "reconciliation"), await told(shop, "alarm")
    assert said["differences"] == [problem]
    raised = await shop.look("SELECT a FROM api.alarm a")
    assert (raised["kind"], raised["by"], raised["words"]) == ("reconciliation", "module:laboratory", problem)
    assert (alarm["alarm"], alarm["words"]) == (raised["kind"], problem)


async def test_whose_module_it_is(shop: Shop, watch: Watch, module: LaboratoryModule) -> None:
    """Where several utilities sell with a module, each has an alarm, and none is told of another's tokens."""
    await build(shop.town.database, "hillside", 2)
    module.count -= 1
    module.made.clear()
    assert not await asked(shop.town.database, 60)
    words = await shop.look("SELECT array_agg(words) FROM api.alarm")
    assert words == ["the witnesses don't agree: umbane reconcile says about what"] * 2
    [said] = await told(shop, "reconciliation")
    assert said["differences"] == words[:1]
    assert "umbane_reconciliation_differences 1.0" in watch.page().decode()


async def told(shop: Shop, kind: str) -> list[dict[str, Any]]:
    """What waits in the log of this kind."""
    async with shop.town.database.reading() as connection:
        lines = [line for it in await waiting(connection, 99) for line in it.lines]
    return [it for it in map(json.loads, lines) if it["kind"] == kind]


class SigningModule(LaboratoryModule):
    """A module with an identity."""

    identity = ModuleIdentity("laboratory", Realm.TEST, bytes(range(64)))

    async def attest(self, challenge: bytes) -> Attestation:
        """Say it under its signature."""
        said = Statement(await self.status(), await self.counters(), {})
        return attested(said, challenge, self.identity)


async def test_what_the_module_says(town: Town) -> None:
    """Each reconciliation stands in the log: what was counted of each key, and the module's own word for it, signed."""
    module = SigningModule()
    async with open_shop(town, module) as shop:
        await shop.buy()
        for _ in range(2):
            await write_down(shop.engine, await reconcile(shop.engine))
            await sequence(town.database, SIGNER, datetime.now(UTC))
        async with town.database.reading() as connection:
            said = [json.loads(it) async for it in entries_from(connection)]
            first, *_ = await heads_after(connection, (0, NOW), 9)
    one, other = [it for it in said if it["kind"] == "reconciliation"]
    [key] = one["keys"]
    assert (one["made"], key["made"], key["sold"], key["logged"], one["differences"]) == (1, 1, 1, 1, [])
    assert (one["challenge"], other["challenge"]) == (Tree().root().hex(), first.root.hex())
    statement = Attestation(other["statement"].encode(), bytes.fromhex(other["signature"]))
    assert read_attestation(statement, module.identity.card, first.root).status.count == 1


async def test_no_server(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """When no server answers, that is said, and isn't taken for agreement."""
    assert not await asked(shop.town.database, 0)
    assert "module laboratory: no server has answered yet; see umbane jobs show" in capsys.readouterr().out


async def test_once_a_night(shop: Shop) -> None:
    """It is asked for once after each midnight, however many servers there are."""
    database = shop.town.database

    async def ask(moment: datetime) -> bool:
        return await database.run(lambda tx: ask_once_a_night(tx, "laboratory", moment))

    now = await database_clock(shop.town.database)()
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert await ask(midnight)
    assert not await ask(midnight + timedelta(hours=23))
    assert await ask(midnight + timedelta(hours=24))
    assert not await ask(midnight + timedelta(hours=24, seconds=1))
    assert await shop.look("SELECT count(*) FROM db.job WHERE name = 'reconcile.laboratory'") == 2


async def test_every_server_asks(shop: Shop) -> None:
    """Whatever server looks first asks for the night's reconciliation."""
    for _ in range(2):
        _, nightly = Reconciler(shop.engine, "laboratory", Watch(None)).chores()
        await nightly.work()
    assert await shop.look("SELECT count(*) FROM db.job WHERE name = 'reconcile.laboratory'") == 1


async def test_with_a_server(shop: Shop) -> None:
    """A server that signs the log keeps it and reconciles, from its start to its end."""
    app = make_app(shop.engine, signer=SIGNER)
    async with app.router.lifespan_context(app):
        assert await asked(shop.town.database, 60)
    assert await shop.look("SELECT count(*) FROM audit.head") == 1
    assert await shop.look("SELECT count(*) FROM audit.batch WHERE first IS NULL") == 0
