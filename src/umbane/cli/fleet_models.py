"""Models, their papers, the policy on them, and what ends soon, as commands."""

import csv
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from rich import box
from rich.table import Table
from rich.text import Text

from umbane.cli.where import plain, using
from umbane.cli.whose import by, console, of_utility, utility_named
from umbane.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from umbane.db import Connection, Database
    from umbane.fleet import Dossier, Evidence, MeterModel, Score, Standing
    from umbane.registry import Scope, Utility

__all__ = [
    "FILE",
    "add",
    "enforce",
    "evidence",
    "foresight",
    "looking",
    "models",
    "policy",
    "shown_table",
    "suppliers",
    "units",
    "withdraw",
    "writing",
    "yaml_of",
]

T = TypeVar("T")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
DAY = click.DateTime(["%Y-%m-%d"])
KINDS = click.Choice(
    ["sts_certificate", "national_approval", "surge_report", "ip_report", "warranty", "battery_life"]
)  # fmt: skip
SOON: Final = 90
CONSEQUENCES: Final = ("refuse_vending", "refuse_installation", "warn")
"""From the worst."""
FORMS: Final = {"integrated": "integrated", "din_rail": "DIN rail", "pole": "pole", "bs": "BS mounting"}


# -------------------------------------------------------------------------------------------------------------- common


def looking(code: str | None, work: "Callable[[Connection, Utility], Awaitable[T]]") -> T:
    """Read something of a utility."""

    async def run(database: "Database") -> T:
        async with database.reading() as connection:
            return await work(connection, await utility_named(connection, code))

    return using(run)


def writing(
    code: str | None, work: "Callable[[Connection, Scope, Utility], Awaitable[T]]", alone: str | None = None
) -> T:
    """Do something of a utility in a transaction; where it takes two people elsewhere, an alarm says so."""
    from umbane.api import note_alone
    from umbane.registry import Scope

    async def inside(tx: "Connection") -> T:
        house = await utility_named(tx, code)
        scope = Scope(house.id, by())
        if alone is not None:
            await note_alone(tx, scope, alone)
        return await work(tx, scope, house)

    return using(lambda database: database.run(inside))


def today(house: "Utility") -> date:
    """The day where the utility is."""
    return datetime.now(UTC).astimezone(house.zone).date()


def yaml_of(file: Path) -> object:
    """What a file of YAML or JSON says.

    Raises:
        InputError: it is none.
    """
    import yaml

    try:
        document: object = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(str(file), "it is no YAML in UTF-8", "see the page on the fleet for an example") from error
    return document


def shown_table(columns: str, rows: "Sequence[tuple[str, ...]]", right: tuple[int, ...] = ()) -> None:
    """Print a table; columns are named with bars between."""
    table = Table(*columns.split("|"), box=box.SIMPLE_HEAD, header_style="dim")
    for place in right:
        table.columns[place].justify = "right"
    for row in rows:
        table.add_row(*(Text(plain(it)) for it in row))
    console().print(table)


# -------------------------------------------------------------------------------------------------------------- models


@click.command()
@click.argument("file", type=FILE)
@of_utility
def add(file: Path, code: str | None) -> None:
    """Add models and papers about them from a YAML FILE with the lists "models" and "evidence"."""
    import msgspec

    from umbane.fleet import Evidence, MeterModel, add_evidence, add_models

    document = yaml_of(file)
    if not isinstance(document, dict) or not document or document.keys() - {"models", "evidence"}:
        raise InputError(str(file), "it has other parts than models and evidence", "give these two lists, or one")
    try:
        new = msgspec.convert(document.get("models", []), list[MeterModel])
        papers = msgspec.convert(document.get("evidence", []), list[Evidence])
    except msgspec.ValidationError as error:
        raise InputError(str(file), str(error), "see the page on the fleet for an example") from error

    async def work(tx: "Connection", scope: "Scope", _house: "Utility") -> None:
        await add_models(tx, scope, new)
        await add_evidence(tx, scope, papers)

    writing(code, work)
    click.echo(f"Added {len(new)} models and {len(papers)} papers.")
    if papers:
        click.echo("What is shown now may lift a bar: umbane fleet enforce")


