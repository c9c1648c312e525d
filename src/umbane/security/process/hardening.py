"""What the system can do for a process that holds keys. What it can't do is said, and not hoped.

No core is dumped and no other process of the same user may look into the memory (Linux: ``PR_SET_DUMPABLE``; every
system: ``RLIMIT_CORE``), and where enough memory may be locked none of it is ever written to a swap disk. Python itself
promises nothing: it copies what it likes, and what it gives back is not overwritten. So the one thing that surely
removes keys from a process is its end: a module that is sealed replaces its own program.
"""

import ctypes
import os
import resource
import sys
from typing import Final, NamedTuple, NoReturn

__all__ = ["Hardened", "harden", "start_again"]

PR_SET_DUMPABLE: Final = 4
MCL_CURRENT: Final = 1
MCL_FUTURE: Final = 2
"""From Linux's headers."""


class Hardened(NamedTuple):
    """What was done."""

    no_core: bool
    """Nothing writes the memory to a file when the process crashes."""
    private: bool
    """Nobody but the system's administrator can look into the memory."""
    locked: bool
    """Nothing of the memory is written to a swap disk."""

    def lacking(self) -> list[str]:
        """What couldn't be done, in words."""
        words = {
            "core dumps can't be forbidden": self.no_core,
            "processes of the same user may look into the memory": self.private,
            "memory may be swapped to a disk: encrypt it, or let this user lock memory (RLIMIT_MEMLOCK)": self.locked,
        }
        return [problem for problem, done in words.items() if not done]


def harden() -> Hardened:  # pragma: no cover - it is for good, so the tests do it in processes of their own
    """Do what can be done, before the first key is there."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return Hardened(no_core=True, private=False, locked=False)
    libc = ctypes.CDLL(None, use_errno=True)
    private = libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
    return Hardened(no_core=True, private=private, locked=may_lock() and libc.mlockall(MCL_CURRENT | MCL_FUTURE) == 0)


def may_lock() -> bool:
    """Whether all of the memory may be locked; with a limit, the next byte beyond it would end the process."""
    return resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY or os.geteuid() == 0


def start_again() -> NoReturn:  # pragma: no cover - the same holds for this
    """Start this program anew in the same process: the system takes back all memory, and empties it.

    In the words in which it was started: by others, Python could look for its own files in the folder where it is.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - it is this very program
