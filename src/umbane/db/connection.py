"""The connection that the rooms above work with: asyncpg's own, as the pool hands it out."""

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

__all__ = ["Connection"]

Connection: TypeAlias = "PoolConnectionProxy[Record]"
