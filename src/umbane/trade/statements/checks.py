"""What is checked of every statement, whatever its format: nothing of it was added, left out, doubled or moved."""

from collections.abc import Sequence

from umbane.errors import shown
from umbane.pricing import CURRENCIES
from umbane.trade.statements.errors import BalanceError, OrderError, RepeatedError
from umbane.trade.statements.models import Statement, has_reference, identities

__all__ = ["check_statement", "check_together"]


def check_statement(line: int, statement: Statement) -> Statement:
    """The statement, if it holds together.

    Args:
        line: where it ends.
        statement: as it was read.

    Raises:
        BalanceError: its entries don't lead from one balance to the other.
        OrderError: it closes before it opens, or an entry was booked after it closed.
        RepeatedError: an entry is in it twice.
    """
    show = CURRENCIES[statement.currency].show
    opening, closing = statement.opening, statement.closing
    moved = sum(it.amount for it in statement.entries)
    if opening.amount + moved != closing.amount:
        problem = f"{show(opening.amount)} and entries of {show(moved)} don't make {show(closing.amount)}"
        raise BalanceError(line, "closing balance", problem, "have the bank send it again: something was changed")
    if closing.on < opening.on:
        raise OrderError(line, "closing balance", f"it closes on {closing.on}, before it opens", "send it as it was")
    _refuse_late(statement)
    _refuse_twice(statement)
    return statement


def _refuse_late(statement: Statement) -> None:
    """Refuse an entry that was booked after the statement closed."""
    for entry in statement.entries:
        if entry.booked > statement.closing.on:
            problem = f"it was booked on {entry.booked}, after the statement closed"
            raise OrderError(entry.line, "entry", problem, "have the bank send it again")


def _refuse_twice(statement: Statement) -> None:
    """Refuse an entry that has the bank's reference of another."""
    seen: dict[str, int] = {}
    for entry, identity in zip(statement.entries, identities(statement.entries), strict=True):
        if identity in seen and has_reference(entry):
            problem = f"the reference {shown(entry.reference)} stands on line {seen[identity]} already"
            raise RepeatedError(entry.line, "entry", problem, "have the bank send it again, or take the double out")
        seen[identity] = entry.line


def check_together(statements: Sequence[Statement]) -> Sequence[Statement]:
    """The statements of a file, if those of each account follow each other.

    Raises:
        RepeatedError: one is in it twice.
        OrderError: one opens with another balance than the one before closed with, or has a number that doesn't follow.
    """
    latest: dict[tuple[str, str], Statement] = {}
    for it in statements:
        if before := latest.get((it.account, it.currency)):
            _check_following(before, it)
        latest[it.account, it.currency] = it
    return statements


def _check_following(before: Statement, it: Statement) -> None:
    """Check that a statement follows another of its account."""
    name = f"statement {it.name or it.sequence or it.opening.on}"
    if before == it:
        raise RepeatedError(0, name, "it is in the file twice", "leave one out")
    if it.closing.on < before.closing.on:
        raise OrderError(0, name, f"it is older than the one before it, of {before.closing.on}", "the oldest first")
    if it.opening.amount != before.closing.amount:
        problem = "it doesn't open with what the one before it closed with"
        raise OrderError(0, name, problem, "give the statements that are missing, in their order")