@click.command()
@of_utility
def models(code: str | None) -> None:
    """List the models, how many of their meters hang, and what isn't shown of them today."""
    from umbane.fleet import Dossier, Standing, approvals, dossiers, findings, standing

    async def work(connection: "Connection", house: "Utility") -> "tuple[list[Standing], dict[str, Dossier]]":
        day, known = today(house), await dossiers(connection, house.id)
        stands, rules = await standing(connection, house.id, day), await approvals(connection, house.id)
        lying = known.keys() - {it.model for it in stands}
        none = [Standing(it, None, 0, 0, findings(known[it], None, day, rules)) for it in sorted(lying)]
        return [*stands, *none], known

    stands, known = looking(code, work)
    if not stands:
        click.echo("There is no model yet, and no meter hangs. Add models with: umbane fleet add FILE")
        return
    rows = [model_row(it, known.get(it.model or "", Dossier()).model) for it in stands]
    shown_table("model|firmware|maker|form|rating|hang|blocked|today", rows, (5, 6))
    for it in stands:
        for finding in it.findings:
            click.echo(plain(f"{build_of(it)}: {finding.words}: {consequence_of(finding.consequence)}"))


def build_of(it: "Standing") -> str:
    """A model with its firmware."""
    return f"{it.model or 'unknown model'}{f', firmware {it.firmware}' if it.firmware else ''}"


def model_row(it: "Standing", model: "MeterModel | None") -> tuple[str, ...]:
    """A model, or a version of its firmware, in a line."""
    about = ("–", "–", "–")
    if model:
        phases = "3 × " if model.phases > 1 else ""
        remote = f", {model.communication}" if model.communication else ""
        about = (
            f"{model.maker} ({model.code})",
            FORMS[model.form],
            f"{phases}{model.volts} V, {model.amperes} A{remote}",
        )
    worst = min((CONSEQUENCES.index(finding.consequence) for finding in it.findings), default=None)
    verdict = "good" if worst is None else consequence_of(CONSEQUENCES[worst])
    return (it.model or "–", it.firmware or "–", *about, str(it.meters), str(it.blocked), verdict)


def consequence_of(name: str) -> str:
    """What follows, in words."""
    return {"refuse_vending": "no sale", "refuse_installation": "no installation"}.get(name, "a warning")


@click.command()
@click.argument("model", required=False)
@of_utility
def evidence(model: str | None, code: str | None) -> None:
    """List the papers of all models, or of one."""
    from umbane.fleet import dossiers

    async def work(connection: "Connection", house: "Utility") -> "list[tuple[Evidence, date]]":
        known = await dossiers(connection, house.id)
        if model is not None and model not in known:
            raise InputError("model", f"there is no {model}", "see umbane fleet models")
        return [
            (paper, today(house)) for name, it in known.items() if model in {None, name} for paper in it.evidence
        ]  # fmt: skip

    rows = [
        (it.model, it.kind.in_words, it.number, it.issuer, *span(it, day), about(it)) for it, day in looking(code, work)
    ]
    if not rows:
        click.echo("There are no papers yet. Add some with: umbane fleet add FILE")
        return
    shown_table("model|kind|number|issuer|from|until|today|what it says", rows)


def span(it: "Evidence", day: date) -> tuple[str, str, str]:
    """From when to when a paper counts, and whether it does."""
    state = "holds" if it.holds(day) else "withdrawn" if it.withdrawn and it.withdrawn <= day else "over"
    if it.valid_from > day:
        state = "to come"
    return str(it.valid_from), str(it.last_day or "–"), state


def about(it: "Evidence") -> str:
    """What a paper says."""
    parts = [it.words or "", f"{it.months} months" if it.months else ""]
    parts.append(f"firmware {', '.join(it.firmware)}" if it.firmware else "")
    return "; ".join(part for part in parts if part)


