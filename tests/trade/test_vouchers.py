"""Vouchers: made once, sold, used once for a token, stopped, over."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.ledger.support import as_superuser
from tests.registry.town import NOW, TODAY, Town, meter, new_id
from tests.trade.test_vouchers_pins import KEY
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import Shop, open_shop, proven
from umbane.db import Connection, Server
from umbane.errors import UmbaneError
from umbane.ledger import prove
from umbane.ledger.reading import balance_at, find, floats_of
from umbane.registry import (
    DuplicateError,
    NotFoundError,
    Terminal,
    Vendor,
    add_terminals,
    add_vendors,
    block_terminal,
    change_policy,
)
from umbane.registry.changes import history
from umbane.trade.bankclaims import BANKING
from umbane.trade.errors import TradeStateError
from umbane.trade.pins import checked, grouped
from umbane.trade.printing import open_voucher_file
from umbane.trade.redeeming import ALARM, FIRST_WAIT, NoVoucher, Redeem, Why, claim, redeem
from umbane.trade.vouchers import Batch, Standing, activate, batch, batches, expire, make_batch, stop
from umbane.vending import Answer, Buy, Refused, SaleRequest, Sold, reverse, sell
from umbane.vending.codes import PASSING, Code

PRINTER = X25519PrivateKey.from_private_bytes(bytes(32))
LAST = TODAY + timedelta(days=30)
WORTH = 20_000


@dataclass
class Kiosk:
    """A shop in a town with a batch of three vouchers, of which the first two were sold."""

    shop: Shop
    issuer: Vendor
    till: Terminal
    pins: list[str]

    @property
    def town(self) -> Town:
        """Where."""
        return self.shop.town

    def request(self, message_id: str, pin: str | None = None, **changes: object) -> Redeem:
        """A request for the first voucher, through the town's till, for the town's meter."""
        number = str(self.town.meter.pan.drn)
        it = Redeem(self.town.id, self.town.terminal.id, message_id, pin or self.pins[0], number)
        return replace(it, **changes)  # type: ignore[arg-type] # its fields

    async def redeem(self, message_id: str, pin: str | None = None, **changes: object) -> Answer | NoVoucher:
        """Ask for a token."""
        return await redeem(self.shop.engine, KEY, self.request(message_id, pin, **changes))

    async def sold(self, message_id: str, pin: str | None = None, **changes: object) -> Sold:
        """Ask for a token; it must be sold."""
        answer = await self.redeem(message_id, pin, **changes)
        assert isinstance(answer, Sold), answer
        return answer

    async def why(self, message_id: str, pin: str | None = None, **changes: object) -> Why:
        """Ask for a token; the voucher must not be taken."""
        answer = await self.redeem(message_id, pin, **changes)
        assert isinstance(answer, NoVoucher), answer
        assert answer.problem
        assert answer.remedy
        return answer.why

    async def owed(self) -> int:
        """What the house owes on the issuer's float, which is what it owes for vouchers."""
        floats = await self.town.database.run(lambda tx: floats_of(tx, self.town.id, [self.issuer.id]))
        [standing] = await self.town.reads(batches)
        owed = -floats[self.issuer.id].posted if floats else 0
        assert standing.owed == owed
        return owed

    async def tokens(self) -> int:
        """How many sales there are."""
        count: int = await self.shop.look("SELECT count(*) FROM vending.sale")
        return count


def a_batch(issuer: Vendor, till: Terminal, **changes: object) -> Batch:
    """A batch of three."""
    it = Batch("2026-1", issuer.id, till.id, WORTH, "ZAR", 3, LAST)
    return replace(it, **changes)  # type: ignore[arg-type] # its fields


async def make(town: Town, new: Batch, files: list[bytes], seed: int = 1) -> None:
    """Make a batch."""
    chance = random.Random(seed).randrange  # noqa: S311 - for a test
    printer = PRINTER.public_key()

    async def work(tx: Connection) -> None:
        await make_batch(tx, town.scope, new, key=KEY, printer=printer, chance=chance, deliver=files.append, now=NOW)

    await town.database.run(work, attempts=1)


