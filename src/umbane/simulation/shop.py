"""The shop: it prices a purchase, makes its tokens, and remembers by its id what it answered.

An account is a value. A sale makes a new one, which takes its place when everything has gone well: a purchase that
fails halfway leaves no trace.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from umbane.errors import UmbaneError, shown
from umbane.pricing import Arrears, CustomerState, Quote, Tariff, TariffBook, claim_free_units, free_units_due, quote
from umbane.pricing.tariff import LARGEST_TOKEN
from umbane.simulation.errors import PurchaseError
from umbane.simulation.models import Action, Delivery, Household, Outcome, Purchase, Refused, Repeat, Sale
from umbane.simulation.realm import vending_key
from umbane.sts import KRN, TI, TID, Credit, DecoderKey, MeterPAN, Service, derive, encode, key_change_set
from umbane.sts.checks import require_digits

__all__ = ["Account", "Shop", "meter_key", "show_tenths"]

TENTHS: Final = 10
KWH: Final = re.compile(r"([0-9]{1,7})(?:\.([0-9]))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """What the shop knows of a household.

    Attributes:
        household: who and which meter.
        customer: who pays now.
        tariffs: the versions of its tariff.
        state: what the prices depend on.
        key: the key that the meter is presumed to have.
        last_tid: the TID of the last token; none under any key of this meter is lower.
    """

    household: Household
    customer: str
    tariffs: TariffBook
    state: CustomerState
    key: DecoderKey
    last_tid: TID | None = None

    @classmethod
    def open(cls, household: Household, tariffs: TariffBook) -> "Account":
        """The account of a household before its first purchase.

        Raises:
            PricingError: a debt isn't an amount of the tariff's currency, or its percentage isn't one.
        """
        parse = tariffs.versions[0].currency.parse
        arrears = (Arrears(debt.kind, parse(debt.amount), percent=debt.percent) for debt in household.arrears)
        state = CustomerState(arrears=tuple(arrears), free_from=household.free_from)
        key = meter_key(household, household.krn, household.ti)
        return cls(household, household.customer, tariffs, state, key)

    def at(self, purchase: Purchase) -> Tariff:
        """The version of the tariff that is in force at a purchase."""
        return self.tariffs.at(purchase.time)

    def sale(
        self,
        purchase: Purchase,
        deliveries: tuple[Delivery, ...] = (),
        *,
        tariff: Tariff | None = None,
        quote: Quote | None = None,
        note: str = "",
    ) -> Sale:
        """A purchase of this customer, done under the present key."""
        ea, sgc = self.household.ea, self.household.sgc
        key = f"SGC {sgc}  KRN {self.key.krn}  TI {self.key.ti}  EA {ea:02}"
        tender, lines = (quote.tender, quote.lines) if quote else (0, ())
        owed = tuple((debt.kind, debt.owed) for debt in quote.state.arrears) if quote else ()
        return Sale(purchase, self.customer, self.household.pan, key, tariff, tender, lines, owed, deliveries, note)


def meter_key(household: Household, krn: KRN, ti: TI) -> DecoderKey:
    """The household's decoder key under a key revision and tariff index."""
    return derive(vending_key(household.sgc, krn), household.pan, ti, household.ea)


class Shop:
    """Sells to the accounts it knows. An id has one answer: asked again in the same words, the shop gives it again."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self.accounts = {account.household.pan: account for account in accounts}
        self.answers: dict[str, tuple[Purchase, Sale | Refused]] = {}

    def serve(self, purchase: Purchase) -> Outcome:
        """Do a purchase, or say why not; for an id that was answered before, give that answer."""
        if purchase.id not in self.answers:
            answer = self.sell(purchase)
            self.answers[purchase.id] = (purchase, answer)
            return answer
        earlier, answer = self.answers[purchase.id]
        if replace(purchase, where=earlier.where) != earlier:
            reason = f"id {purchase.id} was used for another purchase ({earlier.where}); give each its own"
            return Refused(purchase.where, reason, purchase)
        if isinstance(answer, Refused):
            return Refused(purchase.where, f"refused before ({earlier.where}): {answer.reason}", purchase)
        return Repeat(purchase, answer)

    def sell(self, purchase: Purchase) -> Sale | Refused:
        """Do a purchase, or change nothing and say why not."""
        try:
            account = self.find(purchase.meter)
            account, sale = HANDLERS[purchase.action](account, purchase)
        except UmbaneError as error:
            return Refused(purchase.where, str(error), purchase)
        self.accounts[sale.pan] = account
        return sale

    def find(self, meter: str) -> Account:
        """The account of a meter, by any of its numbers."""
        pan = MeterPAN.parse(meter)
        if pan not in self.accounts:
            raise PurchaseError("meter", f"{pan.drn} is not one of ours", "ask which utility it belongs to")
        return self.accounts[pan]


Done = tuple[Account, Sale]
"""The account as a sale leaves it, and the sale."""


def buy(account: Account, purchase: Purchase) -> Done:
    """Electricity for money."""
    tariff = account.at(purchase)
    money = tariff.currency.parse(purchase.value)
    if not money:
        raise PurchaseError("money", "0 buys nothing", "give an amount above 0")
    return settle(account, purchase, tariff, quote(tariff, account.state, at=purchase.time, money=money))


def buy_units(account: Account, purchase: Purchase) -> Done:
    """A number of kWh for what they cost."""
    tariff = account.at(purchase)
    return settle(
        account, purchase, tariff, quote(tariff, account.state, at=purchase.time, units=tenths(purchase.value))
    )


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


def settle(account: Account, purchase: Purchase, tariff: Tariff, priced: Quote) -> Done:
    """Make the tokens of a quote, free units first, and let the account be what the quote leaves."""
    deliveries: list[Delivery] = []
    for units, free in ((priced.free_units, True), (priced.units, False)):
        if units:
            account, delivery = credit(account, purchase, units, free=free)
            deliveries.append(delivery)
    sale = account.sale(
        purchase, tuple(deliveries), tariff=tariff, quote=priced, note=more_than_priced(deliveries, priced)
    )
    return replace(account, state=priced.state), sale


def credit(account: Account, purchase: Purchase, units: int, *, free: bool) -> tuple[Account, Delivery]:
    """A credit token with the account's next TID."""
    tid = TID.following(purchase.time, account.key.base_date, account.last_tid)
    token = Credit(Service.ELECTRICITY, units, tid=tid, rnd=sum(purchase.id.encode()) & 15)
    title = f"{'Free units' if free else 'Electricity'} {show_tenths(token.carried)} kWh"
    delivery = Delivery(title, encode(token, account.key), tid, token.carried, free)
    return replace(account, last_tid=tid), delivery


