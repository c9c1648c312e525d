"""The shop: what it sells, what it refuses and in which words, and that a refusal leaves no trace."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.simulation.support import (
    ANNA,
    BEN,
    CARA,
    DAN,
    HOUSEHOLDS,
    STRANGER,
    accounts,
    purchases,
    reasons,
    sell,
    sold,
)
from umbane.pricing import Arrears, CustomerState, LineKind, PricingError
from umbane.simulation.models import Action, Purchase, Refused, Repeat, Sale
from umbane.simulation.shop import HANDLERS, Account, Shop, show_tenths
from umbane.sts import KEN, KRN, TI, TID, Credit, KeyChangeSection, MeterPAN, decode

DAY = "2025-07-03"


def line(number: int, meter: str, action: str, value: str = "", time: str = "08:00") -> str:
    """A line of a purchases file, on the third of July."""
    return f"P{number},{DAY}T{time}Z,{meter},{action},{value}"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop that has sold nothing yet."""
    return Shop(accounts(tmp_path))


def account(shop: Shop, meter: str) -> Account:
    """The account of a meter."""
    return shop.accounts[MeterPAN.parse(meter)]


def the_sale(shop: Shop, folder: Path, words: str) -> Sale:
    """The sale that one line leads to."""
    (sale,) = sold(sell(shop, folder, words))
    return sale


def refusal(shop: Shop, folder: Path, words: str) -> str:
    """The reason why one line is refused; it must leave every account as it was."""
    before = dict(shop.accounts)
    (reason,) = reasons(sell(shop, folder, words))
    assert shop.accounts == before
    return reason


# ----------------------------------------------------------------------------------------------------------- sales


def test_a_sale_for_money(shop: Shop, tmp_path: Path) -> None:
    """Money buys a token under the meter's key that carries what the quote says, and the account remembers."""
    sale = the_sale(shop, tmp_path, line(1, ANNA, "buy", "100.00"))
    assert sale.quote is not None
    (delivery,) = sale.deliveries
    token = decode(delivery.token, account(shop, ANNA).key)
    assert isinstance(token, Credit)
    assert token.carried == delivery.units == sale.quote.units == 414
    assert token.tid == delivery.tid == account(shop, ANNA).last_tid
    assert account(shop, ANNA).state == sale.quote.state
    assert sale.key == "SGC 201457  KRN 1  TI 01  EA 07"


def test_a_sale_of_units(shop: Shop, tmp_path: Path) -> None:
    """A number of kWh costs what the tariff says."""
    sale = the_sale(shop, tmp_path, line(1, CARA, "units", "12.5"))
    assert sale.quote is not None
    assert (sale.quote.tender, sale.quote.units) == (1250, 125)


def test_debts_are_collected(shop: Shop, tmp_path: Path) -> None:
    """A share of the money goes to an old debt, and the account owes that much less."""
    sale = the_sale(shop, tmp_path, line(1, BEN, "buy", "100.00"))
    assert sale.quote is not None
    assert sale.quote.amount("cable") == 2000
    assert account(shop, BEN).state.arrears == (Arrears("cable", owed=8000, paid=2000),)


def test_free_units_with_a_purchase(shop: Shop, tmp_path: Path) -> None:
    """Free units that come with a purchase are a token of their own, typed first, and come once a month."""
    first, second = sold(sell(shop, tmp_path, *(f"P{day},2025-08-0{day}T08:00Z,{CARA},buy,1000" for day in (1, 2))))
    assert [(it.units, it.free) for it in first.deliveries] == [(100, True), (100, False)]
    assert [(it.units, it.free) for it in second.deliveries] == [(100, False)]
    tids = [it.tid.minutes for sale in (first, second) for it in sale.deliveries if it.tid]
    assert tids == sorted(set(tids))


def test_free_units_on_request(shop: Shop, tmp_path: Path) -> None:
    """A claim costs nothing, gives one token, and counts toward the blocks where the tariff says so."""
    sale = the_sale(shop, tmp_path, line(1, ANNA, "free"))
    assert sale.quote is not None
    assert (sale.quote.tender, [(it.units, it.free) for it in sale.deliveries]) == (0, [(200, True)])
    state = account(shop, ANNA).state
    assert (state.purchased, state.free_claimed_on) == (200, date(2025, 7, 3))
    bought = the_sale(shop, tmp_path, line(2, ANNA, "buy", "100.00"))
    assert bought.quote is not None
    assert [it.base for it in bought.quote.lines if it.kind is LineKind.ENERGY] == [300, 76]


