"""Pages that a command writes beside what it prints."""

import os
from pathlib import Path

from umbane.errors import InputError

__all__ = ["make_room", "write"]


def make_room(page: Path) -> None:
    """Refuse a page that can't be written before anything is sold."""
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        writable = os.access(page if page.exists() else page.parent, os.W_OK)
    except OSError as error:
        raise InputError("--html", f"{page}: {error.strerror}", "give a file that can be written") from error
    if not writable:
        raise InputError("--html", f"{page} can't be written", "give a file that can")


def write(page: Path, text: str) -> None:
    """Write the page; what was sold has been shown by now."""
    try:
        page.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(
            "--html", f"{page}: {error.strerror}", "make room, and sell again: it ends the same"
        ) from error
