"""Currencies and the amounts that people write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.pricing import CURRENCIES, Currency, PricingError

ZAR, UGX, KWD = CURRENCIES["ZAR"], CURRENCIES["UGX"], CURRENCIES["KWD"]


@pytest.mark.parametrize(
    ("currency", "text", "amount"),
    [(ZAR, "200", 20000), (ZAR, "199.9", 19990), (ZAR, "0.05", 5), (UGX, "20000", 20000), (KWD, "1.234", 1234)],
)
def test_parse(currency: Currency, text: str, amount: int) -> None:
    """An amount in major units becomes minor units, by the digits of its currency."""
    assert currency.parse(text) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-5",
        "+5",
        "1e3",
        "0x10",
        "1_000",
        "1,000",
        "nan",
        "inf",
        ".5",
        "5.",
        "1.234",
        "٣",
        "２００",
        "9" * 30,
        "1 0",
    ],
)
def test_refused_amounts(text: str) -> None:
    """Anything but plain digits with at most the currency's digits after the point is refused, with an example."""
    with pytest.raises(PricingError, match=r"write digits like 200\.00"):
        ZAR.parse(text)


def test_no_minor_unit() -> None:
    """A currency without a minor unit takes no point at all."""
    with pytest.raises(PricingError, match="write digits like 200"):
        UGX.parse("200.5")


def test_too_much() -> None:
    """An amount beyond what a purchase could be is refused."""
    with pytest.raises(PricingError, match="too much"):
        ZAR.parse("99999999999999")


@pytest.mark.parametrize(
    ("currency", "amount", "text"), [(ZAR, 20000, "200.00"), (ZAR, -2, "-0.02"), (UGX, 3360, "3360"), (KWD, 5, "0.005")]
)
def test_show(currency: Currency, amount: int, text: str) -> None:
    """Minor units are shown in major units with all their digits."""
    assert currency.show(amount) == text


@given(currency=st.sampled_from(sorted(CURRENCIES.values(), key=lambda it: it.code)), amount=st.integers(0, 10**15))
def test_round_trip(currency: Currency, amount: int) -> None:
    """What is shown is read back as the same amount, in every currency."""
    assert currency.parse(currency.show(amount)) == amount


def test_codes_are_distinct() -> None:
    """Every code has three letters and one number of digits."""
    assert all(len(code) == 3 and code == it.code for code, it in CURRENCIES.items())
    assert {it.digits for it in CURRENCIES.values()} == {0, 2, 3, 4}
