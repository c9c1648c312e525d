"""A security module for tests, outside of the software one: in memory, and able to lose what it was going to say."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from uuid import UUID

from umbane.registry import KeyParameters, Meter
from umbane.security import (
    Alert,
    Attestation,
    Issued,
    KeyChangeRequest,
    KeyCount,
    KeyName,
    ModuleStatus,
    Quota,
    Realm,
    Record,
    Refused,
    RequestReusedError,
    TokenRequest,
    UnknownKeyError,
    UnreachableError,
    UnsupportedError,
    VendingKeyName,
    VerifyRequest,
)
from umbane.sts import (
    DKGA,
    EA,
    KEN,
    BaseDate,
    Credit,
    DecoderKey,
    EncodedToken,
    MeterPAN,
    StsError,
    StsInputError,
    Token,
    VendingKey,
    decode,
    derive,
    encode,
    key_change_set,
)

__all__ = ["LaboratoryModule", "LostReplyError", "laboratory_key", "read"]


class LostReplyError(Exception):
    """The module did what it was asked to, and nobody heard of it."""


def laboratory_key(name: KeyName, pan: MeterPAN, ea: EA) -> DecoderKey:
    """The key of a meter in the laboratory."""
    secret = sha256(f"laboratory {name.sgc} {name.krn}".encode()).digest()[:20]
    vending = VendingKey(secret, DKGA.KDF_HMAC_SHA256, name.sgc, name.krn, name.kt, BaseDate.Y2014, KEN(255))
    return derive(vending, pan, name.ti, ea)


def read(meter: Meter, token: EncodedToken | None, key: KeyParameters | None = None) -> Token:
    """What a meter reads in a token, under the key it has or another."""
    assert token is not None, "its digits are held back"
    had = key or meter.key
    return decode(token, laboratory_key(KeyName(had.sgc, had.krn, had.kt, had.ti), meter.pan, meter.ea))


class LaboratoryModule:
    """Makes tokens of keys that only the laboratory has, for supply group 123456.

    Attributes:
        external: as a test wants it.
        lose: how many replies are still to be lost.
        deaf: how many questions are still to be lost.
        unheard: those questions.
        asked: whether it was ever asked for a token.
        awake: while it isn't, no question about tokens is answered.
        silent, talking: whether it says nothing of what it did, and while it isn't talking that isn't known yet.
    """

    def __init__(self, name: str = "laboratory", *, external: bool = False) -> None:
        self.name = name
        self.external = external
        self.lose = 0
        self.deaf = 0
        self.unheard: list[TokenRequest] = []
        self.asked = asyncio.Event()
        self.awake = asyncio.Event()
        self.awake.set()
        self.silent = False
        self.talking = asyncio.Event()
        self.talking.set()
        self.made: dict[UUID, tuple[int, TokenRequest | KeyChangeRequest, tuple[EncodedToken, ...]]] = {}
        self.count = 0

    async def issue(self, requests: Sequence[TokenRequest]) -> list[Issued | Refused]:
        """Make tokens."""
        if self.deaf:
            self.deaf -= 1
            self.unheard += requests
            raise self.silence()
        self.asked.set()
        await self.awake.wait()
        return self.heard([self.one(request) for request in requests])

    async def change_keys(self, requests: Sequence[KeyChangeRequest]) -> list[Issued | Refused]:
        """Make key-change sets."""
        return self.heard([self.one(request) for request in requests])

    def heard(self, answers: list[Issued | Refused]) -> list[Issued | Refused]:
        """The answers, unless they get lost."""
        if self.lose:
            self.lose -= 1
            raise self.silence()
        return answers

    def silence(self) -> Exception:
        """What is heard instead of an answer: inside of a process nothing, for the process is gone."""
        return UnreachableError("it hung up") if self.external else LostReplyError()

    def one(self, request: TokenRequest | KeyChangeRequest) -> Issued | Refused:
        """Answer one request, for ever in the same way."""
        if request.id in self.made:
            first, asked, tokens = self.made[request.id]
            return Issued(first, tokens) if asked == request else Refused(RequestReusedError(f"{request.id}"))
        if request.key.sgc.value != 123456:
            return Refused(UnknownKeyError("no such key"))
        try:
            tokens = self.tokens(request)
        except (StsError, StsInputError) as error:
            return Refused(error)
        self.made[request.id] = self.count, request, tokens
        self.count += len(tokens)
        return Issued(self.made[request.id][0], tokens)

    def tokens(self, request: TokenRequest | KeyChangeRequest) -> tuple[EncodedToken, ...]:
        """The tokens of a request."""
        key = laboratory_key(request.key, request.pan, request.ea)
        if isinstance(request, TokenRequest):
            return (encode(request.token, key),)
        sections = key_change_set(key, laboratory_key(request.new, request.pan, request.ea), at=request.at)
        return tuple(encode(section, key) for section in sections)

    async def verify(self, requests: Sequence[VerifyRequest]) -> list[Token | Refused]:
        """What digits say under a key."""
        answers: list[Token | Refused] = []
        for it in requests:
            try:
                answers.append(decode(it.digits, laboratory_key(it.key, it.pan, it.ea)))
            except (StsError, StsInputError) as error:
                answers.append(Refused(error))
        return answers

    async def fetch(self, ids: Sequence[UUID]) -> dict[UUID, Issued | Refused]:
        """What was answered."""
        await self.talking.wait()
        if self.silent:
            raise self.silence()
        return {id_: Issued(self.made[id_][0], self.made[id_][2]) for id_ in ids if id_ in self.made}

    async def since(self, count: int) -> AsyncIterator[Record]:
        """Every request from a count on."""
        for first, request, tokens in list(self.made.values()):
            if first + len(tokens) > count:
                yield Record(first, len(tokens), request)

    async def status(self) -> ModuleStatus:
        """What it says of itself."""
        return ModuleStatus(self.name, Realm.TEST, self.count, "", 1)

    async def alerts(self) -> list[Alert]:
        """Nothing runs out here."""
        return []

    async def counters(self) -> dict[VendingKeyName, KeyCount]:
        """What it made with each vending key."""
        counted: dict[VendingKeyName, KeyCount] = {}
        for _, request, tokens in self.made.values():
            key = VendingKeyName(*request.key[:3])
            had, token = counted.get(key, KeyCount()), getattr(request, "token", None)
            units = token.carried if isinstance(token, Credit) else 0
            counted[key] = KeyCount(had.tokens + len(tokens), had.units + units)
        return counted

    async def quotas(self) -> dict[VendingKeyName, Quota]:
        """Nothing is limited here."""
        return {}

    async def top_up(self, order: bytes) -> None:
        """Nothing is limited here."""
        raise UnsupportedError(f"{len(order)} bytes for nothing")

    async def attest(self, challenge: bytes) -> Attestation:
        """It is nobody."""
        raise UnsupportedError(f"{len(challenge)} bytes for nobody")
