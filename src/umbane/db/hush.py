"""Keeps asyncio from complaining of what asyncpg leaves behind.

When COPY begins on a connection that broke a moment ago, asyncpg raises an error, which is told, and forgets a future,
which gets another one when the connection is closed. Nobody waits for that one, and nothing is left to be told.
"""

from asyncio import AbstractEventLoop, Task
from collections.abc import Callable
from typing import Any

import asyncpg

__all__ = ["Hush", "hush"]

Handler = Callable[[AbstractEventLoop, dict[str, Any]], object]


class Hush:
    """Hands on whatever a loop complains of but for forgotten futures of lost connections.

    Args:
        other: who is handed it; the loop itself if there is nobody.
    """

    def __init__(self, other: Handler | None) -> None:
        self.other = other

    def __call__(self, loop: AbstractEventLoop, context: dict[str, Any]) -> None:
        """Hear a complaint."""
        future, lost = context.get("future"), isinstance(context.get("exception"), asyncpg.ConnectionDoesNotExistError)
        if future is not None and not isinstance(future, Task) and lost:
            return
        if self.other is None:
            loop.default_exception_handler(context)
        else:
            self.other(loop, context)


def hush(loop: AbstractEventLoop) -> None:
    """See to it that a loop doesn't complain of them, once."""
    other = loop.get_exception_handler()
    if not isinstance(other, Hush):
        loop.set_exception_handler(Hush(other))
