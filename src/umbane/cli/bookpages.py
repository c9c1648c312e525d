"""The books on paper: proofs, trial balances and statements as lines of text."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Final, TextIO

import click

from umbane.cli.where import plain
from umbane.ledger import ENERGY, Account, Claim, Finding, Proof, Statement, StatementLine, TrialLine
from umbane.pricing import CURRENCIES
from umbane.pricing.receipt import show_units

if TYPE_CHECKING:
    from umbane.registry import Utility

__all__ = ["COLUMNS", "Page", "Talk", "choices", "finding_lines", "trial_lines", "verdict"]

COLUMNS: Final = ("at", "entry", "kind", "debit", "credit", "balance", "unit", "source", "happened_at", "note")
"""The columns of a statement as comma-separated values; the balance is above zero on the debit side."""
SHOWN_CHOICES: Final = 10
AMOUNT: Final = 17
"""Characters for an amount: 999 999 999 999.99 fits."""
TITLE: Final = 42
NAME: Final = 14
"""Characters for the name of a claim."""
MOMENT: Final = "%Y-%m-%d %H:%M"
FORMULA: Final = tuple("=+-@\t\r")
"""What makes a spreadsheet take a text for a formula."""


# ------------------------------------------------------------------------------------------------------------- proof


class Talk:
    """One line that says how far a proof is, where somebody is looking.

    Args:
        stream: standard error; nothing is written unless it is a terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream if stream.isatty() else None

    def progress(self, claim: Claim, rows: int) -> None:
        """Say how far a claim is."""
        self._write(f"{claim.name}: {rows:,} …")

    def clear(self) -> None:
        """Take the line away."""
        self._write("")

    def _write(self, text: str) -> None:
        if self._stream:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()


def finding_lines(finding: Finding) -> Iterator[str]:
    """What became of a claim."""
    mark = click.style("WRONG", fg="red", bold=True) if finding.wrong else click.style("holds", fg="green")
    looked_at = "" if finding.wrong else f" ({finding.rows:,} looked at)"
    yield f"{mark}  {finding.claim.name:<{NAME}}  {finding.claim.says}{looked_at}"
    if finding.wrong:
        yield click.style(f"{'':{NAME + 9}}{plain(str(finding.wrong))}", bold=True)


def verdict(proof: Proof) -> str:
    """What became of all of them."""
    wrong = sum(finding.wrong is not None for finding in proof.findings)
    if not wrong:
        return f"The books are proven: all {len(proof.findings)} claims hold."
    return f"The books are NOT proven: {wrong} of {len(proof.findings)} claims {'is' if wrong == 1 else 'are'} wrong."


# ----------------------------------------------------------------------------------------------------- trial balance


def trial_lines(whose: "Utility", until: datetime, lines: Sequence[TrialLine]) -> Iterator[str]:
    """A trial balance: what accounts stand at, on the side where it is."""
    yield f"Trial balance of {plain(whose.name)}, before {_moment(until, whose)}"
    if not lines:
        yield "Nothing was booked."
    for unit, group in groupby(lines, key=lambda line: line.unit):
        yield from _trial_of_unit(unit, list(group))


def _trial_of_unit(unit: str, lines: Sequence[TrialLine]) -> Iterator[str]:
    titles = [plain(f"{it.title}{': ' if it.name else ''}{it.name} ({it.kind})") for it in lines]
    width = max(TITLE, *map(len, titles))
    yield ""
    yield f"{unit:<{width}}{'accounts':>10}{'debit':>{AMOUNT}}{'credit':>{AMOUNT}}"
    for title, line in zip(titles, lines, strict=True):
        yield f"{title:<{width}}{line.accounts:>10,}{_sides(line.balance, unit)}".rstrip()
    debits = sum(max(line.balance, 0) for line in lines)
    credits_ = sum(max(-line.balance, 0) for line in lines)
    yield f"{'':{width + 10}}{'-' * 14:>{AMOUNT}}{'-' * 14:>{AMOUNT}}"
    yield f"{'sum':<{width + 10}}{_amount(debits, unit):>{AMOUNT}}{_amount(credits_, unit):>{AMOUNT}}"


