"""What the tests of the meter share: a key, a meter, and a till that issues tokens for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from umbane.meter import Event, Form, Load, LockoutPlan, Meter, MeterConfig, MeterInputError
from umbane.sts import (
    EA,
    KRN,
    KT,
    SAMPLE_TABLES,
    SGC,
    TI,
    TID,
    ClearCredit,
    ClearTamperCondition,
    Credit,
    CurrencyCredit,
    DecoderKey,
    EncodedToken,
    ExtendedManagement,
    Flag,
    MeterPAN,
    Register,
    Service,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    Token,
    encode,
    key_change_set,
)
from umbane.sts.crc import crc
from umbane.sts.framing import join_class
from umbane.sts.hazmat import sta

PAN: Final = MeterPAN("600727000000000009")
START: Final = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday, midnight."""

KEY: Final = DecoderKey(0x0123456789ABCDEF, EA.STA, KT.DUTK, KRN(1), TI(1))
LONG_KEY: Final = DecoderKey(0x00112233445566778899AABBCCDDEEFF, EA.MISTY1, KT.DUTK, KRN(1), TI(1), sgc=SGC(123456))

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

KILOWATT: Final = Load.of(1000)
UNITS_PER_KWH: Final = 10


def config(**fields: Any) -> MeterConfig:  # noqa: ANN401 - whatever a configuration has
    """A configuration that differs from the defaults in these fields."""
    return MeterConfig(pan=PAN, **fields)


def patient(**fields: Any) -> MeterConfig:  # noqa: ANN401 - whatever a configuration has
    """The same for a meter whose keypad never locks."""
    return config(lockout=LockoutPlan(after=0), **fields)


class Till:
    """Issues tokens for one meter, each with the next TID."""

    def __init__(self, key: DecoderKey = KEY, first: datetime = START) -> None:
        self.key = key
        start = key.base_date.start.replace(tzinfo=UTC)
        self.minute = TID.at(max(first, start) + MINUTE * 2, key.base_date).minutes

    def tid(self) -> TID:
        """A TID that wasn't used yet."""
        self.minute += 1
        return TID(self.minute)

    def print(self, token: Token) -> EncodedToken:
        """The digits of a token."""
        return encode(token, self.key)

    def credit(self, units: int, service: Service = Service.ELECTRICITY) -> EncodedToken:
        """Credit in least units."""
        return self.print(Credit(service, units, tid=self.tid(), rnd=5))

    def kwh(self, amount: int) -> EncodedToken:
        """Electricity in kWh."""
        return self.credit(amount * UNITS_PER_KWH)

    def money(self, amount: int, service: Service = Service.ELECTRICITY) -> EncodedToken:
        """Currency in 10**-5."""
        return self.print(CurrencyCredit(service, amount, self.tid()))

    def power_limit(self, watts: int) -> EncodedToken:
        """A maximum power limit."""
        return self.print(SetMaximumPowerLimit(watts, tid=self.tid(), rnd=5))

    def unbalance_limit(self, watts: int) -> EncodedToken:
        """A maximum phase power unbalance limit."""
        return self.print(SetMaximumPhasePowerUnbalanceLimit(watts, tid=self.tid(), rnd=5))

    def clear_tamper(self) -> EncodedToken:
        """A ClearTamperCondition token."""
        return self.print(ClearTamperCondition(tid=self.tid(), rnd=5))

    def clear_credit(self, register: int = Register.ALL) -> EncodedToken:
        """A ClearCredit token."""
        return self.print(ClearCredit(register, tid=self.tid(), rnd=5))

    def flag(self, flag: Flag | int, *, on: bool) -> EncodedToken:
        """A token that turns a flag on or off."""
        return self.print(ExtendedManagement.set_flag(flag, on=on, tid=self.tid(), rnd=5))

    def key_change(self, new: DecoderKey, *, with_sgc: bool = False) -> list[EncodedToken]:
        """The sections that put another key into the meter; the till goes on with that key."""
        sections = key_change_set(self.key, new, at=TID(self.minute), with_sgc=with_sgc)
        tokens = [self.print(section) for section in sections]
        self.key = new
        return tokens


def forged(token_class: int, subclass: int, content: int, key: DecoderKey = KEY) -> EncodedToken:
    """An authentic token with bits that no issuer of ours would put together."""
    bits = (token_class << 4 | subclass) << 44 | content
    block = (bits << 16 | crc(bits)) & (1 << 64) - 1
    if token_class != 1:
        block = sta.encrypt(block, key.value, SAMPLE_TABLES)
    return EncodedToken(join_class(block, token_class))


def wrong(token: EncodedToken) -> EncodedToken:
    """The token with one digit mistyped."""
    return EncodedToken(token.bits ^ 1)


def another_key(key: DecoderKey = KEY, **fields: Any) -> DecoderKey:  # noqa: ANN401 - whatever a key has
    """A key with other bits, and other fields if wished."""
    return replace(key, value=key.value ^ 0xFEDC, **fields)


def new_meter(made: MeterConfig | None = None, key: DecoderKey = KEY, *, start: datetime = START) -> Meter:
    """A new meter."""
    return Meter(config() if made is None else made, key, start)


def with_credit(made: MeterConfig | None = None, kwh: int = 100) -> tuple[Meter, Till]:
    """A new meter with credit, and the till that sold it."""
    meter, till = new_meter(made), Till()
    assert meter.enter(till.kwh(kwh)).accepted
    return meter, till


def results(meter: Meter, tokens: Sequence[str | EncodedToken]) -> list[str]:
    """What the meter answers to these tokens, one after the other."""
    return [meter.enter(token).result.value for token in tokens]


def kinds(events: Sequence[Event]) -> list[str]:
    """The kinds of these events."""
    return [event.kind.value for event in events]


def after(events: Sequence[Event], kind: str, since: datetime = START) -> timedelta:
    """How long after ``since`` the first event of a kind came."""
    at = next(event.at for event in events if event.kind == kind)
    return timedelta(milliseconds=at) - (since - datetime(1970, 1, 1, tzinfo=UTC))


def refuses(field: str) -> Any:  # noqa: ANN401 - what pytest.raises gives
    """Expect a MeterInputError that names this field."""
    return pytest.raises(MeterInputError, check=lambda error: error.field == field)


THREE_PHASES: Final = Form.THREE_PHASE
