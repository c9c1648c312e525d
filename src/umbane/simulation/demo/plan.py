"""Who buys what on a day: the same for the same homes, tills and day, whenever it is asked.

A message id has to ask for the same thing for ever, so nothing here depends on what has happened meanwhile.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from umbane.simulation.demo.homes import Home
from umbane.sts import DRN, KRN, SGC

__all__ = ["HARMLESS", "SOLD", "Errand", "Twist", "key_changes", "plan_day"]

SOLD: Final = ""
"""What stands in the place of a refusal's code when there is none."""

HOURS: Final = (1, 1, 1, 1, 1, 4, 14, 22, 18, 12, 11, 12, 16, 13, 10, 10, 14, 26, 30, 24, 15, 9, 5, 2)
"""How many people buy in each hour of the day, one to another."""
AMOUNTS: Final = (100, 100, 120, 150, 150, 200, 200, 200, 250, 300, 300, 400, 500, 600, 750, 1000)
"""What people put on the counter, in major units; always more than what is due in a month."""
BY_UNITS: Final = 0.08
MOST_UNITS: Final = 1500
HOUR: Final = 60
UNKNOWN_SERIAL: Final = 99_000_000
"""Meters from this number on are nobody's."""

KIOSK: Final = "KIOSK/"
KIOSK_HOLDS: Final = 3
KIOSK_MONEY: Final = 150_00
"""A till with a small float, 500.00, and what people buy there."""
DESK: Final = "OFFICE/"
"""The town hall's till."""
OLD_KEY: Final = SGC(201457), KRN(1)
CLAIM: Final = {"kind": "claim_free"}
LIFELINES: Final = 7
"""Households a day that fetch their free units."""


class Twist(StrEnum):
    """What is out of the ordinary about an errand."""

    NONE = ""
    LOST_REPLY = "the reply got lost, and the till sent it again"
    SENT_TWICE = "the till sent the same message twice"
    REUSED = "the till used the same message id for another amount"
    REPRINTED = "the slip was printed again"
    TAKEN_BACK = "the cashier tried to take it back"
    TYPED_TWICE = "the token was typed a second time"
    MISTYPED = "one digit was typed wrongly at first"


HARMLESS: Final = {
    Twist.LOST_REPLY: "a reply got lost, and the message sent again got the same digits",
    Twist.SENT_TWICE: "a message came twice, and was answered with the same digits",
    Twist.REUSED: "a message id came with another amount, and nothing was sold for it",
    Twist.REPRINTED: "a slip was printed again, with the same digits",
    Twist.TAKEN_BACK: "a cashier tried to take a sale back whose digits were out, and was told that it is too late",
    Twist.TYPED_TWICE: "a token was typed a second time, and the meter gave nothing for it",
    Twist.MISTYPED: "a digit was typed wrongly, and the meter said so",
}
"""What is to be said of a twist that came out as it has to."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Somebody wants something at a till.

    Attributes:
        number: of the day, from 1.
        minute: of the day.
        till: vendor and terminal, by their codes.
        home: who; None for a number that belongs to nobody.
        meter: its number as it is typed at the till.
        order: as the API wants it.
        codes: what may come of it: codes of refusals, or SOLD.
        twist: what else happens.
    """

    number: int
    minute: int
    till: str
    home: Home | None
    meter: str
    order: dict[str, Any]
    codes: frozenset[str] = frozenset({SOLD})
    twist: Twist = Twist.NONE

    def message_id(self, day: int) -> str:
        """By which the till knows it, for ever."""
        return f"day-{day}:{self.number:04}"

    @property
    def clock(self) -> str:
        """The time of day."""
        return f"{self.minute // HOUR:02}:{self.minute % HOUR:02}"


@dataclass(slots=True)
class Planner:
    """Makes a day.

    Attributes:
        homes: all of them.
        tills: where ordinary people buy.
        chance: that of this day.
        day: its number.
    """

    homes: Sequence[Home]
    tills: Sequence[str]
    chance: random.Random
    day: int
    errands: list[Errand] = field(default_factory=list)

    def add(  # noqa: PLR0913 - what an errand is
        self,
        home: Home | None,
        order: dict[str, Any],
        *codes: str,
        meter: str = "",
        till: str = "",
        twist: Twist = Twist.NONE,
        minute: int | None = None,
    ) -> Errand:
        """Add an errand at some time of the day."""
        when = self.minute() if minute is None else minute
        number = meter or (home.meter if home else "")
        where = till or self.chance.choice(self.tills)
        allowed = frozenset(codes or {SOLD})
        errand = Errand(len(self.errands) + 1, when, where, home, number, order, allowed, twist)
        self.errands.append(errand)
        return errand

    def minute(self) -> int:
        """A time of day at which people buy."""
        (hour,) = self.chance.choices(range(len(HOURS)), HOURS)
        return hour * HOUR + self.chance.randrange(HOUR)

    def of_the_day(self, homes: Sequence[Home], most: int = 1) -> list[Home]:
        """Some of these homes: others on the next day, until it is their turn again."""
        start = (self.day - 1) * most
        return [homes[(start + it) % len(homes)] for it in range(min(most, len(homes)))]

    @property
    def ordinary(self) -> list[Home]:
        """Homes where anybody could live, but for the last, where nothing but too little is ever offered."""
        return [it for it in self.homes if it.is_ordinary][:-1]


