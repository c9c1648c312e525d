"""A token that goes away and comes back."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from ctypes import CDLL, c_ulong
from dataclasses import replace
from pathlib import Path

import pytest
from pkcs11 import KeyType, PKCS11Error, Token
from pkcs11.exceptions import DataLenRange, SessionHandleInvalid

from tests.security.pkcs11.softhsm import LIBRARY, PIN, loaded, new_token
from tests.security.pkcs11.test_token import secrets_in
from tests.security.support import DES_KEY, KEY, KEYS, expected, request, requests, tokens_of
from tests.security.test_vault import OWN
from umbane.security import JournalError, Realm, RealmKey, VerifyRequest
from umbane.security.local import LocalModule
from umbane.security.pkcs11 import (
    CachePolicy,
    TokenKeyError,
    TokenLoader,
    TokenLostError,
    TokenPinError,
    TokenSetting,
    open_pkcs11_module,
    wrapped,
)
from umbane.security.pkcs11.library import library
from umbane.security.pkcs11.pool import OpenSession, TokenPool
from umbane.security.pkcs11.vault import TokenVault
from umbane.sts import EA

MakeToken = Callable[[], TokenSetting]


@asynccontextmanager
async def opened(folder: Path, setting: TokenSetting, policy: CachePolicy | None = None) -> AsyncIterator[LocalModule]:
    """A module with its parts at hand."""
    pool = TokenPool(setting, 2)
    module = LocalModule("tested", folder, TokenVault(pool, Realm.TEST, policy or CachePolicy()))
    try:
        yield module
    finally:
        module.close()
        pool.close()


def pool_of(module: LocalModule) -> TokenPool:
    """The sessions of a module."""
    assert isinstance(module.vault, TokenVault)
    return module.vault.pool


@contextmanager
def away(tokens: Path, setting: TokenSetting) -> Iterator[None]:
    """The token's folder is gone for a while, and the library notices."""
    shutil.move(tokens / "tokens", tokens / "away")
    (tokens / "tokens").mkdir()
    library(setting.library).lib.finalize()
    try:
        yield
    finally:
        (tokens / "tokens").rmdir()
        shutil.move(tokens / "away", tokens / "tokens")


def close_sessions(module: LocalModule) -> None:
    """Close the sessions behind the module's back."""
    pool = pool_of(module)
    for place in [pool.places.get() for _ in range(pool.size)]:
        if place:
            with suppress(PKCS11Error):  # it may be an older one, which is closed
                place.session.close()
        pool.places.put(place)


def stop_library(_module: LocalModule) -> None:
    """Stop the library, as another part of the program may."""
    library(LIBRARY).lib.finalize()


def start_anew(_module: LocalModule) -> None:
    """Start the library anew: sessions and handles are no longer what they were."""
    library(LIBRARY).restart()


def sign_out(place: OpenSession) -> None:
    """Sign out of the token, past the library that knows who signed in."""
    handle = place.session.handle  # type: ignore[attr-defined] # the session's number
    assert CDLL(LIBRARY).C_Logout(c_ulong(handle)) == 0


def sign_all_out(module: LocalModule) -> None:
    """Sign out, as another part of the program may: all keys are gone from all sessions."""
    sign_out(next(place for place in pool_of(module).places.queue if place))