def test_next_month_is_free_again(shop: Shop, tmp_path: Path) -> None:
    """Free units are due once in every calendar month of the tariff's zone."""
    july, august = f"A,2025-07-31T21:59Z,{ANNA},free,", f"B,2025-07-31T22:00Z,{ANNA},free,"
    assert len(sold(sell(shop, tmp_path, july, august))) == 2


def test_several_in_one_minute(shop: Shop, tmp_path: Path) -> None:
    """Tokens of one minute have TIDs of minutes of their own, one after the other."""
    sales = sold(sell(shop, tmp_path, *(line(number, ANNA, "buy", "10.00") for number in range(5))))
    tids = [it.tid.minutes for sale in sales for it in sale.deliveries if it.tid]
    assert tids == list(range(tids[0], tids[0] + 5))


def test_a_clock_put_back(shop: Shop, tmp_path: Path) -> None:
    """A purchase that comes later with an earlier time has a later TID all the same."""
    late, early = line(1, ANNA, "buy", "10.00", "08:00"), line(2, ANNA, "buy", "10.00", "07:00")
    tids = [it.tid for sale in sold(sell(shop, tmp_path, late, early)) for it in sale.deliveries if it.tid]
    assert tids[0] < tids[1]


def test_a_reserved_minute(shop: Shop, tmp_path: Path) -> None:
    """No ordinary token carries the minute 00:01."""
    sale = the_sale(shop, tmp_path, line(1, ANNA, "buy", "10.00", "00:01"))
    assert [it.tid is not None and it.tid.is_special for it in sale.deliveries] == [False]


def test_more_than_priced(shop: Shop, tmp_path: Path) -> None:
    """Where no token holds just that many units it holds more, never less, and the receipt says so."""
    sale = the_sale(shop, tmp_path, line(1, CARA, "units", "1638.5"))
    assert [it.units for it in sale.deliveries] == [16_394]
    assert sale.note == "No token holds just that many units: 0.9 kWh more are yours."


# ------------------------------------------------------------------------------------------------ tenants and keys


def test_a_new_tenant(shop: Shop, tmp_path: Path) -> None:
    """A new tenant begins with nothing of the old one's but the meter and its TIDs, and the note says who owes what."""
    sell(shop, tmp_path, line(1, BEN, "buy", "100.00"))
    before = account(shop, BEN)
    sale = the_sale(shop, tmp_path, line(2, BEN, "tenant", "Bea"))
    after = account(shop, BEN)
    assert after == replace(before, customer="Bea", state=CustomerState())
    assert (sale.customer, sale.deliveries, sale.quote) == ("Bea", (), None)
    assert "Ben left, Bea moved in" in sale.note
    assert "Ben still owes ZAR 80.00: Bea doesn't." in sale.note


def test_a_tenant_without_debts(shop: Shop, tmp_path: Path) -> None:
    """Where nothing is owed nothing is said of it, and the right to free units goes with the old tenant."""
    assert "owes" not in the_sale(shop, tmp_path, line(1, ANNA, "tenant", "Ada")).note
    assert "Ada has no right to them" in refusal(shop, tmp_path, line(2, ANNA, "free"))