# --------------------------------------------------------------------------------------------------------- statement


class Page:
    """The statement of an account on paper.

    Args:
        whose: the utility, for its name and its clock.
        statement: what to show.
        owner: whose account it is, in words, or an empty text.
    """

    def __init__(self, whose: "Utility", statement: Statement, owner: str) -> None:
        self.whose = whose
        self.statement = statement
        self.owner = owner
        self.unit = statement.account.key.unit
        self.balance = statement.opening

    def head(self) -> Iterator[str]:
        """What stands above the lines."""
        account = self.statement.account
        name = f": {account.key.name}" if account.key.name else ""
        owner = f", of {plain(self.owner)}" if self.owner else ""
        since, until = (_moment(it, self.whose) for it in (self.statement.since, self.statement.until))
        yield f"Account {account.id}: {plain(account.title + name)} ({account.key.kind}), in {self.unit}{owner}"
        yield f"{plain(self.whose.name)}, from {since} until {until}"
        yield ""
        yield f"{'date':<18}{'what':<16}{'debit':>{AMOUNT}}{'credit':>{AMOUNT}}{'balance':>{AMOUNT + 3}}"
        yield f"{'':<18}{'opening':<16}{'':{2 * AMOUNT}}{_balance(self.balance, self.unit):>{AMOUNT + 3}}"

    def row(self, line: StatementLine) -> str:
        """One line; the entry and what is said about it stand at its end."""
        self.balance = line.balance
        words = [f"entry {line.entry}"]
        if line.source:
            words.append(f"about {line.source}")
        if line.happened_at:
            words.append(f"of {_moment(line.happened_at, self.whose)}")
        if line.note:
            words.append(plain(line.note))
        at = f"{line.at.astimezone(self.whose.zone):{MOMENT}}"
        amounts = f"{_sides(line.amount, self.unit)}{_balance(line.balance, self.unit):>{AMOUNT + 3}}"
        return f"{at:<18}{line.kind:<16}{amounts}  {'; '.join(words)}"

    def foot(self) -> Iterator[str]:
        """What stands below the lines."""
        yield f"{'':<18}{'closing':<16}{'':{2 * AMOUNT}}{_balance(self.balance, self.unit):>{AMOUNT + 3}}"

    def values(self, line: StatementLine) -> list[str]:
        """One line for another program."""
        return [
            line.at.astimezone(self.whose.zone).isoformat(),
            str(line.entry),
            line.kind,
            _amount(max(line.amount, 0), self.unit),
            _amount(max(-line.amount, 0), self.unit),
            _amount(line.balance, self.unit),
            self.unit,
            str(line.source or ""),
            line.happened_at.astimezone(self.whose.zone).isoformat() if line.happened_at else "",
            _no_formula(line.note or ""),
        ]


def choices(accounts: Sequence[Account]) -> str:
    """A few accounts to choose from."""
    texts = [f"{it.id} ({it.key.name or it.key.owner or it.key.unit})" for it in accounts[:SHOWN_CHOICES]]
    return plain(", ".join(texts)) + (" …" if len(accounts) > SHOWN_CHOICES else "")


def _moment(moment: datetime, whose: "Utility") -> str:
    return f"{moment.astimezone(whose.zone):{MOMENT}} ({whose.zone.key})"


def _sides(amount: int, unit: str) -> str:
    """An amount in the column of its side."""
    text = _amount(abs(amount), unit)
    return f"{text if amount >= 0 else '':>{AMOUNT}}{text if amount < 0 else '':>{AMOUNT}}"


def _balance(balance: int, unit: str) -> str:
    """A balance with its side: Dr for debit, Cr for credit."""
    return f"{_amount(abs(balance), unit)} {'Cr' if balance < 0 else 'Dr' if balance else '  '}"


def _amount(amount: int, unit: str) -> str:
    """An amount as people write it."""
    if unit == ENERGY:
        return show_units(amount)
    return CURRENCIES[unit].show(amount) if unit in CURRENCIES else str(amount)


def _no_formula(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
