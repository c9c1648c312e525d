"""Modules of their own for tests: with cheap passphrases, and served in the test's own loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

from tests.security.support import KEYS
from umbane.security import Quota, Realm
from umbane.security.process.custody import Cost
from umbane.security.process.founding import found_module, published_grant
from umbane.security.process.host import Host
from umbane.security.process.remote import Place, RemoteModule, open_remote_module
from umbane.security.process.serving import Server, listening

__all__ = ["CHEAP", "PEOPLE", "founded", "loaded", "place_of", "served", "unsealed"]

CHEAP: Final = Cost(passes=1, kibibytes=8, lanes=1)
PEOPLE: Final = {"ada": "one two three four", "ben": "five six seven eight", "cyd": "nine ten eleven ten"}


def founded(folder: Path, *, witness: Path | None = None) -> Path:
    """A new module of the test realm that two of three people unseal."""
    found_module(folder, "tested", Realm.TEST, PEOPLE, 2, witness=witness, cost=CHEAP)
    return folder


def unsealed(folder: Path) -> Host:
    """It, unsealed by two of them."""
    host = Host(folder)
    try:
        host.give("ada", PEOPLE["ada"])
        host.give("cyd", PEOPLE["cyd"])
    except BaseException:
        host.close()
        raise
    return host


def loaded(folder: Path, quota: Quota = Quota(), *, witness: Path | None = None) -> Path:  # noqa: B008 - a tuple
    """A new module with the keys that the tests of all modules use."""
    with closing(unsealed(founded(folder, witness=witness))) as host:
        host.load_published([published_grant(held, quota) for held in KEYS.values()])
    return folder


def place_of(folder: Path) -> Place:
    """Where it is served."""
    return Place(folder / "s")


@asynccontextmanager
async def served(host: Host, seen: Path | None = None) -> AsyncIterator[RemoteModule]:
    """A client of a module that is served here until the end."""
    place = place_of(host.folder)
    with closing(host):
        async with listening(Server(host), place.socket), open_remote_module(place, seen=seen) as module:
            yield module