LOSSES = {
    "sessions closed": close_sessions,
    "library stopped": stop_library,
    "library started anew": start_anew,
    "signed out": sign_all_out,
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_reconnected(tmp_path: Path, token: TokenSetting, loss: str) -> None:
    """When sessions are lost the module opens new ones, and nobody who asks for tokens notices."""
    asked = [*requests(40), request(key=DES_KEY), request(ea=EA.MISTY1)]
    async with opened(tmp_path, token) as module:
        first = await module.issue(asked[:20])
        for _ in range(2):
            LOSSES[loss](module)
            assert tokens_of(await module.issue(asked)) == [expected(one) for one in asked]
        LOSSES[loss](module)
        digits = expected(asked[0])[0]
        assert await module.verify([VerifyRequest(asked[0].pan, EA.STA, KEY, digits)]) == [asked[0].token]
        assert (await module.issue(asked))[:20] == first
        assert (await module.status()).count == len(asked)


@pytest.mark.parametrize("policy", [CachePolicy(), CachePolicy(1000, 3600)], ids=["nothing", "everything"])
async def test_taken_away(tmp_path: Path, tokens: Path, token: TokenSetting, policy: CachePolicy) -> None:
    """Without its token a module makes and counts nothing, whatever it remembers; it goes on when the token is back."""
    known, new = requests(40), requests(40)
    async with opened(tmp_path, token, policy) as module:
        answers = await module.issue(known)
        with away(tokens, token):
            for asked in (new, known, new[:1]):
                with pytest.raises(TokenLostError, match="nothing was made"):
                    await module.issue(asked)
            with pytest.raises(TokenLostError):
                await module.verify([VerifyRequest(known[0].pan, EA.STA, KEY, expected(known[0])[0])])
            assert (await module.status()).count == len(known)
            assert [record.request.id async for record in module.since(0)] == [one.id for one in known]
        assert await module.issue(known) == answers
        assert tokens_of(await module.issue(new)) == [expected(one) for one in new]
        assert (await module.status()).count == 80


async def test_not_there_at_first(tmp_path: Path, tokens: Path, token: TokenSetting) -> None:
    """A module isn't opened without its token, and leaves no journal behind."""
    with away(tokens, token), pytest.raises(TokenLostError):
        async with open_pkcs11_module("tested", tmp_path / "new", token, realm=Realm.TEST):
            raise AssertionError
    assert not (tmp_path / "new").exists()


async def test_many_callers_and_losses(tmp_path: Path, token: TokenSetting) -> None:
    """Callers at one time, with a library that is started anew between them, get what they asked for, each once."""
    batches = [requests(30, units=number) for number in range(12)]
    async with opened(tmp_path, token) as module:
        calls = [asyncio.create_task(module.issue(batch)) for batch in batches]
        checks = [
            asyncio.create_task(module.verify([VerifyRequest(one.pan, EA.STA, KEY, expected(one)[0])]))
            for batch in batches
            for one in batch[:3]
        ]
        await asyncio.to_thread(start_anew, module)
        for batch, call in zip(batches, calls, strict=True):
            assert tokens_of(await call) == [expected(one) for one in batch]
        read = [await check for check in checks]
        assert read == [[one.token] for batch in batches for one in batch[:3]]
        assert (await module.status()).count == 360


def failed(_keys: object) -> None:
    """What a token that is there can't do."""
    raise DataLenRange


def session_of(pool: TokenPool) -> OpenSession:
    """The only session of a pool."""
    (place,) = pool.places.queue
    assert place is not None
    return place


def test_no_session_is_left_behind(token: TokenSetting) -> None:
    """A session that failed is given back to the token before another one is opened, and so is the last one."""
    pool = TokenPool(token, 1)
    pool.run(len)
    first = session_of(pool)
    with pytest.raises(TokenLostError, match="DataLenRange"):
        pool.run(failed)
    assert pool.run(len) == len(KEYS)
    last = session_of(pool)
    pool.close()
    for place in (first, last):
        with pytest.raises(SessionHandleInvalid):
            place.session.close()
        place.close()  # once more: nothing is closed, for its number may be somebody else's by then


def test_a_session_without_keys(make_token: MakeToken) -> None:
    """A session in which a wrong key is found is given back, too, and one with no key at all is looked at twice."""
    setting = make_token()
    pool = TokenPool(setting, 1)
    assert pool.run(len) == 0
    with TokenLoader(setting) as loader:
        loader.session.generate_key(KeyType.GENERIC_SECRET, 256, label="umbane nonsense", store=True)
    pool.losses += 1
    with pytest.raises(TokenKeyError):
        pool.run(len)
    with pytest.raises(SessionHandleInvalid):
        session_of(pool).session.close()


def test_a_new_session_after_that(token: TokenSetting) -> None:
    """A session that is opened after another part of the program signed out sees the keys: it signs in once more."""
    pool, other = TokenPool(token, 1), TokenPool(token, 1)
    assert pool.run(len) == len(KEYS)
    sign_out(session_of(pool))
    assert other.run(len) == len(KEYS)
    pool.close()
    other.close()


async def test_by_its_slot(tmp_path: Path, token: TokenSetting) -> None:
    """A token may be named by the number of its slot; where nothing is in that slot, it isn't there."""
    TokenPool(token, 1).run(len)  # the library may not be started yet
    there = token_of(token).slot.slot_id
    by_slot = replace(token, token=None, slot=there)
    async with opened(tmp_path, by_slot) as module:
        assert tokens_of(await module.issue(requests(1)))
    pool = TokenPool(replace(token, token=None, slot=there + 1), 1)
    with pytest.raises(TokenLostError, match=f"the token in slot {there + 1} can't be reached"):
        pool.run(len)
    with pytest.raises(TokenLostError, match="look which keys are in it"):
        TokenLoader(pool.setting)


def token_of(setting: TokenSetting) -> Token:
    """The token itself."""
    return library(LIBRARY).token_of(setting)


# ----------------------------------------------------------------------------------------------------------- the PIN


def pin_file(setting: TokenSetting) -> Path:
    """The file with its PIN."""
    assert setting.pin_file
    return setting.pin_file


async def test_wrong_pin(tmp_path: Path, tokens: Path) -> None:
    """A wrong PIN is tried once, and not again until the module is opened again: tokens lock themselves."""
    setting = loaded(new_token(tokens), *KEYS.values())
    async with opened(tmp_path, setting) as module:
        await module.issue(requests(1))
        pin_file(setting).write_text("0000")
        stop_library(module)
        for words in ("isn't tried again", "refused the PIN", "refused the PIN"):
            with pytest.raises(TokenPinError, match=words):
                await module.issue(requests(1))
        pin_file(setting).write_text(PIN)
        with pytest.raises(TokenPinError, match="open it again"):
            await module.issue(requests(1))
        assert (await module.status()).count == 1
    async with opened(tmp_path, setting) as module:
        assert tokens_of(await module.issue(requests(1)))


async def test_pin_taken_away(tmp_path: Path, tokens: Path) -> None:
    """Without its PIN file a module can't sign in again until the file is back; its error shows no PIN."""
    setting = loaded(new_token(tokens), *KEYS.values())
    async with opened(tmp_path, setting) as module:
        pin_file(setting).rename(tmp_path / "pin")
        assert tokens_of(await module.issue(requests(1)))
        stop_library(module)
        with pytest.raises(TokenPinError, match="can't be read") as caught:
            await module.issue(requests(1))
        assert PIN not in repr(caught.value)
        assert PIN not in repr(setting)
        (tmp_path / "pin").rename(pin_file(setting))
        assert tokens_of(await module.issue(requests(1)))


async def test_remembered_keys_go_with_the_token(tmp_path: Path, tokens: Path, token: TokenSetting) -> None:
    """When the token can't be reached, what was remembered is forgotten."""
    async with opened(tmp_path, token, CachePolicy(1000)) as module:
        await module.issue(requests(40))
        assert isinstance(module.vault, TokenVault)
        assert len(module.vault.cache.keys) == 40
        with away(tokens, token), pytest.raises(TokenLostError):
            await module.issue(requests(40))
        assert len(module.vault.cache.keys) == 0


async def test_remembered(tmp_path: Path, token: TokenSetting) -> None:
    """Tokens made with remembered keys are those made without."""
    asked = [*requests(40), *requests(40), *(request(key=DES_KEY) for _ in range(40))]
    async with opened(tmp_path, token, CachePolicy(1000)) as module:
        for _ in range(2):
            assert tokens_of(await module.issue(asked)) == [expected(one) for one in asked]


# ------------------------------------------------------------------------------------------------------ another key


@pytest.mark.parametrize("policy", [CachePolicy(), CachePolicy(1000)], ids=["nothing", "everything"])
async def test_another_key_meanwhile(tmp_path: Path, tokens: Path, policy: CachePolicy) -> None:
    """A key that is replaced in the token while a module works is not used, and neither is one that is gone."""
    setting = loaded(new_token(tokens), KEYS[KEY[:3]])
    async with opened(tmp_path, setting, policy) as module:
        await module.issue(requests(20))
        with TokenLoader(setting) as loader:
            (held,) = secrets_in(loader)
            held.destroy()
            public_key = loader.public_key()
        start_anew(module)
        with pytest.raises(TokenKeyError, match="was changed"):
            await module.issue(requests(20))
        with TokenLoader(setting) as loader:
            loader.load(wrapped(RealmKey(Realm.TEST, OWN), public_key))
        start_anew(module)
        with pytest.raises(TokenKeyError, match="was changed"):
            await module.issue(requests(20))
        assert (await module.status()).count == 20


async def test_closed(tmp_path: Path, token: TokenSetting) -> None:
    """A closed module answers nobody."""
    async with opened(tmp_path, token) as module:
        await module.issue(requests(1))
    with pytest.raises(JournalError, match="not open"):
        await module.issue(requests(1))
