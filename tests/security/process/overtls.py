"""A module over TLS, in a process of its own, which may reach the loopback: `main` says who is heard."""

import asyncio
import ssl
import sys
from contextlib import closing, suppress
from pathlib import Path

from tests.security.process.certificates import certificates
from tests.security.process.support import loaded, unsealed
from tests.security.support import expected, requests, tokens_of
from umbane.security import UnreachableError
from umbane.security.process.remote import Place, client_tls, open_remote_module
from umbane.security.process.serving import MOST_CLIENTS, Server, listening, server_tls

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


async def babbled(port: int) -> None:
    """Call without TLS, until the other end hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    with suppress(ConnectionError):
        await reader.read()
    writer.close()


async def tried(folder: Path) -> None:
    """Call a module as who may, as a stranger, as who takes it for a stranger, as nobody, and after many who babble."""
    own, strange = certificates(folder / "own"), certificates(folder / "strange")
    nobody = ssl.create_default_context(cafile=str(own[2]))
    with closing(unsealed(loaded(folder / "m"))) as host:
        async with listening(Server(host), None, ("127.0.0.1", 0), server_tls(*own)) as (server,):
            port = server.sockets[0].getsockname()[1]
            ways = client_tls(*own), client_tls(*strange[:2], own[2]), client_tls(*own[:2], strange[2]), nobody
            for way in ways:
                sys.stdout.write(await heard(Place.parse(f"tls://127.0.0.1:{port}", way)) + "\n")
            for _ in range(MOST_CLIENTS):
                await babbled(port)
            sys.stdout.write(await heard(Place.parse(f"tls://127.0.0.1:{port}", ways[0])) + "\n")


def main() -> None:
    """Say it."""
    asyncio.run(tried(Path(sys.argv[1])))
