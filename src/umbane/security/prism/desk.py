"""Our side of the interface: what is asked of a module of ours in the words of the interface, and what it answers.

A message's id becomes the id of a request, so that the same message gets the same digits for ever. Ids as our own
client makes them say it themselves, with the token's RND or the moment of a key change; of others it is computed.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple, NoReturn
from uuid import UUID, uuid5
from weakref import WeakValueDictionary

from umbane.errors import UmbaneError
from umbane.security.errors import FrameError, ModuleError, UnknownKeyError
from umbane.security.models import Issued, KeyChangeRequest, KeyName, Refused, TokenRequest, VerifyRequest
from umbane.security.prism.asking import epoch_minutes, token_of
from umbane.security.prism.errors import ApiError, PrismSettingError
from umbane.security.prism.keys import KeyTable, PrismKey
from umbane.security.prism.messages import (
    VERSION,
    Amendment,
    Flags,
    IssuedToken,
    MeterConfig,
    MeterTestToken,
    NodeStatus,
    Problem,
    SessionOptions,
    SignedIn,
    Verified,
    whole,
)
from umbane.security.prism.rendering import Meter, change_shown, class_one_shown, shown
from umbane.security.prism.users import Sessions
from umbane.security.protocol import SecurityModule
from umbane.sts import (
    DRN,
    EA,
    KRN,
    KT,
    SGC,
    TCT,
    TI,
    TID,
    CheckDigitError,
    CrcError,
    EncodedToken,
    InitiateTest,
    KeyExpiredError,
    MeterPAN,
    StsInputError,
    Token,
)

__all__ = ["Desk"]

MESSAGE_ID: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_\-.,]{0,39}")
OUR_ID: Final = re.compile(r"([0-9a-f]{32})(?:\.([0-9a-f]{1}|[0-9a-f]{6}))?")
OTHERS: Final = UUID("6d8d9a4e-51b0-4c0a-9d3e-7c3c1a0f5e21")
"""The name space of other people's message ids."""

REALM: Final = "local"
LONGEST_SLEEP: Final = 60_000
WARNING: Final = timedelta(days=90)
"""How long before its end a key is spoken of."""

NO_METER: Final = MeterPAN.from_drn(DRN.from_parts(0, 0))
"""Whom a token of class 1 is for: it says nothing of a meter."""

Handler = Callable[..., Awaitable[object]]


class MessageId(NamedTuple):
    """What the id of a message says."""

    id: UUID
    rnd: int
    at: TID | None = None
    """The moment of a key change, if it says one."""

    @property
    def change(self) -> UUID:
        """The id of a key change that goes before a token."""
        return uuid5(OTHERS, f"key change before {self.id}")

    @classmethod
    def parse(cls, text: str) -> "MessageId":
        """Read an id.

        Raises:
            ApiError: it is none.
        """
        if not MESSAGE_ID.fullmatch(text):
            raise ApiError("EParamRange", "messageId: give 1 to 40 letters, digits and _-., and begin with one")
        ours = OUR_ID.fullmatch(text)
        if not ours:
            return cls(uuid5(OTHERS, text), sha256(text.encode()).digest()[0] & 15)
        number, said = ours[1], ours[2] or ""
        if len(said) > 1:
            return cls(UUID(number), 0, TID(int(said, 16)))
        return cls(UUID(number), int(said or "0", 16))


