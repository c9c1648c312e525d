"""What test/display tokens make the meter show (IEC 62055-41 6.2.3, Table 27)."""

from collections.abc import Callable
from typing import Final

from umbane.meter.results import Reading
from umbane.meter.units import MILLIJOULES_PER_WH
from umbane.meter.work import Work
from umbane.sts import EA, Control, Flag

__all__ = ["read_flags", "read_tests"]

PASSED: Final = "passed"
"""The answer of tests of parts that a virtual meter only pretends to have."""

NONE: Final = "none"


def kwh(millijoules: int) -> str:
    """Energy as registers show it: whole Wh, written in kWh."""
    wh = millijoules // MILLIJOULES_PER_WH
    return f"{wh // 1000}.{wh % 1000:03} kWh"


def watts_or_none(limit: int | None) -> str:
    """A power limit."""
    return NONE if limit is None else f"{limit} W"


def tariff_rate(work: Work) -> str:
    """The rate that holds now, counted from 1 as on the display, with its price in 10**-5 of the currency."""
    rate = work.state.calendar.rate
    return f"{rate + 1}: {work.state.tariff.prices[rate]}"


READERS: Final[dict[Control, tuple[str, Callable[[Work], str]]]] = {
    Control.TEST_LOAD_SWITCH: ("load switch", lambda _: PASSED),
    Control.TEST_DISPLAY: ("display", lambda _: PASSED),
    Control.DISPLAY_REGISTER_TOTALS: ("total", lambda work: kwh(sum(work.state.energy.imported))),
    Control.DISPLAY_KRN_AND_KT: ("KRN, KT", lambda work: f"{work.state.key.krn} {work.state.key.kt.value}"),
    Control.DISPLAY_TI: ("TI", lambda work: str(work.state.key.ti)),
    Control.TEST_TOKEN_READER: ("keypad", lambda _: PASSED),
    Control.DISPLAY_MAXIMUM_POWER_LIMIT: ("power limit", lambda work: watts_or_none(work.state.mpl)),
    Control.DISPLAY_TAMPER_STATUS: ("tamper", lambda work: str(work.state.latched.value)),
    Control.DISPLAY_POWER_CONSUMPTION: ("power", lambda work: f"{sum(work.state.drawing)} W"),
    Control.DISPLAY_SOFTWARE_VERSION: ("software", lambda work: work.config.software),
    Control.DISPLAY_PHASE_POWER_UNBALANCE_LIMIT: ("unbalance limit", lambda work: watts_or_none(work.state.mppul)),
    Control.DISPLAY_WATER_METER_FACTOR: ("water factor", lambda _: NONE),
    Control.DISPLAY_TARIFF_RATE: ("tariff rate", tariff_rate),
    Control.DISPLAY_EA: ("EA", lambda work: f"{work.state.key.ea.value:02}"),
    Control.DISPLAY_KCT_COUNT: ("key change tokens", lambda work: "3" if work.state.key.ea is EA.STA else "4"),
    Control.DISPLAY_SGC: ("SGC", lambda work: str(work.state.key.sgc or "000000")),
    Control.DISPLAY_KEN: ("KEN", lambda work: str(work.state.key.ken)),
    Control.DISPLAY_DRN: ("DRN", lambda work: str(work.config.pan.drn)),
}
"""Every test of the table: what it is called, and what it shows. A meter without an SGC shows zeros."""


def read_tests(work: Work, tests: tuple[Control, ...]) -> tuple[Reading, ...]:
    """What the meter shows for these tests, in the order of the table."""
    return tuple(Reading(test, READERS[test][0], READERS[test][1](work)) for test in tests)


def read_flags(work: Work) -> tuple[Reading, ...]:
    """The flags of STS 202-5, as a ReadFlag token shows them."""
    flags = work.state.flags
    return tuple(
        Reading(None, flag.name.lower().replace("_", " "), "on" if flags >> flag & 1 else "off") for flag in Flag
    )