async def opened(shop: Shop) -> Kiosk:
    """A kiosk in this shop."""
    issuer = Vendor(new_id(), "VOUCHERS", "Vouchers of Seaview")
    till = Terminal(new_id(), issuer.id, "REDEEM")
    await shop.town.does(add_vendors, [issuer])
    await shop.town.does(add_terminals, [till])
    files: list[bytes] = []
    await make(shop.town, a_batch(issuer, till), files)
    pins = list(open_voucher_file(files[0], PRINTER).pins)
    assert await shop.town.does(activate, "2026-1", (1, 2), "sold to the wholesaler", NOW) == 2 * WORTH
    return Kiosk(shop, issuer, till, pins)


@pytest.fixture
async def kiosk(town: Town) -> AsyncIterator[Kiosk]:
    """Give a kiosk whose digits leave at once."""
    async with open_shop(town, LaboratoryModule()) as shop:
        yield await opened(shop)


# ---------------------------------------------------------------------------------------------------------- used once


async def test_a_voucher(kiosk: Kiosk) -> None:
    """A voucher becomes a token of the holder's meter, paid from what was paid for vouchers, and the books hold."""
    assert await kiosk.owed() == 2 * WORTH
    sold = await kiosk.sold("m1", grouped(kiosk.pins[0]))
    assert (sold.tender, sold.meter, len(sold.tokens)) == (WORTH, str(kiosk.town.meter.pan), 1)
    assert sold.tokens[0].token is not None
    assert await kiosk.owed() == WORTH
    await proven(kiosk.shop)


async def test_the_same_message_again(kiosk: Kiosk) -> None:
    """The same message again gets the same digits, and nothing is sold twice."""
    first, again = await kiosk.sold("m1"), await kiosk.sold("m1")
    assert (again, again.repeated) == (first, True)
    assert (await kiosk.tokens(), await kiosk.owed()) == (1, WORTH)


async def test_another_message(kiosk: Kiosk) -> None:
    """Another message with the PIN of a used voucher is told when it was used, and not for whom."""
    sold = await kiosk.sold("m1")
    answer = await kiosk.redeem("m2")
    assert answer == NoVoucher(Why.USED, "this voucher was used on 2026-03-12 at 11:00", "use another voucher")
    assert sold.meter not in repr(answer)
    assert await kiosk.tokens() == 1


async def test_at_the_same_time(kiosk: Kiosk) -> None:
    """Of messages that come with one PIN at the same time one gets a token."""
    answers = await asyncio.gather(*(kiosk.redeem(f"m{number}") for number in range(4)))
    assert sorted(isinstance(it, Sold) for it in answers) == [False, False, False, True]
    assert {it.why for it in answers if isinstance(it, NoVoucher)} == {Why.USED}
    assert await kiosk.tokens() == 1


async def test_one_message_at_the_same_time(kiosk: Kiosk) -> None:
    """A message that comes several times at once gets the same digits each time."""
    answers = await asyncio.gather(*(kiosk.redeem("m1") for _ in range(3)))
    assert len({it.tokens for it in answers if isinstance(it, Sold)}) == 1
    assert await kiosk.tokens() == 1


async def test_killed_before_the_sale(kiosk: Kiosk) -> None:
    """A message that was killed before the sale gets its token when it comes again."""
    await kiosk.town.database.run(lambda tx: claim(tx, KEY, kiosk.request("m1"), NOW))
    assert await kiosk.tokens() == 0
    await kiosk.sold("m1")
    assert (await kiosk.tokens(), await kiosk.owed()) == (1, WORTH)


async def test_killed_after_the_sale(kiosk: Kiosk) -> None:
    """A message that was killed after the sale gets the digits of that sale when it comes again."""
    await kiosk.town.database.run(lambda tx: claim(tx, KEY, kiosk.request("m1"), NOW))
    number = str(kiosk.town.meter.pan.drn)
    request = SaleRequest(kiosk.town.id, kiosk.till.id, "voucher 2026-1/1/1", number, Buy(money=WORTH))
    [made] = await sell(kiosk.shop.engine, [request])
    assert await kiosk.sold("m1") == made
    assert (await kiosk.tokens(), await kiosk.owed()) == (1, WORTH)


