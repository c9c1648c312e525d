"""Files with secrets in them, which nobody but their owner may read."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from umbane.errors import InputError

__all__ = ["read_own_file"]

OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
LARGEST: Final = 65_536
"""Bytes; no secret is longer."""


def read_own_file(file: Path, refusal: Callable[[str, str], InputError], remedy: str) -> bytes:
    """What is in a file that only its owner can read.

    Args:
        file: which.
        refusal: makes the error, of the problem and what would be right.
        remedy: what would be right when it can't be read.

    Raises:
        InputError: as ``refusal`` makes it: it can't be read, or others may.
    """
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content = opened.read(LARGEST)
    except OSError as error:
        raise refusal(f"{file} can't be read ({error.strerror})", remedy) from None
    if mode & OTHERS:
        raise refusal(f"others can read {file}", f"forbid it: chmod 600 {file}")
    return content
