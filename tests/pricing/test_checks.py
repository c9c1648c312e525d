"""What must hold between the fields of a tariff document."""

from typing import Any

import pytest

from tests.pricing.support import tariff, text
from umbane.pricing import TariffFileError, load_tariff_text

CHARGE = {"name": "service", "label": "Service", "amount": "10"}
FEE = {"name": "fee", "label": "Fee", "percent": "5"}
FUEL = {"name": "fuel", "label": "Fuel", "basis": "unit", "value": "1"}
GREEN = {"name": "green", "label": "Green", "basis": "percent", "on": ["energy"], "value": "1"}
VAT = {"name": "vat", "label": "VAT", "percent": "15", "on": ["energy"]}
PPJ = {"name": "ppj", "label": "PPJ", "percent": "3", "on": ["tender"]}
LOAN = {"name": "loan", "label": "Loan", "method": "percent", "percent": "20"}
EXAMPLE = {"title": "one", "at": "2026-03-12", "money": "10", "units": "5"}


def blocks(*pairs: tuple[str | None, str], **energy: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    """Sections with blocks from ends and prices."""
    made = [{"price": price, **({"up_to": end} if end else {})} for end, price in pairs]
    return {"energy": {"blocks": made, **energy}}


def surcharged(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    """Sections with one surcharge."""
    return {"surcharges": [{key: value for key, value in {**FUEL, **changes}.items() if value is not None}]}


def in_order(charge: dict[str, Any], *order: str) -> dict[str, Any]:
    """Sections with one charge and an order."""
    return {"charges": [charge], "order": [*order]}


MANY_MONTHS = {f"{1900 + number // 12}-{number % 12 + 1:02d}": "1" for number in range(241)}

WRONG: list[tuple[str, dict[str, Any], str]] = [
    # more than any tariff
    ("energy.blocks", blocks(*((str(end), "1") for end in range(1, 21)), (None, "1")), "has 21 entries; at most 20"),
    ("taxes", {"taxes": [{**VAT, "name": f"t{place}"} for place in range(21)]}, "has 21 entries; at most 20"),
    ("surcharges", surcharged(value=None, values=MANY_MONTHS), "have values for 241 months; at most 240"),
    # dates, sources, periods
    ("valid_until", {"valid_until": "2019-12-31"}, "is before valid_from (2020-01-01)"),
    ("sources", {"sources": []}, "is empty"),
    ("period.days", {"period": {"kind": "rolling"}}, "needs its length"),
    ("period.days", {"period": {"kind": "rolling", "days": "0"}}, "needs its length"),
    ("period.days", {"period": {"kind": "rolling", "days": "367"}}, "needs its length"),
    ("period.days", {"period": {"kind": "anniversary", "days": "30"}}, "means nothing"),
    # energy
    ("energy", {"energy": {}}, "needs one kind of price"),
    ("energy", {"energy": {"price": "1", "blocks": [{"price": "1"}]}}, "needs one kind of price"),
    ("energy.method", {"energy": {"price": "1", "method": "whole"}}, "means nothing without blocks"),
    ("energy.blocks", {"energy": {"blocks": []}}, "is empty"),
    ("energy.blocks[1].up_to", blocks(("10", "1"), ("20", "2")), "the last block has no end"),
    ("energy.blocks[0].up_to", blocks((None, "1"), (None, "2")), "blocks must rise"),
    ("energy.blocks[1].up_to", blocks(("10", "1"), ("10", "2"), (None, "3")), "more than the 10 of the block before"),
    ("energy.blocks[1].up_to", blocks(("10", "1"), ("5.5", "2"), (None, "3")), "blocks must rise"),
    ("energy.blocks[0].up_to", blocks(("0", "1"), (None, "3")), "blocks must rise"),
    ("energy.blocks[1]", blocks(("10", "2"), (None, "1"), method="whole"), "makes what was bought before cheaper"),
    ("energy.blocks[1]", blocks(("10", "2"), (None, "0")), "isn't above zero"),
    ("energy", {"energy": {"price": "0"}}, "isn't above zero"),
    (
        "energy",
        {"energy": {"price": "1"}, **surcharged(basis="percent", on=["energy"], value="100", rebate="true")},
        "isn't above zero",
    ),
    (
        "energy.blocks[0]",
        {**blocks(("10", "1"), (None, "5")), **surcharged(value="2", rebate="true")},
        "isn't above zero",
    ),
    (
        "energy.blocks[0].entry",
        {"energy": {"blocks": [{"price": "1", "entry": {"name": "e", "label": "E", "amount": "5"}}]}},
        "everyone enters the first block",
    ),
    # names
    ("charges[0].name", in_order({**CHARGE, "name": "energy"}, "energy"), "has a meaning of its own"),
    ("taxes[0].name", {"taxes": [{**VAT, "name": "rounding"}]}, "has a meaning of its own"),
    ("taxes[1].name", {"taxes": [VAT, VAT]}, "vat is taken by another line"),
    ("arrears[1].name", {"arrears": [LOAN, LOAN], "order": ["arrears", "energy"]}, "loan is taken"),
    (
        "energy.blocks[1].entry.name",
        {
            "energy": {
                "blocks": [
                    {"price": "1", "up_to": "5", "name": "first"},
                    {"price": "1", "entry": {"name": "first", "label": "F", "amount": "1"}},
                ]
            }
        },
        "first is taken",
    ),
    # charges
    ("charges[0]", in_order({**CHARGE, "percent": "5"}, "service", "energy"), "needs an amount or a percentage"),
    ("charges[0]", in_order({"name": "service", "label": "S"}, "service", "energy"), "needs an amount or a percentage"),
    ("charges[0].every", in_order({**FEE, "every": "day"}, "fee", "energy"), "means nothing for a percentage"),
    ("charges[0].at_most", in_order({**FEE, "at_most": "5"}, "fee", "energy"), "means nothing for a percentage"),
    ("charges[0].at_most", in_order({**CHARGE, "at_most": "0"}, "service", "energy"), "would never charge"),
    ("order", in_order({**FEE, "percent": "100"}, "fee", "energy"), "fee takes all of the money"),
    (
        "order",
        {**in_order({**FEE, "percent": "90"}, "fee", "energy"), "taxes": [{**VAT, "on": ["fee"]}]},
        "fee takes all of the money",
    ),
    # surcharges
    ("surcharges[0]", surcharged(value=None), "needs a value, or values by month"),
    ("surcharges[0]", surcharged(values={"2026-01": "1"}), "needs a value, or values by month"),
    ("surcharges[0].on", surcharged(on=["energy"]), "goes with basis: percent"),
    ("surcharges[0].on", surcharged(basis="percent"), "goes with basis: percent"),
    ("surcharges[0].lag_months", surcharged(lag_months="1"), "means nothing without values"),
    ("surcharges[0].carry_forward", surcharged(carry_forward="true"), "means nothing without values"),
    ("surcharges[0].on", surcharged(basis="percent", on=["vat"]), "vat is no line declared before this one"),
    ("surcharges[0].on", surcharged(basis="percent", on=["energy", "energy"]), "a name given twice"),
    ("surcharges[0]", surcharged(basis="percent", on=["energy"], value="101"), "101 per cent"),
    (
        "surcharges[0]",
        surcharged(basis="percent", on=["energy"], value=None, values={"2026-01": "100.5"}),
        "100.5 per cent",
    ),
    (
        "surcharges[0].on",
        {**in_order(FEE, "fee", "energy"), **surcharged(basis="percent", on=["fee"])},
        "fee is no line declared before",
    ),
    # taxes
    ("taxes[0].percent", {"taxes": [{**VAT, "percent": "100.5"}]}, "more than everything"),
    ("taxes[0].percent", {"taxes": [{**VAT, "percent": "1.00001"}]}, "too many digits"),
    ("taxes[0].on", {"taxes": [{**VAT, "on": []}]}, "is empty"),
    ("taxes[0].on", {"taxes": [{**VAT, "on": ["levy"]}]}, "levy is no line declared before this one; one of energy"),
    ("taxes[0].on", {"taxes": [{**VAT, "on": ["vat"]}]}, "vat is no line declared before"),
    ("taxes[0].on", {"taxes": [{**VAT, "on": ["energy", "tender"]}]}, "tender stands alone"),
    ("taxes[0].included", {"taxes": [{**PPJ, "included": "true"}], "order": ["ppj", "energy"]}, "is in no price"),
    (
        "taxes[0].on",
        {"surcharges": [GREEN], "taxes": [{**VAT, "on": ["green"], "included": "true"}]},
        "green is not a price that could contain a tax",
    ),
    (
        "taxes[1].on",
        {"taxes": [VAT, {**VAT, "name": "gst", "on": ["energy", "vat"], "included": "true"}]},
        "vat is not a price that could contain a tax",
    ),
    # arrears
    ("arrears[0].percent", {"arrears": [{**LOAN, "method": "all"}], "order": ["arrears", "energy"]}, "doesn't go with"),
    (
        "arrears[0].instalment",
        {"arrears": [{"name": "l", "label": "L", "method": "instalment"}], "order": ["arrears", "energy"]},
        "is missing; the instalment to collect",
    ),
    (
        "arrears",
        {"arrears": [LOAN, {**LOAN, "name": "b", "percent": "80.5"}], "order": ["arrears", "energy"]},
        "take 100.5 per cent of the money together",
    ),
    # order and ceiling
    ("order", {"order": []}, "energy isn't last"),
    ("order", in_order(CHARGE, "energy", "service"), "energy isn't last"),
    ("order", in_order(CHARGE, "energy"), "service is missing"),
    ("order", {"arrears": [LOAN]}, "arrears is missing"),
    ("order", {"taxes": [PPJ]}, "ppj is missing"),
    ("order[0]", {"order": ["vat", "energy"]}, "vat is not a deduction"),
    ("order[1]", in_order(CHARGE, "service", "service", "energy"), "service is there more than once"),
    ("ceiling.of", {"ceiling": {"percent": "50", "of": []}}, "isn't a stretch of the order"),
    ("ceiling.of", {"ceiling": {"percent": "50", "of": ["energy"]}}, "isn't a stretch of the order"),
    ("ceiling.of", {"ceiling": {"percent": "50", "of": ["nothing"]}}, "isn't a stretch of the order"),
    (
        "ceiling.of",
        {
            "charges": [CHARGE, FEE],
            "order": ["service", "arrears", "fee", "energy"],
            "ceiling": {"percent": "50", "of": ["service", "fee"]},
        },
        "isn't a stretch of the order",
    ),
    (
        "ceiling.percent",
        {**in_order(CHARGE, "service", "energy"), "ceiling": {"percent": "0", "of": ["service"]}},
        "leaves nothing",
    ),
    # limits and amounts
    ("limits.purchase.max_money", {"limits": {"purchase": {"min_money": "5", "max_money": "4"}}}, "is below min_money"),
    ("limits.purchase.max_units", {"limits": {"purchase": {"max_units": "0"}}}, "is below min_units"),
    ("limits.purchase.min_money", {"limits": {"purchase": {"min_money": "5.005"}}}, "is finer than ZAR"),
    ("limits.period.max_money", {"currency": "UGX", "limits": {"period": {"max_money": "5.5"}}}, "is finer than UGX"),
    (
        "arrears[0].at_most_per_period",
        {"arrears": [{**LOAN, "at_most_per_period": "0.001"}], "order": ["arrears", "energy"]},
        "is finer than ZAR",
    ),
    # examples
    ("examples[0]", {"examples": [{**EXAMPLE, "buy": "5"}]}, "needs what is paid or what is bought"),
    ("examples[0]", {"examples": [{"title": "one", "at": "2026-03-12", "money": "5"}]}, "expects nothing"),
    ("examples[0].at", {"examples": [{**EXAMPLE, "at": "2019-12-31"}]}, "is outside the dates"),
    ("examples[0]", {"examples": [{**EXAMPLE, "lines": {"vat": "5"}}]}, "vat is no line of this tariff"),
    ("examples[0]", {"examples": [{**EXAMPLE, "owed": {"loan": "5"}}]}, "loan is no line of this tariff"),
    ("examples[0].money", {"examples": [{**EXAMPLE, "money": "5.005"}]}, "is finer than ZAR"),
]


@pytest.mark.parametrize(("field", "sections", "problem"), WRONG)
def test_refused(field: str, sections: dict[str, Any], problem: str) -> None:
    """What doesn't hold together is told by field and line, with a remedy."""
    with pytest.raises(TariffFileError) as refusal:
        load_tariff_text(text(**sections), "t.yaml")
    told = {it.field: f"{it.problem}; {it.remedy}" for it in refusal.value.problems}
    assert field in told
    assert problem in " ".join(f"{it.problem}; {it.remedy}" for it in refusal.value.problems if it.field == field)
    assert all(it.line >= 1 for it in refusal.value.problems)


def test_several_at_once() -> None:
    """Problems between fields are told together as well."""
    with pytest.raises(TariffFileError) as refusal:
        load_tariff_text(text(taxes=[{**VAT, "on": ["x"]}], order=["y"], valid_until="2019-01-01"))
    assert {it.field for it in refusal.value.problems} == {"valid_until", "taxes[0].on", "order[0]", "order"}


def test_a_missing_month_is_no_mistake() -> None:
    """A tariff may have months without a value: they are refused when something is bought in them."""
    assert tariff(**surcharged(value=None, values={"2026-01": "1"})).cards


def test_a_falling_marginal_price_is_no_mistake() -> None:
    """Marginal blocks may fall in price, as Uganda's cooking tariff does."""
    assert tariff(**blocks(("80", "747.5"), ("150", "412"), (None, "747.5"))).cards
