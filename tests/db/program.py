"""Programs that a test runs in a process of their own."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.project.tree import ROOT

__all__ = ["HOLD", "Holder", "begin", "finish"]

HOLD = """
import sys
from collections.abc import Sequence
from pathlib import Path
from umbane.db.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
sys.stdin.read()
server.close()
"""
"""Starts a server, says its number, and holds it until standard input ends."""


def begin(
    program: str, *arguments: str | Path, before: Sequence[str] = (), python_path: str = "", **environment: str
) -> "subprocess.Popen[str]":
    """Start a program of this text, with words before the command that starts it."""
    path = os.pathsep.join(filter(None, [python_path, str(ROOT / "src"), str(ROOT)]))
    return subprocess.Popen(
        [*before, sys.executable, "-c", program, *map(str, arguments)],
        env=os.environ | environment | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> str:
    """Let a program come to its end; answer what it said when it ended well."""
    said, complaint = process.communicate()
    assert process.returncode == 0, complaint
    return said.strip()


class Holder:
    """Another process that holds the server in a folder."""

    def __init__(self, folder: Path) -> None:
        self.process = begin(HOLD, folder)
        assert self.process.stdout
        self.pid = int(self.process.stdout.readline())

    def leave(self) -> None:
        """Let it close the server and end."""
        finish(self.process)

    def kill(self) -> None:
        """Let it die without a word."""
        self.process.kill()
        self.process.communicate()
