"""Tokens of classes 0, 1 and 2, to digits and back."""

from collections.abc import Callable
from dataclasses import replace
from math import ceil
from typing import Final

from umbane.conformance.comparison import Digits, Outputs
from umbane.conformance.errors import UnusableInputError
from umbane.conformance.fields import Fields
from umbane.conformance.keys import current_key, token_identifier
from umbane.conformance.kinds.described import described
from umbane.conformance.kinds.sections import SECTION_SUBCLASSES, section
from umbane.sts import (
    EA,
    KEN,
    KT,
    ClearCredit,
    ClearTamperCondition,
    Credit,
    CurrencyCredit,
    DecoderKey,
    EncodedToken,
    ExtendedManagement,
    InitiateTest,
    Service,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    SetTariffRate,
    SetWaterMeterFactor,
    StampedToken,
    StaTables,
    Token,
    decode,
    decode_amount,
    encode,
    encode_amount,
    rounded_amount,
)

__all__ = ["amount_field", "built_token", "display_token", "token", "token_decode"]

LEAST_UNITS: Final = 10
"""In a kWh, in a cubic metre, in a minute."""

LEAST_CURRENCY_UNITS: Final = 10**5
"""In one of the base currency."""

CUSTOMARY_RND: Final = 5
"""What nearly every published token carries, and what a token gets whose vector gives no RND."""

MINUTE: Final = "%Y-%m-%dT%H:%M"
"""How vectors write a moment."""

NEVER: Final = 255
LONG_CODE: Final = 4
TEST, MANAGEMENT = 1, 2
"""Classes."""


def amount_field(inputs: Fields, _tables: StaTables) -> Outputs:
    """``amount_field``: the 16-bit field for so many least units."""
    units = inputs.integer("units")
    return {"field": encode_amount(units), "carried": rounded_amount(units)}


def display_token(inputs: Fields, _tables: StaTables) -> Outputs:
    """``class1``: a test or display token."""
    long_code = inputs.integer("digits", default=2) == LONG_CODE
    control, code = inputs.hexadecimal("control"), inputs.integer("mfr", default=0)
    test = InitiateTest(control, code, inputs.integer("sub", default=1 if long_code else 0))
    return {"token": Digits(encode(test).digits)}


def token(inputs: Fields, tables: StaTables) -> Outputs:
    """``token``: any token of any class, under any key."""
    if inputs.integer("cls") == TEST:
        return display_token(inputs, tables)
    asked = built_token(inputs)
    ken = inputs.integer("ken", default=NEVER) if hasattr(asked, "tid") else NEVER
    return {"token": Digits(encode(asked, current_key(inputs, ken), tables=tables).digits)}


def token_decode(inputs: Fields, tables: StaTables) -> Outputs:
    """``token_decode``: what a token says; one of class 1 needs no key."""
    encoded = EncodedToken.parse(inputs.text("token", "digits"))
    key = current_key(inputs) if encoded.token_class != TEST else None
    decoded = decode(encoded, key, tables=tables)
    said = described(decoded, key.ea if key else EA.STA)
    if isinstance(decoded, ClearTamperCondition) and key and encode(decoded, unbound(key), tables=tables) == encoded:
        said["value"] = 0  # the pad is not kept, but a token that comes out the same had none
    if isinstance(decoded, StampedToken | CurrencyCredit) and key and inputs.has("key_params", "base"):
        said["issued"] = decoded.tid.time(key.base_date).strftime(MINUTE)
    return said | {"token": Digits(encoded.digits)}


def unbound(key: DecoderKey) -> DecoderKey:
    """A key of the same bits that may carry anything at any time."""
    return replace(key, kt=KT.DUTK, ken=KEN(NEVER))


def built_token(inputs: Fields) -> Token:
    """The token of class 0 or 2 that the inputs describe."""
    token_class, subclass = inputs.integer("cls"), inputs.integer("sub")
    if token_class == 0 and subclass in CREDITS:
        return CREDITS[subclass](inputs, subclass)
    if token_class == MANAGEMENT and subclass in SECTION_SUBCLASSES:
        return section(subclass, inputs)
    if token_class == MANAGEMENT and subclass in MANAGEMENT_TOKENS:
        return MANAGEMENT_TOKENS[subclass](inputs)
    raise UnusableInputError("inputs.sub", "no token of the standard has this class and subclass", "give another")


