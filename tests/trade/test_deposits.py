"""What the bank says restores floats once, and what nobody can say waits for two people."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.ledger.support import as_superuser
from tests.registry.town import NOW, Town, new_id
from tests.trade.banks import MONDAY, fee, mt940, paid, statement
from umbane.db import Connection, Server
from umbane.errors import InputError, UmbaneError
from umbane.ledger import BOOKS, AccountKey, Entry, Kind, Reversal, open_book, prove
from umbane.ledger.payments import book_payment, let_owe
from umbane.ledger.reading import balance_at, find
from umbane.registry import (
    DuplicateError,
    NotFoundError,
    PermissionDeniedError,
    Scope,
    Vendor,
    add_vendors,
    change_policy,
)
from umbane.trade.bankclaims import BANKING
from umbane.trade.bankstore import Place, decided, open_slips
from umbane.trade.deposits import Accepted, accept, agree, match_waiting, propose, statement_gaps, waiting
from umbane.trade.errors import TradeStateError
from umbane.trade.matching import Rule, Slip
from umbane.trade.slips import BankAccount, add_bank_account, announce, bank_accounts, know_payer, withdraw_slip
from umbane.trade.statements import BankEntry, Party, read_statements

ACCOUNT = "ZA62001234567"
TILL = paid("FT1", 50_000, "FLOAT V-002")


@dataclass(frozen=True)
class Bank:
    """A town with an account at a bank, and a vendor who is known by V-002."""

    town: Town
    seller: Vendor

    async def does(self, verb: Callable[..., Awaitable[object]], *arguments: object) -> object:
        """Do something, now."""
        return await self.town.does(verb, *arguments, NOW)

    async def read(self, *entries: BankEntry, **more: object) -> Accepted:
        """Read a statement with these entries."""
        return await self.town.does(accept, [statement(*entries, **more)], NOW)  # type: ignore[arg-type] # its fields

    async def owes(self) -> int:
        """What the vendor owes on the float; below zero what was paid in advance."""
        return await self.balance(Kind.VENDOR_FLOAT, self.seller.id)

    async def owes_beside(self) -> int:
        """What the vendor owes beside the float."""
        return await self.balance(Kind.VENDOR_RECEIVABLE, self.seller.id)

    async def balance(self, kind: Kind, owner: UUID | None = None) -> int:
        """What the accounts of a kind stand at."""

        async def work(tx: Connection) -> int:
            accounts = await find(tx, self.town.id, kind=kind, owner=owner)
            late = NOW + timedelta(1)
            return sum([await balance_at(tx, self.town.id, it.id, late) for it in accounts])

        return await self.town.database.run(work)

    async def spends(self, money: int) -> None:
        """Let the vendor spend from the float."""

        async def work(tx: Connection) -> None:
            book = await open_book(tx, self.town.id)
            keys = AccountKey(Kind.VENDOR_FLOAT, "ZAR", self.seller.id), AccountKey(Kind.REVENUE_ENERGY, "ZAR")
            numbers = await book.accounts(keys)
            await book.post([Entry(uuid4(), NOW, "sale", [numbers[it] for it in keys], [money, -money])])

        await self.town.database.run(work)

    async def waits(self) -> list[str]:
        """What waits for a person."""
        return [it.place.identity for it in await self.town.reads(waiting, NOW.date())]


def other(town: Town, name: str = "cli:sipho") -> Scope:
    """Another person."""
    return Scope(town.id, name)


@pytest.fixture
async def bank(town: Town) -> Bank:
    """Give a town with an account at a bank and a vendor who has paid nothing in."""
    seller = Vendor(new_id(), "V-002", "Ben's kiosk")
    await town.does(add_vendors, [seller])
    await town.does(add_bank_account, BankAccount(ACCOUNT, "ZAR", "Deposits of vendors"), NOW)
    await town.does(know_payer, "reference", "V-002", seller.id, NOW)
    return Bank(town, seller)


def slip(bank: Bank, number: str = "SL-1001", amount: int = 50_000, paid_on: date = MONDAY) -> Slip:
    """A slip of the vendor's."""
    return Slip(new_id(), number, bank.seller.id, amount, paid_on, "B-7")


# ------------------------------------------------------------------------------------------------- restoring floats