@click.command()
@click.argument("model")
@click.argument("kind", type=KINDS)
@click.argument("number")
@click.option("--since", type=DAY, required=True, help="The first day on which it doesn't count any more.")
@click.option("--reason", required=True, help="Why, for the record.")
@of_utility
def withdraw(  # noqa: PLR0917 - click passes every parameter by its name
    model: str, kind: str, number: str, since: datetime, reason: str, code: str | None
) -> None:
    """Write down that the issuer of a paper withdrew it."""
    from umbane.fleet import EvidenceKind, withdraw_evidence

    async def work(tx: "Connection", scope: "Scope", _house: "Utility") -> None:
        await withdraw_evidence(tx, scope, model, EvidenceKind(kind), number, since.date(), reason)

    writing(code, work)
    click.echo(f"{plain(model)}: {EvidenceKind(kind).in_words} {plain(number)} doesn't count from {since:%Y-%m-%d} on.")
    click.echo("What may not be sold to any more is blocked by: umbane fleet enforce")


@click.command()
@click.argument("file", type=FILE)
@of_utility
def units(file: Path, code: str | None) -> None:
    """Say what is known of meters, from a CSV FILE with the columns meter, model, firmware, delivered, battery."""
    from umbane.fleet import Unit, describe_units
    from umbane.registry import meter_by_number

    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = list(csv.DictReader(opened))
    except ValueError as error:
        raise InputError(str(file), "it is no CSV in UTF-8", "export it again as CSV in UTF-8") from error
    if not rows or set(rows[0]) - {"meter", "model", "firmware", "delivered", "battery"} or "meter" not in rows[0]:
        raise InputError(
            str(file), "its columns are others", "meter, and of model, firmware, delivered, battery what is known"
        )

    async def work(tx: "Connection", scope: "Scope", house: "Utility") -> None:
        new = []
        for line, row in enumerate(rows, 2):
            found = await meter_by_number(tx, house.id, row["meter"])
            first, last = (day_of(row.get(it), f"line {line}, {it}") for it in ("delivered", "battery"))
            new.append(Unit(found.id, row.get("firmware") or None, first, last, row.get("model") or None))
        await describe_units(tx, scope, new)

    writing(code, work)
    click.echo(f"{len(rows)} meters described.")


