"""Pages to read: event log, registers, load profile, short codes, slips, sounds, help."""

from datetime import UTC, datetime
from typing import Final

from rich import box
from rich.table import Table

from umbane.cli.meter.session import Session
from umbane.meter import ProfileFlag
from umbane.meter.face import Beep, Item, Look, read
from umbane.meter.face.figures import REGISTER_NAMES, amount, kwh

__all__ = ["codes", "log", "profile", "registers", "slips", "sounds"]

LINES: Final = 30
BAR: Final = 24


def table(*columns: str, title: str) -> Table:
    """An empty page."""
    page = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", min_width=len(title))
    for column in columns:
        page.add_column(column, overflow="fold")
    return page


def moment(milliseconds: int | None) -> str:
    """A moment in ms since 1970."""
    if milliseconds is None:
        return "clock lost"
    return f"{datetime.fromtimestamp(milliseconds // 1000, tz=UTC):%Y-%m-%d %H:%M:%S}"


def log(session: Session) -> Table:
    """The last events, as the meter wrote them down: by its own clock."""
    page = table("no.", "by the meter's clock", "what", "", title="Event log")
    for event in session.meter.log[-LINES:]:
        page.add_row(str(event.sequence), moment(event.clock), event.kind, event.detail)
    return page


def registers(session: Session) -> Table:
    """Every register and reading."""
    meter = session.meter
    page = table("reading", "value", title="Registers")
    for subclass in meter.config.subclasses:
        page.add_row(f"credit: {REGISTER_NAMES[subclass]}", amount(meter.credit(subclass), subclass))
    for phase, (taken, given) in enumerate(zip(meter.imported_wh, meter.exported_wh, strict=True), start=1):
        page.add_row(f"phase {phase}: taken, given", f"{kwh(taken, 3)}, {kwh(given, 3)} kWh")
    for rate, energy in enumerate(meter.rate_wh, start=1):
        page.add_row(f"rate {rate}", f"{kwh(energy, 3)} kWh")
    look = Look(meter, session.face.recent)
    for item in list(Item)[2:]:
        page.add_row(item.value, read(item, look))
    return page


def profile(session: Session) -> Table:
    """The last intervals of the load profile with a bar for each."""
    intervals = session.meter.profile[-LINES:]
    most = max((one.imported_wh for one in intervals), default=0) or 1
    minutes = session.meter.config.profile.interval_minutes
    page = table("from", "kWh", "", "remarks", title=f"Load profile, intervals of {minutes} minutes")
    for one in intervals:
        remarks = ", ".join(str(flag.name).lower().replace("_", " ") for flag in ProfileFlag if one.flags & flag)
        page.add_row(moment(one.start), kwh(one.imported_wh, 3), "#" * (one.imported_wh * BAR // most), remarks)
    return page


def codes(session: Session) -> Table:
    """The short codes of this keypad."""
    pack = session.face.pack
    page = table("code", "shows or does", "found in", title=f"Short codes: {pack.make}, {pack.models}")
    for code in pack.codes:
        page.add_row(code.keys, code.words, ", ".join(code.sources))
    page.caption = pack.how + "".join(f"\n{one.id}: {one.title}, {one.date}" for one in pack.sources)
    page.caption_justify = "left"
    return page


def slips(session: Session) -> Table:
    """What shop and office handed over, with every token: of the test realm, worth nothing to any other meter."""
    page = table("slip", "tokens", title="Slips (test realm)")
    for slip in session.desk.slips[-LINES:]:
        page.add_row(slip.title, "\n".join(token.grouped for token in slip.tokens))
    return page


def sounds(_session: Session) -> Table:
    """Every sound and what it means."""
    page = table("sound", "means", "comes again", title="Sounds")
    for beep in Beep:
        again = f"every {beep.value.every_s} s" if beep.value.every_s else ""
        page.add_row(beep.value.drawn, beep.value.words, again)
    return page