async def test_a_deposit(bank: Bank) -> None:
    """An entry that names a vendor restores the vendor's float, from the bank's account, and is booked for ever."""
    done = await bank.read(TILL)
    assert (done.statements, done.entries, done.waiting) == (1, 1, 0)
    assert [it.rule for it in done.matched.values()] == [Rule.REFERENCE]
    assert (await bank.owes(), await bank.balance(Kind.CASH)) == (-50_000, 50_000)
    [decision] = await bank.town.reads(decided)
    assert (decision.place, decision.vendor_id) == (Place(ACCOUNT, "FT1"), bank.seller.id)


async def test_the_same_statement_twice(bank: Bank) -> None:
    """A statement that is read again changes nothing."""
    await bank.read(TILL)
    again = await bank.read(TILL)
    assert (again.statements, again.entries, again.matched) == (0, 0, {})
    assert await bank.owes() == -50_000


async def test_overlapping_statements(bank: Bank) -> None:
    """An entry that two statements have is booked once."""
    await bank.read(TILL, number=1)
    done = await bank.read(TILL, paid("FT2", 70, "V-002"), number=2)
    assert (done.statements, done.entries, len(done.matched)) == (1, 1, 1)
    assert await bank.owes() == -50_070


async def test_two_people_at_once(bank: Bank) -> None:
    """Two people who read the same statement at the same time book it once."""

    async def reads(who: Scope) -> Accepted:
        return await bank.town.database.run(lambda tx: accept(tx, who, [statement(TILL)], NOW))

    done = await asyncio.gather(reads(bank.town.scope), reads(other(bank.town)))
    assert sorted(it.entries for it in done) == [0, 1]
    assert await bank.owes() == -50_000


class KilledError(Exception):
    """The process ends here."""


async def test_killed_before_the_end(bank: Bank) -> None:
    """What was killed before its end has done nothing, and is done as a whole the next time."""

    async def killed(tx: Connection) -> None:
        await accept(tx, bank.town.scope, [statement(TILL)], NOW)
        raise KilledError

    with pytest.raises(KilledError):
        await bank.town.database.run(killed)
    assert (await bank.owes(), await bank.waits()) == (0, [])
    await bank.read(TILL)
    assert await bank.owes() == -50_000


async def test_from_the_file(bank: Bank) -> None:
    """A file of the bank's becomes deposits."""
    done = await bank.town.does(accept, read_statements(mt940(statement(TILL, fee(500)))), NOW)
    assert (len(done.matched), done.waiting) == (1, 1)
    assert await bank.waits() == ["FEE1"]


async def test_booked_by_hand_before(bank: Bank) -> None:
    """A payment that somebody booked by hand under the bank's reference isn't booked again, but is known as that."""

    async def by_hand(tx: Connection) -> UUID:
        book = await open_book(tx, bank.town.id)
        return await book_payment(book, bank.seller.id, "ZAR", 50_000, "FT1", "cli:sipho", NOW)

    entry_id = await bank.town.database.run(by_hand)
    done = await bank.read(TILL)
    [decision] = await bank.town.reads(decided)
    assert (done.waiting, decision.entry_id, await bank.owes()) == (0, entry_id, -50_000)


async def test_booked_by_hand_otherwise(bank: Bank) -> None:
    """A payment that somebody booked by hand with another amount waits for a person, who can book it all the same."""

    async def by_hand(tx: Connection) -> None:
        book = await open_book(tx, bank.town.id)
        await book_payment(book, bank.seller.id, "ZAR", 40_000, "FT1", "cli:sipho", NOW)

    await bank.town.database.run(by_hand)
    assert (await bank.read(TILL)).waiting == 1
    await settle(bank, "FT1", bank.seller.id)
    assert await bank.owes() == -90_000


async def test_the_same_reference_at_two_banks(bank: Bank) -> None:
    """Two banks may use the same reference: the second waits, for it could have been booked by hand."""
    await bank.town.does(add_bank_account, BankAccount("ZA2", "ZAR", "Another bank"), NOW)
    await bank.read(TILL)
    done = await bank.town.does(accept, [replace(statement(TILL), account="ZA2")], NOW)
    assert (done.entries, done.waiting) == (1, 1)
    assert await bank.owes() == -50_000


