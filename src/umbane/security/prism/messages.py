"""What is said: the structs and methods of the interface, by the numbers that they have on the wire.

The numbers and names are facts of the interface; the words around them are ours. Amounts are floating point on the wire
only: ``whole`` turns them into the integers that they must be.
"""

import math
from typing import Final, NamedTuple

from umbane.security.errors import FrameError
from umbane.security.prism.wire import (
    BOOL,
    DOUBLE,
    I16,
    I32,
    I64,
    TEXT,
    Field,
    ListOf,
    Schema,
    TextMap,
    Type,
    optional,
)

__all__ = [
    "API_ERROR",
    "METHODS",
    "MOST_EXACT",
    "VERSION",
    "Alert",
    "Amendment",
    "Flags",
    "IssuedToken",
    "MeterConfig",
    "MeterTestToken",
    "Method",
    "NewConfig",
    "NodeStatus",
    "SessionOptions",
    "SignedIn",
    "Verified",
    "whole",
]

VERSION: Final = "1.1"
"""Of the interface; a module of a later one takes it, too."""

MOST_EXACT: Final = 1 << 53
"""Up to here a floating-point number is the integer that it stands for."""


class Flags:
    """What the time of a request means."""

    EXTERNAL_CLOCK: Final = 1
    """It is seconds since 1970, from the caller's clock."""
    EXACT_TID: Final = 2
    """It is minutes since 1993, and becomes the TID as it is, counted from the base date of the key."""
    SPECIAL_RESERVED: Final = 4
    """The TID is the reserved one of the day."""


class SessionOptions(NamedTuple):
    """How a session is to be."""

    version: str = VERSION
    culture: str | None = None


class SignedIn(NamedTuple):
    """The answer to a sign-in."""

    accessToken: str


class Alert(NamedTuple):
    """What somebody should see to."""

    eCode: str
    eMsgEn: str


class NodeStatus(NamedTuple):
    """What a part of the module says of itself."""

    info: dict[str, str]
    alerts: list[Alert]


class Amendment(NamedTuple):
    """The key that a meter is to get."""

    toSgc: int
    toKrn: int
    toTi: int


class MeterConfig(NamedTuple):
    """A meter, and the key that it has."""

    drn: str
    """A DRN, or a MeterPAN."""
    ea: int
    tct: int
    sgc: int
    krn: int
    ti: int
    ken: int
    newConfig: Amendment | None = None
    allowKrnUpdate: bool | None = True
    doe: str | None = None
    allow3Kct: bool | None = False
    allowKenUpdate: bool | None = True


class NewConfig(NamedTuple):
    """The key that a set of tokens gives a meter."""

    toSgc: int
    toKrn: int
    toTi: int
    toKen: int
    idRecord: str
    record2: str
    rollover: bool
    toVkKcv: str


class IssuedToken(NamedTuple):
    """A token that was made, and all that is known of it."""

    drn: str
    pan: str
    ea: int
    tct: int
    sgc: int
    krn: int
    ti: int
    tokenClass: int
    subclass: int
    tid: int
    transferAmount: float
    isReservedTid: bool
    newConfig: NewConfig | None
    description: str
    stsUnitName: str
    scaledAmount: str
    scaledUnitName: str
    tokenDec: str
    tokenHex: str
    idSm: str
    vkKcv: str

    def __repr__(self) -> str:
        return f"IssuedToken({self.description}, {self.pan})"  # its digits are money


class MeterTestToken(NamedTuple):
    """A token that every meter of a manufacturer takes."""

    drn: str
    pan: str
    tokenClass: int
    subclass: int
    control: int
    mfrcode: int
    description: str
    tokenDec: str
    tokenHex: str


class Verified(NamedTuple):
    """What twenty digits say."""

    validationResult: str
    token: IssuedToken | None = None
    meterTestToken: MeterTestToken | None = None


def schema(name: str, make: type, *fields: Field) -> Schema:
    """A struct."""
    return Schema(name, fields, make)


