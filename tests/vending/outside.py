"""A security module in a process of its own: `python -m tests.vending.outside FOLDER NAME SEED`.

It is asked over a socket in its folder, answers late, and now and then a question or an answer gets lost. It may be
killed at any time; its journal knows what it made.
"""

import asyncio
import sys
from pathlib import Path
from random import Random

from umbane.security import Quota, Realm, UnreachableError, published_key
from umbane.security.process.custody import Cost
from umbane.security.process.founding import KEYS, found_module, published_grant
from umbane.security.process.host import Host
from umbane.security.process.remote import Place, RemoteModule
from umbane.security.process.serving import Server, listening
from umbane.sts import KRN, SGC

__all__ = ["outside_module"]

LOST = 0.03
"""How many questions get lost, and how many answers."""
LATEST = 0.01
"""Seconds that an answer takes, at the most."""
PATIENCE = 20.0
PEOPLE = {"ada": "one two three four"}


def outside_module(folder: Path, name: str) -> RemoteModule:
    """What an engine sees of it."""
    return RemoteModule(Place(folder / f"{name}.socket"), None, PATIENCE)


class Lossy(Server):
    """A server that loses something now and then."""

    def __init__(self, host: Host, seed: int) -> None:
        super().__init__(host)
        self.chance = Random(seed)  # noqa: S311 - no secrets

    async def answer(self, verb: str, argument: bytes) -> tuple[object, list[object] | None]:
        """As any server, but later, and not always."""
        losing, late = (self.chance.random(), self.chance.uniform(0, LATEST)) if verb == "issue" else (1, 0)
        await asyncio.sleep(late / 2)
        if losing < LOST:
            raise UnreachableError("the question got lost")
        said = await super().answer(verb, argument)
        await asyncio.sleep(late / 2)
        if losing < 2 * LOST:
            raise UnreachableError("the answer got lost")
        return said


def unsealed(folder: Path, name: str) -> Host:
    """The module, made when it isn't there."""
    if not (folder / KEYS).exists():
        found_module(folder, name, Realm.TEST, PEOPLE, 1, cost=Cost(1, 8, 1))
    host = Host(folder)
    for custodian, passphrase in PEOPLE.items():
        host.give(custodian, passphrase)
    if not host.require_opened().contents.grants:
        host.load_published([published_grant(published_key(SGC(123456), KRN(1)), Quota())])
    return host


async def serve(folder: Path, name: str, seed: int) -> None:
    """Answer until somebody puts an end to it."""
    async with listening(Lossy(unsealed(folder / name, name), seed), folder / f"{name}.socket"):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
