"""A PrismToken for tests: our own server of its interface over TCP, in a process that may reach the loopback."""

import asyncio
import sys
from pathlib import Path

from tests.security.prism.town import Files, users
from umbane.security import Realm, Vault, open_software_module, published_key
from umbane.security.prism.connection import Address
from umbane.security.prism.desk import Desk
from umbane.security.prism.keys import KeyTable, PrismKey
from umbane.security.prism.serving import serve_prism
from umbane.security.prism.tls import server_context
from umbane.security.prism.users import Sessions
from umbane.sts import KEN, KRN, SGC

__all__ = ["main"]


async def served(certificates: Path, folder: Path, sgc: SGC) -> None:
    """Serve a supply group's published key, and one that ended long ago, until nobody listens any more."""
    files = Files(*(certificates / f"{name}.pem" for name in ("certificate", "key", "authority")))
    held = [published_key(sgc, KRN(1)), published_key(sgc, KRN(9), ken=KEN(0))]
    keys = (one.key for one in held)
    table = KeyTable(Realm.TEST, [PrismKey(it.sgc, it.krn, it.kt, it.dkga, it.base_date, it.ken) for it in keys])
    async with open_software_module("behind", folder / "there", Vault(Realm.TEST, held)) as module:
        desk = Desk(module, table, Sessions(users()), name="tested")
        async with serve_prism(desk, server_context(files.identity), Address("127.0.0.1", 0)) as where:
            say(where.port)
            await asyncio.to_thread(sys.stdin.read)
            say((await module.status()).count)


def say(number: int) -> None:
    """Tell whoever started this."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    """Do it."""
    asyncio.run(served(Path(sys.argv[1]), Path(sys.argv[2]), SGC.parse(sys.argv[3])))
