"""A module in a process of its own, with published keys: `python -m benchmarks.moduleprocess FOLDER NAME SGC,SGC,...`.

It is founded, loaded and unsealed, says so, and answers at FOLDER/socket until its standard input ends.
"""

import asyncio
import sys
from pathlib import Path

import uvloop

from umbane.security import Quota, Realm, published_key
from umbane.security.process.custody import Cost
from umbane.security.process.founding import found_module, published_grant
from umbane.security.process.host import Host
from umbane.security.process.serving import Server, collect_seldom, listening
from umbane.sts import KRN, SGC

__all__: list[str] = []

PASSPHRASE = "these are four words"  # noqa: S105 - of a module that lives for some seconds
QUOTA = Quota(10**12, 10**15)
"""Far away, but looked at for each token."""


def unsealed(folder: Path, name: str, groups: list[SGC]) -> Host:
    """A new module with these keys."""
    found_module(folder, name, Realm.TEST, {"ada": PASSPHRASE}, 1, cost=Cost(1, 8, 1))
    host = Host(folder)
    host.give("ada", PASSPHRASE)
    host.load_published([published_grant(published_key(group, KRN(1)), QUOTA) for group in groups])
    return host


async def serve(host: Host) -> None:
    """Serve it until standard input ends."""
    collect_seldom()
    end = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, end.set)
    async with listening(Server(host), host.folder / "socket"):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await end.wait()
    host.close()


if __name__ == "__main__":
    numbers = [SGC(int(number)) for number in sys.argv[3].split(",")]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(unsealed(Path(sys.argv[1]), sys.argv[2], numbers)))
