"""What is in a centre, for people at a terminal; nothing of it is secret."""

from collections.abc import Iterable
from datetime import datetime

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from umbane.keycentre import Centre, KeyEntry, ModuleEntry, Register, described, ken_end, told
from umbane.sts import KEN, BaseDate

__all__ = ["show_centre", "show_entries"]


def show_centre(centre: Centre, at: datetime) -> None:
    """Keys, modules, custodians and the head."""
    register = centre.register()
    click.echo(f"Centre {centre.card.name}, {centre.card.realm} realm, card {centre.card.fingerprint}")
    if register.custody:
        names = ", ".join(register.custody.custodians)
        click.echo(f"Any {register.custody.threshold} of {names} open it together.")
    table("key", "check", "state", "from", "until", "tokens until", rows=map(key_row, register.keys.values()))
    modules = (module_row(module, at) for module in register.modules.values())
    table("module", "card", "audited until", "sent", "keys", rows=modules)
    click.echo(f"Head {centre.head}, after {len(centre.entries)} steps.")


def key_row(key: KeyEntry) -> tuple[str, ...]:
    """A line of the table of keys."""
    times = f"{key.active_from:%Y-%m-%d}", f"{key.expires:%Y-%m-%d}", until(key.ken, key.base_date)
    return (key.label, key.check, key.state, *times)


def until(ken: KEN, base: BaseDate) -> str:
    """Until when meters take tokens under a key."""
    return "-" if ken.never else f"{ken_end(ken, base):%Y-%m-%d}"


def module_row(module: ModuleEntry, at: datetime) -> tuple[str, ...]:
    """A line of the table of modules."""
    keys = "\n".join(sorted(module.keys)) or "-"
    return (module.card.name, f"{module.card.fingerprint[:9]}…", audit(module, at), str(module.serial), keys)


def audit(module: ModuleEntry, at: datetime) -> str:
    """Whether somebody looked at a module, and until when that counts."""
    if module.revoked:
        return "revoked"
    if module.audited_until is None:
        return "never"
    return f"{module.audited_until:%Y-%m-%d}" + ("" if module.audited(at) else " (over)")


def table(*columns: str, rows: Iterable[tuple[str, ...]]) -> None:
    """Print a table, or nothing."""
    lines = list(rows)
    if not lines:
        return
    shown = Table(*columns, box=box.SIMPLE_HEAD, header_style="dim")
    shown.columns[0].no_wrap = True
    for line in lines:
        shown.add_row(*map(Text, line))
    Console(soft_wrap=True).print(shown)


def show_entries(centre: Centre) -> None:
    """Every entry of the journal, as it was said aloud, and what came of it; ceremony by ceremony."""
    register, ceremony = Register(centre.card.realm), ""
    for entry in centre.entries:
        if entry.ceremony != ceremony:
            ceremony = entry.ceremony
            shares = f"; shares of {', '.join(entry.shares_of)}" if entry.shares_of else ""
            click.echo(f"\n{entry.title}: ceremony file {ceremony}")
            click.echo(f"   confirmed by {' and '.join(entry.confirmed)}{shares}")
        first, *rest = described(entry.step, register)
        click.echo(f"{entry.number}. {entry.at:%Y-%m-%d %H:%M} {first}")
        for line in (*rest, told(entry.step, entry.outcome)):
            click.echo(f"   {line}")
        register.apply(entry.step, entry.outcome, entry.at)
    click.echo()
