"""One round: the seven steps of a batch in one transaction, or in two with a module outside of this process between."""

from dataclasses import replace

from umbane.ledger import Book, open_book
from umbane.vending.cases import Case
from umbane.vending.claiming import claim, find_sellers
from umbane.vending.external import fill, keep, open_drafts, take_up, withhold_lost
from umbane.vending.house import Turn
from umbane.vending.issuing import issue, reserve
from umbane.vending.judging import judge
from umbane.vending.loading import AsideError, load
from umbane.vending.money import admit, book, hold, prepare
from umbane.vending.settling import settle

__all__ = ["complete_round", "prepare_round", "sell_round"]


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
    await settle(turn)  # 6
    await book(turn, ledger)  # last: from here on others wait for the vendors' floats


async def prepare_round(turn: Turn) -> list[Case]:
    """The steps up to the module, where that is outside of this process; answer the cases that wait for it.

    Their messages, their money and what the module is to be asked are kept; all others have their answers.

    Raises:
        SplitError, AsideError: as `sell_round`.
    """
    await claim(turn)
    await load(turn)
    await judge(turn)
    ledger = await admit(turn)
    await reserve(turn)
    require_decided(turn)
    waiting = [case for case in turn.live if open_drafts(case)]
    ready = replace(turn, cases=[case for case in turn.cases if case not in waiting])
    await settle(ready)
    await book(ready, ledger)
    await hold(turn, await open_book(turn.tx, turn.utility_id), waiting)
    await keep(turn, waiting)
    return waiting


async def complete_round(whole: Turn) -> None:
    """The steps after the module, for cases that waited for it: each is sold, or given up for good.

    Args:
        whole: of the moment of the first half, with what the module answered, as far as it did.
    """
    turn = await take_up(whole)
    await find_sellers(turn, turn.cases)
    await load(turn)
    await judge(turn)
    ledger = await prepare(turn)
    await reserve(turn)
    fill(turn)
    await withhold_lost(turn)
    await free_holds(turn, ledger)
    await settle(turn)
    await book(turn, ledger)


async def free_holds(turn: Turn, ledger: Book) -> None:
    """Set free what was held for cases that are refused after all."""
    lost = [case.intent.hold_id for case in turn.cases if case.problem and case.intent and case.intent.hold_id]
    if lost:
        await ledger.void(lost, turn.now, "no token was made")


def require_decided(turn: Turn) -> None:
    """Go on only if every case can be decided now.

    Raises:
        AsideError: some can't.
    """
    if aside := [case for case in turn.cases if case.is_undecided]:
        raise AsideError(aside)
