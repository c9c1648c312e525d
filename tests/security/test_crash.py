"""Processes that are killed, and two processes at one journal."""

import random
from pathlib import Path

import pytest

from tests.db.program import begin, finish
from tests.security.support import KEYS, expected, requests, tokens_of
from umbane.security import ModuleBusyError, Realm, Vault, open_software_module
from umbane.security.software import SoftwareModule

ROUNDS = 15

CRASH = "import sys; from pathlib import Path; from tests.security import crash; "
CRASH += "crash.main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))"

HOLD = """
import sys
from pathlib import Path
from tests.security.crash import opened
module = opened(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
module.close()
"""

FORK = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.security.crash import opened
from tests.security.support import requests
from umbane.security import JournalError
module = opened(Path(sys.argv[1]))
asyncio.run(module.issue(requests(3)))
child = os.fork()
if not child:
    signal.alarm(120)
    try:
        asyncio.run(module.issue(requests(1)))
    except JournalError as error:
        os.write(1, f"{error}\\n".encode())
    os._exit(0)
os.waitpid(child, 0)
asyncio.run(module.issue(requests(2)))
print(asyncio.run(module.status()).count)
module.close()
"""


def test_killed(tmp_path: Path) -> None:
    """Whenever a process is killed, the journal has every answer that was given, and its count is its own."""
    said = finish(begin(CRASH, tmp_path, str(ROUNDS), str(random.getrandbits(32)))).splitlines()
    assert len(said) == ROUNDS + 1, said
    assert not said[-1].startswith("round 14: 0 tokens"), said


async def test_second_process(tmp_path: Path) -> None:
    """While one process has the module, another is refused and told why; when the first is gone, it may."""
    holder = begin(HOLD, tmp_path)
    assert holder.stdout
    assert holder.stdout.readline() == "open\n"
    with pytest.raises(ModuleBusyError, match=r"another process works with tested\.journal"):
        SoftwareModule("tested", tmp_path, Vault(Realm.TEST, KEYS.values()))
    holder.kill()
    holder.communicate()
    async with open_software_module("tested", tmp_path, Vault(Realm.TEST, KEYS.values())) as module:
        asked = requests(2)
        assert tokens_of(await module.issue(asked)) == [expected(one) for one in asked]


def test_copy_of_a_process(tmp_path: Path) -> None:
    """A copy of the process that has the module can't issue with it; the process itself goes on."""
    said = finish(begin(FORK, tmp_path)).splitlines()
    assert said == ["tested.journal is not open here: nothing is issued without it; open the module again", "5"]
