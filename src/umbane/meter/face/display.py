"""What the display shows while nobody types: the credit first, then what else is worth knowing, in turns."""

from typing import Final, NamedTuple

from umbane.meter.face.figures import span
from umbane.meter.face.items import Item, Look, read
from umbane.meter.state import Hold
from umbane.meter.view import MeterView

__all__ = ["DARK", "NO_LINK", "Screen", "rotation", "screen", "screen_of"]


class Screen(NamedTuple):
    """One picture on the display.

    Attributes:
        main: the large figures.
        unit: what stands behind them, small.
        caption: what it is, or what is the matter.
    """

    main: str
    unit: str = ""
    caption: str = ""


DARK: Final = Screen("")
"""Without mains the display is off."""

NO_LINK: Final = Screen("- - -", "", "no answer from the meter")
"""What the keypad unit of a split meter shows while it can't hear its meter."""


def screen_of(item: Item, look: Look) -> Screen:
    """A reading as a screen: figures large, the unit small."""
    return screen(read(item, look), item.value)


def screen(text: str, caption: str) -> Screen:
    """A value with its caption: the unit, if the text ends with one, stands by itself."""
    main, gap, unit = text.rpartition(" ")
    return Screen(main, unit, caption) if gap and unit in UNITS else Screen(text, "", caption)


UNITS: Final = frozenset({"kWh", "W", "V", "A", "min", "s"})


FORECAST: Final = frozenset({0, 4})
"""Paying registers for which it is worth saying how long they last; time says it by itself."""


def rotation(meter: MeterView) -> tuple[Screen, ...]:
    """The screens that take turns, the most important one first."""
    look = Look(meter)
    first = screen_of(Item.CREDIT, look)._replace(caption=state_words(meter))
    rest = [Item.POWER, Item.TOTAL_ENERGY]
    if Hold.CREDIT not in meter.holds and meter.config.payer in FORECAST:
        rest.insert(0, Item.TIME_LEFT)
    if meter.tampers:
        rest.insert(0, Item.TAMPER)
    if meter.clock is not None:
        rest.append(Item.TIME)
    return (first, *(screen_of(item, look) for item in rest))


def state_words(meter: MeterView) -> str:
    """The one thing that a customer has to know now, under the credit."""
    why_off = next((words for hold, words in WHY_OFF.items() if hold in meter.holds), None)
    if why_off is not None:
        return why_off.format(code=meter.tamper_code)
    if meter.locked_for:
        return f"keypad locked for {span(meter.locked_for)}"
    if meter.emergency_active:
        return "emergency credit in use"
    if meter.warning_level:
        return "credit is low: buy a token"
    return "credit" if meter.config.payer is not None else "used so far"


WHY_OFF: Final = {
    Hold.TAMPER: "TAMPER {code}: call your supplier",
    Hold.CREDIT: "credit used up: buy a token",
    Hold.LOCKED: "too much power: switch off, press the button",
    Hold.OVERLOAD: "too much power: switch something off",
    Hold.UNBALANCE: "phases too uneven: switch something off",
    Hold.PHASE_LOSS: "a phase is missing",
    Hold.COMMAND: "disconnected by your supplier",
}
"""What is said for each reason to disconnect, the weightiest first."""
