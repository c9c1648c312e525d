"""The shop: it prices a purchase, makes its tokens, and remembers by its id what it answered."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from umbane.errors import shown
from umbane.pricing import Arrears, CustomerState, Quote, Tariff, TariffBook, free_units_due, quote
from umbane.simulation.errors import SaleRefusedError
from umbane.simulation.models import Action, Delivery, Household, Purchase, Repeat, Sale
from umbane.simulation.realm import vending_key
from umbane.sts import KRN, TI, TID, Credit, DecoderKey, MeterPAN, Service, derive, encode, key_change_set
from umbane.sts.checks import require_digits

__all__ = ["Account", "Shop"]

TENTHS: Final = 10


@dataclass(slots=True)
class Account:
    """What the shop knows of a household; it changes with every sale.

    Attributes:
        household: who and which meter.
        customer: who pays now.
        tariffs: the versions of its tariff.
        state: what the prices depend on.
        key: the key that the meter is presumed to have.
        last_tid: the TID of the last token under that key.
    """

    household: Household
    customer: str
    tariffs: TariffBook
    state: CustomerState
    key: DecoderKey
    last_tid: TID | None = None

    @classmethod
    def open(cls, household: Household, tariffs: TariffBook) -> "Account":
        """The account of a household before its first purchase."""
        currency = tariffs.versions[0].currency
        arrears = tuple(
            Arrears(debt.kind, owed=currency.parse(debt.amount), percent=debt.percent) for debt in household.arrears
        )
        return cls(
            household=household,
            customer=household.customer,
            tariffs=tariffs,
            state=CustomerState(arrears=arrears, free_from=household.free_from),
            key=meter_key(household, household.krn, household.ti),
        )


def meter_key(household: Household, krn: KRN, ti: TI) -> DecoderKey:
    """The household's decoder key under a key revision and tariff index."""
    return derive(vending_key(household.sgc, krn), household.pan, ti, household.ea)


class Shop:
    """Sells to the accounts it knows; the same id and words twice get the same answer, not a second token."""

    def __init__(self, accounts: list[Account]) -> None:
        self.accounts = {account.household.pan: account for account in accounts}
        self.answered: dict[str, Sale] = {}

    def serve(self, purchase: Purchase) -> Sale | Repeat:
        """Do a purchase, or give the answer that its id got before.

        Raises:
            SaleRefusedError: the id was used for another purchase, the meter is unknown, or there is nothing to sell.
            InputError: a value is wrong; nothing was sold and nothing changed.
            PricingError: the tariff doesn't allow it.
        """
        if earlier := self.answered.get(purchase.id):
            if replace(purchase, where="") != replace(earlier.purchase, where=""):
                raise SaleRefusedError(f"id {purchase.id} was used for another purchase ({earlier.purchase.where})")
            return Repeat(purchase, earlier)
        sale = HANDLERS[purchase.action](self.find(purchase.meter), purchase)
        self.answered[purchase.id] = sale
        return sale

    def find(self, meter: str) -> Account:
        """The account of a meter, by any of its numbers."""
        pan = MeterPAN.parse(meter)
        if pan not in self.accounts:
            raise SaleRefusedError(f"meter {pan.drn} is not one of ours: ask which utility it belongs to")
        return self.accounts[pan]


def tariff_for(account: Account, purchase: Purchase) -> Tariff:
    """The version of the account's tariff that is in force at the purchase."""
    return account.tariffs.at(purchase.time)


def buy(account: Account, purchase: Purchase) -> Sale:
    """Electricity for money."""
    tariff = tariff_for(account, purchase)
    money = tariff.currency.parse(purchase.value)
    return settle(account, purchase, tariff, quote(tariff, account.state, at=purchase.time, money=money))


def buy_units(account: Account, purchase: Purchase) -> Sale:
    """A number of kWh for what they cost."""
    tariff = tariff_for(account, purchase)
    return settle(
        account, purchase, tariff, quote(tariff, account.state, at=purchase.time, units=tenths(purchase.value))
    )


