"""The desk at which a ceremony is held: what the ceremony says to the people in the room, and what it asks of them."""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from umbane.errors import InputError
from umbane.keycentre.shares import Custody, Share, master_key

__all__ = ["ATTEMPTS", "Desk", "gather", "typed"]

ATTEMPTS: Final = 3
"""At typing something right."""

Answer = TypeVar("Answer")


class Desk(Protocol):
    """People in a room with a terminal, or whatever stands for them."""

    def say(self, *lines: str) -> None:
        """Tell everybody something."""

    def confirm(self, person: str, question: str) -> bool:
        """Ask one person whether it is so."""

    def secret(self, person: str, question: str) -> str:
        """Let one person type something that nobody else sees."""

    def hand_over(self, custodian: str, share: Share) -> None:
        """Show a share to the one person who gets it, and to nobody else."""


def typed(desk: Desk, person: str, question: str, read: Callable[[str], Answer]) -> Answer:
    """What somebody types, when it can be read; they have three attempts.

    Raises:
        InputError: it couldn't be read the last time either.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return read(desk.secret(person, question))
        except InputError as error:
            desk.say(f"That isn't it. {error}.")
    return read(desk.secret(person, question))


def gather(desk: Desk, custody: Custody) -> tuple[bytes, tuple[str, ...]]:
    """The master key from as many custodians as it takes, and who they were.

    Raises:
        CustodyError: a share is a wrong one, or there twice.
        InputError: somebody couldn't type theirs.
    """
    desk.say(f"{custody.threshold} of these custodians open the centre: {', '.join(custody.custodians)}.")
    shares, names = [], []
    for number in range(1, custody.threshold + 1):
        person = f"Custodian {number} of {custody.threshold}"
        share = typed(desk, person, "type your share, or scan its code", Share.read)
        name = custody.holder(share)
        desk.say(f"This is the share of {name}.")
        shares.append(share)
        names.append(name)
    return master_key(custody, shares), tuple(names)