OPTIONS: Final = schema(
    "SessionOptions", SessionOptions, optional(1, "version", TEXT, VERSION), optional(10, "culture", TEXT)
)
SIGNED_IN: Final = schema("SignInResult", SignedIn, Field(1, "accessToken", TEXT))
ALERT: Final = schema("Alert", Alert, Field(1, "eCode", TEXT), Field(2, "eMsgEn", TEXT))
NODE_STATUS: Final = schema("NodeStatus", NodeStatus, Field(1, "info", TextMap()), Field(2, "alerts", ListOf(ALERT)))
AMENDMENT: Final = schema(
    "MeterConfigAmendment", Amendment, Field(1, "toSgc", I32), Field(2, "toKrn", I16), Field(3, "toTi", I16)
)
METER_CONFIG: Final = schema(
    "MeterConfigIn",
    MeterConfig,
    Field(1, "drn", TEXT),
    Field(2, "ea", I16),
    Field(3, "tct", I16),
    Field(10, "sgc", I32),
    Field(11, "krn", I16),
    Field(12, "ti", I16),
    optional(20, "newConfig", AMENDMENT),
    optional(21, "allowKrnUpdate", BOOL, default=True),
    Field(30, "ken", I16),
    optional(31, "doe", TEXT),
    optional(32, "allow3Kct", BOOL, default=False),
    optional(33, "allowKenUpdate", BOOL, default=True),
)
NEW_CONFIG: Final = schema(
    "MeterConfigAdvice",
    NewConfig,
    Field(1, "toSgc", I32),
    Field(2, "toKrn", I16),
    Field(3, "toTi", I16),
    Field(4, "toKen", I16),
    Field(10, "idRecord", TEXT),
    Field(11, "record2", TEXT),
    Field(20, "rollover", BOOL),
    Field(21, "toVkKcv", TEXT),
)
TOKEN: Final = schema(
    "Token",
    IssuedToken,
    Field(1, "drn", TEXT),
    Field(2, "pan", TEXT),
    Field(3, "ea", I16),
    Field(4, "tct", I16),
    Field(5, "sgc", I32),
    Field(6, "krn", I16),
    Field(7, "ti", I16),
    Field(10, "tokenClass", I16),
    Field(11, "subclass", I16),
    Field(12, "tid", I32),
    Field(13, "transferAmount", DOUBLE),
    Field(14, "isReservedTid", BOOL),
    optional(15, "newConfig", NEW_CONFIG),
    Field(20, "description", TEXT),
    Field(21, "stsUnitName", TEXT),
    Field(22, "scaledAmount", TEXT),
    Field(23, "scaledUnitName", TEXT),
    Field(30, "tokenDec", TEXT),
    Field(31, "tokenHex", TEXT),
    Field(40, "idSm", TEXT),
    Field(41, "vkKcv", TEXT),
)
TEST_TOKEN: Final = schema(
    "MeterTestToken",
    MeterTestToken,
    Field(1, "drn", TEXT),
    Field(2, "pan", TEXT),
    Field(10, "tokenClass", I16),
    Field(11, "subclass", I16),
    Field(12, "control", I64),
    Field(13, "mfrcode", I16),
    Field(20, "description", TEXT),
    Field(30, "tokenDec", TEXT),
    Field(31, "tokenHex", TEXT),
)
VERIFIED: Final = schema(
    "VerifyResult",
    Verified,
    Field(1, "validationResult", TEXT),
    optional(2, "token", TOKEN),
    optional(3, "meterTestToken", TEST_TOKEN),
)
API_ERROR: Final = schema("ApiException", Alert, Field(1, "eCode", TEXT), Field(2, "eMsgEn", TEXT))


class Method(NamedTuple):
    """A method: what it is asked, and what it answers."""

    name: str
    asked: Schema
    answer: Type


def method(name: str, answer: Type, *arguments: tuple[str, Type], signed_in: bool = True) -> Method:
    """A method whose arguments have the numbers from 1 on."""
    usual: tuple[tuple[str, Type], ...] = (("messageId", TEXT), ("accessToken", TEXT)) if signed_in else ()
    fields = tuple(Field(number, *argument) for number, argument in enumerate((*usual, *arguments), 1))
    return Method(name, Schema(name, fields), answer)


CREDIT: Final = (
    ("meterConfig", METER_CONFIG),
    ("subclass", I16),
    ("transferAmount", DOUBLE),
    ("tokenTime", I64),
    ("flags", I64),
)
METHODS: Final = {
    one.name: one
    for one in (
        method("ping", TEXT, ("sleepMs", I32), ("echo", TEXT), signed_in=False),
        method(
            "signInWithPassword",
            SIGNED_IN,
            ("messageId", TEXT),
            ("realm", TEXT),
            ("username", TEXT),
            ("password", TEXT),
            ("sessionOpts", OPTIONS),
            signed_in=False,
        ),
        method("getStatus", ListOf(NODE_STATUS)),
        method("parseIdRecord", METER_CONFIG, ("idRecord", TEXT)),
        method("loadTransactionLicense", BOOL, ("licenseText", TEXT)),
        method("issueCreditToken", ListOf(TOKEN), *CREDIT),
        method("issueMseToken", ListOf(TOKEN), *CREDIT),
        method("issueMeterTestToken", TEST_TOKEN, ("subclass", I16), ("control", I64), ("mfrcode", I16)),
        method("issueKeyChangeTokens", ListOf(TOKEN), ("meterConfig", METER_CONFIG), ("newConfig", AMENDMENT)),
        method("issueDitkChangeTokens", ListOf(TOKEN), ("meterConfig", METER_CONFIG)),
        method("verifyToken", VERIFIED, ("meterConfig", METER_CONFIG), ("tokenDec", TEXT)),
        method("fetchTokenResult", ListOf(TOKEN), ("reqMessageId", TEXT)),
        method("ctsResetTidList", ListOf(TEXT), ("panPattern", TEXT)),
    )
}
"""All methods, by their names."""


def whole(amount: float) -> int:
    """The integer that an amount on the wire is.

    Raises:
        FrameError: it is none, or too large to be sure which.
    """
    if not math.isfinite(amount) or abs(amount) > MOST_EXACT or amount != int(amount):
        raise FrameError("an amount is not a whole number of the token's units")
    return int(amount)
