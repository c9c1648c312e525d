"""A security module in a process of its own: `python -m tests.vending.outside FOLDER NAME SEED`.

It is asked over a socket in its folder, answers late, and now and then a question or an answer gets lost. It may be
killed at any time; its journal knows what it made.
"""

import asyncio
import pickle
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from tests.vending.laboratory import LostReplyError
from umbane.security import (
    Issued,
    KeyChangeRequest,
    ModuleStatus,
    Record,
    Refused,
    SecurityModule,
    TokenRequest,
    VerifyRequest,
    open_software_module,
    published_vault,
)
from umbane.sts import KRN, SGC, Token

__all__ = ["OutsideModule"]

LOST = 0.03
"""How many questions get lost, and how many answers."""
LATEST = 0.01
"""Seconds that an answer takes, at the most."""


class OutsideModule:
    """What an engine sees of it."""

    external = True

    def __init__(self, folder: Path, name: str) -> None:
        self.socket = folder / f"{name}.socket"

    async def ask(self, verb: str, argument: object) -> Any:  # noqa: ANN401 - whatever the verb answers
        """Ask it; nobody knows what happened when there is no answer."""
        try:
            reader, writer = await asyncio.open_unix_connection(self.socket)
            writer.write(pickle.dumps((verb, argument)))
            writer.write_eof()
            said = await reader.read()
            writer.close()
        except OSError as error:
            raise LostReplyError from error
        if not said:
            raise LostReplyError
        return pickle.loads(said)  # noqa: S301 - from ourselves

    async def issue(self, requests: Sequence[TokenRequest]) -> list[Issued | Refused]:
        """Make tokens."""
        answers: list[Issued | Refused] = await self.ask("issue", list(requests))
        return answers

    async def change_keys(self, requests: Sequence[KeyChangeRequest]) -> list[Issued | Refused]:
        """Make key-change sets."""
        answers: list[Issued | Refused] = await self.ask("change_keys", list(requests))
        return answers

    async def verify(self, requests: Sequence[VerifyRequest]) -> list[Token | Refused]:
        """What digits say under a key."""
        answers: list[Token | Refused] = await self.ask("verify", list(requests))
        return answers

    async def fetch(self, ids: Sequence[UUID]) -> dict[UUID, Issued | Refused]:
        """What was answered."""
        answers: dict[UUID, Issued | Refused] = await self.ask("fetch", list(ids))
        return answers

    async def since(self, count: int) -> AsyncIterator[Record]:
        """Every request from a count on."""
        for record in await self.ask("since", count):
            yield record

    async def status(self) -> ModuleStatus:
        """What it says of itself."""
        answer: ModuleStatus = await self.ask("status", None)
        return answer


async def answer(module: SecurityModule, verb: str, argument: Any) -> object:  # noqa: ANN401 - the verb's own
    """What the module answers."""
    match verb:
        case "since":
            return [record async for record in module.since(argument)]
        case "status":
            return await module.status()
        case _:
            return await getattr(module, verb)(argument)


async def hear(module: SecurityModule, chance: Random, reader: StreamReader, writer: StreamWriter) -> None:
    """Hear a question, and mostly answer it."""
    if not (asked := await reader.read()):
        return writer.close()  # who asked was killed
    verb, argument = pickle.loads(asked)  # noqa: S301 - from ourselves
    losing, late = (chance.random(), chance.uniform(0, LATEST)) if verb == "issue" else (1, 0)
    await asyncio.sleep(late / 2)
    if losing > LOST:
        said = pickle.dumps(await answer(module, verb, argument))
        await asyncio.sleep(late / 2)
        if losing > 2 * LOST:
            writer.write(said)
    return writer.close()


async def serve(folder: Path, name: str, seed: int) -> None:
    """Answer until somebody puts an end to it."""
    path = folder / f"{name}.socket"
    path.unlink(missing_ok=True)
    async with open_software_module(name, folder, published_vault([(SGC(123456), KRN(1))])) as module:
        server = await asyncio.start_unix_server(
            partial(hear, module, Random(seed)),  # noqa: S311 - no secrets
            path,
        )
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
