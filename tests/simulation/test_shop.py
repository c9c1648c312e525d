"""The shop: what it asks the engine for, what it refuses and in which words, and what a second run finds."""

from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from tests.simulation.market import Counter, Market
from tests.simulation.support import ANNA, BEN, CARA, DAN, HOUSEHOLDS, STRANGER, accounts, purchases, reasons, sold
from umbane.pricing import LineKind, PricingError
from umbane.simulation.account import Account, meter_key
from umbane.simulation.models import Action, Purchase, Refused, Repeat, Sale
from umbane.simulation.shop import HANDLERS, message_id, show_tenths
from umbane.simulation.world import till_of
from umbane.sts import KRN, TI, Credit, DecoderKey, KeyChangeSection, MeterPAN, decode

DAY = "2025-07-03"
NUMBERS = count()


def line(number: int, meter: str, action: str, value: str = "", time: str = "08:00") -> str:
    """A line of a purchases file, on the third of July."""
    return f"P{number},{DAY}T{time}Z,{meter},{action},{value}"


@pytest.fixture
def counter(market: Market, tmp_path: Path) -> Counter:
    """A shop that has sold nothing yet."""
    return market.counter(tmp_path)


@pytest.fixture(scope="module")
def busy(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Counter:
    """A shop that many tests ask for what it refuses; it never sells anything."""
    return market.counter(tmp_path_factory.mktemp("busy"))


def key_of(account: Account) -> DecoderKey:
    """The key that the shop takes to be in a meter."""
    return meter_key(account.household, account.krn, account.ti)


def the_sale(counter: Counter, words: str) -> Sale:
    """The sale that one line leads to."""
    (sale,) = sold(counter.sell(words))
    return sale


def refusal(counter: Counter, words: str) -> str:
    """The reason why one line is refused."""
    (reason,) = reasons(counter.sell(words))
    return reason


def minutes(counter: Counter, meter: str, *sales: Sale) -> list[int]:
    """The TIDs of the credit tokens of sales."""
    tokens = [decode(it.token, key_of(counter.account(meter))) for sale in sales for it in sale.deliveries]
    return [it.tid.minutes for it in tokens if isinstance(it, Credit)]


# ----------------------------------------------------------------------------------------------------------- sales


def test_a_sale_for_money(counter: Counter) -> None:
    """Money buys a token under the meter's key that carries what the receipt says."""
    sale = the_sale(counter, line(1, ANNA, "buy", "100.00"))
    (delivery,) = sale.deliveries
    token = decode(delivery.token, key_of(counter.account(ANNA)))
    assert isinstance(token, Credit)
    assert token.carried == delivery.units == 414
    assert sum(it.amount for it in sale.lines) == sale.tender == 10_000
    assert sale.key == "SGC 201457  KRN 1  TI 01  EA 07"


def test_a_sale_of_units(counter: Counter) -> None:
    """A number of kWh costs what the tariff says."""
    sale = the_sale(counter, f"P1,2025-07-03T08:00Z,{CARA},units,12.5")
    assert (sale.tender, [it.units for it in sale.deliveries]) == (1250, [125])


def test_debts_are_collected(counter: Counter) -> None:
    """A share of the money goes to an old debt, and the receipt says what is still owed, until nothing is."""
    sale = the_sale(counter, line(1, BEN, "buy", "100.00"))
    assert [it.amount for it in sale.lines if it.kind is LineKind.ARREARS] == [2000]
    assert sale.owed == (("cable", 8000),)
    assert the_sale(counter, line(2, BEN, "buy", "600.00")).owed == ()


def test_free_units(counter: Counter) -> None:
    """Free units that come with a purchase are a token of their own, typed first, and come once a month."""
    first, second = sold(counter.sell(*(f"P{day},2025-08-0{day}T08:00Z,{CARA},buy,1000" for day in (1, 2))))
    assert [(it.units, it.free) for it in first.deliveries] == [(100, True), (100, False)]
    assert [(it.units, it.free) for it in second.deliveries] == [(100, False)]
    july, august = f"A,2025-07-31T21:59Z,{ANNA},free,", f"B,2025-07-31T22:00Z,{ANNA},free,"
    assert len(sold(counter.sell(july, august))) == 2
    assert "nothing to claim on 2025-08-01" in refusal(counter, f"C,2025-07-31T22:05Z,{ANNA},free,")


def test_tids_grow(counter: Counter) -> None:
    """Tokens of one minute, and of a clock that was put back, have minutes of their own, none of them reserved."""
    times = ("00:00", "00:00", "00:00", "00:00")
    sales = sold(counter.sell(*(line(it, ANNA, "buy", "10.00", time) for it, time in enumerate(times))))
    sales += sold(counter.sell(line(9, ANNA, "buy", "10.00", "00:00")))
    found = minutes(counter, ANNA, *sales)
    assert len(found) == 5
    assert found == sorted(set(found))
    assert 1 not in {it % 1440 for it in found}


def test_more_than_priced(counter: Counter) -> None:
    """Where no token holds just that many units it holds more, never less, and the receipt says so."""
    sale = the_sale(counter, line(1, CARA, "units", "1638.5"))
    assert [it.units for it in sale.deliveries] == [16_394]
    assert sale.note == "No token holds just that many units: 0.9 kWh more are yours."


# ------------------------------------------------------------------------------------------------ tenants and keys


def test_a_new_tenant(counter: Counter) -> None:
    """A new tenant begins with nothing of the old one's but the meter and its TIDs, and the note says who owes what."""
    (first,) = sold(counter.sell(line(1, BEN, "buy", "100.00")))
    sale = the_sale(counter, line(2, BEN, "tenant", "Bea"))
    assert (sale.customer, sale.deliveries, sale.tender) == ("Bea", (), 0)
    assert "Ben left, Bea moved in" in sale.note
    assert "Ben still owes ZAR 80.00: Bea doesn't." in sale.note
    (bea,) = sold(counter.sell(line(3, BEN, "buy", "100.00")))
    assert (bea.customer, bea.owed) == ("Bea", ())
    assert LineKind.ARREARS not in {it.kind for it in bea.lines}
    found = minutes(counter, BEN, first, bea)
    assert found == sorted(set(found))


def test_a_tenant_without_debts(counter: Counter) -> None:
    """Where nothing is owed nothing is said of it, and the right to free units goes with the old tenant."""
    assert "owes" not in the_sale(counter, line(1, ANNA, "tenant", "Ada")).note
    assert "nothing due" in refusal(counter, line(2, ANNA, "free"))


@pytest.mark.parametrize(
    ("meter", "value", "sections"), [(ANNA, "TI=02", 2), (ANNA, "KRN=2", 2), (BEN, "KRN=3 TI=99", 4)]
)
def test_a_key_change(counter: Counter, meter: str, value: str, sections: int) -> None:
    """A key change gives the tokens that its algorithm needs, under the old key."""
    old = key_of(counter.account(meter))
    sale = the_sale(counter, line(1, meter, "key", value))
    assert len(sale.deliveries) == sections
    assert all(isinstance(decode(it.token, old), KeyChangeSection) for it in sale.deliveries)
    assert sale.note.startswith("Key change to KRN")


def test_there_and_back(market: Market, tmp_path: Path) -> None:
    """A meter that goes back to its first key gets TIDs that it has not had, and takes every token."""
    steps = [("buy", "10.00"), ("key", "TI=02"), ("buy", "10.00"), ("key", "TI=01"), ("buy", "10.00")]
    story = market.story_of(tmp_path, *(line(number, ANNA, *step) for number, step in enumerate(steps)))
    assert [it.key.split()[5] for it in story.sales] == ["01", "01", "02", "02", "01"]
    assert all(it.typed and it.typed.accepted for sale in story.sales for it in sale.deliveries)


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
def test_no_key_change(busy: Counter, value: str, reason: str) -> None:
    """A key change that isn't one is refused, with an example of one."""
    assert reason in refusal(busy, f'K{next(NUMBERS)},{DAY}T08:00Z,{ANNA},key,"{value}"')


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
        (f"{ANNA},buy,=100", "is not an amount"),
        (f"{ANNA},buy,１００", "is not an amount"),
        (f"{ANNA},buy,10.005", "is not an amount"),
        (f"{CARA},buy,10.50", "money: '10.50' is not an amount of XOF"),
        (f"{ANNA},buy,0.00", "money: 0 buys nothing; give an amount above 0"),
        (
            f"{ANNA},buy,1.00",
            "below minimum: 1.00 ZAR doesn't cover what is due and the smallest purchase; at least",
        ),
        (f"{ANNA},buy,99999999.00", "above maximum: 99999999.00 ZAR is more than may be sold now; at most"),
        (f"{ANNA},buy,{'9' * 16}", "money: '9999999999999999' is too much"),
        (f"{ANNA},buy,{'9' * 40}", "is not an amount"),
        (f"{ANNA},units,0", "units: '0' is no number of kWh; give one above 0"),
        (f"{ANNA},units,", "is no number of kWh"),
        (f"{ANNA},units,10.55", "is no number of kWh"),
        (f"{ANNA},units,-5", "is no number of kWh"),
        (f"{ANNA},units,1E+999999", "is no number of kWh"),
        (f"{ANNA},units,５０", "is no number of kWh"),
        (f"{ANNA},units,9999999.9", "units: 9999999.9 kWh is more than a token holds; at most 1820162.4"),
        (f"{ANNA},free,20", "value: '20' is given, but free units have no price; leave it out"),
        (f"{DAN},free,", "nothing due: nothing to claim on 2025-07-03"),
        (f"{CARA},free,", "nothing due: nothing to claim on 2025-07-03"),
        (f"{ANNA},tenant,", "value: there is no name of the new tenant; give one"),
    ],
)
def test_a_refusal(busy: Counter, words: str, reason: str) -> None:
    """What can't be done is refused by its field, with what is wrong and what would be right."""
    assert reason in refusal(busy, f"R{next(NUMBERS)},{DAY}T08:00Z,{words}")


@pytest.mark.parametrize("action", ["buy,10.00", "units,5", "free,"])
@pytest.mark.parametrize("time", ["2025-06-30T21:59Z", "2025-10-01T00:00Z"])
def test_a_tariff_not_in_force(busy: Counter, time: str, action: str) -> None:
    """Before the first day of the tariff, in its own zone, and after its last nothing is sold."""
    assert "in force" in refusal(busy, f"F{next(NUMBERS)},{time},{ANNA},{action}")


def test_the_first_minute_of_a_tariff(counter: Counter) -> None:
    """The first minute of the first day, in the tariff's own zone, is sold by it."""
    assert the_sale(counter, f"P1,2025-06-30T22:00Z,{ANNA},buy,10.00").deliveries


def test_a_purchase_of_an_earlier_month(counter: Counter) -> None:
    """A purchase dated in a month before one that was sold already is refused: the blocks can't be counted back."""
    counter.sell(f"A,2025-08-01T08:00Z,{ANNA},buy,10.00")
    assert "period" in refusal(counter, line(1, ANNA, "buy", "10.00"))


@pytest.mark.parametrize("action", Action)
def test_every_action_is_handled(action: Action) -> None:
    """Whatever a line may ask for, somebody does it."""
    assert callable(HANDLERS[action])