async def test_killed_and_never_again(kiosk: Kiosk) -> None:
    """A message that was killed and never came again has used its voucher when another comes with the PIN."""
    await kiosk.town.database.run(lambda tx: claim(tx, KEY, kiosk.request("m1"), NOW))
    assert await kiosk.why("m2") is Why.USED
    assert (await kiosk.tokens(), await kiosk.owed()) == (1, WORTH)


async def test_refused_sale(kiosk: Kiosk) -> None:
    """A voucher whose sale was refused can be used again, and its first message stays refused."""
    unknown = str(meter(99_999).pan.drn)
    answer = await kiosk.redeem("m1", meter=unknown)
    assert isinstance(answer, Refused)
    assert answer.code is Code.UNKNOWN_METER
    await kiosk.sold("m2")
    assert await kiosk.redeem("m1", meter=unknown) == answer
    assert (await kiosk.tokens(), await kiosk.owed()) == (1, WORTH)


async def test_killed_before_a_refusal(kiosk: Kiosk) -> None:
    """A voucher of a killed message whose sale is refused goes to the next message."""
    unknown = kiosk.request("m1", meter=str(meter(99_999).pan.drn))
    await kiosk.town.database.run(lambda tx: claim(tx, KEY, unknown, NOW))
    await kiosk.sold("m2")
    assert await kiosk.tokens() == 1


async def test_undecided(kiosk: Kiosk) -> None:
    """Where nothing can be decided now, the voucher stays with its message, which can come again."""
    await kiosk.town.does(block_terminal, kiosk.till.id, blocked=True, reason="stock-taking")
    answer = await kiosk.redeem("m1")
    assert isinstance(answer, Refused)
    await kiosk.town.does(block_terminal, kiosk.till.id, blocked=False, reason="done")
    found = [await kiosk.redeem("m2"), await kiosk.redeem("m1")]
    assert sorted(isinstance(it, Sold) for it in found) == [False, True]
    assert await kiosk.tokens() == 1


async def test_module_away(town: Town) -> None:
    """While no module works nothing is decided; the same message gets its token later, another doesn't."""
    module = LaboratoryModule(external=True)
    async with open_shop(town, module) as shop:
        kiosk = await opened(shop)
        module.deaf = 2
        for message_id in ("m1", "m2"):
            answer = await kiosk.redeem(message_id)
            assert isinstance(answer, Refused)
            assert answer.code in PASSING
        assert module.deaf == 0
        await kiosk.sold("m1")
        assert await kiosk.why("m2") is Why.USED


async def test_digits_that_wait(shop: Shop) -> None:
    """Where digits wait for a confirmation, those of a voucher leave at once: it is paid already."""
    kiosk = await opened(shop)
    sold = await kiosk.sold("m1")
    assert sold.released
    assert sold.tokens[0].token is not None
    assert (await kiosk.sold("m1")).tokens == sold.tokens


async def test_any_channel(kiosk: Kiosk) -> None:
    """A voucher is used through any terminal, which pays nothing; the same message id there is another message."""
    other = Terminal(new_id(), kiosk.town.vendor.id, "USSD")
    await kiosk.town.does(add_terminals, [other])
    await kiosk.sold("m1")
    await kiosk.sold("m1", kiosk.pins[1], terminal_id=other.id)
    floats = await kiosk.town.database.run(lambda tx: floats_of(tx, kiosk.town.id, [kiosk.town.vendor.id]))
    assert floats[kiosk.town.vendor.id].posted == 0
    assert await kiosk.owed() == 0


# -------------------------------------------------------------------------------------------------------- not taken


async def test_not_taken(kiosk: Kiosk) -> None:
    """What isn't a request for a voucher that counts is refused by name."""
    await kiosk.sold("m1")
    assert await kiosk.why("m1", kiosk.pins[1]) is Why.CONFLICT
    assert await kiosk.why("m1", meter=str(kiosk.town.stocked.pan.drn)) is Why.CONFLICT
    assert await kiosk.why("m2", "1234") is Why.BAD_PIN
    assert await kiosk.why("m2", kiosk.pins[2]) is Why.NOT_ACTIVE
    assert await kiosk.why("m2", terminal_id=uuid4()) is Why.UNKNOWN_TERMINAL
    assert await kiosk.why("") is Why.BAD_REQUEST
    assert await kiosk.why("m" * 65) is Why.BAD_REQUEST
    assert await kiosk.why("m2", meter="") is Why.BAD_REQUEST
    await kiosk.town.does(block_terminal, kiosk.town.terminal.id, blocked=True, reason="stolen")
    assert await kiosk.why("m2", kiosk.pins[1]) is Why.UNKNOWN_TERMINAL
    assert "PIN" not in repr(kiosk.request("m2"))
    assert kiosk.pins[0] not in repr(kiosk.request("m2"))


