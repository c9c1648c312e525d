"""Tariffs for tests: a plain one to change, and any number of random ones."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from hypothesis import strategies as st

from umbane.pricing import Arrears, CustomerState, Quote, Tariff, load_tariff_text, quote
from umbane.pricing.checks import compiled_problems, document_problems
from umbane.pricing.compiler import compile_tariff
from umbane.pricing.document import TariffDocument

E = TypeVar("E", bound=Exception)

AT = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
DAY = AT.date()

PLAIN: dict[str, Any] = {
    "format": "umbane-tariff-1",
    "id": "test",
    "version": "1",
    "title": "A tariff for tests",
    "utility": "Umbane",
    "country": "Nowhere",
    "currency": "ZAR",
    "time_zone": "Africa/Johannesburg",
    "valid_from": "2020-01-01",
    "sources": [{"title": "made up", "retrieved": "2026-01-01"}],
    "energy": {"price": "2.00"},
    "rounding": {"money": "half-up", "units": "down"},
    "order": ["energy"],
}
"""One rand buys half a unit; nothing else."""


def text(**sections: Any) -> str:  # noqa: ANN401 - whatever a document may hold
    """The text of the plain tariff with other sections; None takes one out. JSON is YAML."""
    return json.dumps({key: value for key, value in {**PLAIN, **sections}.items() if value is not None}, indent=1)


def tariff(**sections: Any) -> Tariff:  # noqa: ANN401 - whatever a document may hold
    """The plain tariff with other sections."""
    return load_tariff_text(text(**sections), "test.yaml")


def sell(
    it: Tariff,
    money: int | None = None,
    *,
    units: int | None = None,
    **state: Any,  # noqa: ANN401 - whatever a state may hold
) -> Quote:
    """A quote on the day of the tests."""
    return quote(it, CustomerState(**state), at=AT, money=money, units=units)


def refusal(call: Callable[[], object], kind: type[E]) -> E | None:
    """The error of one kind that a call ends in, or None when it ends well; any other error goes on."""
    try:
        call()
    except kind as error:
        return error
    return None


def amounts(sale: Quote) -> dict[str, int]:
    """The lines by name; several of one name together."""
    return {line.name: sum(it.amount for it in sale.lines if it.name == line.name) for line in sale.lines}


# ------------------------------------------------------------------------------------------------- random tariffs


def decimals(least: int, most: int, digits: int = 4) -> st.SearchStrategy[str]:
    """Numbers as text, with a few digits after the point; the bounds are in units of the last one."""
    scale = 10**digits
    return st.integers(least, most).map(lambda it: f"{it // scale}.{it % scale:0{digits}d}")


@st.composite
def blocks(draw: st.DrawFn) -> dict[str, Any]:
    """Rising or falling marginal blocks, rising whole ones, or some of each."""
    count = draw(st.integers(1, 5))
    method = draw(st.sampled_from(["marginal", "whole"]))
    prices = draw(st.lists(st.integers(5_000, 90_000), min_size=count, max_size=count))
    if method == "whole":
        prices = sorted(prices)
    ends = sorted(draw(st.sets(st.integers(1, 4_000), min_size=count - 1, max_size=count - 1)))
    made: list[dict[str, Any]] = [{"price": f"{it // 10_000}.{it % 10_000:04d}"} for it in prices]
    for block, end in zip(made, ends, strict=False):
        block["up_to"] = f"{end // 10}.{end % 10}"
    for place, block in enumerate(made[1:], 1):
        if draw(st.booleans()):
            block["entry"] = {"name": f"entry-{place}", "label": "Entry", "amount": draw(decimals(0, 500_000))}
    return {"method": method, "blocks": made}


PERCENT = decimals(0, 300_000)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Sections of a random tariff: blocks, charges, surcharges, several taxes, arrears, an order and rounding."""
    charges = [
        {"name": f"charge-{it}", "label": "Charge", "amount": draw(decimals(0, 900_000)), "every": draw(EVERY)}
        for it in range(draw(st.integers(0, 2)))
    ]
    fee = draw(st.booleans())
    if fee:
        charges.append({"name": "fee", "label": "Fee", "percent": draw(PERCENT)})
    surcharges: list[dict[str, Any]] = [
        {"name": "fuel", "label": "Fuel", "basis": "unit", "value": draw(decimals(0, 9_000))}
    ]
    if draw(st.booleans()):
        surcharges.append(
            {"name": "green", "label": "Green", "basis": "percent", "on": ["energy"], "value": draw(PERCENT)}
        )
    included = draw(st.booleans())
    taxes = [
        {
            "name": "levy",
            "label": "Levy",
            "percent": draw(PERCENT),
            "on": ["energy"],
            "included": str(included).lower(),
        },
        {"name": "vat", "label": "VAT", "percent": draw(PERCENT), "on": ["energy", "fuel", "levy"]},
        {"name": "stamp", "label": "Stamp", "percent": draw(PERCENT), "on": ["tender"]},
    ]
    taxes[1]["on"] = [*taxes[1]["on"], *(it["name"] for it in charges)]
    steps = draw(st.permutations(["arrears", "stamp", *(it["name"] for it in charges)]))
    capped = draw(st.integers(0, 2))
    return {
        "currency": draw(st.sampled_from(["ZAR", "UGX", "KWD"])),
        "energy": draw(blocks()),
        "charges": charges,
        "surcharges": surcharges,
        "taxes": taxes,
        "arrears": [
            {"name": "loan", "label": "Loan", "method": "percent", "percent": draw(PERCENT)},
            {"name": "fine", "label": "Fine", "method": "instalment", "instalment": draw(st.integers(0, 60).map(str))},
            {"name": "theft", "label": "Theft", "method": "all", "at_most_per_purchase": "35"},
        ],
        "ceiling": {"percent": draw(decimals(100_000, 900_000)), "of": list(steps[:capped])} if capped else None,
        "rounding": {
            "money": draw(st.sampled_from(["half-up", "half-even", "up", "down"])),
            "units": draw(st.sampled_from(["up", "half-up", "down"])),
        },
        "order": [*steps, "energy"],
    }


