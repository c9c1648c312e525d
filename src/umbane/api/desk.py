"""What every operation of the API has in common: what it is called with, what it gives, and who may call it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from msgspec import Raw, Struct, convert
from msgspec.json import Decoder

from umbane.api.batcher import Batcher
from umbane.api.people import Gate
from umbane.api.problems import ApiError, Problem
from umbane.api.rates import Rates
from umbane.api.rights import Caller, Right
from umbane.db import Database
from umbane.errors import InputError, shown
from umbane.vending import Engine

__all__ = ["JSON", "STRANGERS", "Call", "Desk", "Operation", "Reply"]

JSON: Final = "application/json"
STRANGERS: Final = 600
"""Requests a minute from one address, which may be a whole town behind its proxy. [choice]"""
LARGEST_BODY: Final = 16_384
"""Bytes; nearly no body that means anything is longer."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where operations are done.

    Attributes:
        engine: that sells.
        batcher: in front of it.
        gate: where people sign in; None where nobody can.
        rates: how often everybody may ask, those too who are not let in yet.
        alerts: the codes of what the security module says somebody should see to.
    """

    engine: Engine
    batcher: Batcher
    gate: Gate | None
    rates: Rates
    alerts: list[str] = field(default_factory=list)

    @property
    def database(self) -> Database:
        """The books."""
        return self.engine.database

    def now(self) -> datetime:
        """The time of day."""
        return self.engine.clock()


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody asks for something.

    Attributes:
        caller: who; None only where nobody has to be let in.
        path: the values in the path.
        body: the decoded body; None where there is none.
        query: the decoded query; None where there is none.
        agent: of whoever connects, for the limits of what needs no caller.
        key: by which the same request is told from another one; empty where none is needed.
    """

    caller: Caller | None
    path: Mapping[str, str]
    body: Any = None
    query: Any = None
    agent: str = ""
    key: str = ""

    @property
    def who(self) -> Caller:
        """Who was let in."""
        if self.caller is None:
            raise TypeError("nobody was let in here")
        return self.caller

    @property
    def person(self) -> Caller:
        """Who was let in, who is a person.

        Raises:
            ApiError: it is a program.
        """
        if self.who.staff is None:
            raise ApiError(HTTPStatus.FORBIDDEN, "not_permitted", "that is for people", "sign in")
        return self.who

    def id(self, name: str) -> UUID:
        """An id in the path."""
        try:
            return convert(self.path[name], UUID)
        except ValueError as error:
            raise InputError(name, f"{shown(self.path[name])} is no id", "give a UUID") from error


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered.

    Attributes:
        body: a struct, a problem, or an answer that was written down as JSON.
        status: of HTTP; a problem has its own.
    """

    body: Struct | Raw
    status: int = 200

    @property
    def problem(self) -> Problem | None:
        """The problem, if it is one."""
        return self.body if isinstance(self.body, Problem) else None


Handler = Callable[[Desk, Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API. All of them together are the API: routes, document and permissions follow from them.

    Attributes:
        name: of the operation in the OpenAPI document.
        method, path: of HTTP.
        summary: for people.
        handler: who does it.
        answers: the body for each status that isn't a problem.
        rights: one of these it takes; empty where everybody may.
        body: what comes in; None for nothing, bytes for something that is no JSON.
        query: what may stand behind the question mark; None for nothing.
        problems: the statuses of problems it has of its own.
        keyed: whether it takes an Idempotency-Key.
        media: of the body.
        largest: bytes that the body may have.
        per_minute: how often one address may ask, for what takes no right; 0 for as often as it likes.
    """

    name: str
    method: str
    path: str
    summary: str
    handler: Handler
    answers: Mapping[int, type[Struct]]
    rights: tuple[Right, ...] = ()
    body: type[Struct] | type[bytes] | None = None
    query: type[Struct] | None = None
    problems: tuple[int, ...] = ()
    keyed: bool = False
    media: str = JSON
    largest: int = LARGEST_BODY
    per_minute: int = 0
    decoder: Decoder[Any] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.body not in {None, bytes}:
            object.__setattr__(self, "decoder", Decoder(self.body))
