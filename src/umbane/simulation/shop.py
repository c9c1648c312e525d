"""The shop: it turns the lines of a file into requests to the engine, and the engine's answers into slips.

The engine sells: it claims the id of a line for ever, prices, makes the tokens and books. What is kept here is what a
shop assistant knows by heart.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from umbane.db import Connection, new_ids
from umbane.errors import UmbaneError, shown
from umbane.pricing.tariff import LARGEST_TOKEN
from umbane.registry import (
    Contract,
    Customer,
    KeyPhase,
    NotFoundError,
    add_customers,
    change_tenant,
    contract,
    contract_by_account,
    meter_by_number,
    plan_keys,
    settle_keys,
)
from umbane.registry.texts import clean
from umbane.simulation.account import Account
from umbane.simulation.errors import PurchaseError
from umbane.simulation.models import Action, Delivery, Outcome, Purchase, Refused, Repeat, Sale
from umbane.simulation.world import Address
from umbane.sts import KRN, TI, MeterPAN
from umbane.sts.checks import require_digits
from umbane.vending import Buy, ChangeKey, ClaimFree, Engine, Order, SaleRequest, Sold, TokenKind, answer_to, sell

__all__ = ["Clock", "Shop", "show_tenths"]

TENTHS: Final = 10
KWH: Final = re.compile(r"([0-9]{1,7})(?:\.([0-9]))?", re.ASCII)
MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,63}", re.ASCII)
TITLES: Final = {TokenKind.CREDIT: "Electricity", TokenKind.FREE: "Free units"}
EVIDENCE: Final = "the virtual meter took the tokens"


@dataclass(slots=True)
class Clock:
    """The time of the story, which the engine goes by."""

    now: datetime

    def __call__(self) -> datetime:
        """The time."""
        return self.now


class Shop:
    """Sells to the accounts it knows. An id has one answer: asked again in the same words, the shop gives it again.

    Args:
        engine: that sells.
        clock: the engine's.
        accounts: of the households.
        addresses: where their purchases go.
    """

    def __init__(
        self, engine: Engine, clock: Clock, accounts: Mapping[MeterPAN, Account], addresses: Mapping[MeterPAN, Address]
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.accounts = accounts
        self.addresses = addresses
        self.answers: dict[str, tuple[Purchase, Sale | Refused]] = {}

    async def serve(self, purchase: Purchase) -> Outcome:
        """Do a purchase, or say why not; for an id that was answered before, give that answer."""
        if purchase.id not in self.answers:
            answer = await self.sell(purchase)
            self.answers[purchase.id] = (purchase, answer)
            return answer
        earlier, answer = self.answers[purchase.id]
        if replace(purchase, where=earlier.where) != earlier:
            reason = f"id {purchase.id} was used for another purchase ({earlier.where}); give each its own"
            return Refused(purchase.where, reason, purchase)
        if isinstance(answer, Refused):
            return Refused(purchase.where, f"refused before ({earlier.where}): {answer.reason}", purchase)
        return Repeat(purchase, answer)

    async def sell(self, purchase: Purchase) -> Sale | Refused:
        """Do a purchase, or change nothing and say why not."""
        self.clock.now = purchase.time.astimezone(UTC)
        try:
            return await HANDLERS[purchase.action](self, self.find(purchase.meter), purchase)
        except UmbaneError as error:
            return Refused(purchase.where, str(error), purchase)

    def find(self, meter: str) -> Account:
        """The account of a meter, by any of its numbers."""
        pan = MeterPAN.parse(meter)
        if pan not in self.accounts:
            raise PurchaseError("meter", f"{pan.drn} is not one of ours", "ask which utility it belongs to")
        return self.accounts[pan]

    async def order(self, account: Account, purchase: Purchase, order: Order) -> Sale:
        """Ask the engine, and write the slip.

        Raises:
            PurchaseError: the engine says no.
        """
        pan, address = account.household.pan, self.addresses[account.household.pan]
        tariff = None if isinstance(order, ChangeKey) else account.at(purchase)
        request = SaleRequest(address.utility_id, address.terminal_id, message_id(purchase.id), pan.digits, order)
        (answer,) = await sell(self.engine, [request])
        if not isinstance(answer, Sold):
            raise PurchaseError(answer.code.replace("_", " "), answer.problem, answer.remedy)
        account.collect(answer)
        return Sale(
            purchase,
            account.customer,
            pan,
            account.key,
            tariff,
            answer.tender,
            answer.lines,
            tuple(account.owed.items()),
            deliveries_of(answer),
            " ".join([*map(sentence, answer.warnings), *more_than_priced(answer)]),
            id=answer.id,
            sold_before=answer.repeated,
        )

    async def taken(self, sale: Sale, krn: KRN, ti: TI) -> None:
        """The meter has taken the tokens of a sale, and has this key now: what was pending is settled."""
        account, address = self.accounts[sale.pan], self.addresses[sale.pan]
        if (krn, ti) == (account.krn, account.ti):
            return
        account.krn, account.ti = krn, ti

        async def work(tx: Connection) -> None:
            meter = await meter_by_number(tx, address.utility_id, sale.pan.digits)
            if meter.key_phase is KeyPhase.ISSUED:
                await settle_keys(tx, address.scope, [meter.id], self.clock.now, EVIDENCE)

        await self.engine.database.run(work)


def message_id(id_: str) -> str:
    """The id of a line as the engine takes ids."""
    return id_ if MESSAGE_ID.fullmatch(id_) else f"sha256-{sha256(id_.encode()).hexdigest()[:32]}"


def deliveries_of(sold: Sold) -> tuple[Delivery, ...]:
    """The tokens of a sale."""
    sections = sum(it.kind == TokenKind.KEY_CHANGE for it in sold.tokens)
    found = []
    for number, it in enumerate(sold.tokens, start=1):
        title = f"{TITLES.get(TokenKind(it.kind), it.kind)} {show_tenths(it.units)} kWh"
        if it.kind == TokenKind.KEY_CHANGE:
            title = f"Key change {number} of {sections}"
        if it.token is not None:
            found.append(Delivery(title, it.token, it.units, free=it.kind == TokenKind.FREE))
    return tuple(found)


def sentence(words: str) -> str:
    """A warning as a sentence."""
    return f"{words[0].upper()}{words[1:]}."


def more_than_priced(sold: Sold) -> list[str]:
    """What is to be said when a token can't hold exactly the units priced, and so holds a little more."""
    more = sum(it.units for it in sold.tokens) - sold.units - sold.free_units
    return [f"No token holds just that many units: {show_tenths(more)} kWh more are yours."] if more else []