def random_number(inputs: Fields) -> int:
    """RND."""
    return inputs.integer("rnd", default=CUSTOMARY_RND)


def credit(inputs: Fields, subclass: int) -> Token:
    """Subclasses 0 to 3: an amount in main units, rounded up to whole least units, or these themselves."""
    tid, rnd = token_identifier(inputs), random_number(inputs)
    return Credit(Service(subclass), asked_units(inputs), tid=tid, rnd=rnd)


def asked_units(inputs: Fields) -> int:
    """Least units of a service."""
    if inputs.has("amount"):
        return ceil(inputs.number("amount") * LEAST_UNITS)
    return inputs.integer("units") if inputs.has("units") else decode_amount(inputs.integer("value"))


def currency_credit(inputs: Fields, subclass: int) -> Token:
    """Subclasses 4 to 7: currency, negative for a debit, rounded towards plus infinity."""
    amount = ceil(inputs.number("currency", "amount") * LEAST_CURRENCY_UNITS)
    return CurrencyCredit(Service(subclass - len(Service)), amount, token_identifier(inputs))


def watts(inputs: Fields) -> int:
    """A power limit: in watts, rounded up to whole ones, or as its raw field."""
    return ceil(inputs.number("watts")) if inputs.has("watts") else decode_amount(inputs.integer("value"))


def maximum_power(inputs: Fields) -> Token:
    """Class 2, subclass 0."""
    return SetMaximumPowerLimit(watts(inputs), tid=token_identifier(inputs), rnd=random_number(inputs))


def phase_unbalance(inputs: Fields) -> Token:
    """Class 2, subclass 6."""
    return SetMaximumPhasePowerUnbalanceLimit(watts(inputs), tid=token_identifier(inputs), rnd=random_number(inputs))


def clear_credit(inputs: Fields) -> Token:
    """Class 2, subclass 1."""
    register = inputs.integer("value", "register")
    return ClearCredit(register, tid=token_identifier(inputs), rnd=random_number(inputs))


def tariff_rate(inputs: Fields) -> Token:
    """Class 2, subclass 2."""
    rate = inputs.integer("value", "rate")
    return SetTariffRate(rate, tid=token_identifier(inputs), rnd=random_number(inputs))


def clear_tamper(inputs: Fields) -> Token:
    """Class 2, subclass 5. A choice: only with a pad of zeros."""
    if inputs.integer("value", "pad", default=0) != 0:
        raise UnusableInputError("inputs.value", "ClearTamperCondition is issued with a pad of zeros only", "give 0")
    return ClearTamperCondition(tid=token_identifier(inputs), rnd=random_number(inputs))


def water_factor(inputs: Fields) -> Token:
    """Class 2, subclass 7."""
    factor = inputs.integer("value", "factor")
    return SetWaterMeterFactor(factor, tid=token_identifier(inputs), rnd=random_number(inputs))


def extended(inputs: Fields) -> Token:
    """Class 2, subclass 10: the raw field, or index and data, or a flag and its value."""
    tid, rnd = token_identifier(inputs), random_number(inputs)
    if inputs.has("flag"):
        return ExtendedManagement.set_flag(
            inputs.integer("flag"), on=inputs.flag("flag_value", "on", "set"), tid=tid, rnd=rnd
        )
    if inputs.has("index"):
        return ExtendedManagement(inputs.integer("index"), inputs.integer("data", "value"), tid=tid, rnd=rnd)
    return ExtendedManagement(*divmod(inputs.integer("value"), 1 << 10), tid=tid, rnd=rnd)


CREDITS: Final[dict[int, Callable[[Fields, int], Token]]] = {
    **dict.fromkeys(range(4), credit),
    **dict.fromkeys(range(4, 8), currency_credit),
}
"""Class 0 by subclass."""

MANAGEMENT_TOKENS: Final[dict[int, Callable[[Fields], Token]]] = {
    0: maximum_power,
    1: clear_credit,
    2: tariff_rate,
    5: clear_tamper,
    6: phase_unbalance,
    7: water_factor,
    10: extended,
}
"""Class 2 by subclass, but for the key change."""
