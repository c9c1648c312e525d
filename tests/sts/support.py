"""What the tests of the token standard share: how to be refused, wrong values, and values of every kind."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import strategies as st

from umbane.sts import (
    DKGA,
    DRN,
    EA,
    KEN,
    KRN,
    KT,
    LAST_TID,
    MAX_AMOUNT,
    MAX_CURRENCY_AMOUNT,
    SGC,
    TI,
    TID,
    BaseDate,
    ClearCredit,
    ClearTamperCondition,
    Credit,
    CurrencyCredit,
    DecoderKey,
    ExtendedManagement,
    InitiateTest,
    MeterPAN,
    Service,
    Set1stSectionDecoderKey,
    Set2ndSectionDecoderKey,
    Set3rdSectionDecoderKey,
    Set4thSectionDecoderKey,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    SetTariffRate,
    SetWaterMeterFactor,
    StsInputError,
    Token,
    VendingKey,
)
from umbane.sts.crc import crc

NOT_INTEGERS: Final = [
    None,
    True,
    1.0,
    math.nan,
    math.inf,
    "1",
    "",
    "１",
    b"1",
    Decimal(1),
    Fraction(1),
    1 + 0j,
    [1],
    {},
    object(),
]
"""What careless or hostile callers give for a whole number."""

HUGE: Final = 10**5000
"""An integer that Python refuses to print."""


def each(name: str, values: Iterable[object]) -> pytest.MarkDecorator:
    """Run a test once with each of the values, which may be such as can't be printed."""
    known = list(values)
    return pytest.mark.parametrize(name, known, ids=[f"{type(value).__name__}-{n}" for n, value in enumerate(known)])


def refused(function: Callable[..., object], *arguments: object, **named: object) -> StsInputError:
    """The error with which ``function`` refuses its arguments: one that names a field and what would be right."""
    with pytest.raises(StsInputError) as caught:
        function(*arguments, **named)
    assert caught.value.field
    assert caught.value.problem
    assert caught.value.remedy
    assert len(str(caught.value)) < 400
    return caught.value


def shows(text: str, secret: int, digits: int = 6) -> bool:
    """Whether ``text`` holds the number, or a run of its decimal or hexadecimal digits."""
    spellings = [str(secret), f"{secret:x}", f"{secret:X}", f"{secret:016x}", f"{secret:020}"]
    runs = {number[start : start + digits] for number in spellings for start in range(len(number) - digits + 1)}
    return any(run in text for run in runs)