# ------------------------------------------------------------------------------------------------------------- actions


async def buy(shop: Shop, account: Account, purchase: Purchase) -> Sale:
    """Electricity for money."""
    money = account.at(purchase).currency.parse(purchase.value)
    if not money:
        raise PurchaseError("money", "0 buys nothing", "give an amount above 0")
    return await shop.order(account, purchase, Buy(money=money))


async def buy_units(shop: Shop, account: Account, purchase: Purchase) -> Sale:
    """A number of kWh for what they cost."""
    return await shop.order(account, purchase, Buy(units=tenths(purchase.value)))


def tenths(words: str) -> int:
    """A number of kWh with at most one decimal, as tenths."""
    found = KWH.fullmatch(words)
    units = TENTHS * int(found[1]) + int(found[2] or 0) if found else 0
    if not units:
        remedy = "give one above 0 with at most one decimal, such as 50 or 50.5"
        raise PurchaseError("units", f"{shown(words)} is no number of kWh", remedy)
    if units > LARGEST_TOKEN:
        raise PurchaseError("units", f"{words} kWh is more than a token holds", f"at most {show_tenths(LARGEST_TOKEN)}")
    return units


async def claim(shop: Shop, account: Account, purchase: Purchase) -> Sale:
    """The free units of this month without buying."""
    if purchase.value:
        raise PurchaseError("value", f"{shown(purchase.value)} is given, but free units have no price", "leave it out")
    return await shop.order(account, purchase, ClaimFree())