async def test_reference_reused(bank: Bank) -> None:
    """A statement with an entry whose reference was read before as another is refused as a whole."""
    await bank.read(TILL)
    with pytest.raises(TradeStateError, match="FT1 was read before, as another of 2026-03-02"):
        await bank.read(replace(TILL, amount=60_000), paid("FT2", 7, "V-002"), number=2)
    assert await bank.owes() == -50_000


async def test_accounts_of_others(bank: Bank) -> None:
    """A statement of an account that isn't the utility's, or in another currency, is refused."""
    with pytest.raises(InputError, match="ZA1 isn't the utility's"):
        await bank.town.does(accept, [replace(statement(TILL), account="ZA1")], NOW)
    with pytest.raises(InputError, match="the statement is in USD, the account in ZAR"):
        await bank.town.does(accept, [replace(statement(TILL), currency="USD")], NOW)


# -------------------------------------------------------------------------------------------------------------- slips


async def test_slip(bank: Bank) -> None:
    """A slip is settled by the entry with its number, once."""
    await bank.does(announce, [slip(bank)])
    await bank.read(paid("FT1", 50_000, "SL-1001"), paid("FT2", 50_000, "SL-1001"))
    assert (await bank.town.reads(open_slips), await bank.waits()) == ([], ["FT2"])


async def test_slip_announced_later(bank: Bank) -> None:
    """An entry that waited is matched when the slip for it is announced."""
    await bank.read(paid("FT1", 50_000, "CASH"))
    assert await bank.does(match_waiting) == {}
    await bank.does(announce, [slip(bank)])
    found = await bank.does(match_waiting)
    assert [it.rule for it in found.values()] == [Rule.AMOUNT]  # type: ignore[attr-defined] # matches
    assert await bank.owes() == -50_000


async def test_payer(bank: Bank) -> None:
    """Money from a vendor's own account is the vendor's."""
    await bank.town.does(know_payer, "account", "ZA 77 001", bank.seller.id, NOW)
    done = await bank.read(paid("FT1", 9, party=Party("BEN", "ZA77001")))
    assert [it.rule for it in done.matched.values()] == [Rule.PAYER]


async def test_withdrawn_slip(bank: Bank) -> None:
    """A slip that was withdrawn is no longer waited for, and isn't withdrawn twice."""
    await bank.does(announce, [slip(bank)])
    await bank.town.does(withdraw_slip, "SL-1001", "typed wrongly", NOW)
    assert (await bank.read(paid("FT1", 50_000, "SL-1001"))).waiting == 1
    with pytest.raises(NotFoundError, match="no open slip SL-1001"):
        await bank.town.does(withdraw_slip, "SL-1001", "once more", NOW)


async def test_wrong_slips(bank: Bank) -> None:
    """A slip with a number that is short or taken, without money, or of a stranger is refused."""
    for wrong, words in (
        (slip(bank, "S-1"), "may stand anywhere by chance"),
        (slip(bank, "no good"), "slip"),
        (slip(bank, amount=0), "nothing was paid"),
        (replace(slip(bank), vendor_id=uuid4()), "no vendor"),
    ):
        with pytest.raises(UmbaneError, match=words):
            await bank.does(announce, [wrong])
    await bank.does(announce, [slip(bank)])
    with pytest.raises(DuplicateError, match="announced already"):
        await bank.does(announce, [slip(bank)])


async def test_wrong_payers(bank: Bank) -> None:
    """Words that are too few, that mean a vendor already, or an account that can't be one are refused."""
    for kind, value, words in (
        ("reference", "V-2", "may stand anywhere by chance"),
        ("reference", "v 002", "means a vendor already"),
        ("account", "?", "no number of an account"),
    ):
        with pytest.raises(UmbaneError, match=words):
            await bank.town.does(know_payer, kind, value, bank.seller.id, NOW)


async def test_wrong_bank_accounts(bank: Bank) -> None:
    """An account in another currency, that is there already, or whose number can't be one is refused."""
    for wrong, words in (
        (BankAccount("ZA3", "USD", "Dollars"), "isn't the utility's"),
        (BankAccount("ZA3", "ZZZ", "Nothing"), "no currency"),
        (BankAccount(ACCOUNT, "ZAR", "Again"), "is the utility's account already"),
        (BankAccount("?", "ZAR", "No number"), "no number"),
    ):
        with pytest.raises(UmbaneError, match=words):
            await bank.does(add_bank_account, wrong)
    assert [it.number for it in await bank.town.reads(bank_accounts)] == [ACCOUNT]