def settle(account: Account, purchase: Purchase, tariff: Tariff, priced: Quote) -> Sale:
    """Make the tokens of a quote, free units first, and let the account be what the quote leaves."""
    tokens = [(priced.free_units, True), (priced.units, False)]
    deliveries = tuple(credit(account, purchase, units, free=free) for units, free in tokens if units)
    account.state = priced.state
    return Sale(purchase, account.customer, tariff, priced, deliveries)


def claim_free_units(account: Account, purchase: Purchase) -> Sale:
    """The free units of this period without buying."""
    tariff = tariff_for(account, purchase)
    units = free_units_due(tariff, account.state, at=purchase.time)
    if not units:
        raise SaleRefusedError("no free units are due: they were claimed this period, or there is no right to them")
    account.state = replace(account.state, free_claimed_on=purchase.time.date())
    return Sale(purchase, account.customer, tariff, None, (credit(account, purchase, units, free=True),))


def change_tenant(account: Account, purchase: Purchase) -> Sale:
    """A new customer at the same meter: nothing of the old one's blocks, charges, debts or rights goes with it."""
    if not purchase.value:
        raise SaleRefusedError("no name of the new tenant is given: put it into the value column")
    note = f"{account.customer} left, {purchase.value} moved in: blocks, charges and debts start again"
    account.customer, account.state = purchase.value, CustomerState()
    return Sale(purchase, account.customer, None, None, (), note)


def change_key(account: Account, purchase: Purchase) -> Sale:
    """The tokens that give the meter a key of another tariff index or key revision."""
    current = account.key
    new = meter_key(account.household, *new_krn_and_ti(purchase.value, current))
    sections = key_change_set(current, new, at=TID.at(purchase.time, new.base_date))
    deliveries = tuple(
        Delivery(f"Key change {number} of {len(sections)}", encode(section, current))
        for number, section in enumerate(sections, start=1)
    )
    account.key = new
    note = f"from TI {current.ti} KRN {current.krn} to TI {new.ti} KRN {new.krn}: type these before any new token"
    return Sale(purchase, account.customer, None, None, deliveries, note)


def new_krn_and_ti(words: str, current: DecoderKey) -> tuple[KRN, TI]:
    """What a key change asks for; what it doesn't name stays."""
    wanted = dict(part.partition("=")[::2] for part in words.split())
    krn, ti = wanted.pop("KRN", str(current.krn)), wanted.pop("TI", str(current.ti))
    if wanted or not words.split():
        raise SaleRefusedError(f"{shown(words)} is no key change: give TI=02, KRN=2 or both with a space between")
    return KRN(int(require_digits("KRN", krn, 1))), TI.parse(ti)


HANDLERS: Final[dict[Action, Callable[[Account, Purchase], Sale]]] = {
    Action.BUY: buy,
    Action.UNITS: buy_units,
    Action.FREE: claim_free_units,
    Action.TENANT: change_tenant,
    Action.KEY: change_key,
}


def credit(account: Account, purchase: Purchase, units: int, *, free: bool) -> Delivery:
    """A credit token with the account's next TID; an error leaves the account as it was."""
    tid = TID.following(purchase.time, account.key.base_date, account.last_tid)
    token = Credit(Service.ELECTRICITY, units, tid=tid, rnd=sum(purchase.id.encode()) & 15)
    encoded = encode(token, account.key)
    account.last_tid = tid
    title = "Free units" if free else "Electricity"
    return Delivery(f"{title} {show_tenths(token.carried)} kWh", encoded, token.carried, free=free)


def tenths(words: str) -> int:
    """A number of kWh with at most one decimal, as tenths."""
    try:
        number = Decimal(words) * TENTHS
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number != number.to_integral_value() or not 0 < number < 10**9:
        raise SaleRefusedError(f"{shown(words)} is no number of kWh: give one with at most one decimal, such as 50.0")
    return int(number)


def show_tenths(units: int) -> str:
    """0.1 kWh as kWh with one decimal."""
    return f"{units // TENTHS}.{units % TENTHS}"
