"""Statements of the bank become deposits: each entry restores a vendor's float once, or waits for a person.

An entry is known by its account and the bank's reference. What becomes of it is decided once and for ever, in the
transaction that books it; so the same statement twice, statements that overlap, two people at once and a kill at any
point book nothing twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid5

from umbane.db import Connection, columns, new_ids
from umbane.ledger import open_book
from umbane.ledger.payments import Payment, payment_id
from umbane.registry import Act, NotFoundError, PermissionDeniedError, Scope, utility, vendor
from umbane.registry.changes import record
from umbane.registry.texts import clean
from umbane.trade.bankstore import (
    AGREEMENTS,
    DECISIONS,
    ENTRIES,
    PROPOSALS,
    STATEMENTS,
    Kept,
    Place,
    columns_of,
    deposits_of,
    digest,
    kept_entries,
    lock_deposits,
    open_slips,
    payers,
    read_statements_of,
    undecided,
)
from umbane.trade.errors import TradeInputError, TradeStateError
from umbane.trade.floats import already_booked, charge_back, pay_in
from umbane.trade.matching import Known, Match, Rule, match
from umbane.trade.slips import bank_accounts
from umbane.trade.statements import BankEntry, Gap, Statement, gaps, identities

__all__ = ["Accepted", "Waiting", "accept", "agree", "match_waiting", "propose", "statement_gaps", "waiting"]

KNOWN: Final = "SELECT account, digest FROM trade.statement WHERE utility_id = $1 AND digest = ANY ($2::bytea[])"
PROPOSAL: Final = """
SELECT account, identity, vendor_id, reason, by FROM trade.proposal WHERE utility_id = $1 AND id = $2"""
AGREED: Final = "SELECT by FROM trade.agreement WHERE utility_id = $1 AND proposal_id = $2"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What came of reading statements.

    Attributes:
        statements: how many were new.
        entries: how many of their entries were new.
        matched: what was booked, by what; entries that waited from before may be among them.
        waiting: how many entries wait for a person now.
    """

    statements: int
    entries: int
    matched: Mapping[Place, Match]
    waiting: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that waits for a person.

    Attributes:
        place: by what it is known.
        entry: what the bank says.
        days: since it was booked.
    """

    place: Place
    entry: BankEntry
    days: int


async def accept(tx: Connection, scope: Scope, statements: Sequence[Statement], now: datetime) -> Accepted:
    """Take statements as the bank sent them, and book what can be matched. What was taken before changes nothing.

    Raises:
        InputError: one is of an account that isn't the utility's, or of another currency.
        TradeStateError: an entry has the reference of another that says something else.
    """
    await lock_deposits(tx, scope.utility_id)
    await check_accounts(tx, scope.utility_id, statements)
    digests = [digest(it) for it in statements]
    known = {row[1] for row in await tx.fetch(KNOWN, scope.utility_id, digests)}
    new = {found: it for found, it in zip(digests, statements, strict=True) if found not in known}
    entries = 0
    for found, it in new.items():
        entries += await keep(tx, scope, it, found, now)
    matched: dict[Place, Match] = {}
    for account in sorted({it.account for it in statements}):
        matched |= await match_account(tx, scope, account, now)
    return Accepted(len(new), entries, matched, len(await undecided(tx, scope.utility_id)))


async def check_accounts(tx: Connection, utility_id: UUID, statements: Sequence[Statement]) -> None:
    """Refuse statements of accounts that aren't the utility's."""
    ours = {it.number: it.currency for it in await bank_accounts(tx, utility_id)}
    for it in statements:
        if it.account not in ours:
            raise TradeInputError("account", f"{it.account} isn't the utility's", "add it first, if it is")
        if it.currency != ours[it.account]:
            problem = f"the statement is in {it.currency}, the account in {ours[it.account]}"
            raise TradeInputError("currency", problem, "have the bank send the statement of this account")


async def keep(tx: Connection, scope: Scope, it: Statement, its_digest: bytes, now: datetime) -> int:
    """Keep a statement and those of its entries that are new; answer how many."""
    [id_] = new_ids(1)
    row = (id_, it.account, it.name, it.sequence, it.opening.on, it.opening.amount, it.closing.on, it.closing.amount)
    await STATEMENTS.insert(
        tx, *([value] for value in (*row, its_digest)), utility_id=scope.utility_id, read_at=now, read_by=scope.by
    )
    named = dict(zip(identities(it.entries), it.entries, strict=True))
    kept = await kept_entries(tx, scope.utility_id, it.account, named)
    for name, entry in kept.items():
        if (entry.amount, entry.booked) != (named[name].amount, named[name].booked):
            problem = f"the entry {name} was read before, as another of {entry.booked}"
            raise TradeStateError(f"{problem}: ask the bank why its reference came twice")
    fresh = {name: entry for name, entry in named.items() if name not in kept}
    rows = ((it.account, name, id_, *columns_of(entry)) for name, entry in fresh.items())
    await ENTRIES.insert(tx, *columns(rows, 12), utility_id=scope.utility_id)
    told = {"account": it.account, "name": it.name, "closing": it.closing.amount, "digest": its_digest.hex()}
    await record(tx, scope, "statement.read", [(id_, told | {"entries": len(fresh)})])
    return len(fresh)


# ------------------------------------------------------------------------------------------------------------- matching


async def match_waiting(tx: Connection, scope: Scope, now: datetime) -> dict[Place, Match]:
    """Look again at all entries that wait: a slip may have been announced since, or a vendor made known."""
    await lock_deposits(tx, scope.utility_id)
    matched: dict[Place, Match] = {}
    for account in await bank_accounts(tx, scope.utility_id):
        matched |= await match_account(tx, scope, account.number, now)
    return matched


async def match_account(tx: Connection, scope: Scope, account: str, now: datetime) -> dict[Place, Match]:
    """Match the entries of an account that wait, deposits before what takes them back; book what is found."""
    left = {it.place.identity: it.entry for it in await undecided(tx, scope.utility_id, account)}
    if not left:
        return {}
    by_kind = await payers(tx, scope.utility_id)
    slips = await open_slips(tx, scope.utility_id)
    found = match(left, Known(slips, by_kind["reference"], by_kind["account"]))
    booked = {name: (left[name], it) for name, it in found.items()}
    found = await book_deposits(tx, scope, account, booked, now)
    amounts = [-it.amount for name, it in left.items() if name not in found]
    backs = match(
        {name: it for name, it in left.items() if name not in found},
        Known(deposits=await deposits_of(tx, scope.utility_id, account, amounts)),
    )
    for name, it in backs.items():
        await book_back(tx, scope, Place(account, name), left[name], it, None, now)
    return {Place(account, name): it for name, it in (found | backs).items()}


async def book_deposits(
    tx: Connection, scope: Scope, account: str, found: Mapping[str, tuple[BankEntry, Match]], now: datetime
) -> dict[str, Match]:
    """Book deposits, and say which: not those that somebody booked before with another amount, or took back."""
    currency = (await utility(tx, scope.utility_id)).currency.code
    payments = {name: Payment(it.vendor_id, entry.amount, known_by(name, entry)) for name, (entry, it) in found.items()}
    ids = {name: payment_id(scope.utility_id, it.vendor_id, it.reference) for name, it in payments.items()}
    there = await already_booked(tx, scope.utility_id, list(ids.values()))
    new = [it for name, it in payments.items() if ids[name] not in there]
    fitting = {name: (it.money, False) for name, it in payments.items()}
    decided = {name: it for name, (_, it) in found.items() if there.get(ids[name], fitting[name]) == fitting[name]}
    await pay_in(tx, await open_book(tx, scope.utility_id), currency, new, scope.by, now)
    rows = ((account, name, it.rule, it.vendor_id, it.slip_id, None, ids[name], None) for name, it in decided.items())
    await DECISIONS.insert(tx, *columns(rows, 8), utility_id=scope.utility_id, at=now, by=scope.by)
    return decided


def known_by(identity: str, entry: BankEntry) -> str:
    """The reference by which a payment is booked: the bank's, as whoever books by hand would type it."""
    return entry.reference if identity == entry.reference.upper() else identity