# -------------------------------------------------------------------------------------------------- one id, one answer


def test_a_repeat(counter: Counter) -> None:
    """The same line again gets the same digits."""
    words = line(1, ANNA, "buy", "100.00")
    first = the_sale(counter, words)
    (again,) = counter.sell(words)
    assert isinstance(again, Repeat)
    assert again.sale == first


@pytest.mark.parametrize(
    "other",
    [
        line(1, ANNA, "buy", "101.00"),
        line(1, BEN, "buy", "100.00"),
        line(1, ANNA, "units", "100.00"),
        line(1, ANNA, "buy", "100.00", "08:01"),
    ],
)
def test_a_conflict(counter: Counter, other: str) -> None:
    """An id in other words is refused, with the line that had it first; the first answer stands."""
    words = line(1, ANNA, "buy", "100.00")
    first = the_sale(counter, words)
    assert refusal(counter, other) == "id P1 was used for another purchase (purchases.csv line 2); give each its own"
    assert [it.sale for it in counter.sell(words) if isinstance(it, Repeat)] == [first]


def test_a_refusal_stands(counter: Counter) -> None:
    """An id that was refused stays refused, with its first reason, and can't be used for anything else."""
    words = line(1, DAN, "free")
    first = refusal(counter, words)
    assert refusal(counter, words) == f"refused before (purchases.csv line 2): {first}"
    assert "was used for another purchase" in refusal(counter, line(1, ANNA, "buy", "100.00"))