# --------------------------------------------------------------------------------------------------------- taken back


BACK = paid("FT1", -50_000, "UNPAID", MONDAY + timedelta(1), reversal=True)
TUESDAY = MONDAY + timedelta(1)


async def test_charge_back(bank: Bank) -> None:
    """What the bank takes back is taken back from the float, once."""
    await bank.read(TILL)
    await bank.read(BACK, number=2, on=TUESDAY)
    await bank.read(BACK, number=2, on=TUESDAY)
    assert (await bank.owes(), await bank.owes_beside(), await bank.balance(Kind.CASH)) == (0, 0, 0)


async def test_charge_back_in_the_same_statement(bank: Bank) -> None:
    """A deposit and what takes it back may come in one statement."""
    done = await bank.read(TILL, replace(BACK, booked=MONDAY))
    assert (len(done.matched), await bank.owes()) == (2, 0)


async def test_charge_back_of_what_is_spent(bank: Bank) -> None:
    """What was spent and may not be owed on the float is owed beside it, and is paid first by the next deposits."""
    await bank.read(TILL)
    await bank.spends(30_000)
    await bank.read(BACK, number=2, on=TUESDAY)
    assert (await bank.owes(), await bank.owes_beside()) == (0, 30_000)
    await bank.read(paid("FT3", 10_000, "V-002"), paid("FT4", 15_000, "V-002"), number=3)
    assert (await bank.owes(), await bank.owes_beside()) == (0, 5000)
    await bank.read(paid("FT5", 6000, "V-002"), number=4)
    assert (await bank.owes(), await bank.owes_beside()) == (-1000, 0)


async def test_charge_back_within_the_limit(bank: Bank) -> None:
    """What a vendor may owe on the float is owed there."""

    async def limit(tx: Connection) -> None:
        await let_owe(await open_book(tx, bank.town.id), "ZAR", {bank.seller.id: 20_000}, NOW, "trusted")

    await bank.town.database.run(limit)
    await bank.read(TILL)
    await bank.spends(30_000)
    await bank.read(BACK, number=2, on=TUESDAY)
    assert (await bank.owes(), await bank.owes_beside()) == (20_000, 10_000)


async def test_charge_back_of_what_was_taken_back(bank: Bank) -> None:
    """A deposit that somebody took back by hand isn't taken back by the bank's entry too, which waits."""
    await bank.read(TILL)

    async def by_hand(tx: Connection) -> None:
        [decision] = await decided(tx, bank.town.id)
        assert decision.entry_id
        await (await open_book(tx, bank.town.id)).reverse([Reversal(uuid4(), decision.entry_id, NOW, "bounced")])

    await bank.town.database.run(by_hand)
    await bank.read(BACK, number=2, on=TUESDAY)
    assert (await bank.owes(), await bank.waits()) == (0, ["FT1/back"])


async def test_charge_back_by_hand(bank: Bank) -> None:
    """Money that went out without a name is taken back from a vendor when two people say so."""
    await bank.read(TILL)
    await bank.read(paid("X1", -500, "UNPAID CHEQUE"), number=2)
    await settle(bank, "X1", bank.seller.id)
    assert await bank.owes() == -49_500


async def test_a_charge_back_that_comes_again(bank: Bank) -> None:
    """Money that comes again after it was taken back by hand waits for a person."""
    await bank.read(TILL, paid("X1", -500, "UNPAID CHEQUE"))
    await settle(bank, "X1", bank.seller.id)
    await bank.read(paid("X1", 500, "X1", TUESDAY, reversal=True), number=2, on=TUESDAY)
    assert (await bank.owes(), await bank.waits()) == (-49_500, ["X1/back"])


# ------------------------------------------------------------------------------------------------------------- by hand


async def settle(bank: Bank, identity: str, vendor_id: UUID | None) -> None:
    """Let two people say what an entry is."""
    proposal = await bank.town.does(propose, Place(ACCOUNT, identity), vendor_id, "the shop showed its slip", NOW)
    assert await bank.town.database.run(lambda tx: agree(tx, other(bank.town), proposal, NOW))


