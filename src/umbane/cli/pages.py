"""Pages that a command writes beside what it prints."""

from pathlib import Path

from umbane.errors import InputError

__all__ = ["make_room", "write"]


def make_room(page: Path) -> None:
    """Refuse a page that can't be written before anything is sold."""
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.open("ab").close()  # nothing else knows whether it can be written
    except OSError as error:
        problem = f"{page} can't be written ({error.strerror})"
        raise InputError("--html", problem, "give a file that can be written") from error


def write(page: Path, text: str) -> None:
    """Write the page; what was sold has been shown by now."""
    try:
        page.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(
            "--html", f"{page}: {error.strerror}", "make room, and sell again: it ends the same"
        ) from error
