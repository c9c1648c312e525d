"""Who changed what."""

from datetime import datetime
from typing import Any, Final

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.rights import Right
from umbane.registry import history

__all__ = ["OPERATIONS"]


class ChangeOut(wire.Told, frozen=True):
    """Something that was done."""

    at: datetime
    by: str
    action: str
    details: dict[str, Any]


class HistoryOut(wire.Told, frozen=True):
    """Everything that was done to a thing, in its order."""

    items: list[ChangeOut]


async def changes(desk: Desk, call: Call) -> Reply:
    """Who changed what."""
    async with desk.database.reading() as connection:
        found = await history(connection, call.who.utility_id, call.id("thing_id"))
    return Reply(HistoryOut([ChangeOut(it.at, it.by, it.action, dict(it.details)) for it in found]))


OPERATIONS: Final = (
    Operation("history", "GET", "/v1/registry/history/{thing_id}", "Who changed what of a thing", changes,
        {200: HistoryOut}, (Right.READ_HISTORY,), problems=(422,)),
)  # fmt: skip
