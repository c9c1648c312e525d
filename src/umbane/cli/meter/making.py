"""A meter for the keypad, as its options ask for it."""

from datetime import datetime, timedelta
from typing import Final

from rich.console import Console

from umbane.cli.meter.desk import Desk, realm_key
from umbane.cli.meter.house import House
from umbane.cli.meter.session import Session
from umbane.errors import InputError
from umbane.meter import EmergencyPlan, Form, Meter, MeterConfig, MeterTariff, WeekPlan
from umbane.meter.face import Face, load_pack
from umbane.sts import DRN, EA, KRN, TI, MeterPAN

__all__ = ["new_session"]

FORMS: Final = {"single": Form.SINGLE_PHASE, "three": Form.THREE_PHASE, "split": Form.SPLIT}
REGISTERS: Final = {"units": 0, "currency": 4, "time": 3}

LOW: Final = {0: (50, 20), 4: (300_000, 100_000), 3: (14_400, 1_200)}
"""Warnings in least units: below 5 and 2 kWh, 3 and 1 of money, a day and two hours."""

EMERGENCY: Final = {0: EmergencyPlan(30, 20), 4: EmergencyPlan(200_000, 100_000), 3: EmergencyPlan(7_200, 1_200)}
"""Lent from the second warning on: 3 kWh, 2 of money, twelve hours."""

TARIFF: Final = MeterTariff(prices=(25_000, 40_000), plan=WeekPlan.daily((0, 0), (17 * 60, 1), (21 * 60, 0)))
"""0.25 a kWh, and 0.40 from 17:00 to 21:00."""

YEARS: Final = range(2014, 2045)
"""Whose minutes tokens count from the base date of its key."""
POWER_LIMIT: Final = 6000
SERIAL_NUMBER: Final = 20_260_101
TEST_MAKER: Final = 0
"""The manufacturer code that is kept for tests."""


def new_session(console: Console, *, form: str, ea: int, mode: str, pack: str, start: datetime) -> Session:
    """A new meter without credit, in a house with the light switched on.

    Raises:
        PackError: the pack can't be used.
        InputError: the moment can't be.
    """
    if start.year not in YEARS:
        problem = f"a meter of our keys knows no {start.year}"
        raise InputError("--start", problem, f"give a year from {YEARS[0]} to {YEARS[-1]}")
    pan, register = MeterPAN.from_drn(DRN.from_parts(TEST_MAKER, SERIAL_NUMBER)), REGISTERS[mode]
    config = MeterConfig(
        pan=pan,
        form=FORMS[form],
        subclasses=(register,),
        low_credit=LOW[register],
        emergency=EMERGENCY[register],
        power_limit=POWER_LIMIT * FORMS[form].phases,
        tariff=TARIFF,
    )
    key = realm_key(pan, EA(ea), KRN(1), TI(1))
    meter = Meter(config, key, start, manufactured=start - timedelta(days=1))
    session = Session(console, meter, Face(load_pack(pack)), House(config.form.phases), Desk(pan, key, register))
    session.settle()
    return session