async def book_back(  # noqa: PLR0913, PLR0917 - what, whose, why, by whom, when
    tx: Connection, scope: Scope, place: Place, entry: BankEntry, found: Match, reason: str | None, now: datetime
) -> None:
    """Take money back from a vendor, as the bank took it back."""
    currency = (await utility(tx, scope.utility_id)).currency.code
    id_ = uuid5(scope.utility_id, f"charge back/{place.account}/{place.identity}")
    note = f"{place.identity} takes back {found.takes_back}" if found.takes_back else f"{place.identity}: {reason}"
    book = await open_book(tx, scope.utility_id)
    await charge_back(tx, book, id_, found.vendor_id, currency, -entry.amount, f"{note}, {scope.by}", now)
    row = (*place, found.rule, found.vendor_id, None, found.takes_back, id_, reason)
    await DECISIONS.insert(tx, *([it] for it in row), utility_id=scope.utility_id, at=now, by=scope.by)


# -------------------------------------------------------------------------------------------------------- what waits


async def waiting(connection: Connection, utility_id: UUID, today: date) -> list[Waiting]:
    """The entries that wait for a person, the oldest first, with how many days ago the bank booked them."""
    return [
        Waiting(it.place, it.entry, (today - it.entry.booked).days) for it in await undecided(connection, utility_id)
    ]


