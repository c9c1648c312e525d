"""The servers that tests use leave nothing behind, even when the tests are killed."""

from pathlib import Path

import psutil

from tests.database import sweep
from tests.db.program import begin

PROGRAM = """
import sys
from tests.database import quick_folder
from umbane.db.embedded import EmbeddedServer
folder = quick_folder()
server = EmbeddedServer(folder / "server")
server.start()
print(folder, server.pid, flush=True)
sys.stdin.read()
"""


def test_after_killed_tests() -> None:
    """What a killed test run left behind is stopped and removed by the next one, and not before it is killed."""
    victim = begin(PROGRAM)
    assert victim.stdout
    folder, pid = victim.stdout.readline().split()
    sweep(Path(folder).parent)
    assert psutil.pid_exists(int(pid))
    victim.kill()
    victim.communicate()
    sweep(Path(folder).parent)
    assert not Path(folder).exists()
    assert not psutil.pid_exists(int(pid)) or psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE
