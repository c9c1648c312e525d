"""Which entry is whose deposit."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trade.banks import MONDAY, paid
from umbane.trade.matching import WINDOW, Deposit, Known, Match, Rule, Slip, match, words
from umbane.trade.statements import BankEntry, Party

ANNE, BEN = UUID(int=1), UUID(int=2)
SLIP = Slip(UUID(int=11), "SL-1001", ANNE, 50_000, MONDAY)
TWIN = Slip(UUID(int=12), "SL-1002", BEN, 50_000, MONDAY)
REFERENCES = {"V 001": ANNE, "V 002": BEN}
ACCOUNTS = {"ZA1": ANNE}


def found(entry: BankEntry, **known: object) -> Match | None:
    """What one entry is matched to."""
    return match({"E": entry}, Known(**known)).get("E")  # type: ignore[arg-type] # its fields


@pytest.mark.parametrize("text", ["SL-1001", "deposit sl 1001 menlyn", "x/SL-1001/y", "SL\u20141001"])
def test_by_slip(text: str) -> None:
    """The number of a slip in the text, however it is spaced, and its amount are that slip."""
    assert found(paid("A", 50_000, text), slips=[SLIP, TWIN]) == Match(Rule.SLIP, ANNE, SLIP.id)


@pytest.mark.parametrize("text", ["SL-10011", "ASL-1001", "SL-100 1", "1001"])
def test_not_by_part_of_a_slip(text: str) -> None:
    """What only contains a slip's number, or a part of it, isn't that slip."""
    assert found(paid("A", 50_000, text), slips=[SLIP, TWIN]) is None


def test_not_by_slip_of_another_amount() -> None:
    """A slip's number with another amount isn't that slip: a person has to look."""
    assert found(paid("A", 49_000, "SL-1001"), slips=[SLIP]) is None


def test_two_slips_in_a_text() -> None:
    """A text with the numbers of two slips of the amount is neither."""
    assert found(paid("A", 50_000, "SL-1001 SL-1002"), slips=[SLIP, TWIN]) is None


def test_by_reference() -> None:
    """A vendor's reference in the text, or given by the payer, is that vendor."""
    assert found(paid("A", 7, "float V-001"), references=REFERENCES) == Match(Rule.REFERENCE, ANNE)
    assert found(paid("A", 7, given="v002"), references={"V002": BEN}) == Match(Rule.REFERENCE, BEN)


def test_by_reference_with_its_slip() -> None:
    """A vendor's reference settles the slip that the vendor announced with this amount, and no other's."""
    entry = paid("A", 50_000, "V-002")
    assert found(entry, slips=[SLIP, TWIN], references=REFERENCES) == Match(Rule.REFERENCE, BEN, TWIN.id)
    assert found(entry, slips=[SLIP], references=REFERENCES) == Match(Rule.REFERENCE, BEN)


def test_two_vendors_in_a_text() -> None:
    """A text that names two vendors is nobody's, even if a slip or the account would fit."""
    entry = paid("A", 50_000, "V-001 FOR V-002", party=Party("", "ZA1"))
    assert found(entry, slips=[SLIP], references=REFERENCES, accounts=ACCOUNTS) is None


@pytest.mark.parametrize("days", [-3, 0, 3])
def test_by_amount(days: int) -> None:
    """An amount that is one slip's, within the days, is that slip."""
    entry = paid("A", 50_000, "CASH", MONDAY + timedelta(days))
    assert found(entry, slips=[SLIP]) == Match(Rule.AMOUNT, ANNE, SLIP.id)


@pytest.mark.parametrize("days", [-4, 4])
def test_not_by_amount_too_far(days: int) -> None:
    """An amount that is one slip's, beyond the days, isn't that slip."""
    assert found(paid("A", 50_000, "CASH", MONDAY + timedelta(days)), slips=[SLIP]) is None


def test_not_by_amount_of_two() -> None:
    """An amount that two slips have, or two entries, is not guessed."""
    assert found(paid("A", 50_000, "CASH"), slips=[SLIP, TWIN]) is None
    two = {"A": paid("A", 50_000, "CASH"), "B": paid("B", 50_000, "CASH")}
    assert match(two, Known([SLIP])) == {}


def test_by_payer() -> None:
    """Money from an account that is known as a vendor's is that vendor's, and settles its slip."""
    entry = paid("A", 50_000, "CASH", party=Party("A SHOP", "ZA1"))
    assert found(entry, accounts=ACCOUNTS) == Match(Rule.PAYER, ANNE)
    assert found(entry, accounts=ACCOUNTS, slips=[SLIP]) == Match(Rule.AMOUNT, ANNE, SLIP.id)
    other = Slip(UUID(int=13), "SL-1003", ANNE, 50_000, MONDAY)
    assert found(entry, accounts=ACCOUNTS, slips=[SLIP, TWIN]) == Match(Rule.PAYER, ANNE, SLIP.id)
    assert found(entry, accounts=ACCOUNTS, slips=[SLIP, other]) == Match(Rule.PAYER, ANNE)


