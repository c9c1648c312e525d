"""Telling others of sales, reversals and alarms: a signed POST for each, through the job queue, until it is answered.

What is told holds no digits. The receiver checks `Umbane-Signature: t=<seconds>,v1=<hex>`: v1 is the HMAC-SHA-256 of
`<seconds>.<body>` under the webhook's secret. A sale may be told twice; its id tells them apart.
"""

import hmac
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from msgspec import to_builtins
from msgspec.json import encode

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.keeping import Chore, jobs_chore
from umbane.api.outside import Outside, checked_url
from umbane.api.problems import ApiError
from umbane.api.rights import Right
from umbane.api.secondfactor import unseal
from umbane.db import Connection, Database, GiveUp, Handlers, Job, Worker, new_ids
from umbane.registry import Scope
from umbane.registry.changes import record

__all__ = ["OPERATIONS", "Messenger", "signature"]

SECRET_BYTES: Final = 32
MOST: Final = 10
"""Webhooks of a vendor, or of the utility itself: each sale waits until a job for every one of them is written down."""
IDLE: Final = 0.2
"""Seconds between two looks at the queue."""
REST: Final = 60.0
"""Seconds for which a listener who didn't answer in time isn't called: others wait while one is waited for. [choice]"""
EVENTS: Final = {"webhook.sale": "sale", "webhook.reversal": "sale.reversed"}
"""What is told for which kind of job."""
ADDITION: Final = """
INSERT INTO api.webhook (utility_id, id, vendor_id, url, secret, made_at) SELECT $1, $2, $3, $4, $5, $6
WHERE $7 > (SELECT count(*) FROM api.webhook WHERE utility_id = $1 AND vendor_id IS NOT DISTINCT FROM $3)
RETURNING true"""
REMOVAL: Final = (
    "DELETE FROM api.webhook WHERE utility_id = $1 AND id = $2 AND ($3::uuid IS NULL OR vendor_id = $3) RETURNING id"
)
TOLD: Final = """
SELECT w.url, w.secret, s.id, s.at, s.kind, s.tender, s.currency, s.units, s.free_units, t.code AS terminal,
    r.at AS reversed_at
FROM api.webhook w JOIN vending.sale s ON s.utility_id = w.utility_id
JOIN registry.terminal t ON t.utility_id = s.utility_id AND t.id = s.terminal_id
LEFT JOIN vending.reversal r ON r.utility_id = s.utility_id AND r.sale_id = s.id
WHERE w.utility_id = $1 AND w.id = $2 AND s.id = $3"""
ALARM: Final = """
SELECT w.url, w.secret, a.id, a.at, a.kind, a.by, a.words, a.approval_id
FROM api.webhook w JOIN api.alarm a ON a.utility_id = w.utility_id
WHERE w.utility_id = $1 AND w.id = $2 AND a.id = $3"""


async def add(desk: Desk, call: Call) -> Reply:
    """Tell somebody of sales from now on."""
    who, body = call.who, call.body
    checked_url(body.url)
    if desk.gate is None:
        raise ApiError(
            HTTPStatus.SERVICE_UNAVAILABLE, "no_sign_in", "there is no seal key here", "start the server with one"
        )
    [id_], secret = new_ids(1), secrets.token_bytes(SECRET_BYTES)
    values = who.utility_id, id_, who.vendor_id, body.url, desk.gate.seal(id_, secret), desk.now()

    async def work(tx: Connection) -> bool:
        is_added = bool(await tx.fetchval(ADDITION, *values, MOST))
        if is_added:
            host, vendor = urlsplit(body.url).hostname, str(who.vendor_id) if who.vendor_id else None
            await noted(tx, call, "webhook.add", id_, {"host": host, "vendor": vendor})
        return is_added

    if not await desk.database.run(work):
        detail, remedy = f"there are {MOST} webhooks already", "remove one that nobody needs"
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "too_many_webhooks", detail, remedy)
    return Reply(wire.WebhookOut(id_, body.url, secret.hex()), HTTPStatus.CREATED)


async def remove(desk: Desk, call: Call) -> Reply:
    """Tell them no more."""
    who, id_ = call.who, call.id("webhook_id")

    async def work(tx: Connection) -> Reply:
        if await tx.fetchval(REMOVAL, who.utility_id, id_, who.vendor_id) is None:
            raise ApiError(HTTPStatus.NOT_FOUND, "unknown_webhook", "there is no such webhook", "look at the id")
        await noted(tx, call, "webhook.remove", id_, {})
        return Reply(wire.Health(status="removed"))

    return await desk.database.run(work)