async def statement_gaps(connection: Connection, utility_id: UUID) -> dict[str, list[Gap]]:
    """Where statements are missing, for each account of the utility."""
    accounts = await bank_accounts(connection, utility_id)
    return {it.number: gaps(await read_statements_of(connection, utility_id, it.number)) for it in accounts}


async def propose(  # noqa: PLR0913, PLR0917 - which, whose, why, by whom, when
    tx: Connection, scope: Scope, place: Place, vendor_id: UUID | None, reason: str, now: datetime
) -> UUID:
    """Say by hand whose an entry is, or that it is no vendor's (None).

    It is done when as many others agree as the policy wants; at once if that is nobody.

    Raises:
        NotFoundError: no such entry waits, or there is no such vendor.
        InputError: nobody says why.
    """
    await lock_deposits(tx, scope.utility_id)
    why, [id_] = clean("reason", reason), new_ids(1)
    await found_waiting(tx, scope.utility_id, place)
    if vendor_id:
        await vendor(tx, scope.utility_id, vendor_id)
    await PROPOSALS.insert(
        tx,
        [id_],
        [place.account],
        [place.identity],
        [vendor_id],
        [why],
        utility_id=scope.utility_id,
        at=now,
        by=scope.by,
    )
    told = {"account": place.account, "entry": place.identity, "vendor": vendor_id and str(vendor_id), "reason": why}
    await record(tx, scope, "deposit.propose", [(id_, told)])
    if not await wanted(tx, scope.utility_id):
        await do(tx, scope, place, vendor_id, why, now)
    return id_


async def agree(tx: Connection, scope: Scope, proposal_id: UUID, now: datetime) -> bool:
    """Agree to what another said by hand; answer whether it is done with that.

    Raises:
        NotFoundError: there is no such proposal, or its entry doesn't wait any more.
        PermissionDeniedError: it is one's own, or one has agreed already.
    """
    await lock_deposits(tx, scope.utility_id)
    row = await tx.fetchrow(PROPOSAL, scope.utility_id, proposal_id)
    if row is None:
        raise NotFoundError("proposal", str(proposal_id))
    account, identity, vendor_id, why, proposer = row
    agreed = {it[0] for it in await tx.fetch(AGREED, scope.utility_id, proposal_id)}
    if scope.by in {proposer, *agreed}:
        raise PermissionDeniedError("another person has to agree to this")
    place = Place(account, identity)
    await found_waiting(tx, scope.utility_id, place)
    await AGREEMENTS.insert(tx, [proposal_id], utility_id=scope.utility_id, by=scope.by, at=now)
    await record(tx, scope, "deposit.agree", [(proposal_id, {"account": account, "entry": identity})])
    done = len(agreed) + 1 >= await wanted(tx, scope.utility_id)
    if done:
        await do(tx, scope, place, vendor_id, f"{why} (said by {proposer})", now)
    return done


async def wanted(tx: Connection, utility_id: UUID) -> int:
    """How many others have to agree."""
    return (await utility(tx, utility_id)).policy.permission(Act.DEPOSIT_ASSIGNMENT).approvals


async def found_waiting(tx: Connection, utility_id: UUID, place: Place) -> Kept:
    """The entry at this place, if it waits.

    Raises:
        NotFoundError: none does.
    """
    found = next((it for it in await undecided(tx, utility_id, place.account) if it.place == place), None)
    if found is None:
        raise NotFoundError("waiting entry", f"{place.identity} of {place.account}")
    return found


async def do(  # noqa: PLR0913, PLR0917 - which, whose, why, by whom, when
    tx: Connection, scope: Scope, place: Place, vendor_id: UUID | None, reason: str, now: datetime
) -> None:
    """Book by hand: as a deposit, as taken back where money went out, or not at all where it is no vendor's."""
    entry = (await found_waiting(tx, scope.utility_id, place)).entry
    if vendor_id and entry.amount < 0:
        found = Match(Rule.HAND, vendor_id)
        return await book_back(tx, scope, place, entry, found, reason, now)
    id_ = None
    if vendor_id:
        # by another name than the bank's reference: under that one something else is booked, or it would have matched
        payment = Payment(vendor_id, entry.amount, f"{place.account}/{place.identity}")
        book = await open_book(tx, scope.utility_id)
        currency = (await utility(tx, scope.utility_id)).currency.code
        [id_] = await pay_in(tx, book, currency, [payment], scope.by, now)
    row = (*place, Rule.HAND, vendor_id, None, None, id_, reason)
    return await DECISIONS.insert(tx, *([it] for it in row), utility_id=scope.utility_id, at=now, by=scope.by)