def values_of(bits: int) -> st.SearchStrategy[int]:
    """Integers of up to ``bits`` bits: half of them evenly spread, for hypothesis prefers small ones."""
    size = -(-bits // 8)
    spread = st.binary(min_size=size, max_size=size).map(lambda drawn: int.from_bytes(drawn, "big") >> 8 * size - bits)
    return st.integers(0, (1 << bits) - 1) | spread


words = values_of(32)
nibbles = values_of(4)
sgcs = st.integers(0, 999_999).map(SGC)
tis = st.integers(0, 99).map(TI)
krns = st.integers(1, 9).map(KRN)
kens = st.integers(0, 255).map(KEN)
key_types = st.sampled_from(KT)
vended_types = st.sampled_from([KT.DDTK, KT.DUTK, KT.DCTK])
base_dates = st.sampled_from(BaseDate)
algorithms = st.sampled_from(EA)
tids = st.integers(0, LAST_TID).map(TID)
short_drns = st.builds(DRN.from_parts, st.integers(0, 99), st.integers(0, 99_999_999))
long_drns = st.builds(DRN.from_parts, st.integers(0, 9999), st.integers(0, 99_999_999), code_digits=st.just(4))
drns = short_drns | long_drns
pans = drns.map(MeterPAN.from_drn)


def decoder_keys(
    *,
    ea: st.SearchStrategy[EA] = algorithms,
    kt: st.SearchStrategy[KT] = key_types,
    ken: st.SearchStrategy[KEN] = kens,
) -> st.SearchStrategy[DecoderKey]:
    """Decoder keys; each parameter says what they may be."""

    def key(algorithm: EA) -> st.SearchStrategy[DecoderKey]:
        value = values_of(algorithm.key_bits)
        return st.builds(DecoderKey, value, st.just(algorithm), kt, krns, tis, ken, sgcs, base_dates)

    return ea.flatmap(key)


usable_keys = decoder_keys(kt=st.sampled_from([KT.DITK, KT.DUTK, KT.DCTK]), ken=st.just(KEN(255)))
"""Keys that encrypt anything at any time."""


def odd_parity(key: bytes) -> bytes:
    """The DES key with the lowest bit of each byte set so that its parity is odd."""
    return bytes(byte & 0xFE | (byte >> 1).bit_count() % 2 ^ 1 for byte in key)


def vending_keys(dkga: DKGA, *, kt: st.SearchStrategy[KT] = vended_types) -> st.SearchStrategy[VendingKey]:
    """Vending keys of one algorithm."""
    size = dkga.vending_key_bytes
    secret = st.binary(min_size=size, max_size=size).map(odd_parity if dkga is DKGA.DES else bytes)
    return st.builds(VendingKey, secret, st.just(dkga), sgcs, krns, kt, base_dates, kens)


services = st.sampled_from(Service)
units = st.integers(0, MAX_AMOUNT)
stamp = {"tid": tids, "rnd": nibbles}
credit_tokens = st.builds(Credit, services, units, **stamp)
currency_tokens = st.builds(
    CurrencyCredit, services, st.integers(-MAX_CURRENCY_AMOUNT, MAX_CURRENCY_AMOUNT) | st.integers(-999, 999), tids
)
limit_tokens = st.sampled_from([SetMaximumPowerLimit, SetMaximumPhasePowerUnbalanceLimit]).flatmap(
    lambda kind: st.builds(kind, units, **stamp)
)
field_tokens = st.sampled_from([ClearCredit, SetTariffRate, SetWaterMeterFactor]).flatmap(
    lambda kind: st.builds(kind, values_of(16), **stamp)
)
extended_tokens = st.builds(ExtendedManagement, values_of(6), values_of(10), **stamp)
tamper_tokens = st.builds(ClearTamperCondition, **stamp)
management_tokens = limit_tokens | field_tokens | extended_tokens | tamper_tokens
sections = st.one_of(
    st.builds(Set1stSectionDecoderKey, nibbles, krns, st.booleans(), st.booleans(), key_types, words),
    st.builds(Set2ndSectionDecoderKey, nibbles, tis, words),
    st.builds(Set3rdSectionDecoderKey, values_of(44)),
    st.builds(Set4thSectionDecoderKey, values_of(12), words),
)
short_tests = st.builds(InitiateTest, values_of(36), st.integers(0, 99), st.sampled_from([0, 2, 11, 12, 13, 14, 15]))
long_tests = st.builds(InitiateTest, values_of(28), st.integers(0, 9999), st.sampled_from([1, 6, 7, 8, 9, 10]))
display_tokens = short_tests | long_tests
stamped_tokens = credit_tokens | currency_tokens | management_tokens
encrypted_tokens = stamped_tokens | sections
all_tokens = encrypted_tokens | display_tokens


@dataclass(frozen=True)
class RawToken:
    """A token of any class, subclass and content, those without a meaning included."""

    token_class: int
    subclass: int
    bits: int

    def content(self) -> int:
        """The 44 bits."""
        return self.bits

    def check_bits(self, message: int) -> int:
        """The CRC, which only currency credit does not have."""
        return crc(message)


def as_carried(token: Token) -> Token:
    """What a meter reads: the same token, its amount rounded as the token carries it."""
    match token:
        case Credit():
            return replace(token, units=token.carried)
        case CurrencyCredit():
            return replace(token, amount=token.carried)
        case SetMaximumPowerLimit() | SetMaximumPhasePowerUnbalanceLimit():
            return replace(token, watts=token.carried)
        case _:
            return token
