"""CSV as different banks write it, the descriptions of how they do, and what is wrong with either."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trade.banks import LAYOUT, csv_of, paid, statement
from umbane.trade.statements import Balance, BankEntry, Party, Statement, StatementError, read_layout, read_statements
from umbane.trade.statements.csvlayout import CsvLayout
from umbane.trade.statements.errors import (
    BalanceError,
    CurrencyError,
    EncodingError,
    LayoutError,
    MalformedError,
    TruncatedError,
    ValueFormatError,
)

TWO_COLUMNS = """
account = "62 001 234 567"
currency = "ZAR"
dates = "DD/MM/YYYY"
thousands = ","
skip = 3
newest_first = true
encoding = "latin-1"
[columns]
booked = "Date"
credit = "Money in"
debit = "Money out"
balance = "Balance"
text = ["Description", "Notes"]
"""
NEWEST_FIRST = """Account statement
"Cheque account; Café Umbane"

Date,Description,Notes,Money in,Money out,Balance
03/03/2026,BANK CHARGES,,,"(12.50)","1,487.50 Cr"

02/03/2026,DEPOSIT,V-001 MENLYN,500.00,,"1,500.00Cr"
"""


def test_as_a_bank_writes_it() -> None:
    """Title lines, the newest first, two columns of amounts, brackets, Cr, commas between thousands: all as it says."""
    monday, tuesday = date(2026, 3, 2), date(2026, 3, 3)
    entries = (
        BankEntry("", "", monday, monday, 50_000, text="DEPOSIT V-001 MENLYN"),
        BankEntry("", "", tuesday, tuesday, -1250, text="BANK CHARGES"),
    )
    assert read_statements(NEWEST_FIRST.encode("latin-1"), read_layout(TWO_COLUMNS)) == [
        Statement("62001234567", "ZAR", "", None, Balance(monday, 100_000), Balance(tuesday, 148_750), entries)
    ]


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("-1 234,50", -123_450),
        ("1234,5-", -123_450),
        ("\u22121234,50", -123_450),
        ("1\u00a0234,50 DR", -123_450),
        ("+7", 700),
        ("7,00+", 700),
        ("7 cr", 700),
        ("(7)", -700),
    ],
)
def test_signs(written: str, amount: int) -> None:
    """An amount below zero is known however the bank marks it."""
    row = f"A;ZAR;02.03.2026;;{written};0;;;;;"
    [found] = read_statements(f"{HEAD}{row}\n".encode(), read_layout(LAYOUT))
    assert found.entries[0].amount == amount


HEAD = "Account;Currency;Booked;Valued;Amount;Balance;Reference;Payer's reference;Text;Payer;Payer's account\n"
GOOD = csv_of(statement(paid("A", 500, "T"), paid("B", 300, party=Party("X", "Y"))), read_layout(LAYOUT))


@pytest.mark.parametrize(
    ("old", "new", "reason", "where"),
    [
        (GOOD, "", TruncatedError, "there is no entry in it"),
        (GOOD, HEAD, TruncatedError, "there is no entry in it"),
        ("Balance", "Saldo", MalformedError, "line 1, columns: there is no column 'Balance'"),
        ("Valued", "Booked", MalformedError, "there are two columns 'Booked'"),
        (
            "5,00;1 005,00",
            "5,00;1 005,01",
            BalanceError,
            "line 3, balance: after the entry before, it leads to 1008.01",
        ),
        ("5,00;1 005,00", "5.00;1 005,00", ValueFormatError, "line 2, Amount: '5.00' is no amount"),
        ("5,00;1 005,00", ";1 005,00", ValueFormatError, "line 2, Amount: '' is no amount"),
        ("02.03.2026", "30.02.2026", ValueFormatError, "line 2, Booked: '30.02.2026' is no day"),
        ("02.03.2026", "2.3.2026", ValueFormatError, "line 2, Booked: '2.3.2026' is no day"),
        ("02.03.2026", "02.03.20261", ValueFormatError, "is no day"),
        ("02.03.2026", "02/03/2026", ValueFormatError, "is no day"),
        ("02.03.2026", "\u0660\u0662.03.2026", ValueFormatError, "is no day"),
        ("ZA62001234567", "ZA1", MalformedError, "line 3, Account: it is of another account"),
        ("ZAR", "USD", CurrencyError, "line 3, Currency: it is in 'ZAR'; the account is kept in 'USD'"),
        ('"T"', '"T', MalformedError, "line 2, row"),
        ('"T"', f'"{"T" * 10_001}"', MalformedError, "line 2, row"),
        (';"T"', "", TruncatedError, "line 2, row: it has 10 fields; each has 11"),
        (';"T"', ';"T";"U"', MalformedError, "line 2, row: it has 12 fields; each has 11"),
        ('"T"', '"\0"', EncodingError, "line 2, file: it has NUL in it"),
    ],
)
def test_what_is_wrong(old: str, new: str, reason: type[StatementError], where: str) -> None:
    """A file with one thing wrong is refused by the name of the reason, with line and field."""
    assert old in GOOD
    with pytest.raises(reason) as refused:
        read_statements(GOOD.replace(old, new, 1).encode(), read_layout(LAYOUT))
    assert where in str(refused.value)


def test_another_encoding() -> None:
    """A file in another encoding than the description says is refused where the first strange byte is."""
    with pytest.raises(EncodingError, match="line 2, file: the byte 0xE9 is nothing in utf-8"):
        read_statements(GOOD.replace('"T"', '"é"').encode("latin-1"), read_layout(LAYOUT))


@given(
    st.permutations(range(3)).filter(lambda it: it != [0, 1, 2]),
    st.lists(st.integers(1, 999), min_size=3, max_size=3, unique=True),
)
def test_reordered(order: list[int], amounts: list[int]) -> None:
    """Rows that were moved don't lead from one balance to the next any more, and are refused."""
    it = statement(*(paid(f"R{number}", amount) for number, amount in enumerate(amounts)))
    head, *rows = csv_of(it, read_layout(LAYOUT)).splitlines()
    with pytest.raises(BalanceError, match="entries are missing, moved or changed"):
        read_statements("\n".join([head, *(rows[place] for place in order)]).encode(), read_layout(LAYOUT))