def more_than_priced(deliveries: list[Delivery], priced: Quote) -> str:
    """What is to be said when a token can't hold exactly the units priced, and so holds a little more."""
    more = sum(delivery.units for delivery in deliveries) - priced.units - priced.free_units
    return f"No token holds just that many units: {show_tenths(more)} kWh more are yours." if more else ""


def claim(account: Account, purchase: Purchase) -> Done:
    """The free units of this month without buying."""
    if purchase.value:
        raise PurchaseError("value", f"{shown(purchase.value)} is given, but free units have no price", "leave it out")
    tariff = account.at(purchase)
    if not free_units_due(tariff, account.state, at=purchase.time):
        why_not = why_nothing_is_free(account, tariff, tariff.local_day(purchase.time))
        raise PurchaseError("free units", why_not, "sell units instead")
    return settle(account, purchase, tariff, claim_free_units(tariff, account.state, at=purchase.time))


def why_nothing_is_free(account: Account, tariff: Tariff, day: date) -> str:
    """Why there are no free units on a day on which none are due."""
    since, claimed = account.state.free_from, account.state.free_claimed_on
    if tariff.free_units is None:
        return f"{tariff.title} gives none"
    if since is None:
        return f"{account.customer} has no right to them"
    if day < since:
        return f"{account.customer} has a right to them from {since} on"
    return f"{account.customer} had this month's on {claimed}"


def change_tenant(account: Account, purchase: Purchase) -> Done:
    """A new customer at the same meter: nothing of the old one's blocks, charges, debts or rights goes with it."""
    newcomer, state = purchase.value, account.state
    if not newcomer:
        raise PurchaseError("value", "there is no name of the new tenant", "give one")
    note = f"{account.customer} left, {newcomer} moved in: blocks and charges start again, free units need a new claim."
    owed = sum(debt.owed for debt in state.arrears) + sum(amount for _, amount in state.unpaid_charges)
    if owed:
        currency = account.tariffs.versions[0].currency
        note += f" {account.customer} still owes {currency.code} {currency.show(owed)}: {newcomer} doesn't."
    account = replace(account, customer=newcomer, state=CustomerState())
    return account, account.sale(purchase, note=note)


def change_key(account: Account, purchase: Purchase) -> Done:
    """The tokens that give the meter a key of another tariff index or key revision."""
    current = account.key
    krn, ti = new_krn_and_ti(purchase.value, current)
    new = meter_key(account.household, krn, ti)
    sections = key_change_set(current, new, at=TID.at(purchase.time, new.base_date))
    deliveries = tuple(
        Delivery(f"Key change {number} of {len(sections)}", encode(section, current))
        for number, section in enumerate(sections, start=1)
    )
    note = f"Key change to KRN {krn}, TI {ti}: type all {len(sections)} before any new token."
    return replace(account, key=new), account.sale(purchase, deliveries, note=note)


def new_krn_and_ti(words: str, current: DecoderKey) -> tuple[KRN, TI]:
    """What a key change asks for; what it doesn't name stays."""
    parts = words.split()
    wanted = dict(part.partition("=")[::2] for part in parts)
    krn, ti = wanted.pop("KRN", str(current.krn)), wanted.pop("TI", str(current.ti))
    if not parts or wanted or len({part.partition("=")[0] for part in parts}) < len(parts):
        remedy = "give TI=02, KRN=2 or both with a space between"
        raise PurchaseError("value", f"{shown(words)} is no key change", remedy)
    new = KRN(int(require_digits("KRN", krn, 1))), TI.parse(ti)
    if new == (current.krn, current.ti):
        raise PurchaseError("value", f"the meter has KRN {krn} and TI {ti} already", "name another KRN or TI")
    return new


HANDLERS: Final[dict[Action, Callable[[Account, Purchase], Done]]] = {
    Action.BUY: buy,
    Action.UNITS: buy_units,
    Action.FREE: claim,
    Action.TENANT: change_tenant,
    Action.KEY: change_key,
}


def show_tenths(units: int) -> str:
    """0.1 kWh as kWh with one decimal."""
    return f"{units // TENTHS}.{units % TENTHS}"