def plan_day(homes: Sequence[Home], tills: Sequence[str], *, day: int, size: int) -> list[Errand]:
    """The errands of a day, in the order of their times.

    Args:
        homes: of the town.
        tills: all of them, as VENDOR/TERMINAL.
        day: its number, from 1.
        size: how many ordinary purchases.
    """
    shops = [it for it in tills if not it.startswith((KIOSK, DESK))]
    planner = Planner(homes, shops, random.Random(f"{day}"), day)  # noqa: S311 - an invented day, the same every time
    special = {it.meter for it in specialists(planner)}
    people = [it for it in homes if it.customer and not it.state and it.meter not in special]
    for home in planner.chance.sample(people, min(size, len(people))):
        planner.add(home, ordinary_order(planner, home))
    sprinkle(planner)
    for till in tills:
        if till.startswith(KIOSK):
            at_the_kiosk(planner, till)
        elif till.startswith(DESK):
            at_the_desk(planner, till)
    scripted(planner)
    return sorted(planner.errands, key=lambda it: (it.minute, it.number))


def specialists(planner: Planner) -> list[Home]:
    """Homes that do nothing else on this day."""
    free, debts, kiosk = lifelines(planner), debtors(planner), kiosk_customers(planner)
    return [*free, *debts, *kiosk, *key_changes(planner.homes, planner.day), *poor(planner)]


def ordinary_order(planner: Planner, home: Home) -> dict[str, Any]:
    """What somebody buys."""
    if not home.owes and planner.chance.random() < BY_UNITS:
        return {"kind": "buy", "units": planner.chance.randrange(200, MOST_UNITS, 10)}
    return {"kind": "buy", "money": 100 * planner.chance.choice(AMOUNTS)}


def sprinkle(planner: Planner) -> None:
    """Let something happen at some of the ordinary purchases."""
    twists = [Twist.LOST_REPLY] * 4 + [Twist.SENT_TWICE, Twist.REUSED, Twist.REPRINTED, Twist.TAKEN_BACK] * 2
    twists += [Twist.TYPED_TWICE, Twist.MISTYPED] * 2
    for twist, errand in zip(twists, planner.errands[::3], strict=False):
        planner.errands[errand.number - 1] = replace(errand, twist=twist)


def at_the_kiosk(planner: Planner, till: str) -> None:
    """People come until the kiosk has no float left, and then one more."""
    for place, home in enumerate(kiosk_customers(planner)):
        code = SOLD if place < KIOSK_HOLDS else "float_exhausted"
        planner.add(home, {"kind": "buy", "money": KIOSK_MONEY}, code, till=till, minute=16 * HOUR + place)


def at_the_desk(planner: Planner, till: str) -> None:
    """Old debts are paid, and a meter gets its new key."""
    for home in debtors(planner):
        codes = SOLD, "nothing_owed", "above_maximum"
        planner.add(home, {"kind": "pay", "money": 50_00}, *codes, till=till, minute=10 * HOUR)
    for home in key_changes(planner.homes, planner.day):
        planner.add(home, {"kind": "buy", "money": 300_00}, till=till, minute=11 * HOUR)


def scripted(planner: Planner) -> None:
    """What happens every day, to others each time: free units, and what can't be sold."""
    buy = {"kind": "buy", "money": 100_00}
    first = [planner.add(it, CLAIM, SOLD, "nothing_due", minute=9 * HOUR) for it in lifelines(planner)]
    for it in first[:2]:  # at the same till: tills don't wait for one another
        planner.add(it.home, CLAIM, "nothing_due", till=it.till, minute=20 * HOUR)
    for home in planner.of_the_day(planner.ordinary):
        planner.add(home, buy, "wrong_check_digit", meter=with_wrong_digit(home.meter))
        planner.add(home, {"kind": "buy", "money": "50.00", "currency": "USD"}, "wrong_currency")
    planner.add(None, buy, "unknown_meter", meter=str(DRN.from_parts(0, UNKNOWN_SERIAL + planner.day)))
    for home in poor(planner):
        planner.add(home, {"kind": "buy", "money": 10_00}, "below_minimum")
    for home in planner.homes:
        if home.state == "blocked":
            planner.add(home, buy, "meter_blocked")
    for home in planner.of_the_day([it for it in planner.homes if not it.customer]):
        planner.add(home, buy, "meter_not_installed")


def with_wrong_digit(number: str) -> str:
    """A meter's number with a wrong last digit."""
    return f"{number[:-1]}{(int(number[-1]) + 1) % 10}"


def lifelines(planner: Planner) -> list[Home]:
    """Who fetches free units today."""
    return planner.of_the_day([it for it in planner.homes if it.has_free], LIFELINES)


def debtors(planner: Planner) -> list[Home]:
    """Who pays something of an old debt at the town hall."""
    return planner.of_the_day([it for it in planner.homes if it.owes], 2)


def kiosk_customers(planner: Planner) -> list[Home]:
    """Who comes to the kiosk: one more than its float can serve, and nobody whose meter gets another key."""
    return planner.of_the_day([it for it in planner.ordinary if (it.sgc, it.krn) != OLD_KEY], KIOSK_HOLDS + 1)


def poor(planner: Planner) -> list[Home]:
    """Where too little is offered, and never what is due in a month."""
    return [it for it in planner.homes if it.is_ordinary][-1:]


def key_changes(homes: Sequence[Home], day: int) -> list[Home]:
    """Whose meter gets another key on this day, if any is left with its first one."""
    return [it for it in homes if it.is_ordinary and (it.sgc, it.krn) == OLD_KEY][:-1][day : day + 1]
