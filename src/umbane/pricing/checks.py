"""What must hold between the fields of a tariff document. Everything found is told, with the place and the remedy."""

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction

from umbane.pricing.document import Charge, Limits, Surcharge, TariffDocument, Tax
from umbane.pricing.tariff import Missing, Tariff
from umbane.pricing.time_of_use_checks import time_of_use_problems
from umbane.pricing.yaml_source import Path

__all__ = ["compiled_problems", "document_problems"]

Found = tuple[Path, str, str]
"""Where, what is wrong, what would be right."""

RESERVED = frozenset({"energy", "tender", "arrears", "credit_used", "credit_carried", "rounding", "free_units"})
LONGEST_PERIOD = 366
MOST_LINES = 20
"""Blocks, charges, surcharges, taxes or rules for arrears."""
MOST_MONTHS = 240
"""With values of surcharges."""


def document_problems(document: TariffDocument) -> Iterator[Found]:
    """Everything that is wrong in a document whose fields are all well by themselves."""
    too_many = list(_counts(document))
    yield from too_many or _all_else(document)


def _all_else(document: TariffDocument) -> Iterator[Found]:
    yield from _dates(document)
    yield from _period(document)
    yield from _energy(document)
    yield from _names(document)
    for place, charge in enumerate(document.charges):
        yield from _charge(("charges", place), charge)
    for place, surcharge in enumerate(document.surcharges):
        yield from _surcharge(("surcharges", place), surcharge)
    yield from _bases(document)
    yield from _arrears(document)
    yield from _order(document)
    yield from _ceiling(document)
    yield from _limits(document.limits)
    yield from _money(document)
    yield from _examples(document)


def compiled_problems(tariff: Tariff) -> Iterator[Found]:
    """What shows only when prices and taxes are put together: a price below nothing, or a total that falls."""
    for card in tariff.cards:
        if isinstance(card, Missing):
            continue
        for place, slope in enumerate(card.slopes):
            if slope < 0 or (slope == 0 and place == len(card.slopes) - 1):
                yield _block(tariff, place), "the price with all rebates isn't above zero", "a price to sell at"
        for place in range(1, len(card.starts)):
            if card.levels[place] < card.value(card.starts[place]):
                yield (
                    _block(tariff, place),
                    "makes what was bought before cheaper",
                    "a higher price, or reprices: false",
                )
    for name, share in tariff.tender_shares.items():
        if share.share >= 1_000_000:  # noqa: PLR2004 - millionths
            yield ("order",), f"{name} takes all of the money", "less than 100 per cent, taxes included"


def _block(tariff: Tariff, place: int) -> Path:
    return ("energy", "blocks", place) if tariff.document.energy.blocks else ("energy",)


def _counts(document: TariffDocument) -> Iterator[Found]:
    """What is longer than any tariff: it is refused before work is spent on it."""
    lists: dict[Path, list[object]] = {
        (section,): getattr(document, section) for section in ("charges", "surcharges", "taxes", "arrears")
    }
    lists["energy", "blocks"] = [*(document.energy.blocks or ())]
    for path, items in lists.items():
        if len(items) > MOST_LINES:
            yield path, f"has {len(items)} entries", f"at most {MOST_LINES}"
    months = {month for surcharge in document.surcharges for month in surcharge.values or ()}
    if len(months) > MOST_MONTHS:
        yield ("surcharges",), f"have values for {len(months)} months", f"at most {MOST_MONTHS}: begin a new version"


def _dates(document: TariffDocument) -> Iterator[Found]:
    if document.last_day() < document.valid_from:
        yield ("valid_until",), f"is before valid_from ({document.valid_from})", "the last day of validity"
    if not document.sources:
        yield ("sources",), "is empty", "say where the figures were published"


def _period(document: TariffDocument) -> Iterator[Found]:
    kind, days = document.period.kind, document.period.days
    if kind == "rolling" and not (days and days <= LONGEST_PERIOD):
        yield ("period", "days"), "a rolling period needs its length", f"1 to {LONGEST_PERIOD} days"
    if kind != "rolling" and days is not None:
        yield ("period", "days"), f"means nothing in a period of the kind {kind}", "leave it out"


def _energy(document: TariffDocument) -> Iterator[Found]:
    energy = document.energy
    if sum(it is not None for it in (energy.price, energy.blocks, energy.time_of_use)) != 1:
        yield ("energy",), "needs one kind of price", "price, blocks or time_of_use"
    if energy.method and energy.blocks is None:
        yield ("energy", "method"), "means nothing without blocks", "leave it out"
    if energy.blocks is not None:
        yield from _blocks(document)
    if energy.time_of_use:
        yield from time_of_use_problems(energy.time_of_use)


