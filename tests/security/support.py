"""What the tests of security modules share: keys of the test realm, meters, requests, and what a meter would say."""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Final
from uuid import UUID

from umbane.security import Issued, KeyChangeRequest, KeyName, RealmKey, Refused, TokenRequest, published_key
from umbane.sts import (
    DKGA,
    DRN,
    EA,
    KEN,
    KRN,
    KT,
    SGC,
    TI,
    TID,
    ClearTamperCondition,
    Credit,
    CurrencyCredit,
    DecoderKey,
    EncodedToken,
    InitiateTest,
    MeterPAN,
    Service,
    Token,
    derive,
    encode,
    key_change_set,
)

GROUP: Final = SGC(123456)
OTHER_GROUP: Final = SGC(600675)
DEFAULT_GROUP: Final = SGC(700001)
COMMON_GROUP: Final = SGC(700002)
"""Groups whose keys are of another type: a group has keys of one type only."""
EXPIRED: Final = KEN(0)

KEYS: Final[dict[tuple[SGC, KRN, KT], RealmKey]] = {
    (held.key.sgc, held.key.krn, held.key.kt): held
    for held in (
        published_key(GROUP, KRN(1)),
        published_key(GROUP, KRN(2)),
        published_key(DEFAULT_GROUP, KRN(1), kt=KT.DDTK),
        published_key(COMMON_GROUP, KRN(1), kt=KT.DCTK),
        published_key(GROUP, KRN(9), ken=EXPIRED),
        published_key(OTHER_GROUP, KRN(1), dkga=DKGA.DES),
        published_key(OTHER_GROUP, KRN(2), dkga=DKGA.DES),
    )
}
"""The vending keys that a module under test has."""

KEY: Final = KeyName(GROUP, KRN(1), KT.DUTK, TI(1))
NEXT: Final = KeyName(GROUP, KRN(2), KT.DUTK, TI(1))
DEFAULT: Final = KeyName(DEFAULT_GROUP, KRN(1), KT.DDTK, TI(1))
COMMON: Final = KeyName(COMMON_GROUP, KRN(1), KT.DCTK, TI(1))
EXPIRED_KEY: Final = KeyName(GROUP, KRN(9), KT.DUTK, TI(1))
DES_KEY: Final = KeyName(OTHER_GROUP, KRN(1), KT.DUTK, TI(7))
NEXT_DES_KEY: Final = KeyName(OTHER_GROUP, KRN(2), KT.DUTK, TI(8))
UNKNOWN: Final = KeyName(SGC(999999), KRN(1), KT.DUTK, TI(1))

METERS: Final = tuple(MeterPAN.from_drn(DRN.from_parts(7, serial)) for serial in range(60))
MOMENT: Final = TID(6_675_056)
"""Under the KEN of every key but the expired one."""

SERIAL: Final = count(1)


def new_id() -> UUID:
    """An id that no other call of this run gives."""
    return UUID(int=next(SERIAL) << 64 | 0x8000_0000_0000_0000 | next(SERIAL))


def credit(units: int = 100, *, tid: TID = MOMENT, rnd: int = 5) -> Credit:
    """Electricity."""
    return Credit(Service.ELECTRICITY, units, tid=tid, rnd=rnd)


def request(
    *,
    id_: UUID | None = None,
    pan: MeterPAN = METERS[0],
    ea: EA = EA.STA,
    key: KeyName = KEY,
    token: Token | None = None,
) -> TokenRequest:
    """A request for a token: whatever isn't given is something usual."""
    return TokenRequest(id_ or new_id(), pan, ea, key, token or credit())


def requests(number: int, units: int = 100) -> list[TokenRequest]:
    """Credit for so many meters, one after the other, each time with another amount."""
    return [request(pan=METERS[row % len(METERS)], token=credit(units + row)) for row in range(number)]


def change(  # noqa: PLR0913 - what a key change consists of
    *,
    id_: UUID | None = None,
    pan: MeterPAN = METERS[0],
    ea: EA = EA.STA,
    key: KeyName = KEY,
    new: KeyName = NEXT,
    at: TID = MOMENT,
    with_sgc: bool = False,
) -> KeyChangeRequest:
    """A request for a key change: whatever isn't given is something usual."""
    return KeyChangeRequest(id_ or new_id(), pan, ea, key, new, at, with_sgc)


def one_of_each() -> list[TokenRequest]:
    """A request for each class of token, algorithm and way from vending key to decoder key."""
    tokens: list[Token] = [
        credit(),
        CurrencyCredit(Service.WATER, -12_345, MOMENT),
        ClearTamperCondition(tid=MOMENT, rnd=3),
        InitiateTest.everything(),
    ]
    keys = [(KEY, EA.STA), (KEY, EA.MISTY1), (DES_KEY, EA.STA)]
    return [request(key=key, ea=ea, token=token) for token in tokens for key, ea in keys]


def changes_of_each() -> list[KeyChangeRequest]:
    """A request for each kind of key change: of two, three and four tokens, and with old keys."""
    return [
        change(),
        change(with_sgc=True),
        change(ea=EA.MISTY1),
        change(key=DEFAULT, new=KEY),
        change(key=DES_KEY, new=NEXT_DES_KEY),
        change(key=DES_KEY, new=KEY),
    ]


def decoder_key(name: KeyName, pan: MeterPAN, ea: EA) -> DecoderKey:
    """The key in a meter, derived without a module."""
    return derive(KEYS[name[:3]].key, pan, name.ti, ea)


def expected(asked: TokenRequest | KeyChangeRequest) -> tuple[EncodedToken, ...]:
    """The tokens of a request, made without a module."""
    current = decoder_key(asked.key, asked.pan, asked.ea)
    if isinstance(asked, TokenRequest):
        return (encode(asked.token, current),)
    new = decoder_key(asked.new, asked.pan, asked.ea)
    return tuple(
        encode(section, current) for section in key_change_set(current, new, at=asked.at, with_sgc=asked.with_sgc)
    )


def tokens_of(answers: Iterable[Issued | Refused]) -> list[tuple[EncodedToken, ...]]:
    """The tokens of answers, none of which is a refusal."""
    issued = [answer for answer in answers if isinstance(answer, Issued)]
    assert len(issued) == len(list(answers)), f"refused: {[a.reason for a in answers if isinstance(a, Refused)]}"
    return [answer.tokens for answer in issued]


def reasons(answers: Sequence[Issued | Refused]) -> dict[int, type[Exception]]:
    """The kinds of the refusals among answers, by their places."""
    return {place: type(answer.reason) for place, answer in enumerate(answers) if isinstance(answer, Refused)}
