"""camt.053, the statement of ISO 20022 (Bank to Customer Statement), in the versions 1 to 13 of its schema.

What is read has the same names in all of them; where it moved between versions, every place is looked at. Only entries
that are booked count: pending ones and mere information come again when they are.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from umbane.errors import shown
from umbane.pricing import Currency
from umbane.trade.statements.checks import check_statement, check_together
from umbane.trade.statements.errors import (
    BalanceError,
    CurrencyError,
    MalformedError,
    TruncatedError,
    UnknownFormatError,
    ValueFormatError,
)
from umbane.trade.statements.models import UNREFERENCED, Balance, BankEntry, Party, Statement
from umbane.trade.statements.values import account_number, currency_named, day, minor_units, said
from umbane.trade.statements.xmltree import Node, read_xml

__all__ = ["read_camt"]

SCHEMA: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(?:0[1-9]|1[0-3])")
STATEMENTS: Final = "BkToCstmrStmt/Stmt"
OPENING: Final = ("OPBD", "PRCD")
"""How the balance before the first entry is called: of this statement, or the one at which the last one closed."""
CLOSING: Final = ("CLBD",)
DAY: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[TZ+-].*)?", re.ASCII)
SIGNS: Final = {"CRDT": 1, "DBIT": -1}
AGAIN: Final = "have the bank send it again: something was changed"


def read_camt(content: bytes) -> Sequence[Statement]:
    """The statements in a camt.053 document.

    Raises:
        StatementError: by the name of the reason.
    """
    root = read_xml(content)
    if root.tag != "Document" or not SCHEMA.fullmatch(root.space):
        problem = f"{shown(root.space or root.tag)} is no camt.053 of the versions 1 to 13"
        raise UnknownFormatError(root.line, root.tag, problem, "have the bank send camt.053 statements")
    found = root.every(STATEMENTS)
    if not found:
        raise MalformedError(root.line, "Stmt", "there is no statement in it", "have the bank send camt.053 statements")
    return check_together([statement(it) for it in found])


def statement(node: Node) -> Statement:
    """A statement."""
    refuse_pages(node)
    account = needed(node, "Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id")
    opening, closing = balance_node(node, OPENING), balance_node(node, CLOSING)
    code = node.words("Acct/Ccy") or amount_node(opening).attributes.get("Ccy", "")
    currency = currency_named(node.line, "Ccy", code)
    booked = [it for it in node.every("Ntry") if it.words("Sts/Cd", "Sts") == "BOOK"]
    amounts = [signed(it, currency) for it in booked]
    check_summary(node, amounts, currency)
    sequence = node.first("ElctrncSeqNb", "LglSeqNb")
    made = Statement(
        account=account_number(account.line, "Acct", account.text),
        currency=currency.code,
        name=said(node.words("Id")),
        sequence=count(sequence) if sequence else None,
        opening=balance(opening, currency),
        closing=balance(closing, currency),
        entries=tuple(one for it, amount in zip(booked, amounts, strict=True) for one in entries(it, amount, currency)),
    )
    return check_statement(node.line, made)


def needed(node: Node, *paths: str) -> Node:
    """The first element at the end of the first of these paths.

    Raises:
        TruncatedError: there is none.
    """
    found = node.first(*paths)
    if found is None:
        raise TruncatedError(
            node.line, paths[0].partition("/")[0], f"{node.tag} has none", "have the bank send it whole"
        )
    return found


def refuse_pages(node: Node) -> None:
    """Refuse a page of a statement: only a whole one can be checked."""
    last = node.first("StmtPgntn/LastPgInd")
    number = node.first("StmtPgntn/PgNb")
    if last and (last.text.strip() != "true" or (number and number.text.strip().lstrip("0") != "1")):
        raise TruncatedError(last.line, "StmtPgntn", "this is a page of a statement", "have the bank send it whole")


def count(node: Node) -> int:
    """A number of things."""
    text = node.text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 18):  # noqa: PLR2004 - the schema's own limit
        raise ValueFormatError(node.line, node.tag, f"{shown(text)} is no number", "digits")
    return int(text)


# --------------------------------------------------------------------------------------------------- amounts and dates


def amount_node(node: Node) -> Node:
    """The amount of a balance or an entry."""
    return needed(node, "Amt")


def units(node: Node, currency: Currency) -> int:
    """The minor units of an amount.

    Raises:
        CurrencyError: it is of another currency.
    """
    code = node.attributes.get("Ccy", currency.code)
    if code != currency.code:
        raise CurrencyError(node.line, node.tag, f"it is in {shown(code)}", f"the account is kept in {currency.code}")
    return minor_units(node.line, node.tag, node.text.strip(), currency)


def signed(node: Node, currency: Currency) -> int:
    """The amount of a balance or an entry, below zero when it is a debit."""
    sign = needed(node, "CdtDbtInd")
    if sign.text.strip() not in SIGNS:
        raise ValueFormatError(sign.line, "CdtDbtInd", f"{shown(sign.text)} is neither", "CRDT or DBIT")
    return SIGNS[sign.text.strip()] * units(amount_node(node), currency)


def dated(node: Node) -> date:
    """The day of an element that has a date, or a moment."""
    it = needed(node, "Dt", "DtTm")
    text = it.text.strip()
    found = DAY.fullmatch(text)
    year, month, of_month = map(int, found.groups()) if found else (0, 0, 0)
    return day(it.line, node.tag, text, lambda: date(year, month, of_month))


def balance_node(node: Node, kinds: Sequence[str]) -> Node:
    """The balance of the first of these kinds that there is.

    Raises:
        TruncatedError: there is none.
    """
    found = {it.words("Tp/CdOrPrtry/Cd", "Tp/Cd"): it for it in reversed(node.every("Bal"))}
    for kind in kinds:
        if kind in found:
            return found[kind]
    raise TruncatedError(node.line, "Bal", f"there is no balance {kinds[0]}", "have the bank send the whole statement")


def balance(node: Node, currency: Currency) -> Balance:
    """A balance."""
    return Balance(dated(needed(node, "Dt") if node.first("Dt/Dt", "Dt/DtTm") else node), signed(node, currency))


def check_summary(node: Node, amounts: Sequence[int], currency: Currency) -> None:
    """Hold what the statement says of its entries together against what they are.

    Raises:
        BalanceError: they differ.
    """
    incoming, outgoing = [it for it in amounts if it > 0], [-it for it in amounts if it < 0]
    for name, parts in (("TtlNtries", incoming + outgoing), ("TtlCdtNtries", incoming), ("TtlDbtNtries", outgoing)):
        number, total = node.first(f"TxsSummry/{name}/NbOfNtries"), node.first(f"TxsSummry/{name}/Sum")
        if number and count(number) != len(parts):
            raise BalanceError(number.line, name, f"it counts {number.text.strip()} entries of {len(parts)}", AGAIN)
        if total and units(total, currency) != sum(parts):
            raise BalanceError(
                total.line, name, f"it says {total.text.strip()}, not {currency.show(sum(parts))}", AGAIN
            )


# -------------------------------------------------------------------------------------------------------------- entries


def entries(node: Node, amount: int, currency: Currency) -> Iterator[BankEntry]:
    """What an entry is: one movement, or each of those that the bank booked together and gives with their amounts.

    Raises:
        BalanceError: the amounts of its parts aren't that of the whole.
    """
    booked = dated(needed(node, "BookgDt"))
    valued = dated(needed(node, "ValDt")) if node.first("ValDt") else booked
    whole = BankEntry(
        reference=said(node.words("AcctSvcrRef")),
        given="",
        booked=booked,
        valued=valued,
        amount=amount,
        reversal=node.words("RvslInd") in {"true", "1"},
        text=said(node.words("AddtlNtryInf")),
        line=node.line,
    )
    parts = node.every("NtryDtls/TxDtls")
    if len(parts) <= 1:
        yield detailed(whole, parts[0]) if parts else whole
        return
    given = [it.first("Amt", "AmtDtls/TxAmt/Amt") for it in parts]
    if None in given:
        yield replace(whole, text=said(" ".join([whole.text, *(words(it) for it in parts)])))
        return
    shares = [units(it, currency) for it in given if it]
    if sum(shares) != abs(amount):
        problem = f"its parts are {currency.show(sum(shares))} and not {currency.show(abs(amount))}"
        raise BalanceError(node.line, "NtryDtls", problem, AGAIN)
    for number, (part, share) in enumerate(zip(parts, shares, strict=True), 1):
        reference = f"{whole.reference}/{number}" if whole.reference.upper() not in UNREFERENCED else ""
        one = replace(whole, reference=reference, amount=share if amount > 0 else -share, line=part.line)
        yield detailed(one, part)


def detailed(entry: BankEntry, part: Node) -> BankEntry:
    """An entry with what is known of it as one payment."""
    own = said(part.words("Refs/AcctSvcrRef"))
    other, its_account = ("Dbtr", "DbtrAcct") if entry.amount > 0 else ("Cdtr", "CdtrAcct")
    if entry.reversal:  # then who paid is at the same end as before
        other, its_account = ("Cdtr", "CdtrAcct") if entry.amount > 0 else ("Dbtr", "DbtrAcct")
    account = part.words(f"RltdPties/{its_account}/Id/IBAN", f"RltdPties/{its_account}/Id/Othr/Id")
    name = part.words(f"RltdPties/{other}/Pty/Nm", f"RltdPties/{other}/Nm")
    return replace(
        entry,
        reference=own or entry.reference,
        given=said(part.words("Refs/EndToEndId", "Refs/InstrId")),
        text=words(part) or entry.text,
        party=Party(said(name), "".join(account.split()).upper()),
    )


def words(part: Node) -> str:
    """What the payer wrote, and the creditor's reference where there is one."""
    written = [*part.every("RmtInf/Ustrd"), *part.every("RmtInf/Strd/CdtrRefInf/Ref")]
    return said(" ".join(it.text for it in written))
