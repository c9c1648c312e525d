"""What is said: the structs and methods of the interface, by the numbers that they have on the wire.

The numbers and names are facts of the interface; the words around them are ours. Beside each field of a struct stand
its number and its type on the wire. Amounts are floating point there only: ``whole`` turns them into the integers that
they must be.
"""

import math
from typing import Annotated, Any, Final, NamedTuple, get_type_hints

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
)

__all__ = [
    "METHODS",
    "MOST_EXACT",
    "PROBLEM",
    "VERSION",
    "Amendment",
    "Flags",
    "IssuedToken",
    "MeterConfig",
    "MeterTestToken",
    "Method",
    "NewConfig",
    "NodeStatus",
    "Problem",
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


def schema(name: str, made: Any) -> Schema:  # noqa: ANN401 - a kind of NamedTuple
    """A struct on the wire: beside each field of the NamedTuple stand its number and its type there.

    What has a default need not come.
    """
    usual: dict[str, object] = made._field_defaults
    said = {field: hint.__metadata__ for field, hint in get_type_hints(made, include_extras=True).items()}
    fields = (
        Field(number, field, type_, needed=field not in usual, default=usual.get(field))
        for field, (number, type_) in said.items()
    )
    return Schema(name, tuple(sorted(fields, key=lambda field: field.number)), made)


class SessionOptions(NamedTuple):
    """How a session is to be."""

    version: Annotated[str, 1, TEXT] = VERSION
    culture: Annotated[str | None, 10, TEXT] = None


class SignedIn(NamedTuple):
    """The answer to a sign-in."""

    accessToken: Annotated[str, 1, TEXT]

    def __repr__(self) -> str:
        return "SignedIn()"  # who has the token is signed in


class Problem(NamedTuple):
    """Why a call is refused, or what somebody should see to."""

    eCode: Annotated[str, 1, TEXT]
    eMsgEn: Annotated[str, 2, TEXT]


PROBLEM: Final = schema("ApiException", Problem)


class NodeStatus(NamedTuple):
    """What a part of the module says of itself."""

    info: Annotated[dict[str, str], 1, TextMap()]
    alerts: Annotated[list[Problem], 2, ListOf(PROBLEM)]


class Amendment(NamedTuple):
    """The key that a meter is to get."""

    toSgc: Annotated[int, 1, I32]
    toKrn: Annotated[int, 2, I16]
    toTi: Annotated[int, 3, I16]


AMENDMENT: Final = schema("MeterConfigAmendment", Amendment)


class MeterConfig(NamedTuple):
    """A meter, and the key that it has."""

    drn: Annotated[str, 1, TEXT]
    """A DRN, or a MeterPAN."""
    ea: Annotated[int, 2, I16]
    tct: Annotated[int, 3, I16]
    sgc: Annotated[int, 10, I32]
    krn: Annotated[int, 11, I16]
    ti: Annotated[int, 12, I16]
    ken: Annotated[int, 30, I16]
    newConfig: Annotated[Amendment | None, 20, AMENDMENT] = None
    allowKrnUpdate: Annotated[bool | None, 21, BOOL] = True
    doe: Annotated[str | None, 31, TEXT] = None
    allow3Kct: Annotated[bool | None, 32, BOOL] = False
    allowKenUpdate: Annotated[bool | None, 33, BOOL] = True


class NewConfig(NamedTuple):
    """The key that a set of tokens gives a meter."""

    toSgc: Annotated[int, 1, I32]
    toKrn: Annotated[int, 2, I16]
    toTi: Annotated[int, 3, I16]
    toKen: Annotated[int, 4, I16]
    idRecord: Annotated[str, 10, TEXT]
    record2: Annotated[str, 11, TEXT]
    rollover: Annotated[bool, 20, BOOL]
    toVkKcv: Annotated[str, 21, TEXT]


class IssuedToken(NamedTuple):
    """A token that was made, and all that is known of it."""

    drn: Annotated[str, 1, TEXT]
    pan: Annotated[str, 2, TEXT]
    ea: Annotated[int, 3, I16]
    tct: Annotated[int, 4, I16]
    sgc: Annotated[int, 5, I32]
    krn: Annotated[int, 6, I16]
    ti: Annotated[int, 7, I16]
    tokenClass: Annotated[int, 10, I16]
    subclass: Annotated[int, 11, I16]
    tid: Annotated[int, 12, I32]
    transferAmount: Annotated[float, 13, DOUBLE]
    isReservedTid: Annotated[bool, 14, BOOL]
    description: Annotated[str, 20, TEXT]
    stsUnitName: Annotated[str, 21, TEXT]
    scaledAmount: Annotated[str, 22, TEXT]
    scaledUnitName: Annotated[str, 23, TEXT]
    tokenDec: Annotated[str, 30, TEXT]
    tokenHex: Annotated[str, 31, TEXT]
    idSm: Annotated[str, 40, TEXT]
    vkKcv: Annotated[str, 41, TEXT]
    newConfig: Annotated[NewConfig | None, 15, schema("MeterConfigAdvice", NewConfig)] = None

    def __repr__(self) -> str:
        return f"IssuedToken({self.description}, {self.pan})"  # its digits are money


class MeterTestToken(NamedTuple):
    """A token that every meter of a manufacturer takes."""

    drn: Annotated[str, 1, TEXT]
    pan: Annotated[str, 2, TEXT]
    tokenClass: Annotated[int, 10, I16]
    subclass: Annotated[int, 11, I16]
    control: Annotated[int, 12, I64]
    mfrcode: Annotated[int, 13, I16]
    description: Annotated[str, 20, TEXT]
    tokenDec: Annotated[str, 30, TEXT]
    tokenHex: Annotated[str, 31, TEXT]

    def __repr__(self) -> str:
        return f"MeterTestToken({self.description})"


TOKEN: Final = schema("Token", IssuedToken)
TEST_TOKEN: Final = schema("MeterTestToken", MeterTestToken)


class Verified(NamedTuple):
    """What twenty digits say."""

    validationResult: Annotated[str, 1, TEXT]
    token: Annotated[IssuedToken | None, 2, TOKEN] = None
    meterTestToken: Annotated[MeterTestToken | None, 3, TEST_TOKEN] = None


SIGNED_IN: Final = schema("SignInResult", SignedIn)
OPTIONS: Final = schema("SessionOptions", SessionOptions)
NODE_STATUS: Final = schema("NodeStatus", NodeStatus)
METER_CONFIG: Final = schema("MeterConfigIn", MeterConfig)
VERIFIED: Final = schema("VerifyResult", Verified)


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
