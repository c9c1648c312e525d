"""What asyncio complains of: all but what asyncpg forgot."""

import asyncio
from typing import Any

import asyncpg
import pytest

from umbane.db.hush import hush

LOST = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


async def fail() -> None:
    """Fail as a task does that nobody waits for."""
    raise LOST


async def test_a_forgotten_future_of_a_lost_connection() -> None:
    """A future that was forgotten with a lost connection is nothing to complain of."""
    loop, complaints = asyncio.get_running_loop(), list[dict[str, Any]]()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    hush(loop)
    loop.create_future().set_exception(LOST)
    assert complaints == []


@pytest.mark.parametrize("error", [ValueError("a bug"), asyncpg.UniqueViolationError("taken"), ConnectionResetError()])
async def test_any_other_future(error: Exception) -> None:
    """A future that was forgotten with any other error is complained of, once, however often hushing was asked for."""
    loop, complaints = asyncio.get_running_loop(), list[dict[str, Any]]()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    hush(loop)
    hush(loop)
    loop.create_future().set_exception(error)
    assert [it["exception"] for it in complaints] == [error]


async def test_a_task() -> None:
    """A task that failed unnoticed is complained of, even for a lost connection."""
    loop, complaints = asyncio.get_running_loop(), list[dict[str, Any]]()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    hush(loop)
    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    del task
    assert [it["exception"] for it in complaints] == [LOST]


async def test_without_a_handler(caplog: pytest.LogCaptureFixture) -> None:
    """Where nobody else hears complaints, they are logged as ever."""
    hush(asyncio.get_running_loop())
    asyncio.get_running_loop().call_exception_handler({"message": "something else"})
    assert "something else" in caplog.text
