"""Others are told of sales, by whom they can trust."""

import asyncio
import json
from uuid import UUID

import httpx
import pytest

from tests.api.counter import SEAL_KEY, Counter
from tests.api.outside import somewhere
from tests.api.staff import enter, session
from tests.registry.town import NOW, new_id
from umbane.api import make_app
from umbane.api.alarms import raise_alarm
from umbane.api.outside import Outside
from umbane.api.webhooks import MOST, REST, Messenger, signature
from umbane.db import Job, Worker
from umbane.registry import Role, change_policy, history, read_policy

URL = "https://till.example.org/sales"


class Receiver(httpx.AsyncBaseTransport):
    """Somebody at the other end of the wire, who answers with a status."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = iter(statuses)
        self.heard: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Hear it."""
        self.heard.append(request)
        return httpx.Response(next(self.statuses, 204))


async def add(counter: Counter, url: str = URL) -> httpx.Response:
    """Let a vendor manager add a webhook."""
    return await counter.http.post(
        "/v1/webhooks", json={"url": url}, headers=await session(counter, Role.VENDOR_MANAGER)
    )


async def deliver(counter: Counter, receiver: Receiver, **later: int) -> int:
    """Do what is in the queue; answer how many jobs were taken."""
    async with Outside(receiver, somewhere) as outside:
        messenger = Messenger(counter.shop.town.database, SEAL_KEY, outside)
        worker = Worker(counter.shop.town.database, messenger.handlers(), "test", chance=lambda: 0.0)
        now = await counter.shop.look("SELECT now() + make_interval(secs => $1)", float(later.get("seconds", 1)))
        return await worker.run_once(now)


async def test_a_sale_is_told(counter: Counter) -> None:
    """A sale is told once, signed with the secret, and without its digits."""
    secret = (await add(counter)).json()["secret"]
    sold = (await counter.sell()).json()
    receiver = Receiver()
    assert [await deliver(counter, receiver) for _ in range(2)] == [1, 0]
    (request,) = receiver.heard
    seconds = int(request.headers["umbane-signature"].split(",")[0][2:])
    assert request.headers["umbane-signature"] == signature(bytes.fromhex(secret), seconds, request.content)
    assert json.loads(request.content)["sale"]["id"] == sold["id"]
    assert sold["tokens"][0]["digits"] not in request.content.decode()


async def test_beside_a_server(counter: Counter) -> None:
    """A server tells of sales by itself if it has a way out, and a seal key for the secrets."""
    await add(counter)
    await counter.sell()
    heard = asyncio.Event()

    class Ear(Receiver):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            heard.set()
            return await super().handle_async_request(request)

    receiver = Ear()
    async with Outside(receiver, somewhere) as outside:
        app = make_app(counter.shop.engine, seal_key=SEAL_KEY, outside=outside)
        async with app.router.lifespan_context(app), asyncio.timeout(30):
            await heard.wait()
    assert len(receiver.heard) == 1


async def test_nobody_listens(counter: Counter) -> None:
    """What isn't answered with success is told again later, until it is."""
    await add(counter)
    await counter.sell()
    receiver = Receiver(500, 302)
    taken = [await deliver(counter, receiver, seconds=seconds) for seconds in (1, 1_000, 10_000, 100_000)]
    assert (taken, len(receiver.heard)) == ([1, 1, 1, 0], 3)


class Deaf(Receiver):
    """Somebody who hears, and answers in time only when there are statuses left."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Hear it."""
        self.heard.append(request)
        if (status := next(self.statuses, None)) is None:
            raise httpx.ReadTimeout("nothing was answered")
        return httpx.Response(status)


async def test_who_does_not_answer_in_time(counter: Counter) -> None:
    """A listener who didn't answer in time is left alone for a minute, while others are told, and then told again."""
    slow, quick = (await add(counter)).json()["id"], (await add(counter, "https://quick.example.org/")).json()["id"]
    moment, receiver = [0.0], Deaf()
    ids = {"till.example.org": slow, "quick.example.org": quick}
    async with Outside(receiver, somewhere) as outside:
        messenger = Messenger(counter.shop.town.database, SEAL_KEY, outside, lambda: moment[0])

        async def told(host: str) -> str:
            payload = {"utility": str(counter.shop.town.id), "webhook": ids[host], "sale": sale}
            try:
                await messenger.tell(Job(1, "webhook.sale", payload, 1, NOW))
            except (ConnectionError, httpx.TimeoutException) as error:
                return type(error).__name__
            return "told"

        sale = (await counter.sell()).json()["id"]
        assert await told("till.example.org") == "ReadTimeout"
        assert [await told("till.example.org") for _ in range(3)] == ["ConnectionError"] * 3
        receiver.statuses = iter([200])
        assert await told("quick.example.org") == "told"
        moment[0] = REST - 0.1
        assert await told("till.example.org") == "ConnectionError"
        moment[0] = REST
        receiver.statuses = iter([200, 500, 200])
        assert [await told("till.example.org") for _ in range(3)] == ["told", "ConnectionError", "told"]
    hosts = [it.headers["host"] for it in receiver.heard]
    assert hosts == ["till.example.org", "quick.example.org", *["till.example.org"] * 3]


