"""A tariff document: every section and field there is.

These models say what a document may contain; `docs/tariffs.md` says what it means, `tariff.schema.json` is made from
them. What must hold between fields is in `umbane.pricing.checks`.
"""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from umbane.pricing.fields import (
    CurrencyCode,
    Day,
    Flag,
    Month,
    Name,
    Percent,
    Price,
    Tenths,
    Text,
    TimeOfDay,
    Whole,
    Zone,
)

__all__ = [
    "ArrearsRule",
    "Block",
    "Ceiling",
    "Charge",
    "Energy",
    "Entry",
    "Example",
    "FreeUnits",
    "Limits",
    "Period",
    "PeriodLimits",
    "PurchaseLimits",
    "Register",
    "Rounding",
    "Source",
    "Surcharge",
    "Switching",
    "TariffDocument",
    "Tax",
    "TimeOfUse",
]


class Section(BaseModel):
    """A mapping whose fields are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, use_attribute_docstrings=True)


class Source(Section):
    """Where the figures were published."""

    title: Text
    url: Text | None = None
    published: Day | None = None
    retrieved: Day


class Period(Section):
    """When the count of bought units starts again."""

    kind: Literal["calendar-month", "anniversary", "rolling"] = "calendar-month"
    days: Whole | None = None
    """Of a rolling period: it begins with the first purchase after the last one has ended."""


class Entry(Section):
    """Money due once a period, when its total first enters a block."""

    name: Name
    label: Text
    amount: Price


class Block(Section):
    """Units at one price, up to a total in the period."""

    price: Price
    up_to: Tenths | None = None
    """The last unit of the block; left out in the last one."""
    name: Name | None = None
    reprices: Flag | None = None
    """Whether entering this block reprices everything bought before in the period. Follows `method` if left out."""
    entry: Entry | None = None


class Register(Section):
    """One price of a time-of-use tariff, and the register of the meter it goes with."""

    name: Name
    label: Text
    price: Price


class SwitchTime(Section):
    """From this time of day on, this rate."""

    at: TimeOfDay
    rate: Name


class Switching(Section):
    """How the rates follow one another on some days of some months."""

    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]]
    months: list[Literal["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]] | None = None
    times: list[SwitchTime]


class TimeOfUse(Section):
    """Prices by the time of use, for meters that hold a register for each."""

    rates: list[Register]
    switching: list[Switching]
    holidays: list[Day] = []
    purchase_rate: Name | None = None
    """The rate at which energy is sold to a token meter. Left out: such a sale is refused."""


class Energy(Section):
    """The price of a unit: one price, blocks, or time of use."""

    price: Price | None = None
    method: Literal["marginal", "whole"] | None = None
    blocks: list[Block] | None = None
    time_of_use: TimeOfUse | None = None


class Charge(Section):
    """Money due whatever is bought: so much a day, a month or a purchase, or a percentage of the money."""

    name: Name
    label: Text
    amount: Price | None = None
    percent: Percent | None = None
    every: Literal["day", "month", "purchase"] = "month"
    per_kilowatt: Flag = False
    """Of connected load."""
    accrues: Flag = True
    """Whether periods without a purchase are charged later."""
    at_most: Whole | None = None
    """The most periods that are ever charged at once."""


class Surcharge(Section):
    """An addition (or rebate) to the price, per unit or in per cent, fixed or with a value a month."""

    name: Name
    label: Text
    basis: Literal["unit", "percent"]
    on: list[Name] = []
    """Of a percentage: what it is taken on."""
    value: Price | None = None
    values: dict[Month, Price] | None = None
    lag_months: Whole = 0
    """The value of a month applies this many months later."""
    carry_forward: Flag = False
    """Whether the last value goes on until the next one."""
    rebate: Flag = False


class Tax(Section):
    """A percentage for someone else, on named lines."""

    name: Name
    label: Text
    percent: Percent
    on: list[Name]
    """Names of charges, surcharges, blocks, earlier taxes, `energy` for all blocks, or `tender` alone."""
    included: Flag = False
    """Whether the prices it is taken on already contain it."""


class ArrearsRule(Section):
    """How one kind of debt is collected."""

    name: Name
    label: Text
    method: Literal["percent", "instalment", "all"]
    percent: Percent | None = None
    instalment: Price | None = None
    """A period."""
    at_most_per_purchase: Price | None = None
    at_most_per_period: Price | None = None


class Ceiling(Section):
    """The most that some deductions may take of the money together."""

    percent: Percent
    of: list[Name]


class FreeUnits(Section):
    """Units given once a month to those who are entitled, on a token of their own."""

    units: Tenths
    label: Text
    claim: Literal["with-purchase", "on-request"] = "with-purchase"
    counts_toward_blocks: Flag = False


class PurchaseLimits(Section):
    """What one purchase must reach and may not exceed."""

    min_money: Price | None = None
    max_money: Price | None = None
    min_units: Tenths = 1
    max_units: Tenths | None = None


class PeriodLimits(Section):
    """What the purchases of one period may not exceed together."""

    max_money: Price | None = None
    max_units: Tenths | None = None
    hours_of_load: Whole | None = None
    """As many units as the connected load uses in this many hours."""


class Limits(Section):
    """Minimum and maximum."""

    purchase: PurchaseLimits = PurchaseLimits()
    period: PeriodLimits = PeriodLimits()


class Rounding(Section):
    """Rules by name."""

    money: Literal["half-up", "half-even", "up", "down"]
    units: Literal["up", "half-up", "down"]


class Example(Section):
    """A published worked example, recomputed whenever the tariff is checked."""

    title: Text
    at: Day
    purchased: Tenths = 0
    charges_due: Flag = False
    """Whether it is the first purchase of the month."""
    owed: dict[Name, Price] = {}
    """Charges left unpaid, or arrears, by name."""
    entitled: Flag = False
    """Whether the customer may have free units."""
    money: Price | None = None
    buy: Tenths | None = None
    units: Tenths | None = None
    """Units expected for the money."""
    total: Price | None = None
    """Money expected for the units."""
    free: Tenths | None = None
    """Free units expected."""
    within: Price | None = None
    """How far the published money may lie from ours, where the publisher rounded."""
    lines: dict[Name, Price] = {}
    """Amounts expected, by name."""


class TariffDocument(Section):
    """One version of one tariff."""

    format: Literal["umbane-tariff-1"]
    id: Name
    version: Text
    title: Text
    utility: Text
    country: Text
    resource: Literal["electricity", "water", "gas"] = "electricity"
    currency: CurrencyCode
    time_zone: Zone
    valid_from: Day
    valid_until: Day | None = None
    """The last day; left out while the tariff is open."""
    sources: list[Source]
    notes: list[Text] = []
    period: Period = Period()
    energy: Energy
    charges: list[Charge] = []
    surcharges: list[Surcharge] = []
    taxes: list[Tax] = []
    arrears: list[ArrearsRule] = []
    ceiling: Ceiling | None = None
    free_units: FreeUnits | None = None
    limits: Limits = Limits()
    rounding: Rounding
    order: list[Name]
    """The deductions from the money, first to last: names of charges, of taxes on the tender, `arrears`, `energy`."""
    examples: list[Example] = []

    def last_day(self) -> date:
        """The last day of validity, or the end of the calendar."""
        return self.valid_until or date.max
