"""Currencies of ISO 4217 and their minor units: money is written in major units and counted in minor ones."""

import re
from dataclasses import dataclass
from typing import Final

from umbane.errors import shown
from umbane.pricing.errors import PricingError

__all__ = ["CURRENCIES", "LARGEST_AMOUNT", "Currency"]

LARGEST_AMOUNT: Final = 10**15
"""No tender, debt or charge is larger, in minor units: enough for any purchase, small enough to stay a number."""

DIGITS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY "
        "COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR "
        "ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
        "MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP "
        "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER "
        "ZAR ZMW ZWG ZWL"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""Digits after the point, from the published list of ISO 4217. ZWL is kept for Zimbabwe's tariffs before April 2024."""

PLAIN: Final = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Currency:
    """One currency: its code and how many digits its minor unit has."""

    code: str
    digits: int

    @property
    def minor_units(self) -> int:
        """How many minor units make one major unit: 100 cents to a rand, 1 to a Ugandan shilling."""
        return int(10**self.digits)

    def parse(self, text: str, field: str = "money") -> int:
        """The minor units that an amount such as `200` or `199.95` stands for.

        Raises:
            PricingError: it isn't a plain amount, has more digits than the currency, or is beyond 10¹⁵ minor units.
        """
        whole, _, part = text.partition(".")
        if not PLAIN.fullmatch(text) or len(part) > self.digits:
            raise PricingError(field, f"{shown(text)} is not an amount of {self.code}", f"write {self._example}")
        amount = int(whole + part.ljust(self.digits, "0"))
        if amount > LARGEST_AMOUNT:
            raise PricingError(field, f"{shown(text)} is too much", f"at most {self.show(LARGEST_AMOUNT)}")
        return amount

    @property
    def _example(self) -> str:
        return f"digits like {self.show(200 * self.minor_units)}"

    def show(self, amount: int) -> str:
        """The amount as people write it: 1 234.50 without the space."""
        if not self.digits:
            return str(amount)
        sign = "-" if amount < 0 else ""
        whole, part = divmod(abs(amount), self.minor_units)
        return f"{sign}{whole}.{part:0{self.digits}d}"


CURRENCIES: Final = {code: Currency(code, digits) for digits, codes in DIGITS.items() for code in codes.split()}
"""Every currency by its code."""