async def test_a_refused_sale_is_not_told(counter: Counter) -> None:
    """What was refused or repeated is nothing to tell."""
    await add(counter)
    await counter.sell("a")
    await counter.sell("a")
    await counter.sell(kind="buy", money=1)
    assert await deliver(counter, Receiver()) == 1


async def test_a_reversal_is_told(counter: Counter) -> None:
    """Whoever heard of a sale hears that it was taken back, once, with the id of the sale and when it was."""
    town = counter.shop.town
    await town.does(change_policy, read_policy({"sale": {"release": "on_confirmation"}}))
    await add(counter)
    sold = (await counter.sell("a")).json()
    for _ in range(2):
        answer = await counter.http.post("/v1/messages/a/reversal", json={"reason": "wrong meter"})
        assert answer.json()["reversed"]
    receiver = Receiver()
    assert [await deliver(counter, receiver) for _ in range(2)] == [2, 0]
    told = {it["event"]: it["sale"] for it in (json.loads(request.content) for request in receiver.heard)}
    assert set(told) == {"sale", "sale.reversed"}
    assert {it["id"] for it in told.values()} == {sold["id"]}
    assert ("reversed_at" in told["sale"], told["sale.reversed"]["reversed_at"][:10]) == (False, "2026-03-12")


async def test_the_record_of_changes(counter: Counter) -> None:
    """Who lets others be told, and who no more, is written down: of the address no more than its host."""
    headers = await session(counter, Role.VENDOR_MANAGER)
    made = (await counter.http.post("/v1/webhooks", json={"url": f"{URL}?key=7"}, headers=headers)).json()
    for _ in range(2):
        await counter.http.delete(f"/v1/webhooks/{made['id']}", headers=headers)
    async with counter.shop.town.database.reading() as connection:
        added, removed = await history(connection, counter.shop.town.id, UUID(made["id"]))
    assert (added.action, added.details) == ("webhook.add", {"host": "till.example.org", "vendor": None})
    assert (removed.action, removed.by[:9]) == ("webhook.remove", "operator:")
    entries = await counter.shop.look("SELECT string_agg(convert_from(entries, 'UTF8'), '') FROM audit.batch")
    assert '"action":"webhook.remove"' in entries
    assert "key=7" not in entries


async def raised(counter: Counter) -> None:
    """Raise an alarm."""
    town = counter.shop.town
    await town.database.run(lambda tx: raise_alarm(tx, town.id, "server", "cli:root", "roles of thandi", NOW))


async def test_an_alarm_is_told(counter: Counter) -> None:
    """The utility's own webhooks are told of an alarm, signed."""
    secret = (await add(counter)).json()["secret"]
    await raised(counter)
    receiver = Receiver()
    assert await deliver(counter, receiver) == 1
    (request,) = receiver.heard
    told = json.loads(request.content)
    assert (told["event"], told["alarm"]["words"], told["alarm"]["by"]) == ("alarm", "roles of thandi", "cli:root")
    seconds = int(request.headers["umbane-signature"].split(",")[0][2:])
    assert request.headers["umbane-signature"] == signature(bytes.fromhex(secret), seconds, request.content)


async def test_an_alarm_is_no_business_of_a_vendors(counter: Counter) -> None:
    """A vendor's webhooks aren't told of alarms."""
    person = await enter(counter, Role.VENDOR_MANAGER, vendor_id=counter.shop.town.vendor.id)
    await counter.http.post("/v1/webhooks", json={"url": URL}, headers=person.headers)
    await raised(counter)
    assert await deliver(counter, Receiver()) == 0


async def test_no_reversal_no_word(counter: Counter) -> None:
    """A reversal that was refused is nothing to tell."""
    await add(counter)
    await counter.sell("a")
    answer = await counter.http.post("/v1/messages/a/reversal", json={"reason": "too late"})
    assert (answer.status_code, await deliver(counter, Receiver())) == (409, 1)


async def test_a_removed_webhook(counter: Counter) -> None:
    """After its removal nothing is told, not even what was in the queue; removing it again says that there is none."""
    id_ = (await add(counter)).json()["id"]
    await counter.sell()
    headers = await session(counter, Role.VENDOR_MANAGER)
    answers = [await counter.http.delete(f"/v1/webhooks/{it}", headers=headers) for it in (id_, id_, new_id())]
    receiver = Receiver()
    await deliver(counter, receiver)
    assert ([it.status_code for it in answers], receiver.heard) == ([200, 404, 404], [])


@pytest.mark.parametrize("url", ["http://till.example.org/", "https://localhost/x", "https://[x.example/"])
async def test_a_bad_place(counter: Counter, url: str) -> None:
    """Nothing is told without TLS, to this machine, or to what is no address."""
    answer = await add(counter, url)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_value")


async def test_too_many_webhooks(counter: Counter) -> None:
    """Each sale waits for all of its webhooks, so there aren't more than a few; when one is removed there is room."""
    ids = [(await add(counter)).json()["id"] for _ in range(MOST)]
    answer = await add(counter)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_webhooks")
    await counter.http.delete(f"/v1/webhooks/{ids[0]}", headers=await session(counter, Role.VENDOR_MANAGER))
    assert (await add(counter)).status_code == 201
