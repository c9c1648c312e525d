"""A module behind the interface over TCP, in a process of its own, which may reach the loopback."""

import asyncio
import sys
from pathlib import Path

from tests.security.prism.town import USER, Files, desk_in, table
from tests.security.process.certificates import certificates
from tests.security.support import expected, requests, tokens_of
from umbane.security.prism.connection import Address, Link
from umbane.security.prism.module import open_prism_module
from umbane.security.prism.serving import serve_prism
from umbane.security.prism.tls import Trust, server_context

__all__ = ["main"]


async def tried(folder: Path) -> None:
    """Serve with certificates on both sides, and have tokens made."""
    files, asked = Files(*certificates(folder / "certificates")), requests(3)
    context = server_context(files.identity, files.authority)
    async with desk_in(folder / "there") as desk, serve_prism(desk, context, Address("127.0.0.1", 0)) as where:
        link = Link(where, Trust(authority=files.authority), files.identity)
        async with open_prism_module("tested", folder / "here", link, USER, table()) as module:
            assert tokens_of(await module.issue(asked)) == [expected(one) for one in asked]
            sys.stdout.write(f"{(await module.status()).count} tokens\n")


def main() -> None:
    """Do it."""
    asyncio.run(tried(Path(sys.argv[1])))
