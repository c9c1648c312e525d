"""Statements of any format: what was written is read, and what was changed is refused."""

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.trade.banks import LAYOUT, camt, csv_of, fee, mt940, paid, statement, statements
from umbane.errors import UmbaneError
from umbane.trade.statements import (
    LARGEST_FILE,
    Balance,
    Statement,
    StatementError,
    identities,
    read_layout,
    read_statements,
)
from umbane.trade.statements.checks import check_statement
from umbane.trade.statements.errors import (
    BalanceError,
    OrderError,
    RepeatedError,
    TooLargeError,
    TruncatedError,
    UnknownFormatError,
)

SHOP = paid("FT0001", 50_000, "V-001 MARCH")
OTHER = paid("FT0002", 20_000, "V-002")
FILES = {"mt940": mt940, "camt": camt}

each_format = pytest.mark.parametrize("written", FILES.values(), ids=FILES)


@given(statements(), st.integers(1, 3))
def test_mt940_is_read_as_written(it: Statement, per_page: int) -> None:
    """Any statement written as MT940, in pages of any size, is read as it was."""
    assert read_statements(mt940(it, per_page)) == [it]


@given(statements(), st.sampled_from([1, 2, 4, 7, 8, 13]))
def test_camt_is_read_as_written(it: Statement, version: int) -> None:
    """Any statement written as camt.053 of any version is read as it was."""
    assert read_statements(camt(it, version)) == [it]


@given(statements(), st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.data())
def test_csv_is_read_as_written(it: Statement, newest_first: bool, encoding: str, data: st.DataObject) -> None:  # noqa: FBT001 - hypothesis gives it
    """The entries and balances of any statement written as CSV are read as they were."""
    assume(it.entries)
    changes = {
        "delimiter": data.draw(st.sampled_from([";", "\t", "|"])),
        "thousands": data.draw(st.sampled_from(["", " ", "."])),
        "dates": data.draw(st.sampled_from(["DD.MM.YYYY", "YYYYMMDD", "MM/DD/YY", "YYYY-MM-DD"])),
        "encoding": encoding.removesuffix("-sig"),
        "newest_first": newest_first,
    }
    layout = read_layout(LAYOUT).model_copy(update=changes)
    [found] = read_statements(csv_of(it, layout).encode(encoding), layout)
    assert found.entries == tuple(replace(entry, reversal=False) for entry in it.entries)
    assert (found.account, found.currency) == (it.account, it.currency)
    assert (found.opening.amount, found.closing.amount) == (it.opening.amount, it.closing.amount)


@given(statements(), st.sampled_from([mt940, camt]), st.data())
def test_half_a_file(it: Statement, written: type, data: st.DataObject) -> None:
    """A file that is cut anywhere is refused, unless nothing that matters was cut off."""
    whole: bytes = written(it)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with suppress(StatementError):
        assert read_statements(cut) == [it]


@given(
    st.binary(max_size=200), st.sampled_from([b"", b":20:A\n:25:1\n:28C:1\n", b"<?xml version='1.0'?>", b"<Document"])
)
def test_rubbish(rubbish: bytes, begins: bytes) -> None:
    """Any bytes are refused in words, whatever they begin with."""
    with pytest.raises(StatementError) as refused:
        read_statements(begins + rubbish)
    assert refused.value.problem
    assert refused.value.remedy


@given(st.binary(max_size=200))
def test_rubbish_as_csv(rubbish: bytes) -> None:
    """Any bytes are refused in words where CSV is expected."""
    with pytest.raises(StatementError):
        read_statements(rubbish, read_layout(LAYOUT))


@each_format
@given(amount=st.integers(1, 10**6).filter(lambda it: it != 50_000))
def test_changed_amount(written: type, amount: int) -> None:
    """An entry whose amount was changed doesn't lead to the closing balance any more."""
    honest = statement(SHOP, OTHER)
    forged = replace(honest, entries=(replace(SHOP, amount=amount), OTHER))
    with pytest.raises(BalanceError, match="closing balance"):
        read_statements(written(forged))


@each_format
def test_missing_and_doubled_entries(written: type) -> None:
    """An entry that was left out or doubled doesn't lead to the closing balance any more."""
    honest = statement(SHOP, OTHER)
    for entries in ((SHOP,), (SHOP, SHOP, OTHER)):
        with pytest.raises(BalanceError):
            read_statements(written(replace(honest, entries=entries)))


@each_format
def test_doubled_with_its_balance(written: type) -> None:
    """An entry that is in a statement twice is refused by its reference, even where the balances fit."""
    with pytest.raises(RepeatedError, match="'FT0001' stands on line"):
        read_statements(written(statement(SHOP, SHOP)))


