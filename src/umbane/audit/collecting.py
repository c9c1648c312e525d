"""A second custodian: heads are collected, each held against the last, and kept where who runs the log can't reach."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from umbane.audit.errors import AlteredError
from umbane.audit.heads import Head, HeadKeys, parse_head, require_next

__all__ = ["Collected", "collect", "parse_heads"]

Ask = Callable[[int, int], Sequence[bytes]]
"""Asks the log for what proves that a size is the beginning of another."""


class Collected(NamedTuple):
    """What came of looking.

    Attributes:
        head: that the log shows now.
        is_new: whether it wasn't seen before, and is to be kept.
        grown: entries since the last head.
    """

    head: Head
    is_new: bool
    grown: int


def collect(keys: HeadKeys, seen: Sequence[Head], line: str, ask: Ask) -> Collected:
    """Judge the head that a log shows.

    Args:
        keys: whose heads are believed.
        seen: heads that were collected before, the last one last.
        line: the head, as the log shows it.
        ask: the log for a proof.

    Raises:
        ForkError: the log was cut back, or it is another one.
        AlteredError: it isn't signed, or is no head.
    """
    head = parse_head(line)
    keys.require_signed(head)
    if not seen:
        return Collected(head, is_new=True, grown=head.size)
    last = seen[-1]
    proof = ask(last.size, head.size) if last.size < head.size else []
    require_next(last, head, proof)
    return Collected(head, head != last, head.size - last.size)


def parse_heads(text: str, keys: HeadKeys) -> list[Head]:
    """Heads that were collected, one in a line.

    Raises:
        AlteredError: one of them isn't one, or isn't signed.
    """
    heads = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            head = parse_head(line)
            keys.require_signed(head)
        except AlteredError as error:
            raise AlteredError(f"line {number} of what was collected: {error}") from error
        heads.append(head)
    return heads