async def test_two_people(bank: Bank) -> None:
    """An entry that waits is booked by hand when another person agrees, and not before."""
    await bank.read(paid("FT1", 50_000, "CASH"))
    proposal = await bank.town.does(propose, Place(ACCOUNT, "FT1"), bank.seller.id, "slip shown", NOW)
    assert (await bank.owes(), await bank.waits()) == (0, ["FT1"])
    with pytest.raises(PermissionDeniedError, match="another person"):
        await bank.town.does(agree, proposal, NOW)
    assert await bank.town.database.run(lambda tx: agree(tx, other(bank.town), proposal, NOW))
    assert (await bank.owes(), await bank.waits()) == (-50_000, [])
    with pytest.raises(NotFoundError, match="no waiting entry FT1"):
        await bank.town.database.run(lambda tx: agree(tx, other(bank.town, "cli:zanele"), proposal, NOW))


async def test_as_many_as_the_policy_wants(bank: Bank) -> None:
    """Where the policy wants two others, two different ones have to agree."""
    await bank.town.does(change_policy, {"acts": {"deposit_assignment": {"roles": ["accountant"], "approvals": 2}}})
    await bank.read(paid("FT1", 50_000, "CASH"))
    proposal = await bank.town.does(propose, Place(ACCOUNT, "FT1"), bank.seller.id, "slip shown", NOW)
    assert not await bank.town.database.run(lambda tx: agree(tx, other(bank.town), proposal, NOW))
    with pytest.raises(PermissionDeniedError):
        await bank.town.database.run(lambda tx: agree(tx, other(bank.town), proposal, NOW))
    assert await bank.town.database.run(lambda tx: agree(tx, other(bank.town, "cli:zanele"), proposal, NOW))
    assert await bank.owes() == -50_000


async def test_alone_where_the_policy_says_so(bank: Bank) -> None:
    """Where the policy wants nobody else, it is done at once."""
    await bank.town.does(change_policy, {"acts": {"deposit_assignment": {"roles": ["accountant"], "approvals": 0}}})
    await bank.read(paid("FT1", 50_000, "CASH"))
    await bank.town.does(propose, Place(ACCOUNT, "FT1"), bank.seller.id, "slip shown", NOW)
    assert await bank.owes() == -50_000


async def test_set_aside(bank: Bank) -> None:
    """What is no vendor's is set aside with a reason, books nothing, and waits no longer."""
    await bank.read(fee(500))
    await settle(bank, "FEE1", None)
    [decision] = await bank.town.reads(decided)
    assert (await bank.waits(), decision.vendor_id, await bank.balance(Kind.CASH)) == ([], None, 0)
    assert decision.reason == f"the shop showed its slip (said by {bank.town.scope.by})"


async def test_what_waits(bank: Bank) -> None:
    """What waits is listed with its age, the oldest first."""
    old = paid("FT9", 7, "CASH", MONDAY - timedelta(2))
    await bank.read(paid("FT1", 5, "CASH"), old)
    found = await bank.town.reads(waiting, MONDAY + timedelta(10))
    assert [(it.place.identity, it.entry, it.days) for it in found] == [
        ("FT9", old, 12),
        ("FT1", paid("FT1", 5, "CASH"), 10),
    ]


@pytest.mark.parametrize("identity", ["FT1", "FT9"])
async def test_nothing_to_say(bank: Bank, identity: str) -> None:
    """Nobody says by hand what is booked already, or what no statement has."""
    await bank.read(TILL)
    with pytest.raises(NotFoundError, match="no waiting entry"):
        await bank.town.does(propose, Place(ACCOUNT, identity), bank.seller.id, "why not", NOW)


async def test_wrong_proposals(bank: Bank) -> None:
    """A proposal without a reason, for a stranger, or that doesn't exist is refused."""
    await bank.read(paid("FT1", 5, "CASH"))
    place = Place(ACCOUNT, "FT1")
    with pytest.raises(InputError, match="reason"):
        await bank.town.does(propose, place, bank.seller.id, " ", NOW)
    with pytest.raises(NotFoundError, match="no vendor"):
        await bank.town.does(propose, place, uuid4(), "a stranger", NOW)
    with pytest.raises(NotFoundError, match="no proposal"):
        await bank.town.does(agree, uuid4(), NOW)