@pytest.mark.parametrize(
    ("meter", "value", "wanted"),
    [
        (ANNA, "TI=02", (KRN(1), TI(2), 2)),
        (ANNA, "KRN=2", (KRN(2), TI(1), 2)),
        (BEN, "KRN=3 TI=99", (KRN(3), TI(99), 4)),
        (BEN, "TI=00 KRN=9", (KRN(9), TI(0), 4)),
    ],
)
def test_a_key_change(shop: Shop, tmp_path: Path, meter: str, value: str, wanted: tuple[KRN, TI, int]) -> None:
    """A key change gives the tokens that its algorithm needs, under the old key; the account has the new one."""
    old = account(shop, meter).key
    sale = the_sale(shop, tmp_path, line(1, meter, "key", value))
    new = account(shop, meter).key
    assert (new.krn, new.ti, len(sale.deliveries)) == wanted
    assert all(isinstance(decode(it.token, old), KeyChangeSection) for it in sale.deliveries)
    assert all(it.tid is None for it in sale.deliveries)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "value: '' is no key change; give TI=02, KRN=2 or both with a space between"),
        ("TI", "TI"),
        ("TI=", "TI"),
        ("TI=2", "TI: '2' has 1 characters"),
        ("TI=ab", "TI: 'ab' holds something other than the digits"),
        ("TI=０２", "TI: '０２' holds something other than the digits"),
        ("KRN=0", "KRN: 0 is out of range"),
        ("KRN=10", "KRN: '10' has 2 characters"),
        ("KRN=-1", "KRN: '-1' has 2 characters"),
        ("krn=2", "is no key change"),
        ("TI=02 TI=03", "is no key change"),
        ("TI=02 SGC=1", "is no key change"),
        ("TI=02,KRN=2", "TI"),
        ("TI=01 KRN=1", "value: the meter has KRN 1 and TI 01 already"),
    ],
)
def test_no_key_change(shop: Shop, tmp_path: Path, value: str, reason: str) -> None:
    """A key change that isn't one is refused, with an example of one."""
    assert reason in refusal(shop, tmp_path, f'P1,{DAY}T08:00Z,{ANNA},key,"{value}"')


def test_there_and_back(shop: Shop, tmp_path: Path) -> None:
    """A meter that goes back to its first key still gets TIDs that it has not had."""
    steps = [("buy", "10.00"), ("key", "TI=02"), ("buy", "10.00"), ("key", "TI=01"), ("buy", "10.00")]
    sales = sold(sell(shop, tmp_path, *(line(number, ANNA, *step) for number, step in enumerate(steps))))
    tids = [it.tid for sale in sales for it in sale.deliveries if it.tid]
    assert tids == sorted(set(tids))
    assert len({sales[0].deliveries[0].token, sales[4].deliveries[0].token}) == 2


# -------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (f"{STRANGER},buy,10.00", "meter: 00001151158 is not one of ours; ask which utility it belongs to"),
        ("00001011015,buy,10.00", "DRN: the last digit"),
        ("1011014,buy,10.00", "meter number: '1011014' has 7 characters"),
        (",buy,10.00", "meter number: '' has 0 characters"),
        ("６００７２７０００１０１１０１４,buy,10.00", "meter number"),
        (f"{ANNA},buy,", "money: '' is not an amount of ZAR; write digits like 200.00"),
        (f"{ANNA},buy,two hundred", "money: 'two hundred' is not an amount of ZAR"),
        (f"{ANNA},buy,-50.00", "is not an amount"),
        (f"{ANNA},buy,NaN", "is not an amount"),
        (f"{ANNA},buy,1e3", "is not an amount"),
        (f"{ANNA},buy,=100", "is not an amount"),
        (f"{ANNA},buy,１００", "is not an amount"),
        (f"{ANNA},buy,10.005", "is not an amount"),
        (f"{CARA},buy,10.50", "money: '10.50' is not an amount of XOF"),
        (f"{ANNA},buy,0", "money: 0 buys nothing; give an amount above 0"),
        (f"{ANNA},buy,0.00", "money: 0 buys nothing"),
        (f"{ANNA},buy,1.00", "money: 1.00 ZAR doesn't cover what is due and the smallest purchase; at least 5.23 ZAR"),
        (f"{ANNA},buy,99999999.00", "money: 99999999.00 ZAR is more than may be sold now; at most"),
        (f"{ANNA},buy,{'9' * 16}", "money: '9999999999999999' is too much"),
        (f"{ANNA},buy,{'9' * 40}", "is not an amount"),
        (f"{ANNA},units,0", "units: '0' is no number of kWh; give one above 0"),
        (f"{ANNA},units,0.0", "is no number of kWh"),
        (f"{ANNA},units,", "is no number of kWh"),
        (f"{ANNA},units,10.55", "is no number of kWh"),
        (f"{ANNA},units,-5", "is no number of kWh"),
        (f"{ANNA},units,1e3", "is no number of kWh"),
        (f"{ANNA},units,1E+999999", "is no number of kWh"),
        (f"{ANNA},units,1_0", "is no number of kWh"),
        (f"{ANNA},units,５０", "is no number of kWh"),
        (f"{ANNA},units,Infinity", "is no number of kWh"),
        (f"{ANNA},units,9999999.9", "units: 9999999.9 kWh is more than a token holds; at most 1820162.4"),
        (f"{ANNA},free,20", "value: '20' is given, but free units have no price; leave it out"),
        (f"{DAN},free,", "free units: Dan has no right to them; sell units instead"),
        (f"{CARA},free,", "free units: Cara has a right to them from 2025-08-01 on"),
        (f"{ANNA},tenant,", "value: there is no name of the new tenant; give one"),
    ],
)
def test_a_refusal(shop: Shop, tmp_path: Path, words: str, reason: str) -> None:
    """What can't be done is refused by its field, with what is wrong and what would be right, and changes nothing."""
    assert reason in refusal(shop, tmp_path, f"P1,{DAY}T08:00Z,{words}")


