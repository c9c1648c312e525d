"""The meter drawn with letters: a display with large figures, its icons, its lamps, and the house behind it."""

from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from umbane.cli.meter.house import House
from umbane.meter import Form, Meter
from umbane.meter.face import Face, Icon, Screen, alarm, icons, show
from umbane.meter.face.display import DARK
from umbane.meter.face.items import Item, Look, read

__all__ = ["WIDTH", "draw", "figures"]

WIDTH: Final = 80
LCD_WIDTH: Final = 46
LCD_STYLE: Final = "black on #a9b89a"
UNLIT: Final = "#97a688 on #a9b89a"
DARK_STYLE: Final = "on #59605a"
ROOM: Final = LCD_WIDTH - 4
UNIT_ROOM: Final = 4

SEGMENTS: Final = {
    "0": (" _ ", "| |", "|_|"),
    "1": ("   ", "  |", "  |"),
    "2": (" _ ", " _|", "|_ "),
    "3": (" _ ", " _|", " _|"),
    "4": ("   ", "|_|", "  |"),
    "5": (" _ ", "|_ ", " _|"),
    "6": (" _ ", "|_ ", "|_|"),
    "7": (" _ ", "  |", "  |"),
    "8": (" _ ", "|_|", "|_|"),
    "9": (" _ ", "|_|", " _|"),
    "d": ("   ", " _|", "|_|"),
    "-": ("   ", " _ ", "   "),
    ".": (" ", " ", "."),
    ":": (" ", ".", "."),
    "+": ("   ", "_|_", " | "),
    " ": (" ", " ", " "),
}
"""Seven segments to a figure."""

BUILT: Final = {
    Form.SINGLE_PHASE: "single-phase",
    Form.THREE_PHASE: "three-phase",
    Form.SPLIT: "split with interface unit",
}


def figures(main: str) -> tuple[str, str, str] | None:
    """A line in large figures, as three rows; None when it holds something else or is too long."""
    if not main or not set(main) <= set(SEGMENTS):
        return None
    rows = [" ".join(SEGMENTS[sign][row] for sign in main) for row in range(3)]
    return (rows[0], rows[1], rows[2]) if len(rows[0]) + UNIT_ROOM <= ROOM else None


def draw(console: Console, meter: Meter, face: Face, house: House) -> Panel:
    """The whole picture."""
    both = Table.grid(padding=(0, 2), pad_edge=False)
    both.add_column(width=LCD_WIDTH)
    both.add_column(width=WIDTH - LCD_WIDTH - 6)
    both.add_row(Group(lcd(console, meter, face), *KEYS), side(console, meter, face, house))
    title = f"[bold]Umbane virtual meter {meter.config.pan.drn}[/bold] {BUILT[meter.config.form]}, test realm"
    return Panel(both, title=title, title_align="left", box=box.ROUNDED, width=WIDTH)


KEYS: Final = (
    Text("    1   2   3      Type 20 digits (a token)"),
    Text("    4   5   6      or a short code; Enter"),
    Text("    7   8   9      alone: the next screen."),
    Text("    *   0   #      Words: see 'help'."),
)
"""The keypad, and what to do with it."""


def lcd(console: Console, meter: Meter, face: Face) -> RenderableType:
    """The display."""
    screen = show(face, meter)
    if screen == DARK:
        return Panel(Text("\n" * 5), box=box.SQUARE, style=DARK_STYLE, width=LCD_WIDTH)
    caption = Text(fitting(screen.caption), no_wrap=True)
    lines = Group(*icon_rows(console, meter), *main_rows(screen), caption)
    return Panel(lines, box=box.SQUARE, style=LCD_STYLE, width=LCD_WIDTH)


def fitting(words: str) -> str:
    """As much as the display has room for."""
    return words if len(words) <= ROOM else f"{words[: ROOM - 3]}..."


ICONS_IN_A_ROW: Final = 5


def icon_rows(console: Console, meter: Meter) -> list[Text]:
    """The icons, each at its place; those that aren't lit are faint, or not there without colours."""
    lit, every = icons(meter), tuple(Icon)
    rows = (every[:ICONS_IN_A_ROW], every[ICONS_IN_A_ROW:])
    shown = [[icon_text(console, icon, lit=icon in lit) for icon in row] for row in rows]
    return [Text(" ", no_wrap=True).join(row) for row in shown]


def icon_text(console: Console, icon: Icon, *, lit: bool) -> Text:
    """One icon."""
    if lit:
        return Text(icon.value, style="bold")
    return Text(icon.value, style=UNLIT) if console.color_system else Text(" " * len(icon.value))


def main_rows(screen: Screen) -> list[Text]:
    """The large line: figures of seven segments, or words."""
    rows = figures(screen.main)
    if rows is None:
        text = f"{screen.main} {screen.unit}".strip()
        spaced = " ".join(text) if screen.main.isupper() else text
        return [Text(), Text(fitting(spaced), style="bold", no_wrap=True), Text()]
    lines = [Text(row, style="bold", no_wrap=True) for row in rows]
    lines[2].append(f" {screen.unit}")
    return lines


def side(console: Console, meter: Meter, face: Face, house: House) -> RenderableType:
    """What is beside the meter: its lamps, the calendar on the wall, the appliances."""
    on, off = ("●", "○") if console.encoding.startswith("utf") else ("*", "o")
    sounding = alarm(face, meter)
    lamps = Table.grid(padding=(0, 1))
    lamps.add_row(lamp(on, off, "green", lit=meter.connected), "supply " + ("on" if meter.connected else "off"))
    lamps.add_row(lamp(on, off, "red", lit=sounding is not None), sounding.value.words if sounding else "no alarm")
    rows = Table.grid(padding=(0, 1))
    for one in house.appliances:
        alive = one.on and meter.connected and min(one.phase, house.phases) not in house.lost
        place = f" L{one.phase}" if house.phases > 1 else ""
        state = Text("on" if alive else "waits" if one.on else "")
        rows.add_row(
            lamp(on, off, "yellow", lit=alive), one.name, Text(f"{one.watts} W{place}", justify="right"), state
        )
    day = Text(f"{meter.time:%a %d %b %Y %H:%M}\n{read(Item.POWER, Look(meter))} in use\n")
    return Group(lamps, day, rows)


def lamp(on: str, off: str, colour: str, *, lit: bool) -> Text:
    """A lamp that shines or doesn't."""
    return Text(on, style=f"bold {colour}") if lit else Text(off, style="dim")
