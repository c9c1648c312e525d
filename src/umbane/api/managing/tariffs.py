"""Tariffs: versions are added as their documents, and activated by somebody else."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Final

from msgspec import Meta

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.writing import once
from umbane.api.peoplewire import Justified
from umbane.api.problems import ApiError
from umbane.api.rights import Right
from umbane.db import Connection
from umbane.pricing import TariffFileError
from umbane.registry import Act, Scope, TariffVersion, activate_tariff, add_tariff_version, tariff_versions, texts

__all__ = ["OPERATIONS"]

LARGEST: Final = 65_536
DOCUMENT: Final = "SELECT document FROM registry.tariff_version WHERE utility_id = $1 AND sha256 = $2"
MOST_PROBLEMS: Final = 20

Name = Annotated[str, Meta(min_length=1, max_length=100)]


class TariffIn(wire.Asked, frozen=True):
    """A version of a tariff."""

    document: Annotated[str, Meta(min_length=1, max_length=LARGEST, description="as `umbane tariff check` reads it")]


class ActivationIn(Justified, frozen=True, kw_only=True):
    """Which version comes into force on its first day."""

    tariff: Name
    version: Name


class TariffOut(wire.Told, frozen=True):
    """A version of a tariff, without its document."""

    tariff: str
    version: str
    title: str
    sha256: str
    valid_from: date
    valid_until: date | None
    added_at: datetime
    added_by: str
    activated_at: datetime | None
    activated_by: str | None


class TariffsOut(wire.Told, frozen=True):
    """All versions of all tariffs, in the order of their days."""

    items: list[TariffOut]


class DocumentOut(wire.Told, frozen=True):
    """The document of a version, as it was added."""

    document: str


async def tariffs(desk: Desk, call: Call) -> Reply:
    """All of them."""
    async with desk.database.reading() as connection:
        found = await tariff_versions(connection, call.who.utility_id)
    return Reply(TariffsOut([tariff_out(it) for it in found]))


async def document(desk: Desk, call: Call) -> Reply:
    """The document of a version."""
    async with desk.database.reading() as connection:
        text = await connection.fetchval(DOCUMENT, call.who.utility_id, call.path["sha256"])
    if text is None:
        detail = "there is no such document"
        raise ApiError(HTTPStatus.NOT_FOUND, "unknown_tariff_version", detail, "look at the list of tariffs")
    return Reply(DocumentOut(text))


async def add_tariff(desk: Desk, call: Call) -> Reply:
    """A new version, which somebody else has to activate."""

    async def work(tx: Connection, scope: Scope) -> TariffOut:
        added = await add_tariff_version(tx, scope, call.body.document)
        return await version_out(tx, scope, added.id, added.version)

    try:
        return await once(desk, call, TariffOut, work)
    except TariffFileError as error:
        problems = [f"line {it.line}: {it.field}: {it.problem}; {it.remedy}" for it in error.problems[:MOST_PROBLEMS]]
        raise ApiError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "bad_tariff", "\n".join(problems), "correct the document", field="document"
        ) from error


async def activate(desk: Desk, call: Call) -> Reply:
    """Let a version come into force."""
    tariff, version = texts.clean("tariff", call.body.tariff), texts.clean("version", call.body.version)

    async def work(tx: Connection, scope: Scope) -> TariffOut:
        return tariff_out(await activate_tariff(tx, scope, tariff, version))

    return await once(desk, call, TariffOut, work, Act.TARIFF)


async def version_out(tx: Connection, scope: Scope, tariff: str, version: str) -> TariffOut:
    """A version that was just added."""
    found = await tariff_versions(tx, scope.utility_id)
    return next(tariff_out(it) for it in found if (it.tariff_id, it.version) == (tariff, version))


def tariff_out(it: TariffVersion) -> TariffOut:
    """A version as it is answered."""
    return TariffOut(
        it.tariff_id, it.version, it.title, it.sha256, it.valid_from, it.valid_until, it.added_at, it.added_by,
        it.activated_at, it.activated_by,
    )  # fmt: skip


READ, WRITE = (Right.READ_TARIFFS,), (Right.WRITE_TARIFFS,)
DONE: Final = {201: TariffOut, 200: TariffOut}

OPERATIONS: Final = (
    Operation("tariffs", "GET", "/v1/registry/tariffs", "All versions of all tariffs", tariffs, {200: TariffsOut},
        READ),
    Operation("tariff_document", "GET", "/v1/registry/tariffs/{sha256}/document", "The document of a version", document,
        {200: DocumentOut}, READ, problems=(404,)),
    Operation("add_tariff", "POST", "/v1/registry/tariffs", "Add a version of a tariff", add_tariff, DONE, WRITE,
        TariffIn, problems=(409, 422), keyed=True, largest=2 * LARGEST),
    Operation("activate_tariff", "POST", "/v1/registry/tariffs/activations",
        "Let a version that somebody else added come into force", activate, DONE, WRITE, ActivationIn,
        problems=(404, 409, 422), keyed=True),
)  # fmt: skip