def day_of(text: str | None, field: str) -> date | None:
    """A day, or none.

    Raises:
        InputError: it is something else.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError(field, "it is no day", "such as 2026-03-12") from None


# -------------------------------------------------------------------------------------------------------------- policy


@click.command()
@click.option(
    "--set", "file", type=FILE, help="A YAML or JSON file with another policy; what it leaves out is as usual."
)
@click.option("--reason", help="Why, for the record; needed with --set.")
@of_utility
def policy(file: Path | None, reason: str | None, code: str | None) -> None:
    """Print what follows where something isn't shown of a model, as JSON; or change it.

    It takes one person here, and an alarm says so as soon as there are two.
    """
    import msgspec

    from umbane.fleet import ApprovalPolicy, approvals, change_approvals, read_policy
    from umbane.fleet.models import EvidenceKind

    if file is None:
        found = looking(code, lambda connection, house: approvals(connection, house.id))
        whole = ApprovalPolicy(found.unknown_model, {it: found.rule(it) for it in EvidenceKind}, found.checks)
        click.echo(json.dumps(msgspec.to_builtins(whole), indent=2))
        return
    if reason is None:
        raise InputError("--reason", "no reason is given", "say why the policy is changed")
    wanted = read_policy(yaml_of(file))

    async def work(tx: "Connection", scope: "Scope", _house: "Utility") -> None:
        await change_approvals(tx, scope, wanted, reason)

    writing(code, work, f"policy on meters: {reason}")
    click.echo("Changed. Look at what it would block with: umbane fleet enforce --dry-run")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@of_utility
def enforce(*, dry_run: bool, code: str | None) -> None:
    """Block the meters that nothing may be sold to by the policy, and lift the bars of those that may be sold to again.

    In stretches, while sales go on. Call it each day, and after every change of papers or policy.
    """
    from umbane.fleet import standing
    from umbane.fleet.enforcing import enforce as do

    stands = looking(code, lambda connection, house: standing(connection, house.id, today(house)))
    refused = [it for it in stands if it.is_refused]
    for it in refused:
        why = "; ".join(finding.words for finding in it.findings if finding.consequence == "refuse_vending")
        click.echo(plain(f"{build_of(it)}: {it.meters} hang: {why}"))
    if dry_run:
        count = sum(it.meters - it.blocked for it in refused)
        click.echo(f"{count} meters would be blocked. Nothing was changed.")
        return
    barred, lifted = 0, 0
    while (done := writing(code, lambda tx, scope, house: do(tx, scope, today(house)))).barred + done.lifted:
        barred, lifted = barred + done.barred, lifted + done.lifted
    click.echo(f"{barred} meters blocked, {lifted} let go.")


# ----------------------------------------------------------------------------------------------------------- foresight


@click.command()
@click.option("--days", type=click.IntRange(0, 3650), default=SOON, show_default=True, help="So far ahead.")
@click.option("--model", help="Only this model.")
@click.option("--area", help="Only this feeder.")
@click.option("--list", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the meters here, as CSV.")
@of_utility
def foresight(days: int, model: str | None, area: str | None, file: Path | None, code: str | None) -> None:
    """Say which certificates end soon, and in which areas warranties and batteries of meters do."""
    from umbane.fleet import Due, Ending, Wave, due_meters, ending_documents, waves

    async def work(connection: "Connection", house: "Utility") -> tuple[list[Ending], list[Wave], list[Due]]:
        day = today(house)
        listed = await due_meters(connection, house.id, day, days, model=model, area=area, most=1 << 20) if file else []
        return (
            await ending_documents(connection, house.id, day, days),
            await waves(connection, house.id, day, days),
            listed,
        )

    papers, groups, listed = looking(code, work)
    papers = [it for it in papers if model in {None, it.evidence.model}]
    groups = [it for it in groups if model in {None, it.model} and area in {None, it.area}]
    if papers:
        shown_table("ends|model|paper|number|meters hang", [paper_row(it) for it in papers], (4,))
    if groups:
        shown_table("what ends|model|feeder|meters|first|last", [wave_row(it) for it in groups], (3,))
    if not papers and not groups:
        click.echo(f"Nothing ends within {days} days.")
    if file:
        write_due(file, listed)
        click.echo(f"{len(listed)} meters in {file}.")


def paper_row(it: Any) -> tuple[str, ...]:  # noqa: ANN401 - an Ending, whose room is loaded with the command
    """A paper that ends."""
    return str(it.last_day), it.evidence.model, it.evidence.kind.in_words, it.evidence.number, str(it.meters)


def wave_row(it: Any) -> tuple[str, ...]:  # noqa: ANN401 - a Wave, whose room is loaded with the command
    """Meters of an area."""
    kind = "battery" if it.kind == "battery_life" else "warranty"
    return kind, it.model, it.area or "–", str(it.meters), str(it.first), str(it.last)


def write_due(path: Path, listed: list[Any]) -> None:
    """Write a list to go round with."""
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("ends", "what", "meter", "model", "address", "feeder", "transformer"))
            writer.writerows((it.ends, it.kind, it.pan, it.model, it.address, it.area, it.transformer) for it in listed)
    except OSError as error:
        raise InputError("--list", f"can't be written: {error.strerror}", "name a place to write to") from error


@click.command()
@of_utility
def suppliers(code: str | None) -> None:
    """Compare suppliers by what they show and by what failed in the field; the page on the fleet has the formula."""
    from umbane.fleet import scorecard

    rows = [
        score_row(it) for it in looking(code, lambda connection, house: scorecard(connection, house.id, today(house)))
    ]
    if not rows:
        click.echo("There is no model yet. Add some with: umbane fleet add FILE")
        return
    columns = "supplier|models|hang|faults|per 1000 years|evidence /40|reliability /60|points"
    shown_table(columns, rows, (1, 2, 3, 4, 5, 6, 7))


def score_row(it: "Score") -> tuple[str, ...]:
    """A supplier in a line."""
    rate = "–" if it.failures is None else f"{it.failures // 10}.{it.failures % 10}"
    counts = (str(it.models), str(it.meters), str(it.faults))
    return (
        it.maker,
        *counts,
        rate,
        str(it.evidence),
        "–" if it.reliability is None else str(it.reliability),
        str(it.points),
    )
