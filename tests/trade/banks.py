"""Banks that write statements: the same one in each format, as published descriptions of the formats have it."""

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from umbane.pricing import CURRENCIES
from umbane.trade.statements import Balance, BankEntry, CsvLayout, Party, Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CAMT", "LAYOUT", "MONDAY", "camt", "csv_of", "fee", "money", "mt940", "paid", "statement", "statements"]

CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.{:02}"
MONDAY = date(2026, 3, 2)
LAYOUT = """
account = "Account"
currency = "Currency"
delimiter = ";"
decimal = ","
thousands = " "
dates = "DD.MM.YYYY"
encoding = "utf-8"

[columns]
booked = "Booked"
valued = "Valued"
amount = "Amount"
balance = "Balance"
reference = "Reference"
given = "Payer's reference"
text = ["Text"]
name = "Payer"
party = "Payer's account"
"""


def paid(reference: str, amount: int, text: str = "", booked: date = MONDAY, **more: object) -> BankEntry:
    """A payment that came in."""
    return replace(BankEntry(reference, "", booked, booked, amount, text=text), **more)  # type: ignore[arg-type] # fields


def fee(amount: int, booked: date = MONDAY) -> BankEntry:
    """What the bank takes."""
    return BankEntry("FEE1", "", booked, booked, -amount, text="ACCOUNT FEE")


def statement(*entries: BankEntry, opening: int = 100_000, number: int = 1, on: date = MONDAY) -> Statement:
    """A statement of a day with these entries."""
    closing = opening + sum(it.amount for it in entries)
    before = Balance(on - timedelta(1), opening)
    return Statement("ZA62001234567", "ZAR", f"STMT{number}", number, before, Balance(on, closing), entries)


def money(amount: int, currency: str, point: str = ",") -> str:
    """An amount without its sign."""
    shown = CURRENCIES[currency].show(abs(amount))
    return shown.replace(".", point) if "." in shown else shown + (point if point == "," else "")


# ---------------------------------------------------------------------------------------------------------------- MT940


def balance_line(tag: str, balance: Balance, currency: str) -> str:
    """A balance."""
    mark = "D" if balance.amount < 0 else "C"
    return f":{tag}:{mark}{balance.on:%y%m%d}{currency}{money(balance.amount, currency)}"


def entry_lines(it: BankEntry, currency: str) -> list[str]:
    """An entry, with its text in the form with slashes when it has more than a text."""
    mark = "R" * it.reversal + ("D" if (it.amount < 0) is not it.reversal else "C")
    bank = f"//{it.reference}" if it.reference else ""
    first = f":61:{it.valued:%y%m%d}{it.booked:%m%d}{mark}{money(it.amount, currency)}NTRF{it.given}{bank}"
    text = f"/NAME/{it.party.name}/IBAN/{it.party.account}/REMI/{it.text}" if it.party != Party() else it.text
    chunks = [text[place : place + 65] for place in range(0, len(text), 65)]
    return [first, *(f":86:{chunk}" if not number else chunk for number, chunk in enumerate(chunks))]


def mt940(it: Statement, per_page: int = 1000) -> bytes:
    """A statement as MT940, in pages of so many entries."""
    pages = [it.entries[place : place + per_page] for place in range(0, len(it.entries), per_page)] or [()]
    lines: list[str] = []
    reached = it.opening
    for number, page in enumerate(pages, 1):
        lines += [f":20:{it.name}", f":25:{it.account}", f":28C:{it.sequence}/{number}"]
        lines.append(balance_line("60F" if number == 1 else "60M", reached, it.currency))
        for entry in page:
            lines += entry_lines(entry, it.currency)
        reached = Balance(it.closing.on, reached.amount + sum(entry.amount for entry in page))
        last = number == len(pages)
        lines += [balance_line("62F" if last else "62M", it.closing if last else reached, it.currency), "-"]
    return "\r\n".join([*lines, ""]).encode()


# ----------------------------------------------------------------------------------------------------------------- camt


def tag(name: str, *inside: str, **attributes: str) -> str:
    """An element; an empty one is left out."""
    said = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{said}>{''.join(inside)}</{name}>" if any(inside) else ""


def camt_balance(kind: str, it: Balance, currency: str) -> str:
    """A balance."""
    kind_of = tag("Tp", tag("CdOrPrtry", tag("Cd", kind)))
    sign = tag("CdtDbtInd", "DBIT" if it.amount < 0 else "CRDT")
    amount = tag("Amt", money(it.amount, currency, "."), Ccy=currency)
    return tag("Bal", kind_of, amount, sign, tag("Dt", tag("Dt", it.on.isoformat())))


