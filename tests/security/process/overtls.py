"""A module over TLS, in a process of its own, which may reach the loopback: `main` says who is heard."""

import asyncio
import ssl
import sys
from contextlib import closing
from pathlib import Path

from tests.security.process.certificates import certificates
from tests.security.process.support import loaded, unsealed
from tests.security.support import expected, requests, tokens_of
from umbane.security import UnreachableError
from umbane.security.process.remote import Place, client_tls, open_remote_module
from umbane.security.process.serving import Server, listening, server_tls

__all__ = ["main"]


async def heard(place: Place) -> str:
    """Whether somebody who calls so is heard."""
    asked = requests(3)
    async with open_remote_module(place) as module:
        try:
            answers = await module.issue(asked)
        except UnreachableError:
            return "not heard"
    assert tokens_of(answers) == [expected(one) for one in asked]
    return "heard"


async def tried(folder: Path) -> None:
    """Call a module as who may, as a stranger, as who takes it for a stranger, and as nobody."""
    own, strange = certificates(folder / "own"), certificates(folder / "strange")
    nobody = ssl.create_default_context(cafile=str(own[2]))
    with closing(unsealed(loaded(folder / "m"))) as host:
        async with listening(Server(host), None, ("127.0.0.1", 0), server_tls(*own)) as (server,):
            port = server.sockets[0].getsockname()[1]
            ways = client_tls(*own), client_tls(*strange[:2], own[2]), client_tls(*own[:2], strange[2]), nobody
            for way in ways:
                sys.stdout.write(await heard(Place.parse(f"tls://127.0.0.1:{port}", way)) + "\n")


def main() -> None:
    """Say it."""
    asyncio.run(tried(Path(sys.argv[1])))