def test_strangers() -> None:
    """Money of which nothing is known waits."""
    assert found(paid("A", 5, "CASH", party=Party("", "ZA9")), references=REFERENCES, accounts=ACCOUNTS) is None


def test_rules_in_order() -> None:
    """Of two rules that fit the surer one counts: the slip, though the account is another vendor's."""
    entry = paid("A", 50_000, "SL-1002", party=Party("", "ZA1"))
    assert found(entry, slips=[SLIP, TWIN], accounts=ACCOUNTS) == Match(Rule.SLIP, BEN, TWIN.id)


DEPOSIT = Deposit("FT1", paid("FT1", 500), ANNE)
OTHER = Deposit("FT2", paid("FT2", 500), BEN)


@pytest.mark.parametrize(
    "back",
    [
        paid("FT1", -500, reversal=True),
        paid("FT9", -500, "UNPAID FT1"),
        paid("FT9", -500, given="FT1", reversal=True),
    ],
)
def test_charge_back(back: BankEntry) -> None:
    """What takes the same amount back and names a deposit takes back that one."""
    wanted = Match(Rule.CHARGE_BACK, ANNE, takes_back="FT1")
    assert found(back, deposits=[DEPOSIT, OTHER]) == wanted


@pytest.mark.parametrize(
    "back",
    [
        paid("FT1", -499, reversal=True),
        paid("FT9", -500, "UNPAID"),
        paid("FT9", -500, "UNPAID FT1 FT2"),
        paid("FT1", 500, reversal=True),
        paid("FT11", -500, "XFT1"),
    ],
)
def test_no_charge_back(back: BankEntry) -> None:
    """Another amount, no name, two names, or money that comes in takes back nothing by itself."""
    assert found(back, deposits=[DEPOSIT, OTHER]) is None


def test_charged_back_once() -> None:
    """Of two entries that would take back the same deposit one does."""
    two = {"A": paid("A", -500, "FT1"), "B": paid("B", -500, "FT1")}
    assert list(match(two, Known(deposits=[DEPOSIT]))) == ["A"]


def test_deposits_without_reference() -> None:
    """A deposit without a reference of the bank isn't found by what takes it back."""
    nameless = Deposit("~1", paid("", 500), ANNE)
    assert found(paid("FT9", -500, "UNPAID"), deposits=[nameless]) is None


def test_words() -> None:
    """A text is compared by its letters and digits."""
    assert words("v-001/Shop\u00e9 7") == " V 001 SHOP 7 "


NUMBERS = st.sampled_from(["SL-1001", "SL-1002", "SL-1003"])
TEXTS = st.lists(NUMBERS | st.sampled_from(["V-001", "V-002", "CASH"]), max_size=2).map(" ".join)
SLIPS = st.lists(st.tuples(NUMBERS, st.sampled_from([ANNE, BEN]), st.sampled_from([5, 7])), unique_by=lambda it: it[0])
PAYERS = st.sampled_from(["", "ZA1"])
ENTRIES = st.lists(st.tuples(TEXTS, st.sampled_from([5, 7]), st.integers(-5, 5), PAYERS), max_size=6)


@given(ENTRIES, SLIPS)
def test_every_match_has_a_reason(entries: list[tuple[str, int, int, str]], slips: list[tuple[str, UUID, int]]) -> None:
    """Whatever comes: no slip is used twice, a slip fits its entry, and each rule's reason is there."""
    named = {
        str(place): paid(f"R{place}", amount, text, MONDAY + timedelta(days), party=Party("", account))
        for place, (text, amount, days, account) in enumerate(entries)
    }
    given_slips = {UUID(int=n): Slip(UUID(int=n), *slip, MONDAY) for n, slip in enumerate(slips, 11)}
    matches = match(named, Known(list(given_slips.values()), REFERENCES, ACCOUNTS))
    used = [it.slip_id for it in matches.values() if it.slip_id]
    assert len(set(used)) == len(used)
    for name, it in matches.items():
        entry, slip = named[name], given_slips[it.slip_id] if it.slip_id else None
        assert slip is None or (slip.amount, slip.vendor_id) == (entry.amount, it.vendor_id)
        reasons = {
            Rule.SLIP: slip is not None and words(slip.number) in words(entry.text),
            Rule.REFERENCE: words("V-001" if it.vendor_id == ANNE else "V-002") in words(entry.text),
            Rule.AMOUNT: slip is not None and abs(entry.booked - slip.paid_on) <= WINDOW,
            Rule.PAYER: entry.party.account == "ZA1" and it.vendor_id == ANNE,
        }
        assert reasons[it.rule]
