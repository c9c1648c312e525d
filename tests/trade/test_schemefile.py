"""Commission schemes as documents."""

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Final

import pytest

from umbane.trade.commission import Band, Basis, Fee, Limits, Share, Sliding, Tax, earned
from umbane.trade.errors import SchemeError
from umbane.trade.schemefile import load_scheme

EXAMPLES: Final = Path(__file__).parents[2] / "examples" / "commission"
SHOPS: Final = (EXAMPLES / "corner-shops.yaml").read_text(encoding="utf-8")
CHAINS: Final = (EXAMPLES / "chains.yaml").read_text(encoding="utf-8")


def test_a_scheme_by_sale() -> None:
    """Every field of the shops' scheme becomes what is reckoned with, in minor units."""
    scheme = load_scheme(SHOPS)
    assert (scheme.id, scheme.version, scheme.currency, scheme.period) == ("corner-shops", "2026", "ZAR", "day")
    assert (scheme.valid_from, scheme.valid_until, scheme.rounding) == (date(2026, 1, 1), None, "half-up")
    assert scheme.by_sale
    assert scheme.parts == (
        Share("sales", "3.5 % of what was taken", Fraction(35, 1000), "tender"),
        Share("debt", "5 % of debts collected", Fraction(1, 20), "debt"),
        Fee("free", "1.20 for each free token", Fraction(120), "free_tokens"),
    )
    assert (scheme.sale, scheme.whole) == (Limits(0, 2_500), Limits())
    assert scheme.tax == Tax("vat", Fraction(15, 100), included=True)


def test_a_scheme_by_period() -> None:
    """The chains' scheme has bands by the tenth of a kWh, a least amount and a tax on top."""
    scheme = load_scheme(CHAINS)
    bands = Band(1_000_000, Fraction(1, 2)), Band(5_000_000, Fraction(3, 10)), Band(None, Fraction(1, 5))
    assert scheme.parts[0] == Sliding("volume", "by kWh sold in the month", bands)
    assert (scheme.by_sale, scheme.whole) == (False, Limits(50_000))
    assert earned(scheme, []).total == 57_500


def test_a_fee_of_parts_of_a_cent() -> None:
    """A fee may be finer than the money it is paid in, and is rounded by the rule alone."""
    text = SHOPS.replace("amount: 1.20", "amount: 1.205").replace("percent: 5, of: debt", "amount: 0.001, each: sale")
    assert earned(load_scheme(text), [(Basis(1, 0, 0, 0, 1), 1)]).total == 121


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        ("corner-shops\n", "Corner Shops\n", "id: "),
        ("version: ", "vershun: ", "did you mean version?"),
        ("currency: ZAR", "currency: RAND", "currency: "),
        ("period: day", "period: week", "'day' or 'month'"),
        ("rounding: half-up", "rounding: nearest", "rounding: "),
        ("rounded: sale\n", "rounded: sometimes\n", "rounded: "),
        ("rounded: sale\n", "rounded: period\n", "rounded: sale, or no limits"),
        ("2026-01-01\n", "2026-01-01\nvalid_until: 2025-12-31\n", "valid_until: before valid_from"),
        ("percent: 3.5", "percent: 103.5", "more than everything"),
        ("percent: 3.5", "percent: -3.5", "parts[0].percent"),
        ("percent: 3.5, of: tender", "percent: 3.5", "percent together with of"),
        ("percent: 3.5, of: tender", "of: tender", "has no rate"),
        ("percent: 3.5, of: tender", "percent: 3.5, of: tender, amount: 1, each: sale", "has percent and amount"),
        ("amount: 1.20, each", "amount: 1.20, of: net, each", "percent together with of"),
        ("amount: 1.20, each: free_token", "amount: 1.20", "amount together with each"),
        ("name: debt", "name: sales", "sales is there already"),
        ("at_most: 25", "at_most: 25, at_least: 26", "more than at_most"),
        ("at_most: 25", "at_most: 25.001", "whole number of minor units of ZAR"),
        ("at_most: 25", "at_most: 25, most: 3", "is not a field"),
        ("tax: {name: vat, ", "tax: {", "tax.name: is missing"),
        ("id: corner", "id: corner-shops\nid: corner", "given twice"),
        ("format: umbane-commission-1", "format: umbane-tariff-1", "format: "),
    ],
)
def test_wrong_documents(was: str, becomes: str, words: str) -> None:
    """A document with something wrong in it is refused in words that name it."""
    assert was in SHOPS
    with pytest.raises(SchemeError) as error:
        load_scheme(SHOPS.replace(was, becomes))
    assert words in str(error.value)


def test_nothing_to_earn() -> None:
    """A scheme without parts is refused."""
    head, rest = SHOPS.split("parts:")
    with pytest.raises(SchemeError, match="at least one part"):
        load_scheme(f"{head}parts: []\n{rest[rest.index('sale:') :]}")


@pytest.mark.parametrize(
    "bands",
    [
        "[]",
        "[{amount: 1, up_to: 5}]",
        "[{amount: 1, up_to: 5}, {amount: 1, up_to: 5}, {amount: 1}]",
        "[{amount: 1, up_to: 5}, {amount: 2, up_to: 4}, {amount: 1}]",
        "[{amount: 1, up_to: 0}, {amount: 1}]",
        "[{amount: 1}, {amount: 2}]",
        "[{amount: 1}, {amount: 2, up_to: 9}, {amount: 1}]",
        "[{amount: 1, up_to: 5.55}, {amount: 1}]",
    ],
)
def test_wrong_bands(bands: str) -> None:
    """Bands that don't rise, or don't end with one that has no end, are refused."""
    text = SHOPS.replace("percent: 3.5, of: tender", f"bands: {bands}")
    with pytest.raises(SchemeError, match="parts"):
        load_scheme(text)


@pytest.mark.parametrize("text", ["", "a list", "- 1", "format: [", "&a [*a]", "parts: 3"])
def test_no_documents(text: str) -> None:
    """What is no document at all is refused."""
    with pytest.raises(SchemeError):
        load_scheme(text, "scheme.yaml")