async def test_gaps(bank: Bank) -> None:
    """Statements that are missing between those that were read are found, for each account."""
    await bank.read(TILL, number=1)
    await bank.read(paid("FT5", 5, "CASH"), number=4, opening=175_000, on=TUESDAY)
    [found] = (await bank.town.reads(statement_gaps))[ACCOUNT]
    assert (found.after, found.before, found.missing, found.amount) == (1, 4, 2, 25_000)


# --------------------------------------------------------------------------------------------------------- guards


TABLES = [
    "bank_account",
    "payer",
    "slip",
    "slip_withdrawn",
    "statement",
    "bank_entry",
    "decision",
    "proposal",
    "agreement",
]


@pytest.mark.parametrize("table", TABLES)
async def test_what_was_written_stays(bank: Bank, table: str) -> None:
    """No role changes or deletes what was announced, read or decided."""
    await bank.does(announce, [slip(bank)])
    await bank.town.does(withdraw_slip, "SL-1001", "typed wrongly", NOW)
    await bank.read(TILL, fee(5))
    await settle(bank, "FEE1", None)
    for sql in (f"DELETE FROM trade.{table}", f"UPDATE trade.{table} SET utility_id = utility_id"):  # noqa: S608 - our tables
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await bank.town.database.run(lambda tx, sql=sql: tx.execute(sql))  # type: ignore[misc] # a word


async def test_the_books_stay_proven(bank: Bank) -> None:
    """After deposits, charge-backs and work by hand every claim of the books holds."""
    await bank.read(TILL)
    await bank.spends(30_000)
    await bank.read(BACK, paid("FT7", 12_000, "V-002"), number=2, on=TUESDAY)
    assert (await prove(bank.town.database, BOOKS)).holds


async def wrong(bank: Bank) -> dict[str, str]:
    """The claims about deposits that don't hold."""
    findings = (await prove(bank.town.database, BANKING)).findings
    return {it.claim.name: str(it.wrong) for it in findings if it.wrong}


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE trade.bank_entry SET amount = amount + 1 WHERE identity = 'FT1'", "FT1: is 50001 at the bank"),
        ("UPDATE trade.decision SET entry_id = gen_random_uuid() WHERE identity = 'FT1'", "and 0 of its vendor's"),
        ("DELETE FROM trade.decision WHERE identity = 'FT1/back'", "takes back a deposit for nothing"),
    ],
)
async def test_what_is_proven(bank: Bank, place: Server, sql: str, words: str) -> None:
    """The proof names the deposit that somebody with all rights changed."""
    await bank.read(TILL)
    await bank.spends(30_000)
    await bank.read(BACK, number=2, on=TUESDAY)
    assert await wrong(bank) == {}
    off = [f"ALTER TABLE trade.{it} DISABLE TRIGGER ALL" for it in ("bank_entry", "decision")]
    await as_superuser(place, *off, sql)
    assert words in (await wrong(bank))["deposits"]


@pytest.mark.parametrize("seed", [1, 2])
async def test_random_weeks(bank: Bank, seed: int) -> None:
    """Whatever comes, however often: floats, debts and the bank are what each payment once makes them."""
    chance = random.Random(seed)  # noqa: S311 - for a test
    deposits, backs, spent = dict[str, int](), dict[str, int](), 0
    for day in range(1, 25):
        entries = []
        for number in range(chance.randrange(4)):
            name = f"FT{day:02}{number}X"
            deposits[name] = chance.randrange(1, 50_000)
            entries.append(paid(name, deposits[name], "V-002", MONDAY + timedelta(day)))
        for name in chance.sample(sorted(deposits.keys() - backs.keys()), min(len(deposits.keys() - backs.keys()), 1)):
            if name[2:4] != f"{day:02}" and chance.random() < 1 / 3:
                backs[name] = deposits[name]
                entries.append(paid(name, -backs[name], "UNPAID", MONDAY + timedelta(day), reversal=True))
        again = chance.randrange(1, 4)
        for _ in range(again):
            await bank.read(*entries, number=day, on=MONDAY + timedelta(day))
        left = -await bank.owes()
        if left > 0:
            money = chance.randrange(1, left + 1)
            await bank.spends(money)
            spent += money
    came, went = sum(deposits.values()), sum(backs.values())
    assert await bank.balance(Kind.CASH) == came - went
    assert await bank.owes() + await bank.owes_beside() == spent + went - came
    assert await bank.owes() <= 0
    assert (await bank.waits(), await wrong(bank)) == ([], {})
    assert backs