async def test_last_day(kiosk: Kiosk) -> None:
    """A voucher can be used on its last day, and not after."""
    kiosk.shop.now = NOW + timedelta(days=30)
    await kiosk.sold("m1")
    kiosk.shop.wait(days=1)
    assert await kiosk.why("m2", kiosk.pins[1]) is Why.EXPIRED
    await kiosk.sold("m1")


async def test_stopped(kiosk: Kiosk) -> None:
    """A voucher that was stopped isn't taken; what was paid for it stays owed; one that was used stays used."""
    await kiosk.sold("m1")
    await kiosk.town.does(stop, "2026-1", (1, 3), "stolen", NOW)
    assert await kiosk.why("m2", kiosk.pins[1]) is Why.NOT_ACTIVE
    assert await kiosk.why("m3") is Why.USED
    await kiosk.sold("m1")
    assert await kiosk.owed() == WORTH


# --------------------------------------------------------------------------------------------------------- guessing


def wrong(number: int) -> str:
    """A PIN that no voucher has, with right check digits."""
    return checked(number)


async def test_guessing(kiosk: Kiosk) -> None:
    """A terminal that gives PINs that aren't any has to wait, longer each time, while others don't; the log says so."""
    for number in range(5):
        assert await kiosk.why(f"g{number}", wrong(number)) is Why.UNKNOWN_PIN
    assert await kiosk.why("m1") is Why.TOO_MANY
    other = Terminal(new_id(), kiosk.town.vendor.id, "USSD")
    await kiosk.town.does(add_terminals, [other])
    await kiosk.sold("m2", kiosk.pins[1], terminal_id=other.id)
    for number in range(5, ALARM):
        kiosk.shop.now += FIRST_WAIT * 2 ** (number - 5)
        assert await kiosk.why(f"g{number}", wrong(number)) is Why.UNKNOWN_PIN
        assert await kiosk.why("m1") is Why.TOO_MANY
    told = await kiosk.town.reads(history, kiosk.town.terminal.id)
    assert [it.details for it in told if it.action == "voucher.guessing"] == [{"wrong_pins": ALARM}]
    kiosk.shop.wait(hours=1)
    await kiosk.sold("m1")


async def test_typing_errors_are_no_guesses(kiosk: Kiosk) -> None:
    """A PIN with a wrong digit isn't counted as a guess."""
    digits = kiosk.pins[0]
    typed = f"{(int(digits[0]) + 1) % 10}{digits[1:]}"
    for number in range(9):
        assert await kiosk.why(f"g{number}", typed) is Why.BAD_PIN
    await kiosk.sold("m1")


async def test_used_vouchers_buy_no_guesses(kiosk: Kiosk) -> None:
    """Whoever shows a used voucher between guesses is counted on; only a voucher that is used anew forgives them."""
    await kiosk.sold("m1")
    for number in range(5):
        await kiosk.why(f"g{number}", wrong(number))
        await kiosk.redeem(f"u{number}")
    assert await kiosk.why("m2", kiosk.pins[1]) is Why.TOO_MANY
    kiosk.shop.wait(hours=1)
    await kiosk.sold("m2", kiosk.pins[1])
    assert await kiosk.why("g9", wrong(9)) is Why.UNKNOWN_PIN
    assert await kiosk.why("g10", wrong(10)) is Why.UNKNOWN_PIN


async def test_repeating_is_no_guess(kiosk: Kiosk) -> None:
    """A terminal that has to wait gets the answer of a message that was worked on before."""
    sold = await kiosk.sold("m1")
    for number in range(5):
        await kiosk.why(f"g{number}", wrong(number))
    assert await kiosk.redeem("m1") == sold


