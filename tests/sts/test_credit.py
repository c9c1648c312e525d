"""Credit tokens, in units and in currency."""

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given

from tests.sts.support import (
    HUGE,
    NOT_INTEGERS,
    credit_tokens,
    currency_tokens,
    each,
    nibbles,
    refused,
    services,
    tids,
    units,
)
from umbane.sts import (
    MAX_AMOUNT,
    MAX_CURRENCY_AMOUNT,
    TID,
    AmountError,
    Credit,
    CurrencyCredit,
    Service,
    encode_currency,
)
from umbane.sts.crc import crc, crc_c

MOMENT = TID(6_675_056)
NOT_SERVICES = [None, 0, 1, 3, 4, True, "ELECTRICITY", "0", 0.0, MOMENT]
NOT_TIDS = [None, 0, 6_675_056, "6675056", 1.0, Service.WATER]


# --------------------------------------------------------------------------------------------------------------- units


def test_worked_example() -> None:
    """25.6 kWh of the standard's worked example fill its published 44 bits."""
    token = Credit(Service.ELECTRICITY, 256, tid=TID(0x19EB23), rnd=0xB)
    assert (token.token_class, token.subclass, token.content()) == (0, 0, 0xB19EB230100)
    assert token.check_bits(0xB19EB230100) == 0xC207


@given(services, units, tids, nibbles)
def test_layout(service: Service, asked: int, tid: TID, rnd: int) -> None:
    """Credit in units is RND, TID and amount in this order, in the subclass of its service."""
    token = Credit(service, asked, tid=tid, rnd=rnd)
    content = token.content()
    assert (content >> 40, content >> 16 & 0xFFFFFF, content & 0xFFFF) == (rnd, tid.minutes, token.value())
    assert (token.token_class, token.subclass) == (0, service.value)


@given(credit_tokens)
def test_read_back(token: Credit) -> None:
    """A meter reads what the token carries, which is never less than what was asked for."""
    again = Credit.from_content(token.subclass, token.content())
    assert again == dataclasses.replace(token, units=token.carried)
    assert again.units >= token.units
    assert again.carried == again.units


@given(credit_tokens)
def test_units_have_the_plain_crc(token: Credit) -> None:
    """Credit in units has the ordinary check bits."""
    assert token.check_bits(token.content()) == crc(token.content())


@each("asked", [*NOT_INTEGERS, Decimal("0.1"), -1, MAX_AMOUNT + 1, HUGE, -HUGE])
def test_no_units(asked: object) -> None:
    """Units that one token can't carry are refused, and so are fractions: the caller rounds, in the open."""
    error = refused(Credit, Service.ELECTRICITY, asked, tid=MOMENT, rnd=5)
    assert isinstance(error, AmountError)
    assert error.field == "Amount"


@each("service", NOT_SERVICES)
def test_no_service(service: object) -> None:
    """A service is a Service: a bare number could be a subclass."""
    assert refused(Credit, service, 100, tid=MOMENT, rnd=5).field == "Service"
    assert refused(CurrencyCredit, service, 100, MOMENT).field == "Service"


@each("tid", NOT_TIDS)
def test_no_tid(tid: object) -> None:
    """A token is stamped with a TID, not with a number of minutes."""
    assert refused(Credit, Service.GAS, 100, tid=tid, rnd=5).field == "TID"
    assert refused(CurrencyCredit, Service.GAS, 100, tid).field == "TID"


@each("rnd", [*NOT_INTEGERS, -1, 16, HUGE])
def test_no_rnd(rnd: object) -> None:
    """RND has four bits."""
    assert refused(Credit, Service.GAS, 100, tid=MOMENT, rnd=rnd).field == "RND"


def test_chance_is_given() -> None:
    """Credit in units isn't made without a TID and an RND: this room has neither a clock nor chance."""
    with pytest.raises(TypeError):
        Credit(Service.GAS, 100, tid=MOMENT)  # type: ignore[call-arg]  # what is missing is what is tested
    with pytest.raises(TypeError):
        Credit(Service.GAS, 100, rnd=5)  # type: ignore[call-arg]  # the same


def test_services() -> None:
    """The services have the standard's numbers, and there are no others."""
    assert {service.name: service.value for service in Service} == {"ELECTRICITY": 0, "WATER": 1, "GAS": 2, "TIME": 3}
    for number in (-1, 4, 7, 8, "0", None):
        assert refused(Service, number).field == "Service"


# ------------------------------------------------------------------------------------------------------------ currency


@given(currency_tokens)
def test_currency_layout(token: CurrencyCredit) -> None:
    """Sign and upper exponent stand where RND would, the TID stays in its place, the rest of the amount below it."""
    content, field = token.content(), encode_currency(token.amount)
    assert (content >> 40, content >> 16 & 0xFFFFFF, content & 0xFFFF) == (
        field >> 16,
        token.tid.minutes,
        field & 0xFFFF,
    )
    assert (token.token_class, token.subclass) == (0, 4 + token.service.value)


@given(currency_tokens)
def test_currency_read_back(token: CurrencyCredit) -> None:
    """A meter reads what the token carries, which is never less than what was asked for, debits included."""
    again = CurrencyCredit.from_content(token.subclass, token.content())
    assert again == dataclasses.replace(token, amount=token.carried)
    assert again.amount >= token.amount


@given(currency_tokens)
def test_currency_has_its_own_crc(token: CurrencyCredit) -> None:
    """Credit in currency has the check bits CRC_C, so that units are never taken for money."""
    assert token.check_bits(token.content()) == crc_c(token.content())


@pytest.mark.parametrize(
    ("amount", "nibble"), [(1_818_624, 0), (18_201_624, 0), (18_201_625, 1), (-1, 8), (-20_000_000, 9)]
)
def test_sign_and_exponent(amount: int, nibble: int) -> None:
    """The nibble in front is zero for small credits; the sign is its first bit."""
    assert CurrencyCredit(Service.TIME, amount, MOMENT).content() >> 40 == nibble


@each("amount", [*NOT_INTEGERS, Decimal("0.01"), MAX_CURRENCY_AMOUNT + 1, -MAX_CURRENCY_AMOUNT - 1, HUGE, -HUGE])
def test_no_currency(amount: object) -> None:
    """Money that one token can't carry is refused on either side, and so are fractions and floats."""
    error = refused(CurrencyCredit, Service.ELECTRICITY, amount, MOMENT)
    assert isinstance(error, AmountError)
    assert error.field == "Currency amount"


def test_currency_has_no_rnd() -> None:
    """Credit in currency takes no RND: the sign has its place."""
    with pytest.raises(TypeError):
        CurrencyCredit(Service.GAS, 100, MOMENT, rnd=5)  # type: ignore[call-arg]  # what is too much is what is tested