class Desk:
    """What a session may ask.

    Args:
        module: who makes the tokens.
        table: its keys; of a key that isn't there nobody hears.
        sessions: who may ask.
        name: what the module is called.
        clock: the moment, for TIDs that the caller leaves to us.
    """

    def __init__(
        self,
        module: SecurityModule,
        table: KeyTable,
        sessions: Sessions,
        *,
        name: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not table.keys:
            raise PrismSettingError("keys", "there are none", "give the keys that may be asked for")
        self.module, self.table, self.sessions = module, table, sessions
        self.name, self.clock = name, clock
        self.last: dict[tuple[MeterPAN, KeyName], TID] = {}
        self.turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self.handlers: dict[str, Handler] = {
            "getStatus": self.status,
            "parseIdRecord": self.id_record,
            "issueCreditToken": self.credit,
            "issueMseToken": self.management,
            "issueMeterTestToken": self.meter_test,
            "issueKeyChangeTokens": self.key_change,
            "verifyToken": self.verify,
            "fetchTokenResult": self.fetch,
        }

    async def remember(self) -> None:
        """Know which TIDs were given to whom, so that none is given twice; read from the module's journal."""
        async for record in self.module.since(0):
            asked = record.request
            if isinstance(asked, TokenRequest) and (tid := getattr(asked.token, "tid", None)):
                self.took(asked.pan, asked.key, tid)

    def took(self, pan: MeterPAN, key: KeyName, tid: TID) -> None:
        """A meter was given a TID."""
        if not tid.is_special:
            self.last[pan, key] = max(tid, self.last.get((pan, key), tid))

    async def answer(self, method: str, arguments: dict[str, Any]) -> object:
        """What is said to a call.

        Raises:
            ApiError: the refusal.
        """
        try:
            if method == "ping":
                return await pong(**arguments)
            if method == "signInWithPassword":
                return await self.sign_in(**arguments)
            self.sessions.require(arguments.pop("accessToken"))
            message = MessageId.parse(arguments.pop("messageId"))
            return await self.handlers.get(method, not_done)(message, **arguments)
        except ApiError:
            raise
        except ModuleError as error:
            code = "EParamRange" if isinstance(error, FrameError) else "ESm"
            raise definite(error) if isinstance(error, UnknownKeyError) else ApiError(code, ascii_of(error)) from None
        except UmbaneError as error:
            raise definite(error) from None

    async def sign_in(
        self,
        messageId: str,
        realm: str,
        username: str,
        password: str,
        sessionOpts: SessionOptions,
    ) -> SignedIn:
        """Begin a session."""
        MessageId.parse(messageId)
        if version_of(sessionOpts.version) > version_of(VERSION):
            raise ApiError("ESignin.Version", f"this is version {VERSION}")
        if realm != REALM:
            raise ApiError("ESignin.Realm", f"the realm is {REALM}")
        return SignedIn(await asyncio.to_thread(self.sessions.signed_in, username, password))

    async def status(self, _message: MessageId) -> list[NodeStatus]:
        """What the module says of itself, and what somebody should see to: keys that end, and what it says itself."""
        said = await self.module.status()
        info = {"name": said.name, "realm": said.realm.value, "apiVersion": VERSION}
        info |= {"tokens": f"{said.count}", "keys": f"{said.keys}", "seal": said.head}
        alerts = [alert for key in self.table.keys.values() if (alert := self.expiry(key))]
        alerts += [Problem(ascii_of(it.code), ascii_of(it.words)) for it in await self.module.alerts()]
        return [NodeStatus(info, alerts)]

    def expiry(self, key: PrismKey) -> Problem | None:
        """What is to be said of a key whose end is near, or behind us."""
        end = TID((key.ken.value << 16) + 0xFFFF).time(key.base_date)
        if key.ken.never or end - WARNING > self.clock():
            return None
        return Problem("ESts.VkExpired", f"the key for {key.name} ends on {end:%Y-%m-%d}")

    # --------------------------------------------------------------------------------------------------------- tokens

    async def credit(self, message: MessageId, meterConfig: MeterConfig, **rest: Any) -> list[IssuedToken]:  # noqa: ANN401 - the rest is passed on
        """Credit, and before it a key change where the meter needs one."""
        return await self.issue(message, meterConfig, 0, **rest)

    async def management(self, message: MessageId, meterConfig: MeterConfig, **rest: Any) -> list[IssuedToken]:  # noqa: ANN401 - the rest is passed on
        """A management token; the same holds."""
        return await self.issue(message, meterConfig, 2, **rest)

    async def issue(  # noqa: PLR0913 - what the interface asks with
        self,
        message: MessageId,
        config: MeterConfig,
        token_class: int,
        *,
        subclass: int,
        transferAmount: float,
        tokenTime: int,
        flags: int,
    ) -> list[IssuedToken]:
        """A token, or the one that was made for this message before."""
        meter, amount = self.meter(config), whole(transferAmount)
        new = self.following(meter, config)
        key = new or meter.key
        async with self.turn(message.id):
            before = await self.made_before(message.id)
            if before is None:
                tid = self.tid(meter.pan, key, tokenTime, flags)
                token = token_of(token_class, subclass, amount, tid, message.rnd)
            else:
                token = before.token
                wanted = token_of(token_class, subclass, amount, before.token.tid, message.rnd)
                if before != TokenRequest(message.id, meter.pan, meter.ea, key, wanted):
                    raise ApiError("EParamRange", "messageId: it was used before, for another request")
            asked = TokenRequest(message.id, meter.pan, meter.ea, key, token)
            change = await self.changed(message.change, meter, new) if new else []
            (digits,) = tokens_of(await self.module.issue([asked]))
            return [*change, shown(self.name, meter._replace(key=key), token, digits)]

    async def made_before(self, id_: UUID) -> Any:  # noqa: ANN401 - a TokenRequest whose token has a TID, or None
        """The request for a token that was answered under this id."""
        answer = (await self.module.fetch([id_])).get(id_)
        if answer is None:
            return None
        if isinstance(answer, Refused):
            raise definite(answer.reason)
        asked = await self.record(answer.first)
        if isinstance(asked, TokenRequest) and hasattr(asked.token, "tid"):
            return asked
        raise ApiError("EParamRange", "messageId: it was used before, for another request")

    async def record(self, number: int) -> TokenRequest | KeyChangeRequest:
        """The request behind a token, by its number."""
        async for record in self.module.since(number):
            return record.request
        raise ApiError("ECacheMiss", f"there is no token {number}")

    async def meter_test(self, message: MessageId, subclass: int, control: int, mfrcode: int) -> MeterTestToken:
        """A token of class 1, on the account of our first key."""
        token = InitiateTest(control, mfrcode, subclass)
        first = next(iter(self.table.keys.values()))
        key = KeyName(first.sgc, first.krn, first.kt, TI(0))
        (digits,) = tokens_of(await self.module.issue([TokenRequest(message.id, NO_METER, EA.STA, key, token)]))
        return class_one_shown(token, digits)

    async def key_change(
        self,
        message: MessageId,
        meterConfig: MeterConfig,
        newConfig: Amendment,
    ) -> list[IssuedToken]:
        """The tokens that give a meter another key."""
        meter = self.meter(meterConfig)
        async with self.turn(message.id):
            new = self.named(newConfig.toSgc, newConfig.toKrn, newConfig.toTi)
            return await self.changed(message.id, meter, new, at=message.at, with_sgc=bool(meterConfig.allow3Kct))

    async def changed(
        self, id_: UUID, meter: Meter, new: KeyName, *, at: TID | None = None, with_sgc: bool = False
    ) -> list[IssuedToken]:
        """A key change, or the one that was made before; its moment is no part of what was asked for."""
        keys = self.table.key(meter.key), self.table.key(new)
        moment = at or TID.at(self.clock(), keys[1].base_date)
        answer = (await self.module.fetch([id_])).get(id_)
        if isinstance(answer, Issued):
            moment = getattr(await self.record(answer.first), "at", moment)
        asked = KeyChangeRequest(id_, meter.pan, meter.ea, meter.key, new, moment, with_sgc)
        return change_shown(self.name, meter, new, keys, tokens_of(await self.module.change_keys([asked])))

    async def fetch(self, _message: MessageId, reqMessageId: str) -> list[IssuedToken]:
        """What was made for a message."""
        wanted = MessageId.parse(reqMessageId)
        found = await self.module.fetch([wanted.change, wanted.id])
        if wanted.id not in found:
            raise ApiError("ECacheMiss", "nothing was made for this message")
        answers = [found[id_] for id_ in (wanted.change, wanted.id) if id_ in found]
        return [one for answer in answers for one in await self.told(answer)]

    async def told(self, answer: Issued | Refused) -> list[IssuedToken]:
        """What was answered once."""
        tokens = tokens_of([answer])
        asked = await self.record(answer.first if isinstance(answer, Issued) else 0)
        meter = Meter(asked.pan, asked.ea, asked.key, int(TCT.NUMERIC))
        if isinstance(asked, TokenRequest):
            return [shown(self.name, meter, asked.token, tokens[0])]
        keys = self.table.key(asked.key), self.table.key(asked.new)
        return change_shown(self.name, meter, asked.new, keys, tokens)

    # --------------------------------------------------------------------------------------------------------- reading

    async def verify(self, _message: MessageId, meterConfig: MeterConfig, tokenDec: str) -> Verified:
        """What twenty digits say to a meter."""
        meter, digits = self.meter(meterConfig), EncodedToken.parse(tokenDec)
        (said,) = await self.module.verify([VerifyRequest(meter.pan, meter.ea, meter.key, digits)])
        if isinstance(said, Refused):
            if isinstance(said.reason, CrcError):
                return Verified("EVerify.Crc")
            raise definite(said.reason)
        if isinstance(said, InitiateTest):
            return Verified("EVerify.Ok", meterTestToken=class_one_shown(said, digits))
        return Verified(self.standing(meter.key, said), token=shown(self.name, meter, said, digits))

    def standing(self, name: KeyName, token: Token) -> str:
        """Whether a meter with that key takes such a token."""
        key = self.table.key(name)
        if token.token_class == 0 and key.kt is KT.DDTK:
            return "EVerify.DdtkCredit"
        tid = getattr(token, "tid", None)
        return "EVerify.KeyExpired" if tid is not None and tid.beyond(key.ken) else "EVerify.Ok"

    async def id_record(self, _message: MessageId, idRecord: str) -> MeterConfig:
        """A meter as its card has it: PAN, DOE, TCT, EA, SGC, TI, KRN."""
        form = re.fullmatch(r"(\d{18})(\d{4})(\d{2})(\d{2})(\d{6})(\d{2})(\d)", idRecord, re.ASCII)
        if not form:
            raise ApiError("ESts.IdRecord", "an ID record has 35 digits")
        pan, doe, tct, ea, sgc, ti, krn = form.groups()
        newest = self.table.keys.get((int(sgc), int(krn)))
        ken = newest.ken.value if newest else 255
        return MeterConfig(pan, int(ea), int(tct), int(sgc), int(krn), int(ti), ken, doe=doe)

    # ---------------------------------------------------------------------------------------------- meters, keys, TIDs

    def meter(self, config: MeterConfig) -> Meter:
        """A meter, and the key that it has."""
        key = self.named(config.sgc, config.krn, config.ti)
        return Meter(meter_pan(config.drn), EA(config.ea), key, int(TCT(config.tct)), config.doe or "0000")

    def named(self, sgc: int, krn: int, ti: int) -> KeyName:
        """A key by its numbers."""
        SGC(sgc), KRN(krn)
        key = self.table.keys.get((sgc, krn))
        if key is None:
            raise ApiError("EKeystore.NotFound", f"there is no vending key for SGC {sgc:06} KRN {krn}")
        return KeyName(key.sgc, key.krn, key.kt, TI(ti))

    def following(self, meter: Meter, config: MeterConfig) -> KeyName | None:
        """The key that a meter is to get before its token; None if it keeps the one it has."""
        key = meter.key
        if config.newConfig is not None:
            key = self.named(*config.newConfig)
        elif config.allowKrnUpdate and (newest := self.table.newest(key.sgc.value)):
            key = key._replace(krn=newest.krn, kt=newest.kt)
        other_ken = bool(config.allowKenUpdate) and config.ken != self.table.key(key).ken.value
        return key if key != meter.key or other_ken else None

    def tid(self, pan: MeterPAN, key: KeyName, moment: int, flags: int) -> TID:
        """The TID of the next token."""
        base = self.table.key(key).base_date
        if flags & Flags.EXACT_TID:
            tid = TID(moment - epoch_minutes(base))
        else:
            try:
                now = datetime.fromtimestamp(moment, UTC) if flags & Flags.EXTERNAL_CLOCK else self.clock()
            except (OverflowError, ValueError, OSError):
                raise ApiError("EParamRange", "tokenTime: it is no moment") from None
            special = flags & Flags.SPECIAL_RESERVED
            tid = TID.special(now, base) if special else TID.following(now, base, self.last.get((pan, key)))
        self.took(pan, key, tid)
        return tid

    @asynccontextmanager
    async def turn(self, id_: UUID) -> AsyncIterator[None]:
        """Messages of one id come one after the other."""
        lock = self.turns.setdefault(id_, asyncio.Lock())  # it is there as long as somebody waits for it
        async with lock:
            yield


async def pong(sleepMs: int, echo: str) -> str:
    """An echo, after a while."""
    if not 0 <= sleepMs <= LONGEST_SLEEP:
        raise ApiError("EParamRange", f"sleepMs: give 0 to {LONGEST_SLEEP}")
    await asyncio.sleep(sleepMs / 1000)
    return echo


async def not_done(_message: MessageId, **_rest: object) -> NoReturn:
    """What is asked of a module of another make only."""
    raise ApiError("EService.Disabled", "this is not done here")


def version_of(text: str) -> tuple[int, ...]:
    """A version, so that versions can be compared."""
    if not re.fullmatch(r"\d{1,4}\.\d{1,4}", text, re.ASCII):
        raise ApiError("ESignin.Version", "a version is two numbers with a point between them")
    return tuple(map(int, text.split(".")))


def meter_pan(number: str) -> MeterPAN:
    """A meter by its DRN or its MeterPAN."""
    try:
        return MeterPAN.parse(number)
    except CheckDigitError as error:
        raise ApiError("ESts.DrnOrPan.CheckDigit", ascii_of(error)) from None
    except StsInputError as error:
        raise ApiError("ESts.DrnOrPan", ascii_of(error)) from None


def tokens_of(answers: Sequence[Issued | Refused]) -> tuple[EncodedToken, ...]:
    """The tokens of one answer."""
    (answer,) = answers
    if isinstance(answer, Refused):
        raise definite(answer.reason)
    return answer.tokens


def definite(reason: UmbaneError) -> ApiError:
    """A refusal after which nothing was made, for certain."""
    if isinstance(reason, UnknownKeyError):
        return ApiError("EKeystore.NotFound", ascii_of(reason))
    if isinstance(reason, KeyExpiredError):
        return ApiError("ESts.VkExpired", ascii_of(reason))
    return ApiError("EParamRange", ascii_of(reason))


def ascii_of(words: object) -> str:
    """Words, as the interface takes them."""
    return "".join(character if " " <= character <= "~" else "?" for character in str(words))