EVERY = st.sampled_from(["day", "month", "purchase"])


def tariffs() -> st.SearchStrategy[Tariff]:
    """Random tariffs, compiled without the detour over their text."""
    return documents().map(_compiled)


def energy_tariffs() -> st.SearchStrategy[Tariff]:
    """Random tariffs without deductions: all money goes to energy, its surcharges and taxes."""
    return documents().map(lambda it: _compiled({**it, **NO_DEDUCTIONS, "taxes": _on_energy(it["taxes"])}))


NO_DEDUCTIONS: dict[str, Any] = {"charges": [], "arrears": [], "ceiling": None, "order": ["energy"]}


def _on_energy(taxes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The taxes that are not on the tender, without the charges among their bases."""
    known = {"energy", "fuel", "levy"}
    return [{**tax, "on": [it for it in tax["on"] if it in known]} for tax in taxes if tax["on"] != ["tender"]]


def _compiled(sections: dict[str, Any]) -> Tariff:
    document = TariffDocument.model_validate({**PLAIN, **{key: it for key, it in sections.items() if it is not None}})
    assert list(document_problems(document)) == []
    made = compile_tariff(document)
    assert list(compiled_problems(made)) == []
    return made


@st.composite
def states(draw: st.DrawFn) -> CustomerState:
    """Random customers, on or before the day of the tests."""
    debts = [
        Arrears(kind, draw(st.integers(0, 90_000)), frozen=draw(st.booleans()))
        for kind in draw(st.lists(st.sampled_from(["loan", "fine", "theft"]), max_size=4))
    ]
    own = Arrears("own", draw(st.integers(0, 90_000)), percent=draw(decimals(0, 1_000_000)))
    return CustomerState(
        period_start=draw(st.sampled_from([None, date(2026, 3, 1), date(2026, 2, 1)])),
        purchased=draw(st.integers(0, 5_000)),
        credit=draw(st.sampled_from([0, 0, 1, 500])),
        arrears=(*debts, own) if draw(st.booleans()) else tuple(debts),
        charged_on=draw(st.none() | st.dates(date(2026, 1, 1), DAY)),
        unpaid_charges=draw(st.sampled_from([(), (("charge-0", 700),)])),
    )
