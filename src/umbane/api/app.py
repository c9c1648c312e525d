"""The application: operations behind their routes, and how each of them is called."""

import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TextIO

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from umbane.api import (
    alarms,
    approvals,
    auditing,
    doors,
    housekeeping,
    lookups,
    managing,
    reversals,
    sales,
    sandbox,
    webhooks,
)
from umbane.api.access import Doorkeeper
from umbane.api.alerting import Alerter
from umbane.api.batcher import AT_ONCE, Batcher
from umbane.api.bodies import decoded
from umbane.api.desk import JSON, Call, Desk, Operation, Reply
from umbane.api.keeping import Keeper
from umbane.api.logkeeping import Logkeeper
from umbane.api.openapi import document
from umbane.api.outside import Outside
from umbane.api.people import Gate
from umbane.api.problems import ApiError, make, problem_from
from umbane.api.rates import Rates
from umbane.api.reconciling import Reconciler
from umbane.api.rights import Caller
from umbane.api.watching import Watch
from umbane.audit import Signer
from umbane.vending import Engine, sell

__all__ = ["OPERATIONS", "Api", "make_app"]

OPERATIONS: Final = (
    *sales.OPERATIONS, *lookups.OPERATIONS, *webhooks.OPERATIONS, *doors.OPERATIONS, *approvals.OPERATIONS,
    *alarms.OPERATIONS, *auditing.OPERATIONS, *reversals.OPERATIONS, *sandbox.OPERATIONS, *managing.OPERATIONS,
)  # fmt: skip

KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,63}")
PROBLEM: Final = "application/problem+json"
HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Answers hold digits, which are money: nothing on the way keeps them."""

ENCODER: Final = msgspec.json.Encoder()


class Api:
    """Answers requests."""

    def __init__(self, desk: Desk, doorkeeper: Doorkeeper, watch: Watch) -> None:
        self.desk = desk
        self.doorkeeper = doorkeeper
        self.watch = watch

    async def answer(self, operation: Operation, request: Request) -> Response:
        """Do an operation; whatever goes wrong becomes a problem."""
        start, who = time.perf_counter(), ""
        try:
            caller = await self.doorkeeper.who(request.headers.get("authorization")) if operation.rights else None
            if caller:
                who = caller.name
                await self.doorkeeper.let_in(caller, operation.rights)
            elif operation.per_minute:
                await self.desk.rates.require(f"{operation.name} from {address_of(request)}", operation.per_minute)
            reply = await operation.handler(self.desk, await call_from(operation, request, caller))
        except ClientDisconnect:
            reply = Reply(problem_from(ApiError(HTTPStatus.BAD_REQUEST, "gone", "nobody waits any more", "")), 400)
        except Exception as error:  # noqa: BLE001 - told below, each by its kind
            problem = problem_from(error)
            if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                self.watch.fault(operation.name, error)
            reply = Reply(problem, problem.status)
        code = reply.problem.code if reply.problem else ""
        self.watch.saw(operation.name, int(reply.status), code, time.perf_counter() - start, who)
        return response(reply)

    async def metrics(self, _request: Request) -> Response:
        """The figures, as Prometheus reads them."""
        self.watch.waiting.set(len(self.desk.batcher.waiting))
        return Response(self.watch.page(), media_type="text/plain; version=0.0.4; charset=utf-8")


class ByPath:
    """Finds the operation of a request by its path alone, where that says it: so do all that tills ask for all day.

    Every other request is for the application behind it.
    """

    def __init__(self, app: ASGIApp, api: Api) -> None:
        self.app = app
        self.api = api
        self.operations = {(it.method, it.path): it for it in OPERATIONS if "{" not in it.path}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        operation = self.operations.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if operation is None:
            await self.app(scope, receive, send)
        else:
            answered = await self.api.answer(operation, Request(scope, receive))
            await answered(scope, receive, send)


async def call_from(operation: Operation, request: Request, caller: Caller | None) -> Call:
    """With what somebody calls who was let in: nobody else has anything of theirs looked at."""
    path = request.path_params
    require_text("path", path.values())
    key = key_of(request) if operation.keyed else ""
    body = await body_of(request, operation) if operation.body else None
    body = decoded(operation.decoder, body) if operation.decoder and body is not None else body
    query = query_of(operation.query, request.query_params.multi_items()) if operation.query else None
    return Call(caller, path, body, query, address_of(request), key)


def address_of(request: Request) -> str:
    """From where somebody connects; empty for a Unix socket."""
    return request.client.host if request.client else ""


def require_text(where: str, values: Iterable[str]) -> None:
    """Refuse a text that no database keeps."""
    if any("\0" in value for value in values):
        raise msgspec.ValidationError(f"the {where} holds the character U+0000")


def key_of(request: Request) -> str:
    """The Idempotency-Key: the caller's own name for what is to be done once.

    Raises:
        ApiError: there is none, or it can't be one.
    """
    key = request.headers.get("idempotency-key", "")
    if not KEY.fullmatch(key):
        detail = "it isn't said by which key this is told from another request"
        remedy = "send an Idempotency-Key of 1 to 64 letters, digits and . _ : ~ -, a new one for each thing to do"
        raise ApiError(HTTPStatus.BAD_REQUEST, "no_idempotency_key", detail, remedy)
    return key


async def body_of(request: Request, operation: Operation) -> bytes:
    """The body, if it says that it is what is wanted and isn't too large; a larger one isn't read to its end.

    Raises:
        ApiError: it is something else, or too large.
    """
    wanted, largest = operation.media, operation.largest
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != wanted:
        name = wanted.rpartition("/")[2]
        raise ApiError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"not_{name}", f"the body is no {name.upper()}", f"send {wanted}"
        )
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > len(str(2**63)) or int(declared) > largest:
        raise too_large(largest)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > largest:
            raise too_large(largest)
        parts.append(part)
    return b"".join(parts)


def too_large(largest: int) -> ApiError:
    """The body is too large."""
    detail = "the body is too large"
    return ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail, f"at most {largest} bytes")


def query_of(kind: type[msgspec.Struct], items: Sequence[tuple[str, str]]) -> msgspec.Struct:
    """The query; no name may come twice, and no text that no database keeps."""
    values: Mapping[str, Any] = dict(items)
    if len(values) != len(items):
        raise msgspec.ValidationError("a name comes twice in the query")
    require_text("query", values.values())
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"the query: {error}") from None


def response(reply: Reply) -> Response:
    """What goes over the wire."""
    headers = dict(HEADERS)
    if problem := reply.problem:
        if problem.retry_after:
            headers["Retry-After"] = str(problem.retry_after)
        if problem.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        if problem.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            headers["Connection"] = "close"
    media = PROBLEM if problem else JSON
    return Response(ENCODER.encode(reply.body), int(reply.status), headers, media)


async def no_such(request: Request, _error: Exception) -> Response:
    """Nothing is there, or not with that method (RFC 9110 15.5.6: then all that are there are named)."""
    methods: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods
    status = HTTPStatus.METHOD_NOT_ALLOWED if methods else HTTPStatus.NOT_FOUND
    detail = "that can't be done at this address" if methods else "there is nothing at this address"
    answered = response(Reply(make(status, status.name.lower(), detail, remedy="see /openapi.json"), status))
    if methods:
        answered.headers["Allow"] = ", ".join(sorted(methods))
    return answered


def make_app(  # noqa: PLR0913 - each may be left out
    engine: Engine,
    *,
    seal_key: bytes | None = None,
    outside: Outside | None = None,
    signer: Signer | None = None,
    log: TextIO | None = None,
    at_once: int = AT_ONCE,
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The application in front of an engine.

    Args:
        engine: that sells.
        seal_key: 32 bytes for the secrets of second factors and webhooks; without it nobody signs in.
        outside: the way to whoever is told of sales; without it nobody is.
        signer: of the log's heads; without it the log is written, and nothing in it gets a place.
        log: where a line for each request goes.
        at_once: batches of sales under way.
        clock: seconds that only grow.
    """
    watch = Watch(log)
    batcher = Batcher(partial(sell, engine), at_once=at_once)
    batcher.observe = watch.batches.observe
    gate = Gate(engine.database, seal_key) if seal_key else None
    rates = Rates(engine.database, clock)
    desk = Desk(engine, batcher, gate, rates)
    api = Api(desk, Doorkeeper(engine.database, rates, clock), watch)
    page = ENCODER.encode(document(OPERATIONS))

    async def openapi(_request: Request) -> Response:
        return Response(page, media_type=JSON)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        name = (await engine.house.module.status()).name
        chores = [*housekeeping.chores(engine), *Alerter(engine, name, watch, desk.alerts).chores()]
        if seal_key and outside:
            chores += webhooks.Messenger(engine.database, seal_key, outside).chores()
        if signer:
            chores += Reconciler(engine, name, watch).chores()
            chores += Logkeeper(engine.database, signer, watch).chores()
        async with Keeper(engine.database, watch).keeping(chores):
            yield
            await batcher.drain()

    routes = [Route(it.path, partial(api.answer, it), methods=[it.method]) for it in OPERATIONS]
    routes += [Route("/openapi.json", openapi), Route("/metrics", api.metrics)]
    handlers = {404: no_such, 405: no_such}
    quick = [Middleware(ByPath, api=api)]
    app = Starlette(routes=routes, middleware=quick, exception_handlers=handlers, lifespan=lifespan)
    app.router.redirect_slashes = False  # behind a proxy it would send callers, and what they show, to plain HTTP
    return app
