"""What the meter can be asked to show: readings with names, which the short codes of a make point to."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from umbane.meter.events import EventKind
from umbane.meter.face.figures import amount, cut, decimal, grouped, kwh, span
from umbane.meter.face.memory import LastCredit
from umbane.meter.view import MeterView

__all__ = ["NOTHING", "Item", "Look", "read"]

NOTHING: Final = "- - -"
"""Shown where there is nothing to show: no limit set, no token yet, the clock lost."""

MS_PER_HOUR: Final = 3_600_000
CURRENCY_PLACES: Final = 5
MAX_FORECAST: Final = timedelta(days=999)


class Item(StrEnum):
    """A reading. The value is its name in the data packs and on the display."""

    CREDIT = "credit"
    FINE_CREDIT = "credit, fine"
    """With one more decimal than ``CREDIT``."""
    TIME_LEFT = "time left"
    """At the power used now; in a meter that sells time, until supply ends."""
    TOTAL_ENERGY = "total energy"
    EXPORTED_ENERGY = "exported energy"
    POWER = "power"
    VOLTAGE = "voltage"
    CURRENT = "current"
    METER_NUMBER = "meter number"
    SUPPLY_GROUP = "supply group"
    KEY = "key revision and type"
    TARIFF_INDEX = "tariff index"
    KEY_EXPIRY = "key expiry number"
    ALGORITHM = "encryption algorithm"
    SOFTWARE = "software"
    POWER_LIMIT = "power limit"
    UNBALANCE_LIMIT = "phase unbalance limit"
    SWITCH = "load switch"
    """Closed, or why it is open."""
    TAMPER = "tamper"
    RATE = "tariff rate"
    PRICE = "price"
    DEBT = "debt"
    CHARGES = "charges due"
    EMERGENCY = "emergency credit"
    WARNING_LEVEL = "low credit level"
    DATE = "date"
    TIME = "time"
    BATTERY = "clock battery"
    OUTAGES = "power cuts"
    """As far back as the event log reaches."""
    LAST_TOKEN = "last token"  # noqa: S105 - the name of a reading
    LAST_CREDIT = "last credit"
    LAST_DATE = "last credit date"
    LAST_TIME = "last credit time"
    LAST_TID = "last token identifier"


class Look(NamedTuple):
    """What a reading is taken from.

    Attributes:
        meter: the meter; only looked at.
        recent: the last credit tokens, the latest first.
        nth: which of them, from 1.
    """

    meter: MeterView
    recent: tuple[LastCredit, ...] = ()
    nth: int = 1

    @property
    def last(self) -> LastCredit | None:
        """The token asked for, if there were so many."""
        return self.recent[self.nth - 1] if self.nth <= len(self.recent) else None


def read(item: Item, look: Look) -> str:
    """The reading as the display shows it, with its unit."""
    return READINGS[item](look)


def credit(look: Look, places: int) -> str:
    """The paying register; what was used so far where nothing is paid in advance."""
    meter, payer = look.meter, look.meter.config.payer
    if payer is None:
        return f"{kwh(sum(meter.imported_wh), places)} kWh"
    if payer == 0:
        return f"{kwh(meter.credit_wh, places)} kWh"
    return amount(meter.credit(payer), payer)


def time_left(look: Look) -> str:
    """How long the credit lasts at the power that is drawn now."""
    meter, payer = look.meter, look.meter.config.payer
    if payer is None:
        return NOTHING
    if payer == TIME_REGISTER:
        return span(meter.time_left)
    used = sum(max(0, watts) for watts in meter.drawing) * (price(meter) if payer else 1)
    scale = 1 if payer else MS_PER_HOUR
    have = meter.credit(payer) * 1000 * MS_PER_HOUR if payer else meter.credit_wh
    if used == 0 or have <= 0:
        return NOTHING
    left = timedelta(milliseconds=min(have * scale // used, MAX_FORECAST // timedelta(milliseconds=1)))
    return span(left - left % timedelta(minutes=1)) if left >= timedelta(hours=1) else span(left)


TIME_REGISTER: Final = 3


def price(meter: MeterView) -> int:
    """The price of a kWh under the rate that holds now, in 10**-5 of the currency."""
    return meter.state.tariff.prices[meter.rate]


def current(look: Look) -> str:
    """Amperes per phase, worked out from power and nominal voltage."""
    volts = look.meter.config.volts
    return " ".join(decimal(abs(watts) * 100 // volts, 2) for watts in look.meter.drawing) + " A"


def limit(watts: int | None) -> str:
    """A limit in watts."""
    return NOTHING if watts is None else f"{watts} W"


def switch(look: Look) -> str:
    """The load switch: closed, or why it is open."""
    meter = look.meter
    return "closed" if meter.connected else f"open: {meter.holds.words or 'no power'}"


def tamper(look: Look) -> str:
    """The tamper code and what it stands for."""
    meter = look.meter
    words = ", ".join(condition.words for condition in meter.tampers)
    return f"{meter.tamper_code}: {words}" if words else "0"


def emergency(look: Look) -> str:
    """Whether emergency credit is in use, and how much of it there is in all."""
    meter, payer = look.meter, look.meter.config.payer
    if payer is None or not meter.config.emergency.limit:
        return NOTHING
    state = "in use" if meter.emergency_active else "up to"
    return f"{state} {amount(meter.config.emergency.limit, payer)}"


def warning_level(look: Look) -> str:
    """Where the low-credit warning begins."""
    levels, payer = look.meter.config.low_credit, look.meter.config.payer
    return amount(levels[0], payer) if levels and payer is not None else NOTHING


def owed(look: Look, least_units: int) -> str:
    """What is still to be collected."""
    payer = look.meter.config.payer
    return NOTHING if payer is None else amount(least_units, payer)


def battery(look: Look) -> str:
    """How long the clock will yet run without mains."""
    return f"{look.meter.state.clock.battery_ms // (24 * MS_PER_HOUR)} d"


def outages(look: Look) -> str:
    """Power cuts in the event log."""
    return str(sum(event.kind is EventKind.POWER_CUT for event in look.meter.log))


def when(look: Look, moment: datetime | None, form: str) -> str:
    """A moment of the meter's clock, as local time."""
    zone = timedelta(minutes=look.meter.config.clock.zone_minutes)
    return NOTHING if moment is None else (moment + zone).strftime(form)