def test_free_units_twice(shop: Shop, tmp_path: Path) -> None:
    """A second claim in one month is refused with the day of the first."""
    sell(shop, tmp_path, line(1, ANNA, "free"))
    assert "Anna had this month's on 2025-07-03" in refusal(shop, tmp_path, line(2, ANNA, "free"))


def test_a_tariff_without_free_units(tmp_path: Path) -> None:
    """Where the tariff gives no free units, the refusal names it."""
    (anna, *_) = accounts(tmp_path)
    (tariff,) = anna.tariffs.versions
    book = replace(anna.tariffs, versions=(replace(tariff, free_units=None),))
    reason = refusal(Shop([replace(anna, tariffs=book)]), tmp_path, line(1, ANNA, "free"))
    assert reason == "free units: Blocks of the town gives none; sell units instead"


@pytest.mark.parametrize("action", ["buy,10.00", "units,5", "free,"])
@pytest.mark.parametrize("time", ["2025-06-30T21:59Z", "2025-10-01T00:00Z"])
def test_a_tariff_not_in_force(shop: Shop, tmp_path: Path, time: str, action: str) -> None:
    """Before the first day of the tariff, in its own zone, and after its last nothing is sold."""
    assert "in force" in refusal(shop, tmp_path, f"P1,{time},{ANNA},{action}")


def test_the_first_minute_of_a_tariff(shop: Shop, tmp_path: Path) -> None:
    """The first minute of the first day, in the tariff's own zone, is sold by it."""
    assert the_sale(shop, tmp_path, f"P1,2025-06-30T22:00Z,{ANNA},buy,10.00").deliveries


def test_a_purchase_of_an_earlier_month(shop: Shop, tmp_path: Path) -> None:
    """A purchase dated in a month before one that was sold already is refused: the blocks can't be counted back."""
    sell(shop, tmp_path, f"A,2025-08-01T08:00Z,{ANNA},buy,10.00")
    assert "period" in refusal(shop, tmp_path, line(1, ANNA, "buy", "10.00"))


def test_half_a_sale(shop: Shop, tmp_path: Path) -> None:
    """When the second of two tokens can't be made, the first one is not issued either and nothing has changed."""
    cara, last_minute = account(shop, CARA), (93 << 16) - 1  # of KEN 92, in August 2025
    key = replace(cara.key, ken=KEN(92))
    shop.accounts[cara.household.pan] = replace(cara, key=key, last_tid=TID(last_minute - 1))
    assert "KEN 92 ended" in refusal(shop, tmp_path, f"P1,2025-08-02T08:00Z,{CARA},buy,1000")
    assert account(shop, CARA).last_tid == TID(last_minute - 1)


@pytest.mark.parametrize("action", Action)
def test_every_action_is_handled(action: Action) -> None:
    """Whatever a line may ask for, somebody does it."""
    assert callable(HANDLERS[action])


# -------------------------------------------------------------------------------------------------- one id, one answer


def test_a_repeat(shop: Shop, tmp_path: Path) -> None:
    """The same line again gets the same digits, and the account doesn't change."""
    words = line(1, ANNA, "buy", "100.00")
    first = the_sale(shop, tmp_path, words)
    before = dict(shop.accounts)
    (again,) = sell(shop, tmp_path, words)
    assert isinstance(again, Repeat)
    assert again.sale == first
    assert shop.accounts == before