async def move(shop: Shop, account: Account, purchase: Purchase) -> Sale:
    """A new customer at the same meter: nothing of the old one's blocks, charges, debts or rights goes with it."""
    if not purchase.value:
        raise PurchaseError("value", "there is no name of the new tenant", "give one")
    newcomer, leaver = clean("value", purchase.value), account.customer
    address = shop.addresses[account.household.pan]
    pan, opened = account.household.pan, purchase.time.date()
    account_no = f"{pan.drn}-{sha256(purchase.id.encode()).hexdigest()[:12]}"

    async def work(tx: Connection) -> bool:
        try:
            await contract_by_account(tx, address.utility_id, account_no)
        except NotFoundError:
            meter = await meter_by_number(tx, address.utility_id, pan.digits)
            if meter.contract_id is None:
                raise
            old = await contract(tx, address.utility_id, meter.contract_id)
            customer_id, contract_id = new_ids(2)
            await add_customers(tx, address.scope, [Customer(customer_id, newcomer)])
            place = old.service_point_id
            new = Contract(contract_id, customer_id, place, account_no, old.tariff_id, max(opened, old.opened))
            await change_tenant(tx, address.scope, old.id, new)
            return False
        return True

    is_old = await shop.engine.database.run(work)
    note = f"{leaver} left, {newcomer} moved in: blocks and charges start again, free units need a new claim."
    if owed := sum(account.owed.values()):
        currency = account.tariffs.versions[0].currency
        note += f" {leaver} still owes {currency.code} {currency.show(owed)}: {newcomer} doesn't."
    account.customer, account.owed = newcomer, {}
    return Sale(purchase, newcomer, pan, account.key, note=note, sold_before=is_old)


async def change_key(shop: Shop, account: Account, purchase: Purchase) -> Sale:
    """The tokens that give the meter a key of another tariff index or key revision."""
    krn, ti = new_krn_and_ti(purchase.value, account.krn, account.ti)
    pan, address = account.household.pan, shop.addresses[account.household.pan]
    known = await answer_to(shop.engine, address.utility_id, address.terminal_id, message_id(purchase.id))
    if known is None:

        async def work(tx: Connection) -> None:
            meter = await meter_by_number(tx, address.utility_id, pan.digits)
            key = account.key_of(krn, ti)
            await plan_keys(tx, address.scope, [meter.id], [key], shop.clock.now, f"asked for: {purchase.value}")

        await shop.engine.database.run(work)
    sale = await shop.order(account, purchase, ChangeKey())
    count = len(sale.deliveries)
    return replace(sale, note=f"Key change to KRN {krn}, TI {ti}: type all {count} before any new token.")


def new_krn_and_ti(words: str, krn: KRN, ti: TI) -> tuple[KRN, TI]:
    """What a key change asks for; what it doesn't name stays."""
    parts = words.split()
    wanted = dict(part.partition("=")[::2] for part in parts)
    new_krn, new_ti = wanted.pop("KRN", str(krn)), wanted.pop("TI", str(ti))
    if not parts or wanted or len({part.partition("=")[0] for part in parts}) < len(parts):
        remedy = "give TI=02, KRN=2 or both with a space between"
        raise PurchaseError("value", f"{shown(words)} is no key change", remedy)
    new = KRN(int(require_digits("KRN", new_krn, 1))), TI.parse(new_ti)
    if new == (krn, ti):
        raise PurchaseError("value", f"the meter has KRN {new_krn} and TI {new_ti} already", "name another KRN or TI")
    return new


HANDLERS: Final[dict[Action, Callable[[Shop, Account, Purchase], Awaitable[Sale]]]] = {
    Action.BUY: buy,
    Action.UNITS: buy_units,
    Action.FREE: claim,
    Action.TENANT: move,
    Action.KEY: change_key,
}


def show_tenths(units: int) -> str:
    """0.1 kWh as kWh with one decimal."""
    return f"{units // TENTHS}.{units % TENTHS}"
