"""MT940 as different banks write it, and as none does."""

from datetime import date

import pytest

from tests.trade.banks import mt940, paid, statement
from umbane.trade.statements import Balance, BankEntry, Party, Statement, StatementError, read_statements
from umbane.trade.statements.errors import (
    CurrencyError,
    EncodingError,
    MalformedError,
    OrderError,
    TruncatedError,
    ValueFormatError,
)
from umbane.trade.statements.mt940 import read_mt940

ENVELOPED = b"""{1:F01BANKZAJJAXXX0000000000}{2:I940UMBANEXXN}{3:{108:0001}}{4:
:20:260302STMT
:21:NONREF
:25:ZAJJ/62001234567
:28C:00061/00001
:60F:C260227ZAR10000,
:61:2603020302C500,NTRFV-001//FT26061ABC
CASH DEPOSIT MENLYN
:86:DEPOSIT V-001
:61:2603020302D12,5NCHGNONREF//FT26061ABD
:62M:C260302ZAR10487,5
-}{5:{CHK:0123456789AB}}
{1:F01BANKZAJJAXXX0000000000}{2:I940UMBANEXXN}{4:
:20:260302STMT
:25:ZAJJ/62001234567
:28C:00061/00002
:60M:C260302ZAR10487,5
:61:2603030302RD12,50NCHGNONREF//FT26061ABD
:62F:C260303ZAR10500,
:64:C260303ZAR10500,
:86:END OF STATEMENT
-}"""

GERMAN = """ABNANL2A
940
ABNANL2A
:20:STARTUMSE
:25:10020030/1234567890
:28C:00012
:60F:D260105EUR100,00
:61:2601060106CR250,10N051NONREF
:86:166?00GUTSCHRIFT?109310?20EREF+V-002 JANUAR?21SVWZ+Einzahlung Kiosk
?22 Müller?30DEUTDEFF?31DE02120300000000202051?32Gerda Mü?33ller
:61:2601060106DR20,00N005NONREF
:86:106?00BUCHUNG?20Entgelt
:62F:C260106EUR130,10
:86:
-
"""

DUTCH = b""":20:P260331000000001
:25:NL12BANK0123456789EUR
:28C:26090
:60F:C260330EUR0,00
:61:2603310331C75,00NTRFEREF//26090000000001
/TRCD/00100/
:86:/EREF/V-003-77//CNTP/NL61BANK0987654321/BANKNL2A/T MOKOENA///REMI/USTD
//FLOAT TOP UP V-003/
:62F:C260331EUR75,00
:64:C260331EUR75,00
-
"""

LATER = b"\r\n:20:LATER\r\n:25:1\r\n:28C:1\r\n:60F:C260302ZAR0,\r\n:62F:C260302ZAR0,\r\n-\r\n"


def test_as_swift_carries_it() -> None:
    """Messages in SWIFT's envelope are read, two pages as one statement, with decimals left out as SWIFT allows."""
    monday, tuesday = date(2026, 3, 2), date(2026, 3, 3)
    assert read_statements(ENVELOPED) == [
        Statement(
            "ZAJJ/62001234567",
            "ZAR",
            "260302STMT",
            61,
            Balance(date(2026, 2, 27), 1_000_000),
            Balance(tuesday, 1_050_000),
            (
                paid("FT26061ABC", 50_000, "DEPOSIT V-001 CASH DEPOSIT MENLYN", given="V-001"),
                BankEntry("FT26061ABD", "NONREF", monday, monday, -1250),
                BankEntry("FT26061ABD", "NONREF", monday, tuesday, 1250, reversal=True),
            ),
        )
    ]


def test_as_german_banks_write_it() -> None:
    """Fields with ?-parts are taken apart: words, the payer's reference, name and account, across broken lines."""
    [found] = read_statements(GERMAN.encode("cp1252"))
    first, second = found.entries
    assert (found.account, found.opening.amount, found.closing.amount) == ("10020030/1234567890", -10_000, 13_010)
    assert first.text == "EREF+V-002 JANUARSVWZ+Einzahlung Kiosk Müller"
    assert (first.given, first.party) == ("V-002", Party("Gerda Müller", "DE02120300000000202051"))
    assert (second.amount, second.text) == (-2000, "Entgelt")


def test_as_dutch_banks_write_it() -> None:
    """Fields with parts between slashes are taken apart."""
    [found] = read_statements(DUTCH)
    [entry] = found.entries
    assert (entry.reference, entry.given, entry.text) == ("26090000000001", "V-003-77/", "FLOAT TOP UP V-003/")
    assert entry.party == Party("T MOKOENA", "NL61BANK0987654321")


def test_new_year() -> None:
    """A day of booking has no year: it is the one that is near the value date, over new year too."""
    eve, new_year = date(2025, 12, 31), date(2026, 1, 1)
    entries = paid("A", 1, booked=new_year, valued=eve), paid("B", 1, booked=eve, valued=new_year)
    it = statement(*entries, on=new_year)
    assert read_statements(mt940(it)) == [it]


