"""One round: the seven steps of a batch, in one transaction."""

from umbane.vending.claiming import claim
from umbane.vending.house import Turn
from umbane.vending.issuing import issue, reserve
from umbane.vending.judging import judge
from umbane.vending.loading import AsideError, load
from umbane.vending.money import admit, book
from umbane.vending.settling import settle

__all__ = ["sell_round"]


async def sell_round(turn: Turn) -> None:
    """Work on a round; every case has its answer in the end.

    Raises:
        SplitError: two cases share a contract.
        AsideError: some cases can't be decided now.
    """
    await claim(turn)  # 1: cases that came before, or can't be told apart, are answered
    await load(turn)  # 2
    await judge(turn)  # 3
    ledger = await admit(turn)  # 4
    await reserve(turn)
    await issue(turn)  # 5
    require_decided(turn)
    written = await settle(turn)  # 6
    await book(turn, ledger, written)  # last: from here on others wait for the vendors' floats


def require_decided(turn: Turn) -> None:
    """Go on only if every case can be decided now.

    Raises:
        AsideError: some can't.
    """
    if aside := [case for case in turn.cases if case.is_undecided]:
        raise AsideError(aside)
