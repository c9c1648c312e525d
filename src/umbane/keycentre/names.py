"""Texts that are read as they are written, and names by which one person is known, however they are spelled."""

from unicodedata import normalize

__all__ = ["as_read", "known_as"]


def as_read(text: str) -> str:
    """The same text, when a reader sees all of it, in its order, and nothing in it only fills.

    Raises:
        ValueError: it has signs that nobody sees or that turn the line around, or spaces too many.
    """
    if not text.isprintable() or text != " ".join(text.split()):
        raise ValueError("has signs that nobody sees, or spaces too many")
    return text


def known_as(name: str) -> str:
    """What a person's name is compared by."""
    return normalize("NFKC", name).casefold()