def _blocks(document: TariffDocument) -> Iterator[Found]:
    blocks = document.energy.blocks or []
    before = 0
    if not blocks:
        yield ("energy", "blocks"), "is empty", "at least one block"
    for place, block in enumerate(blocks, 1):
        path: Path = ("energy", "blocks", place - 1)
        if place == len(blocks) and block.up_to is not None:
            yield (*path, "up_to"), "the last block has no end", "leave it out (limits.period.max_units ends the sale)"
        if place < len(blocks) and (block.up_to is None or block.up_to <= before):
            remedy = f"more than the {before / 10:g} of the block before"
            yield (*path, "up_to"), "blocks must rise, each with its end", remedy
        before = block.up_to or before
    if blocks and blocks[0].entry:
        yield ("energy", "blocks", 0, "entry"), "everyone enters the first block", "a charge by the month"


# ------------------------------------------------------------------------------------------------------------ names


def _named(document: TariffDocument) -> Iterator[tuple[Path, str]]:
    """Every name that the document declares for a line."""
    for section in ("charges", "surcharges", "taxes"):
        for place, it in enumerate(getattr(document, section)):
            yield (section, place, "name"), it.name
    for place, block in enumerate(document.energy.blocks or ()):
        if block.name:
            yield ("energy", "blocks", place, "name"), block.name
        if block.entry:
            yield ("energy", "blocks", place, "entry", "name"), block.entry.name


def _names(document: TariffDocument) -> Iterator[Found]:
    seen: set[str] = set()
    for path, name in (
        *_named(document),
        *((("arrears", i, "name"), it.name) for i, it in enumerate(document.arrears)),
    ):
        if name in RESERVED:
            yield path, f"{name} has a meaning of its own", "another name"
        if name in seen:
            yield path, f"{name} is taken by another line", "a name of its own"
        seen.add(name)


def _bases(document: TariffDocument) -> Iterator[Found]:
    """What surcharges and taxes are taken on must stand before them."""
    shares = {charge.name for charge in document.charges if charge.percent is not None}
    blocks = {block.name for block in document.energy.blocks or () if block.name}
    entries = {block.entry.name for block in document.energy.blocks or () if block.entry}
    known = {"energy", *blocks, *entries, *(charge.name for charge in document.charges)}
    for place, surcharge in enumerate(document.surcharges):
        yield from _known(("surcharges", place, "on"), surcharge.on, known - shares)
        known.add(surcharge.name)
    for place, tax in enumerate(document.taxes):
        if tax.on != ["tender"]:
            yield from _known(("taxes", place, "on"), tax.on, known)
            yield from _included(("taxes", place), tax, document, shares)
        elif tax.included:
            yield ("taxes", place, "included"), "a share of the tender is in no price", "leave it out"
        known.add(tax.name)


def _known(path: Path, names: list[str], known: set[str]) -> Iterator[Found]:
    if len(set(names)) < len(names):
        yield path, "a name given twice", "each once"
    for name in names:
        if name == "tender":
            yield path, "tender stands alone", "on: [tender], or a list of lines"
        elif name not in known:
            yield path, f"{name} is no line declared before this one", f"one of {', '.join(sorted(known))}"


def _included(path: Path, tax: Tax, document: TariffDocument, shares: set[str]) -> Iterator[Found]:
    """A price can contain a tax only if all that the tax is taken on is a price, or another contained tax."""
    percentages = {it.name for it in document.surcharges if it.basis == "percent"}
    added = {it.name for it in document.taxes if not it.included}
    wrong = sorted({*tax.on} & {*percentages, *added, *shares}) if tax.included else []
    if wrong:
        yield (*path, "on"), f"{wrong[0]} is not a price that could contain a tax", "included: false, or another base"
    if not tax.on:
        yield (*path, "on"), "is empty", "what the tax is taken on"


# ------------------------------------------------------------------------------------------------- single sections


def _charge(path: Path, charge: Charge) -> Iterator[Found]:
    if (charge.amount is None) == (charge.percent is None):
        yield path, "needs an amount or a percentage", "one of amount and percent"
    if charge.percent is not None:
        for field in sorted(charge.model_fields_set & {"every", "per_kilowatt", "accrues", "at_most"}):
            yield (*path, field), "means nothing for a percentage of the money", "leave it out"
    if charge.at_most == 0:
        yield (*path, "at_most"), "would never charge anything", "at least 1"