def test_a_refusal_knows_its_line(counter: Counter, tmp_path: Path) -> None:
    """A refusal carries the line and the purchase that it answers."""
    (purchase,) = purchases(tmp_path, line(1, STRANGER, "buy", "1.00"))
    assert isinstance(purchase, Purchase)
    answer = counter.serve(purchase)
    assert isinstance(answer, Refused)
    assert (answer.where, answer.purchase) == ("purchases.csv line 2", purchase)


def test_another_run(market: Market, tmp_path: Path) -> None:
    """A second run of the same file sells nothing: the same digits, tenants and keys, and the books don't grow."""
    lines = [
        line(1, BEN, "buy", "100.00"),
        line(2, BEN, "key", "TI=02"),
        line(3, BEN, "buy", "50.00"),
        line(4, BEN, "tenant", "Bea"),
        line(5, BEN, "buy", "60.00"),
        line(6, DAN, "free"),
    ]
    name = uuid4().hex
    first, second = (market.story_of(tmp_path, *lines, name=name) for _ in range(2))
    assert [it.sold_before for it in first.sales] == [False] * 5
    assert [it.sold_before for it in second.sales] == [True] * 5
    assert [(it.id, it.customer, it.owed, it.deliveries) for it in first.sales] == [
        (it.id, it.customer, it.owed, it.deliveries) for it in second.sales
    ]
    assert [it.reason for it in first.refusals] == [it.reason for it in second.refusals]
    assert first.books[2].left == second.books[2].left


def test_a_run_with_another_amount(market: Market, tmp_path: Path) -> None:
    """A line whose amount was changed after it was sold is a conflict, and the lines that were added are sold."""
    name = uuid4().hex
    market.story_of(tmp_path, line(1, ANNA, "buy", "100.00"), name=name)
    lines = line(1, ANNA, "buy", "110.00"), line(2, ANNA, "buy", "10.00")
    story = market.story_of(tmp_path, *lines, name=name)
    assert [it.purchase.id for it in story.sales] == ["P2"]
    assert [it.reason.partition(":")[0] for it in story.refusals] == ["message id conflict"]


# ------------------------------------------------------------------------------------------------------- accounts


def test_a_meter_by_any_number(counter: Counter) -> None:
    """A meter is found by its short number, by its long one, and with spaces and dashes between."""
    pan = MeterPAN.parse(ANNA).digits
    numbers = [ANNA, pan, "0000 101 1014", f"{pan[:6]}-{pan[6:]}"]
    sales = sold(counter.sell(*(line(it, number, "buy", "10.00") for it, number in enumerate(numbers))))
    assert [sale.pan.digits for sale in sales] == [pan] * 4


@pytest.mark.parametrize("debt", ["cable:ten", "cable:1.005", "cable:100.00:101", "cable:100.00:x"])
def test_a_wrong_debt(tmp_path: Path, debt: str) -> None:
    """A debt that is no amount of the tariff's currency, or whose percentage is none, opens no account."""
    with pytest.raises(PricingError):
        accounts(tmp_path, HOUSEHOLDS.replace("cable:100.00", debt))


def test_a_new_account(tmp_path: Path) -> None:
    """An account knows the parameters of its meter's key, and no key."""
    (anna, *_) = accounts(tmp_path)
    assert (anna.krn, anna.ti) == (KRN(1), TI(1))
    assert f"{key_of(anna).value:x}" not in repr(anna)
    assert str(key_of(anna).value) not in repr(anna)


@pytest.mark.parametrize(("units", "words"), [(0, "0.0"), (5, "0.5"), (584, "58.4"), (18_201_624, "1820162.4")])
def test_showing_units(units: int, words: str) -> None:
    """Tenths are shown as units with one decimal."""
    assert show_tenths(units) == words


@pytest.mark.parametrize("id_", ["P 1", "ä", "=cmd()", "x" * 65, ""])
def test_an_id_that_is_no_message_id(id_: str) -> None:
    """An id in letters that messages don't have goes under its hash, always the same, and plain ones as they are."""
    assert message_id(id_) == message_id(id_)
    assert message_id(id_).startswith("sha256-")
    assert message_id("P1") == "P1"


@pytest.mark.parametrize("name", ["my purchases.csv", "ñ.csv", "x" * 31, ""])
def test_a_file_name_that_is_no_code(name: str) -> None:
    """The till of a file whose name is no code goes by its hash, and others by their name."""
    assert till_of(name).startswith("file-")
    assert till_of("purchases.csv") == "purchases.csv"