def camt_entry(it: BankEntry, currency: str, version: int) -> str:
    """An entry with one payment in it."""
    end = "Dbtr" if (it.amount > 0) is not it.reversal else "Cdtr"
    name = tag("Nm", escape(it.party.name))
    parties = tag(end, tag("Pty", name) if version >= 8 else name)
    parties += tag(f"{end}Acct", tag("Id", tag("IBAN", escape(it.party.account))))
    words = tag("RmtInf", tag("Ustrd", escape(it.text)))
    details = tag("TxDtls", tag("Refs", tag("EndToEndId", escape(it.given))), tag("RltdPties", parties), words)
    return "\n" + tag(
        "Ntry",
        tag("Amt", money(it.amount, currency, "."), Ccy=currency),
        tag("CdtDbtInd", "DBIT" if it.amount < 0 else "CRDT"),
        tag("RvslInd", "true" if it.reversal else ""),
        tag("Sts", tag("Cd", "BOOK") if version >= 8 else "BOOK"),
        tag("BookgDt", tag("Dt", it.booked.isoformat())),
        tag("ValDt", tag("Dt", it.valued.isoformat())),
        tag("AcctSvcrRef", escape(it.reference)),
        tag("NtryDtls", details),
    )


def camt(it: Statement, version: int = 8, extra: str = "", declared: str = "") -> bytes:
    """A statement as camt.053 of a version of the schema."""
    entries = [camt_entry(entry, it.currency, version) for entry in it.entries]
    total = sum(abs(entry.amount) for entry in it.entries)
    summary = tag("NbOfNtries", str(len(entries))) + tag("Sum", money(total, it.currency, "."))
    inside = (
        tag("Id", escape(it.name)),
        tag("ElctrncSeqNb", "" if it.sequence is None else str(it.sequence)),
        tag("Acct", tag("Id", tag("Othr", tag("Id", it.account))), tag("Ccy", it.currency)),
        camt_balance("OPBD", it.opening, it.currency),
        camt_balance("CLBD", it.closing, it.currency),
        tag("TxsSummry", tag("TtlNtries", summary)),
        *entries,
        extra,
    )
    message = tag("BkToCstmrStmt", tag("GrpHdr", tag("MsgId", "M1")), tag("Stmt", *inside))
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n{declared}'
    return f"{head}{tag('Document', message, xmlns=CAMT.format(version))}\n".encode()


# ------------------------------------------------------------------------------------------------------------------ CSV


def grouped(amount: int, layout: CsvLayout) -> str:
    """An amount of rands as this bank writes it."""
    whole, cents = divmod(abs(amount), 100)
    return f"{'-' * (amount < 0)}{whole:,}".replace(",", layout.thousands) + f"{layout.decimal}{cents:02}"


def form(layout: CsvLayout) -> str:
    """How this bank writes days, as Python says it."""
    return layout.dates.replace("YYYY", "%Y").replace("YY", "%y").replace("MM", "%m").replace("DD", "%d")


def csv_of(it: Statement, layout: CsvLayout) -> str:
    """A statement as this bank's CSV with the columns of `LAYOUT`."""
    head = "Account;Currency;Booked;Valued;Amount;Balance;Reference;Payer's reference;Text;Payer;Payer's account"
    rows: list[Sequence[str]] = []
    reached = it.opening.amount
    for entry in it.entries:
        reached += entry.amount
        days = entry.booked.strftime(form(layout)), entry.valued.strftime(form(layout))
        amounts = grouped(entry.amount, layout), grouped(reached, layout)
        words = entry.reference, entry.given, entry.text, entry.party.name, entry.party.account
        rows.append([it.account, it.currency, *days, *amounts, *(f'"{word}"' for word in words)])
    if layout.newest_first:
        rows.reverse()
    lines = [head.replace(";", layout.delimiter), *(layout.delimiter.join(row) for row in rows)]
    return "\r\n".join([*lines, ""])


# ------------------------------------------------------------------------------------------------------ any statement

LETTERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1)
WORDS = st.lists(st.text("abcXYZ019+.,()éñ", min_size=1, max_size=9), max_size=12).map(" ".join)
AMOUNTS = st.integers(-(10**11), 10**11).filter(bool)


def made_entries(draw: st.DrawFn, opened: date) -> list[BankEntry]:
    """Some entries of the days after."""
    found = []
    for number in range(draw(st.integers(0, 8))):
        booked = opened + timedelta(draw(st.integers(0, 6)))
        name = draw(st.sampled_from(["", "T MOKOENA", "CORNER SHOP (PTY) LTD"]))
        party = Party(name, draw(LETTERS) if name else "")
        valued = booked + timedelta(draw(st.integers(-40, 40)))
        given = draw(st.sampled_from(["", "NONREF", "V-001", "UMB 12 7"]))
        reference = draw(st.sampled_from([f"FT26{number:05}X", ""]))
        text = draw(WORDS)
        found.append(BankEntry(reference, given, booked, valued, draw(AMOUNTS), draw(st.booleans()), text, party))
    return found


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    """Any statement that a bank could send."""
    opened = draw(st.dates(date(2005, 1, 1), date(2090, 1, 1)))
    entries = made_entries(draw, opened)
    opening = draw(st.integers(-(10**11), 10**11))
    closing = Balance(opened + timedelta(6), opening + sum(it.amount for it in entries))
    name = draw(LETTERS.filter(lambda it: len(it) <= 16))
    number = draw(st.integers(1, 99_999))
    return Statement("ZA62001234567", "ZAR", name, number, Balance(opened, opening), closing, tuple(entries))