def _surcharge(path: Path, it: Surcharge) -> Iterator[Found]:
    if (it.value is None) == (it.values is None):
        yield path, "needs a value, or values by month", "one of value and values"
    if (it.basis == "percent") != bool(it.on):
        yield (*path, "on"), "goes with basis: percent, and only with it", "on: [energy] for a percentage of the energy"
    if it.values is None:
        for field in sorted(it.model_fields_set & {"lag_months", "carry_forward"}):
            yield (*path, field), "means nothing without values by month", "leave it out"
    if it.basis == "percent":
        for value in (it.value, *(it.values or {}).values()):
            if value is not None and value > 100:  # noqa: PLR2004 - per cent
                yield path, f"{float(value):g} per cent", "at most 100"


def _arrears(document: TariffDocument) -> Iterator[Found]:
    fields = {"percent": "percent", "instalment": "instalment", "all": None}
    for place, rule in enumerate(document.arrears):
        for field in ("percent", "instalment"):
            given = getattr(rule, field) is not None
            if given != (fields[rule.method] == field):
                remedy = "leave it out" if given else f"the {field} to collect"
                yield (
                    ("arrears", place, field),
                    f"doesn't go with method: {rule.method}" if given else "is missing",
                    remedy,
                )
    total = sum((rule.percent or Fraction(0) for rule in document.arrears), Fraction(0))
    if total > 1:
        yield ("arrears",), f"take {float(total * 100):g} per cent of the money together", "at most 100"


def _order(document: TariffDocument) -> Iterator[Found]:
    steps = {charge.name for charge in document.charges} | {tax.name for tax in document.taxes if tax.on == ["tender"]}
    steps |= {"arrears"} if document.arrears else set()
    given = Counter(document.order)
    for name in sorted(steps - set(given)):
        yield ("order",), f"{name} is missing", "every deduction once, energy last"
    for place, name in enumerate(document.order):
        if name not in {*steps, "arrears", "energy"}:
            remedy = (
                f"charges, taxes on the tender, arrears, energy: {', '.join(sorted({*steps, 'arrears', 'energy'}))}"
            )
            yield ("order", place), f"{name} is not a deduction", remedy
        elif given[name] > 1:
            yield ("order", place), f"{name} is there more than once", "every deduction once"
    if document.order[-1:] != ["energy"]:
        yield ("order",), "energy isn't last", "energy takes what the deductions leave"


def _ceiling(document: TariffDocument) -> Iterator[Found]:
    if document.ceiling is None:
        return
    of, order = document.ceiling.of, document.order
    start = order.index(of[0]) if of and of[0] in order else 0
    if not of or order[start : start + len(of)] != of or "energy" in of:
        yield ("ceiling", "of"), "isn't a stretch of the order", "deductions that follow one another there"
    if document.ceiling.percent == 0:
        yield ("ceiling", "percent"), "leaves nothing for the deductions", "more than 0"


def _limits(limits: Limits) -> Iterator[Found]:
    purchase = limits.purchase
    for what in ("money", "units"):
        least, most = getattr(purchase, f"min_{what}"), getattr(purchase, f"max_{what}")
        if most is not None and most < (least or 0):
            yield ("limits", "purchase", f"max_{what}"), f"is below min_{what}", f"at least min_{what}"


def _money(document: TariffDocument) -> Iterator[Found]:
    """Amounts that are paid as they stand must be whole minor units."""
    amounts: Iterable[tuple[Path, Fraction | None]] = (
        *((("limits", "purchase", it), getattr(document.limits.purchase, it)) for it in ("min_money", "max_money")),
        (("limits", "period", "max_money"), document.limits.period.max_money),
        *(
            (("arrears", place, it), getattr(rule, it))
            for place, rule in enumerate(document.arrears)
            for it in ("instalment", "at_most_per_purchase", "at_most_per_period")
        ),
        *((("examples", place, "money"), it.money) for place, it in enumerate(document.examples)),
    )
    for path, amount in amounts:
        if amount is not None and (amount * document.currency.minor_units).denominator != 1:
            yield path, f"is finer than {document.currency.code}", f"{document.currency.digits} digits after the point"


def _examples(document: TariffDocument) -> Iterator[Found]:
    names = {name for _, name in _named(document)} | {rule.name for rule in document.arrears} | RESERVED
    for place, example in enumerate(document.examples):
        path: Path = ("examples", place)
        if (example.money is None) == (example.buy is None):
            yield path, "needs what is paid or what is bought", "one of money and buy"
        if not example.model_fields_set & {"units", "total", "lines", "free"}:
            yield path, "expects nothing", "units, total or lines"
        if not document.valid_from <= example.at <= document.last_day():
            yield (*path, "at"), "is outside the dates of the tariff", f"{document.valid_from} or later"
        for name in sorted({*example.lines, *example.owed} - names):
            yield path, f"{name} is no line of this tariff", f"one of {', '.join(sorted(names))}"
