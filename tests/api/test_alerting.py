"""What a module says somebody should see to: in the figures, the log, the alarms and `/ready`."""

import asyncio
import io
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.registry.town import Town, build
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import Shop, open_shop
from umbane.api import make_app
from umbane.api.alerting import MOST, Alerter
from umbane.api.watching import Watch
from umbane.security import Alert, UnreachableError

LICENCE = Alert("ELicence.Low", "4711 transactions are left")
ENDING = Alert("ESts.VkExpired", "the key for SGC 123456 KRN 1 ends on 2027-01-31")


class Ailing(LaboratoryModule):
    """A module that has something to say."""

    said: list[Alert]
    is_silent = False

    async def alerts(self) -> list[Alert]:
        """Say it, or nothing at all."""
        if self.is_silent:
            raise UnreachableError("the module at nowhere didn't answer in time")
        return self.said


@pytest.fixture
def module() -> Ailing:
    """Give a module whose licence runs out."""
    made = Ailing()
    made.said = [LICENCE]
    return made


@pytest.fixture
async def shop(town: Town, module: Ailing) -> AsyncIterator[Shop]:
    """Give the town's corner shop, with that module."""
    async with open_shop(town, module) as opened:
        yield opened


def alerter(shop: Shop, log: io.StringIO, module: str = "laboratory") -> Alerter:
    """Somebody who asks the module."""
    return Alerter(shop.engine, module, Watch(log), [])


def lines(log: io.StringIO) -> list[tuple[str, str]]:
    """The lines about alerts: codes and words."""
    return [(it["code"], it["words"]) for it in map(json.loads, log.getvalue().splitlines()) if it["event"] == "alert"]


async def raised(shop: Shop) -> list[tuple[str, str]]:
    """The alarms that were raised: who and words."""
    async with shop.town.database.reading() as connection:
        rows = await connection.fetch("SELECT kind, by, words FROM api.alarm ORDER BY id")
    assert {row["kind"] for row in rows} <= {"module"}
    return [(row["by"], row["words"]) for row in rows]


async def test_told(shop: Shop) -> None:
    """A licence that runs out is in the figures, once in the log, an alarm for each utility, and a code in `/ready`."""
    await build(shop.town.database, "hillside", 2)
    log = io.StringIO()
    asking = alerter(shop, log)
    for _ in range(3):
        await asking.round()
    assert 'umbane_module_alerts{code="ELicence.Low"} 1.0' in asking.watch.page().decode()
    assert "umbane_module_silent 0.0" in asking.watch.page().decode()
    assert (lines(log), asking.codes) == ([LICENCE], ["ELicence.Low"])
    assert await raised(shop) == [("module:laboratory", "ELicence.Low: 4711 transactions are left")] * 2


async def test_not_again(shop: Shop, module: Ailing) -> None:
    """Neither another number in the words, nor another process with the same module, raises an alarm anew."""
    await alerter(shop, io.StringIO()).round()
    await alerter(shop, io.StringIO(), "laboratory-2").round()
    module.said = [LICENCE._replace(words="4710 transactions are left")]
    await alerter(shop, io.StringIO()).round()
    assert len(await raised(shop)) == 1
    module.said = [LICENCE, ENDING, ENDING._replace(words="another one ends")]
    await alerter(shop, io.StringIO()).round()
    assert (await raised(shop))[1:] == [("module:laboratory", f"ESts.VkExpired: {ENDING.words}; another one ends")]


async def test_over(shop: Shop, module: Ailing) -> None:
    """What was seen to is gone from the figures and from `/ready`."""
    asking = alerter(shop, io.StringIO())
    await asking.round()
    module.said = []
    await asking.round()
    assert "ELicence.Low" not in asking.watch.page().decode()
    assert asking.codes == []


async def test_silence(shop: Shop, module: Ailing) -> None:
    """A module that doesn't answer is told of in the figures and the log, and what it said before stays."""
    log = io.StringIO()
    asking = alerter(shop, log)
    await asking.round()
    module.is_silent = True
    for _ in range(2):
        await asking.round()
    assert "umbane_module_silent 1.0" in asking.watch.page().decode()
    assert lines(log)[1:] == [("silent", "the module at nowhere didn't answer in time")]
    assert asking.codes == ["ELicence.Low"]


async def test_a_module_that_says_anything(shop: Shop, module: Ailing) -> None:
    """A module that says too much, and too long, fills neither the figures nor the alarms."""
    module.said = [Alert(f"{number}" * 1000, "x" * 100_000) for number in range(MOST + 10)]
    log = io.StringIO()
    asking = alerter(shop, log)
    await asking.round()
    assert len(asking.codes) <= MOST
    assert max(len(words) for _, words in await raised(shop)) == 200
    assert len(log.getvalue()) < 50_000


async def test_beside_a_server(shop: Shop, module: Ailing) -> None:
    """A server asks as soon as it starts, and says by its codes at `/ready` what there is."""
    app = make_app(shop.engine)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://till") as http:
            while (found := (await http.get("/ready")).json()) == {"status": "ready"}:  # noqa: ASYNC110 - it is asked soon
                await asyncio.sleep(0.05)
    assert found == {"status": "ready", "alerts": ["ELicence.Low"]}
    assert module.said == [LICENCE]