# ------------------------------------------------------------------------------------------------------------ batches


async def test_file_once(kiosk: Kiosk) -> None:
    """A batch of a number that is taken isn't made, and the PINs of the first one stay."""
    files: list[bytes] = []
    with pytest.raises(DuplicateError, match="there is one of this number"):
        await make(kiosk.town, a_batch(kiosk.issuer, kiosk.till), files, seed=2)
    assert files == []
    await kiosk.sold("m1")


async def test_file_that_can_not_be_delivered(kiosk: Kiosk) -> None:
    """If the file for the printer can't be written, there is no such batch."""

    def full(_text: bytes) -> None:
        raise OSError("no space left")

    async def work(tx: Connection) -> None:
        new = a_batch(kiosk.issuer, kiosk.till, number="2026-2")
        printer = PRINTER.public_key()
        chance = random.Random(3).randrange  # noqa: S311 - for a test
        await make_batch(tx, kiosk.town.scope, new, key=KEY, printer=printer, chance=chance, deliver=full, now=NOW)

    with pytest.raises(OSError, match="no space left"):
        await kiosk.town.database.run(work, attempts=1)
    with pytest.raises(NotFoundError):
        await kiosk.town.reads(batch, "2026-2")


async def test_no_pin_is_kept(kiosk: Kiosk) -> None:
    """Nowhere in the database stands a PIN, neither before nor after it was used."""
    await kiosk.sold("m1")
    rows = await kiosk.shop.look(
        "SELECT string_agg(v::text, '') || (SELECT string_agg(r::text, '') FROM trade.redemption r)"
        " || (SELECT string_agg(c::text, '') FROM registry.change c) FROM trade.voucher v"
    )
    assert not any(pin in rows or pin[:14] in rows for pin in kiosk.pins)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number": "no good"}, "batch"),
        ({"currency": "USD"}, "USD isn't the utility's"),
        ({"denomination": 0}, "nothing is in it"),
        ({"count": 0}, "nothing is in it"),
        ({"count": 1_000_001}, "nothing is in it"),
        ({"expires_on": date(2026, 3, 11)}, "2026-03-11 is over"),
        ({"terminal_id": uuid4()}, "no terminal"),
        ({"vendor_id": uuid4()}, "no terminal of the issuer"),
    ],
)
async def test_wrong_batches(kiosk: Kiosk, changes: dict[str, object], words: str) -> None:
    """A batch that can't be so is refused."""
    with pytest.raises(UmbaneError, match=words):
        await make(kiosk.town, a_batch(kiosk.issuer, kiosk.till, **{"number": "2026-2", **changes}), [])


async def test_activating(kiosk: Kiosk) -> None:
    """Vouchers are activated once, while they are sealed and before they are over, with a reason."""
    for number, serials, reason, words in (
        ("2026-1", (2, 3), "sold", "voucher 2026-1/2 is active"),
        ("2026-1", (0, 3), "sold", "no vouchers 0 to 3"),
        ("2026-1", (3, 4), "sold", "no vouchers 3 to 4"),
        ("2026-1", (3, 2), "sold", "no vouchers 3 to 2"),
        ("2026-1", (3, 3), " ", "reason"),
        ("2026-9", (3, 3), "sold", "no voucher batch 2026-9"),
    ):
        with pytest.raises(UmbaneError, match=words):
            await kiosk.town.does(activate, number, serials, reason, NOW)
    with pytest.raises(TradeStateError, match="expired"):
        await kiosk.town.does(activate, "2026-1", (3, 3), "sold", NOW + timedelta(days=31))
    assert await kiosk.owed() == 2 * WORTH


async def test_standing(kiosk: Kiosk) -> None:
    """It can be seen how many vouchers of a batch are active, stopped and used, and what is owed for them."""
    await kiosk.sold("m1")
    await kiosk.town.does(stop, "2026-1", (3, 3), "printed wrongly", NOW)
    assert await kiosk.town.reads(batches) == [Standing(a_batch(kiosk.issuer, kiosk.till), 2, 1, 1, WORTH)]


