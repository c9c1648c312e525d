"""What the shop knows of a household, beside what is in the books."""

from dataclasses import dataclass, field

from umbane.pricing import Arrears, CustomerState, LineKind, Tariff, TariffBook
from umbane.registry.keys import KeyParameters, key_parameters, year_of
from umbane.simulation.models import Household, Purchase
from umbane.simulation.realm import NEVER, vending_key
from umbane.sts import KRN, KT, TI, BaseDate, DecoderKey, derive
from umbane.vending import Sold

__all__ = ["Account", "meter_key"]


@dataclass(slots=True)
class Account:
    """What the shop knows of a household.

    Attributes:
        household: who and which meter.
        customer: who pays now.
        tariffs: the versions of its tariff.
        opening: what the prices depend on, before the first purchase.
        krn, ti: of the key that is in the meter.
        owed: old debts, by their kinds, in minor units.
    """

    household: Household
    customer: str
    tariffs: TariffBook
    opening: CustomerState
    krn: KRN
    ti: TI
    owed: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(cls, household: Household, tariffs: TariffBook) -> "Account":
        """The account of a household before its first purchase.

        Raises:
            PricingError: a debt isn't an amount of the tariff's currency, or its percentage isn't one.
        """
        parse = tariffs.versions[0].currency.parse
        arrears = tuple(Arrears(debt.kind, parse(debt.amount), percent=debt.percent) for debt in household.arrears)
        state = CustomerState(arrears=arrears, free_from=household.free_from)
        owed = {debt.kind: debt.owed for debt in arrears}
        return cls(household, household.customer, tariffs, state, household.krn, household.ti, owed)

    @property
    def key(self) -> str:
        """The present key, for a receipt."""
        household = self.household
        return f"SGC {household.sgc}  KRN {self.krn}  TI {self.ti}  EA {household.ea:02}"

    def at(self, purchase: Purchase) -> Tariff:
        """The version of the tariff that is in force at a purchase."""
        return self.tariffs.at(purchase.time)

    def key_of(self, krn: KRN, ti: TI) -> KeyParameters:
        """The parameters of the meter's key under a key revision and tariff index."""
        year = year_of(BaseDate.Y2014)
        return key_parameters(self.household.sgc.value, krn.value, ti.value, int(KT.DUTK), year, NEVER.value)

    def collect(self, sold: Sold) -> None:
        """Note what a sale collected of old debts."""
        for line in sold.lines:
            if line.kind is LineKind.ARREARS and line.name in self.owed:
                self.owed[line.name] -= line.amount
        self.owed = {kind: amount for kind, amount in self.owed.items() if amount}


def meter_key(household: Household, krn: KRN, ti: TI) -> DecoderKey:
    """The household's decoder key under a key revision and tariff index."""
    return derive(vending_key(household.sgc, krn), household.pan, ti, household.ea)