def test_without_a_day_of_booking() -> None:
    """An entry without a day of booking was booked on its value date."""
    content = mt940(statement(paid("A", 1))).replace(b":61:2603020302", b":61:260302")
    assert read_statements(content)[0].entries == (paid("A", 1),)


def test_long_texts() -> None:
    """A text over several lines is one: after a full line it goes on without a space, after a short one with one."""
    lines = b":86:" + b"X" * 65 + b"\r\nY V-001\r\nZ"
    content = mt940(statement(paid("A", 1, "T"))).replace(b":86:T", lines)
    assert read_statements(content)[0].entries[0].text == "X" * 65 + "Y V-001 Z"


@pytest.mark.parametrize(
    ("old", "new", "reason", "where"),
    [
        (b":20:STMT1\r\n", b"", TruncatedError, "line 1, :20:: the message has none"),
        (b":25:ZA62001234567\r\n", b"", TruncatedError, ":25:"),
        (b":28C:1/1\r\n", b"", TruncatedError, ":28C:"),
        (b":28C:1/1", b":28C:first", ValueFormatError, "line 3, :28C:"),
        (b":28C:1/1\r\n", b":28C:1/1\r\n:28C:1/1\r\n", MalformedError, "line 4, :28C:"),
        (b":25:ZA62001234567", b":25:?", ValueFormatError, "line 2, :25:"),
        (b":60F:", b":60M:", OrderError, "the first page of the statement is missing"),
        (b":60F:C260301ZAR1000,00\r\n", b"", MalformedError, "line 4, :61:: it doesn't belong here"),
        (b":60F:C260301ZAR1000,00", b":60F:1000,00", ValueFormatError, "line 4, :60F:"),
        (b":60F:C260301ZAR1000,00", b":60F:C260301ZZZ1000,00", ValueFormatError, "'ZZZ' is no currency"),
        (b":60F:C260301ZAR1000,00", b":60F:C260231ZAR1000,00", ValueFormatError, "'260231' is no day"),
        (b":62F:", b":62M:", OrderError, "this page doesn't follow the one before it"),
        (b":62F:C260302ZAR1000,01\r\n", b"", TruncatedError, ":62F:"),
        (b":62F:C260302ZAR", b":62F:C260302USD", CurrencyError, "it is in USD; the account is kept in ZAR"),
        (b":61:2603020302C0,01", b":61:2603020302CX0,01", CurrencyError, "its currency ends with X"),
        (b":61:2603020302C0,01", b":61:2603020302C0.01", ValueFormatError, "is no entry"),
        (b":61:2603020302C0,01", b":61:2603020302C0,011", ValueFormatError, "is no amount of ZAR"),
        (b":61:2603020302C", b":61:2613020302C", ValueFormatError, "'261302' is no day"),
        (b":61:2603020302C", b":61:2603021402C", ValueFormatError, "'1402' is no day"),
        (b":61:2603020302C", b":61:2603020230C", ValueFormatError, "'0230' is no day"),
        (b"//A\r\n", b"//A\r\nmore\r\nand more\r\n", ValueFormatError, "is no entry"),
        (b":86:T\r\n", b":86:T\r\n:86:AGAIN\r\n", MalformedError, "line 7, :86:"),
        (b":86:T", b":99X:T", MalformedError, ":99X:: it doesn't belong here"),
        (
            b":20:STMT1",
            b"what is this\r\n:20:STMT1",
            MalformedError,
            "line 1, line: 'what is this' belongs to no field",
        ),
        (b":86:T", b":86:T" + b"\r\nT" * 100, MalformedError, "line 106, :86:: it has no end"),
        (b":86:T", b":86:T\0", EncodingError, "line 6, file: it has NUL in it"),
        (b":86:T", b":86:T\x81", EncodingError, "the byte 0x81 is nothing in cp1252"),
        (b":20:STMT1", b"{1:F01X}{4:\r\n:20:STMT1", TruncatedError, "a message has no end"),
    ],
)
def test_what_is_wrong(old: bytes, new: bytes, reason: type[StatementError], where: str) -> None:
    """A message with one thing wrong is refused by the name of the reason, with the field."""
    content = mt940(statement(paid("A", 1, "T")))
    assert old in content
    with pytest.raises(reason) as refused:
        read_statements(content.replace(old, new, 1) + LATER)
    assert where in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b":28C:1/2", b":28C:1/3"),
        (b":28C:1/2", b":28C:2/2"),
        (b":60M:C260302ZAR1000,01", b":60M:C260302ZAR1000,02"),
        (b":60M:C260302ZAR1000,01", b":60F:C260302ZAR1000,01"),
    ],
)
def test_pages_that_do_not_follow(old: bytes, new: bytes) -> None:
    """A page that doesn't follow the one before it, by its number or its balance, is refused."""
    content = mt940(statement(paid("A", 1), paid("B", 2)), 1)
    assert old in content
    with pytest.raises(OrderError, match="this page doesn't follow the one before it"):
        read_statements(content.replace(old, new))


def test_nothing_but_an_end() -> None:
    """A file without any message is refused."""
    with pytest.raises(MalformedError, match="there is no statement in it"):
        read_mt940(b"-\n940\n-\n")