def test_the_same_reference_back() -> None:
    """An entry and the one that takes it back may have the same reference of the bank."""
    back = replace(SHOP, amount=-50_000, reversal=True)
    it = statement(SHOP, back)
    assert read_statements(mt940(it)) == [it]
    assert identities(it.entries) == ["FT0001", "FT0001/back"]


def test_several_statements() -> None:
    """Statements of one file that follow each other are read in their order."""
    first, second = statement(SHOP, number=8), statement(OTHER, number=9, opening=150_000)
    assert read_statements(mt940(first) + mt940(second)) == [first, second]


def test_statements_out_of_order() -> None:
    """A statement that comes before the one it follows is refused."""
    monday = date(2026, 3, 2)
    first, second = statement(SHOP), statement(fee(7, monday + timedelta(1)), on=monday + timedelta(1), opening=150_000)
    with pytest.raises(OrderError, match="older than the one before it"):
        read_statements(mt940(second) + mt940(first))


def test_a_statement_is_missing() -> None:
    """Statements between which another is missing are refused."""
    first, third = statement(SHOP, number=8), statement(OTHER, number=10, opening=999)
    with pytest.raises(OrderError, match="doesn't open with what the one before it closed with"):
        read_statements(mt940(first) + mt940(third))


def test_the_same_statement_twice() -> None:
    """A statement that is in its file twice is refused."""
    it = statement(SHOP)
    with pytest.raises(RepeatedError, match="in the file twice"):
        read_statements(mt940(it) * 2)


def test_statements_of_two_accounts() -> None:
    """Statements of different accounts need not follow each other."""
    first, other = statement(SHOP), replace(statement(OTHER), account="ZA99")
    assert read_statements(mt940(first) + mt940(other)) == [first, other]


@each_format
def test_closes_before_it_opens(written: type) -> None:
    """A statement that closes before it opens is refused."""
    it = replace(statement(), closing=Balance(date(2025, 1, 1), 100_000))
    with pytest.raises(OrderError, match="before it opens"):
        read_statements(written(it))


@each_format
def test_booked_after_the_end(written: type) -> None:
    """An entry that was booked after its statement closed is refused."""
    with pytest.raises(OrderError, match="booked on 2026-03-03, after the statement closed"):
        read_statements(written(statement(paid("A1", 5, booked=date(2026, 3, 3)))))


def test_too_large() -> None:
    """A file larger than any real one is refused before anything of it is read."""
    with pytest.raises(TooLargeError, match="it has more than 16 777 216 bytes"):
        read_statements(b":" * (LARGEST_FILE + 1))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"date;amount\n", b"OFXHEADER:100", b"%PDF-1.7", b"\xff\xfe"])
def test_unknown_formats(content: bytes) -> None:
    """A file of no known format is refused with what would be taken."""
    with pytest.raises(UnknownFormatError, match=r"neither camt\.053 nor MT940"):
        read_statements(content)


def test_what_an_error_says() -> None:
    """A refusal names the line, the field, the problem and the remedy."""
    with pytest.raises(UmbaneError) as refused:
        read_statements(mt940(statement(SHOP)).replace(b":62F:C260302ZAR1500,00", b":62F:C260302ZAR1500,10"))
    assert str(refused.value) == (
        "line 7, closing balance: 1000.00 and entries of 500.00 don't make 1500.10; "
        "have the bank send it again: something was changed"
    )


def test_last_page_is_missing() -> None:
    """A statement whose last page is missing is refused where the file ends."""
    with pytest.raises(TruncatedError) as refused:
        read_statements(mt940(statement(SHOP, OTHER), 1).partition(b"-\r\n")[0])
    assert refused.value.line == 7


@given(statements())
def test_identities_are_of_what_is_said(it: Statement) -> None:
    """Entries are known by the same identities whatever format they came in, and no two by one."""
    found = identities(it.entries)
    assert len(set(found)) == len(found)
    assert identities(read_statements(camt(it))[0].entries) == found


def test_equal_entries_without_reference() -> None:
    """Equal entries of a day to which the bank gave no reference are counted."""
    one = paid("NONREF", 500, "CASH")
    first, second = identities([one, one])
    assert first.removesuffix("#1") == second.removesuffix("#2")


@given(statements(), st.integers(1, 10**6))
def test_any_other_balance(it: Statement, more: int) -> None:
    """A statement with any other closing balance than its entries lead to is refused."""
    with pytest.raises(BalanceError):
        check_statement(1, replace(it, closing=Balance(it.closing.on, it.closing.amount + more)))