async def noted(tx: Connection, call: Call, action: str, id_: UUID, details: dict[str, str | None]) -> None:
    """Write down who lets whom be told: of an address its host, because the rest may be a secret."""
    await record(tx, Scope(call.who.utility_id, call.who.name), action, [(id_, details)])


def signature(secret: bytes, seconds: int, body: bytes) -> str:
    """The header that proves who tells it, and when."""
    return f"t={seconds},v1={hmac.digest(secret, f'{seconds}.'.encode() + body, 'sha256').hex()}"


class Messenger:
    """Tells what is in the queue.

    Args:
        database: with the queue.
        seal_key: with which the secrets are sealed.
        outside: the way out.
        clock: seconds that only grow.
    """

    def __init__(
        self, database: Database, seal_key: bytes, outside: Outside, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.database, self.outside, self.clock = database, outside, clock
        self.resting: dict[str, float] = {}
        """Until when a webhook isn't called."""
        self._seal_key = seal_key

    def chores(self) -> list[Chore]:
        """To tell what is in the queue."""
        worker = Worker(self.database, self.handlers(), f"webhooks:{os.getpid()}")
        return [jobs_chore("tell webhooks of sales and alarms", worker, IDLE)]

    def handlers(self) -> Handlers:
        """What a worker needs to know."""
        handlers = Handlers()
        for name in EVENTS:
            handlers.each(name, self.tell)
        handlers.each("webhook.alarm", self.tell_alarm)
        return handlers

    async def tell(self, job: Job) -> None:
        """Tell of one sale, or that it was taken back."""
        event, values = EVENTS[job.name], await self.read(TOLD, job, "sale")
        if event == "sale":  # it is told as it was made
            del values["reversed_at"]
        await self.send(job, event, "sale", values)

    async def tell_alarm(self, job: Job) -> None:
        """Tell of an alarm."""
        await self.send(job, "alarm", "alarm", await self.read(ALARM, job, "alarm"))

    async def read(self, sql: str, job: Job, what: str) -> dict[str, Any]:
        """What is to be told, and where."""
        ids = (UUID(job.payload[name]) for name in ("utility", "webhook", what))
        async with self.database.reading() as connection:
            row = await connection.fetchrow(sql, *ids)
        if row is None:
            raise GiveUp("the webhook was removed")
        return dict(row)

    async def send(self, job: Job, event: str, what: str, values: dict[str, Any]) -> None:
        """Tell it, signed; whatever isn't answered with success is tried again."""
        async with self.database.reading() as connection:
            now = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::bigint")
        url, secret = values.pop("url"), unseal(self._seal_key, UUID(job.payload["webhook"]), values.pop("secret"))
        body = encode({"event": event, what: to_builtins(values)})
        headers = {"Content-Type": "application/json", "Umbane-Signature": signature(secret, now, body)}
        status = await self.call(job.payload["webhook"], partial(self.outside.post, url, body, headers))
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise ConnectionError(f"it was answered with {status}")

    async def call(self, webhook: str, post: Callable[[], Awaitable[int]]) -> int:
        """Call somebody, unless they didn't answer a moment ago.

        Raises:
            ConnectionError: they didn't.
            TimeoutError, httpx.TimeoutException: they don't now.
        """
        if self.resting.get(webhook, 0.0) > self.clock():
            raise ConnectionError("it wasn't answered in time a moment ago")
        self.resting.pop(webhook, None)
        try:
            return await post()
        except (TimeoutError, httpx.TimeoutException):
            self.resting[webhook] = self.clock() + REST
            raise


OPERATIONS: Final = (
    Operation("add_webhook", "POST", "/v1/webhooks", "Tell somebody of sales from now on", add, {201: wire.WebhookOut},
        (Right.WEBHOOKS,), wire.WebhookIn, problems=(422,)),
    Operation("remove_webhook", "DELETE", "/v1/webhooks/{webhook_id}", "Tell them no more", remove, {200: wire.Health},
        (Right.WEBHOOKS,), problems=(404, 422)),
)  # fmt: skip
