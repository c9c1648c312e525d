"""The other side, for a thread that waits: tokens that are had made there, and digits that are read there."""

import asyncio
from collections.abc import Coroutine, Sequence
from threading import Thread
from typing import Any, Final, NamedTuple, TypeVar
from uuid import uuid4

from umbane.security.errors import UnknownKeyError, UnreachableError
from umbane.security.making import refused
from umbane.security.models import Refused, VerifyRequest
from umbane.security.orders import ChangeOrder, TokenOrder
from umbane.security.prism.asking import (
    Ask,
    digits_of,
    meter_config,
    refusal_of,
    require_change_fits,
    require_fits,
    token_of,
)
from umbane.security.prism.client import PrismClient
from umbane.security.prism.errors import ApiError, OtherTokenError
from umbane.security.prism.keys import KeyTable
from umbane.security.prism.messages import IssuedToken, Verified, whole
from umbane.sts import (
    EA,
    TID,
    CrcError,
    EncodedToken,
    KeyExpiredError,
    KeyUseError,
    StsError,
    StsInputError,
    Token,
    UnknownTokenError,
    decode,
    encode,
    read_message,
)

__all__ = ["Outcome", "Remote", "Tokens", "Wanted"]


class Tokens(NamedTuple):
    """The tokens of one order."""

    tokens: tuple[EncodedToken, ...]


Outcome = Tokens | Refused | BaseException
"""What became of one order: tokens, a definite refusal, or an error after which nobody knows."""

Wanted = tuple[Ask, TokenOrder | ChangeOrder, bool]
"""What to ask, what it is for, and whether it was asked before and may have been done."""

REFUSALS: Final = (UnknownKeyError, StsError, StsInputError)
PLAIN_CLASS: Final = 1
TEST: Final = "issueMeterTestToken"

Answer = TypeVar("Answer")


class Remote:
    """A module on the other side, with a loop in a thread of its own.

    Args:
        client: how it is talked to.
        table: its keys.
    """

    def __init__(self, client: PrismClient, table: KeyTable) -> None:
        self.client, self.table = client, table
        self.loop = asyncio.new_event_loop()
        self.thread = Thread(target=self.loop.run_forever, name="prism", daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Hang up."""
        self.run(self.client.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Do it there, and wait for it here."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    # ---------------------------------------------------------------------------------------------------- making tokens

    def made(self, wanted: Sequence[Wanted]) -> list[Outcome]:
        """What becomes of each order; as many at one time as the client has connections."""
        return self.run(self.all_made(wanted))

    async def all_made(self, wanted: Sequence[Wanted]) -> list[Outcome]:
        """The same, in the loop. Once nobody answers, those whose turn comes later are not asked for any more."""
        places, silent = asyncio.Semaphore(len(self.client.connections)), asyncio.Event()

        async def in_turn(one: Wanted) -> Outcome:
            async with places:
                if silent.is_set():
                    return UnreachableError("the module wasn't asked: it didn't answer others")
                try:
                    return await self.one_made(*one)
                except UnreachableError:
                    silent.set()
                    raise

        return await asyncio.gather(*map(in_turn, wanted), return_exceptions=True)

    async def one_made(self, ask: Ask, order: TokenOrder | ChangeOrder, in_doubt: bool) -> Outcome:  # noqa: FBT001 - a Wanted
        """What becomes of one."""
        try:
            if ask.method == TEST:
                return Tokens((await self.test_token(ask, order),))
            found = await self.client.fetched(ask.message_id) if in_doubt else None
            found = found or await self.client.issued(ask.method, ask.message_id, **ask.arguments)
            return tokens_of(found, ask, order)
        except ApiError as error:
            reason = refusal_of(error)
            if reason is None:
                raise
            return refused(reason)

    async def test_token(self, ask: Ask, order: TokenOrder | ChangeOrder) -> EncodedToken:
        """A token of class 1, which isn't encrypted: it is known what it must be."""
        one = await self.client.call(ask.method, ask.message_id, **ask.arguments)
        wanted = encode(read_message(order.bits)) if isinstance(order, TokenOrder) else None
        if digits_of(one.tokenDec) != wanted:
            raise OtherTokenError("the module made another test token than was asked for: look into it")
        return wanted

    async def found(self, ask: Ask, order: TokenOrder | ChangeOrder) -> Tokens | None:
        """What was made of an order, if the module still knows; test tokens can't be fetched, but asked for again."""
        if ask.method == TEST:
            return None
        found = await self.client.fetched(ask.message_id)
        return tokens_of(found, ask, order) if found else None

    # --------------------------------------------------------------------------------------------------------- reading

    def read(self, request: VerifyRequest) -> Token | Refused:
        """What twenty digits say; the interface doesn't tell their RND, so it is 0."""
        try:
            self.table.stand_in(request.key, request.ea)
            if request.digits.token_class == PLAIN_CLASS:
                return decode(request.digits)
            config = meter_config(request.pan, request.ea, request.key, self.table)
            said: Verified = self.run(
                self.client.call("verifyToken", uuid4().hex, meterConfig=config, tokenDec=request.digits.digits)
            )
            return token_said(said)
        except ApiError as error:
            reason = refusal_of(error)
            if reason is None:
                raise
            return refused(reason)
        except REFUSALS as error:
            return refused(error)


def tokens_of(found: Sequence[IssuedToken], ask: Ask, order: TokenOrder | ChangeOrder) -> Tokens:
    """The digits, when they are what was asked for."""
    if isinstance(order, TokenOrder):
        require_fits(found, ask, order)
    else:
        require_change_fits(found, change_length(order), order)
    return Tokens(tuple(digits_of(one.tokenDec) for one in found))


def change_length(order: ChangeOrder) -> int:
    """How many tokens a key change has."""
    if order.request.ea is EA.MISTY1:
        return 4
    return 3 if order.request.with_sgc else 2


def token_said(said: Verified) -> Token:
    """The token that was read.

    Raises:
        StsError: there is none.
    """
    match said.validationResult:
        case "EVerify.Ok" if said.token is not None:
            one = said.token
            return token_of(one.tokenClass, one.subclass, whole(one.transferAmount), TID(one.tid), 0)
        case "EVerify.Crc":
            raise CrcError("the check bits are wrong: a digit was mistyped, or the token is for another meter or key")
        case "EVerify.KeyExpired":
            raise KeyExpiredError("the token's TID lies beyond the expiry of its key")
        case "EVerify.DdtkCredit":
            raise KeyUseError("a DDTK carries no credit")
        case other:
            raise UnknownTokenError(f"the module says {other}, and nothing of a token")