def test_neither_in_nor_out() -> None:
    """A row with both amounts, or none, is refused where there are two columns of them."""
    for amounts in (",", "1.00,1.00"):
        content = f"x\nx\nx\nDate,Description,Notes,Money in,Money out,Balance\n02/03/2026,D,,{amounts},1\n"
        with pytest.raises(ValueFormatError, match="line 5, Money in: an entry comes in or goes out"):
            read_statements(content.encode(), read_layout(TWO_COLUMNS))


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("[columns]", "[columns", "layout: it isn't TOML"),
        ('booked = "Booked"', "", "layout.columns.booked: field required"),
        ('amount = "Amount"', "", "name either the column amount, or the columns credit and debit"),
        ('amount = "Amount"', 'amount = "Amount"\ncredit = "Credit"', "name either the column amount"),
        ('amount = "Amount"', 'credit = "Credit"', "name either the column amount"),
        ('delimiter = ";"', 'delimiter = "x"', "layout.delimiter"),
        ('delimiter = ";"', 'delimeter = ";"', "layout.delimeter: extra inputs"),
        ('encoding = "utf-8"', 'encoding = "utf-7"', "layout.encoding: 'utf-7' is none of"),
        ('encoding = "utf-8"', 'encoding = "rubbish"', "layout.encoding: 'rubbish' is none of"),
        ('encoding = "utf-8"', 'encoding = "a\\u0000b"', "layout.encoding"),
        ('dates = "DD.MM.YYYY"', 'dates = "DD.MM"', "layout.dates: 'DD.MM' doesn't have"),
        ('dates = "DD.MM.YYYY"', 'dates = "DD.DD.YYYY"', "layout.dates: 'DD.DD.YYYY' doesn't have"),
        ('decimal = ","', 'decimal = " "', "layout.decimal"),
        ('thousands = " "', 'thousands = ","', "decimal and thousands are the same"),
        ('thousands = " "', "skip = -1", "layout.skip"),
    ],
)
def test_wrong_layouts(old: str, new: str, where: str) -> None:
    """A description that can't be meant so is refused by the field that is wrong."""
    assert old in LAYOUT
    with pytest.raises(LayoutError) as refused:
        read_layout(LAYOUT.replace(old, new))
    assert where in str(refused.value)


def test_a_layout() -> None:
    """A description that says little is as usual: commas, points, ISO days, UTF-8."""
    text = 'account = "1"\ncurrency = "ZAR"\n[columns]\nbooked = "D"\namount = "A"\nbalance = "B"\n'
    layout = read_layout(text)
    assert isinstance(layout, CsvLayout)
    [found] = read_statements("\ufeffD,A,B\n2026-03-02,1.00,5.00\n".encode(), layout)
    assert (found.opening.amount, found.closing.amount) == (400, 500)
