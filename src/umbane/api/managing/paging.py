"""Pages of what a utility has."""

from collections.abc import Sequence
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from msgspec import Meta

from umbane.api import wire
from umbane.api.desk import Call, Desk
from umbane.api.lookups import cursor, id_from
from umbane.registry.listing import Shelf, page

__all__ = ["Edition", "PageQuery", "Text", "one_page"]


class HasId(Protocol):
    """Something with an id of ours."""

    @property
    def id(self) -> UUID:
        """Its id."""


T = TypeVar("T", bound=HasId)

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Edition = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$(?!\n)", description="as it was read: what it is held against")]


class PageQuery(wire.Asked, frozen=True):
    """Which page?"""

    cursor: Annotated[str, Meta(max_length=64)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


async def one_page(
    desk: Desk, call: Call, shelf: Shelf[T], **where: str | UUID | None
) -> tuple[Sequence[T], str | None]:
    """The things of the page that is asked for, and the cursor of the next one."""
    who, query = call.who, call.query
    async with desk.database.reading() as connection:
        found = await page(
            connection, who.utility_id, shelf, after=id_from(query.cursor), limit=query.limit + 1, **where
        )
    shown = found[: query.limit]
    last: UUID | None = shown[-1].id if len(found) > len(shown) else None
    return shown, cursor(last.bytes) if last else None