async def test_over(kiosk: Kiosk) -> None:
    """When a batch is over, what nobody used becomes the house's, once."""
    await kiosk.sold("m1")
    with pytest.raises(TradeStateError, match="can be used up to"):
        await kiosk.town.does(expire, "2026-1", NOW + timedelta(days=30))
    later = NOW + timedelta(days=31)
    assert await kiosk.town.does(expire, "2026-1", later) == WORTH
    assert await kiosk.owed() == 0

    async def income(tx: Connection) -> int:
        [it] = await find(tx, kiosk.town.id, kind="voucher_expired")
        return await balance_at(tx, kiosk.town.id, it.id, later + timedelta(1))

    assert await kiosk.town.database.run(income) == -WORTH
    with pytest.raises(TradeStateError, match="over already"):
        await kiosk.town.does(expire, "2026-1", later)
    await proven(kiosk.shop)


async def test_over_while_used(kiosk: Kiosk) -> None:
    """A batch isn't over while one of its vouchers is being used."""
    await kiosk.town.database.run(lambda tx: claim(tx, KEY, kiosk.request("m1"), NOW))
    with pytest.raises(TradeStateError, match="is being used"):
        await kiosk.town.does(expire, "2026-1", NOW + timedelta(days=31))


async def test_over_with_nothing_left(kiosk: Kiosk) -> None:
    """A batch of which everything was used is over without an entry."""
    await kiosk.sold("m1")
    await kiosk.sold("m2", kiosk.pins[1])
    assert await kiosk.town.does(expire, "2026-1", NOW + timedelta(days=31)) == 0


@pytest.mark.parametrize("state", ["active", "sealed"])
async def test_states_go_one_way(kiosk: Kiosk, state: str) -> None:
    """A voucher that was stopped counts never again, whoever wants it."""
    await kiosk.town.does(stop, "2026-1", (1, 1), "stolen", NOW)
    with pytest.raises(asyncpg.RestrictViolationError):
        await kiosk.town.database.run(
            lambda tx: tx.execute("UPDATE trade.voucher SET state = $1 WHERE serial = 1", state)
        )


async def wrong_claims(kiosk: Kiosk) -> str:
    """What is said of vouchers that aren't in order."""
    findings = (await prove(kiosk.town.database, BANKING)).findings
    return " ".join(str(it.wrong) for it in findings if it.wrong)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (
            "UPDATE trade.redemption_end SET sale_id = gen_random_uuid()",
            "2026-1/1: was used for a sale that there isn't",
        ),
        ("UPDATE trade.voucher_batch SET denomination = 5", "is worth 5, and was used for a sale of 20000 through its"),
        (
            "UPDATE trade.voucher_act SET amount = amount + 1",
            "VOUCHERS: owes 20001 for vouchers, and its float has 20000",
        ),
        ("DELETE FROM trade.redemption_end", ""),
    ],
)
async def test_what_is_proven(kiosk: Kiosk, place: Server, sql: str, words: str) -> None:
    """The proof names the voucher, or the issuer, of which somebody with all rights changed something."""
    await kiosk.sold("m1")
    assert not await wrong_claims(kiosk)
    tables = "redemption_end", "voucher_batch", "voucher_act"
    await as_superuser(place, *(f"ALTER TABLE trade.{it} DISABLE TRIGGER ALL" for it in tables), sql)
    found = await wrong_claims(kiosk)
    assert words in found
    assert bool(words) == bool(found)


async def test_taken_back(kiosk: Kiosk) -> None:
    """A voucher whose sale was taken back stays used, and its money is owed again."""
    await kiosk.town.does(change_policy, {"sale": {"release": "on_confirmation"}})
    await kiosk.town.database.run(lambda tx: claim(tx, KEY, kiosk.request("m1"), NOW))
    number = str(kiosk.town.meter.pan.drn)
    request = SaleRequest(kiosk.town.id, kiosk.till.id, "voucher 2026-1/1/1", number, Buy(money=WORTH))
    await sell(kiosk.shop.engine, [request])
    await reverse(kiosk.shop.engine, kiosk.town.id, kiosk.till.id, "voucher 2026-1/1/1", "wrong meter")
    assert (await kiosk.sold("m1")).reversed
    assert await kiosk.why("m2") is Why.USED
    assert await kiosk.owed() == 2 * WORTH
    assert not await wrong_claims(kiosk)