@pytest.mark.parametrize(
    "other",
    [
        line(1, ANNA, "buy", "101.00"),
        line(1, BEN, "buy", "100.00"),
        line(1, ANNA, "units", "100.00"),
        line(1, ANNA, "buy", "100.00", "08:01"),
    ],
)
def test_a_conflict(shop: Shop, tmp_path: Path, other: str) -> None:
    """An id in other words is refused, with the line that had it first; the first answer stands."""
    words = line(1, ANNA, "buy", "100.00")
    first = the_sale(shop, tmp_path, words)
    reason = refusal(shop, tmp_path, other)
    assert reason == "id P1 was used for another purchase (purchases.csv line 2); give each its own"
    assert [it.sale for it in sell(shop, tmp_path, words) if isinstance(it, Repeat)] == [first]


def test_a_refusal_stands(shop: Shop, tmp_path: Path) -> None:
    """An id that was refused stays refused, even when the same words would succeed by now."""
    words = f"P1,2025-07-03T08:00Z,{BEN},free,"
    first = refusal(shop, tmp_path, words)
    ben = account(shop, BEN)
    shop.accounts[ben.household.pan] = replace(ben, state=replace(ben.state, free_from=date(2025, 7, 1)))
    assert refusal(shop, tmp_path, words) == f"refused before (purchases.csv line 2): {first}"
    assert sold(sell(shop, tmp_path, f"P2,2025-07-03T08:00Z,{BEN},free,"))


def test_a_refused_id_for_another(shop: Shop, tmp_path: Path) -> None:
    """An id that was refused can't be used for another purchase either."""
    refusal(shop, tmp_path, line(1, ANNA, "buy", "0"))
    assert "was used for another purchase" in refusal(shop, tmp_path, line(1, ANNA, "buy", "100.00"))


def test_a_refusal_knows_its_line(shop: Shop, tmp_path: Path) -> None:
    """A refusal carries the line and the purchase that it answers."""
    (purchase,) = purchases(tmp_path, line(1, STRANGER, "buy", "1.00"))
    assert isinstance(purchase, Purchase)
    answer = shop.serve(purchase)
    assert isinstance(answer, Refused)
    assert (answer.where, answer.purchase) == ("purchases.csv line 2", purchase)


# ------------------------------------------------------------------------------------------------------- accounts


def test_a_meter_by_any_number(shop: Shop, tmp_path: Path) -> None:
    """A meter is found by its short number, by its long one, and with spaces and dashes between."""
    pan = MeterPAN.parse(ANNA).digits
    numbers = [ANNA, pan, "0000 101 1014", f"{pan[:6]}-{pan[6:]}"]
    sales = sold(sell(shop, tmp_path, *(line(it, number, "buy", "10.00") for it, number in enumerate(numbers))))
    assert [sale.pan.digits for sale in sales] == [pan] * 4


@pytest.mark.parametrize("debt", ["cable:ten", "cable:1.005", "cable:100.00:101", "cable:100.00:x"])
def test_a_wrong_debt(tmp_path: Path, debt: str) -> None:
    """A debt that is no amount of the tariff's currency, or whose percentage is none, opens no account."""
    with pytest.raises(PricingError):
        accounts(tmp_path, HOUSEHOLDS.replace("cable:100.00", debt))


def test_an_account_is_a_value(tmp_path: Path) -> None:
    """Nobody changes an account: a sale makes a new one."""
    (anna, *_) = accounts(tmp_path)
    with pytest.raises(AttributeError):
        anna.last_tid = None  # type: ignore[misc]  # the type checker refuses it as well
    assert "secret" not in repr(anna)
    assert f"{anna.key.value:x}" not in repr(anna)
    assert str(anna.key.value) not in repr(anna)


@pytest.mark.parametrize(("units", "words"), [(0, "0.0"), (5, "0.5"), (584, "58.4"), (18_201_624, "1820162.4")])
def test_showing_units(units: int, words: str) -> None:
    """Tenths are shown as units with one decimal."""
    assert show_tenths(units) == words


def test_a_quiet_moment() -> None:
    """The moment in these tests lies within the tariffs' dates."""
    assert datetime(2025, 7, 3, 8, tzinfo=UTC).date().isoformat() == DAY