def last(look: Look, show: Callable[[LastCredit], str]) -> str:
    """Something of a credit token that was typed."""
    return NOTHING if look.last is None else show(look.last)


DATE_FORM: Final = "%d.%m.%Y"
TIME_FORM: Final = "%H:%M"

READINGS: Final[dict[Item, Callable[[Look], str]]] = {
    Item.CREDIT: lambda look: credit(look, 1),
    Item.FINE_CREDIT: lambda look: credit(look, 2),
    Item.TIME_LEFT: time_left,
    Item.TOTAL_ENERGY: lambda look: f"{kwh(sum(look.meter.imported_wh))} kWh",
    Item.EXPORTED_ENERGY: lambda look: f"{kwh(sum(look.meter.exported_wh))} kWh",
    Item.POWER: lambda look: f"{sum(look.meter.drawing)} W",
    Item.VOLTAGE: lambda look: f"{look.meter.config.volts if look.meter.powered else 0} V",
    Item.CURRENT: current,
    Item.METER_NUMBER: lambda look: grouped(str(look.meter.config.pan.drn)),
    Item.SUPPLY_GROUP: lambda look: NOTHING if look.meter.key.sgc is None else str(look.meter.key.sgc),
    Item.KEY: lambda look: f"KRN {look.meter.key.krn} KT {int(look.meter.key.kt)}",
    Item.TARIFF_INDEX: lambda look: str(look.meter.key.ti),
    Item.KEY_EXPIRY: lambda look: str(look.meter.key.ken),
    Item.ALGORITHM: lambda look: f"{int(look.meter.key.ea):02}",
    Item.SOFTWARE: lambda look: look.meter.config.software,
    Item.POWER_LIMIT: lambda look: limit(look.meter.mpl),
    Item.UNBALANCE_LIMIT: lambda look: limit(look.meter.mppul),
    Item.SWITCH: switch,
    Item.TAMPER: tamper,
    Item.RATE: lambda look: str(look.meter.rate + 1),
    Item.PRICE: lambda look: f"{decimal(cut(price(look.meter), 1), CURRENCY_PLACES - 1)} per kWh",
    Item.DEBT: lambda look: owed(look, look.meter.debt),
    Item.CHARGES: lambda look: owed(look, look.meter.charges_due),
    Item.EMERGENCY: emergency,
    Item.WARNING_LEVEL: warning_level,
    Item.DATE: lambda look: when(look, look.meter.clock, DATE_FORM),
    Item.TIME: lambda look: when(look, look.meter.clock, TIME_FORM),
    Item.BATTERY: battery,
    Item.OUTAGES: outages,
    Item.LAST_TOKEN: lambda look: last(look, lambda credit: grouped(credit.digits)),
    Item.LAST_CREDIT: lambda look: last(look, lambda credit: amount(credit.amount, credit.subclass)),
    Item.LAST_DATE: lambda look: last(look, lambda credit: when(look, credit.clock, DATE_FORM)),
    Item.LAST_TIME: lambda look: last(look, lambda credit: when(look, credit.clock, TIME_FORM)),
    Item.LAST_TID: lambda look: last(look, lambda credit: str(credit.tid)),
}
"""How each reading is taken."""
