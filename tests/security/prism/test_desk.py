"""What a server answers: tokens, key changes, TIDs, refusals by their codes, sessions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.prism.town import NOW, USER, desk_in, desk_of, new_message, table, users
from tests.security.support import (
    COMMON,
    DEFAULT,
    DES_KEY,
    EXPIRED_KEY,
    GROUP,
    KEY,
    METERS,
    MOMENT,
    NEXT,
    decoder_key,
    expected,
    request,
)
from tests.sts.support import credit_tokens, currency_tokens, field_tokens, limit_tokens, tamper_tokens
from umbane.security import KeyName, Realm
from umbane.security.prism.asking import amount_of, epoch_minutes, token_of
from umbane.security.prism.desk import Desk, MessageId
from umbane.security.prism.errors import ApiError, PrismSettingError
from umbane.security.prism.keys import KeyTable, PrismKey
from umbane.security.prism.messages import Amendment, Flags, MeterConfig, SessionOptions
from umbane.security.prism.rendering import scaled
from umbane.security.prism.users import MOST_SESSIONS, Sessions, hashed_password
from umbane.sts import (
    EA,
    KEN,
    KRN,
    KT,
    SGC,
    TI,
    TID,
    BaseDate,
    ClearCredit,
    ClearTamperCondition,
    Credit,
    CurrencyCredit,
    EncodedToken,
    ExtendedManagement,
    InitiateTest,
    Service,
    SetMaximumPowerLimit,
    decode,
    encode,
)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk in front of a module that never made a token."""
    async with desk_in(tmp_path) as opened:
        yield opened


async def asked(desk: Desk, method: str, message: str = "", **arguments: object) -> Any:  # noqa: ANN401 - as the method says
    """What is answered to somebody who is signed in."""
    token = desk.sessions.signed_in(USER.username, USER.password)
    return await desk.answer(method, {"accessToken": token, "messageId": message or new_message(), **arguments})


async def code_of(desk: Desk, method: str, message: str = "", **arguments: object) -> str:
    """The code of a refusal."""
    with pytest.raises(ApiError) as caught:
        await asked(desk, method, message, **arguments)
    return caught.value.code


def config(name: KeyName = KEY, **others: Any) -> MeterConfig:  # noqa: ANN401 - fields of every type
    """A meter, as a vending system knows it."""
    usual = MeterConfig(METERS[0].drn.digits, 7, 2, name.sgc.value, name.krn.value, name.ti.value, 255)
    return usual._replace(**{"allowKrnUpdate": False, **others})


def credit(amount: float = 100.0, **others: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """A request for electricity at the moment of our clock."""
    return {"meterConfig": config(), "subclass": 0, "transferAmount": amount, "tokenTime": 0, "flags": 0, **others}


# ------------------------------------------------------------------------------------------------------------- tokens


async def test_credit(desk: Desk) -> None:
    """Credit is a token that its meter takes, at the minute of our clock, and says all of itself."""
    (made,) = await asked(desk, "issueCreditToken", **credit())
    token = decode(EncodedToken.parse(made.tokenDec), decoder_key(KEY, METERS[0], EA.STA))
    assert isinstance(token, Credit)
    assert (token.units, token.tid) == (100, TID.at(NOW, BaseDate.Y2014))
    assert (made.pan, made.sgc, made.krn, made.ti, made.ea) == (METERS[0].digits, GROUP.value, 1, 1, 7)
    assert (made.description, made.scaledAmount, made.scaledUnitName) == ("Credit:Electricity", "10.0", "kWh")
    assert int(made.tokenHex, 16) == int(made.tokenDec)
    assert made.tokenDec not in repr(made)


async def test_no_tid_twice(desk: Desk) -> None:
    """Tokens of one minute for one meter get TIDs of their own, also from a desk that was opened later."""
    tids = [(await asked(desk, "issueCreditToken", **credit()))[0].tid for _ in range(3)]
    other = await asked(desk, "issueCreditToken", **credit(meterConfig=config(drn=METERS[1].digits)))
    await asked(desk, "issueMeterTestToken", subclass=0, control=1, mfrcode=0)
    await asked(desk, "issueCreditToken", **credit(flags=Flags.SPECIAL_RESERVED))
    again = desk_of(desk.module)
    await again.remember()
    tids += [(await asked(again, "issueCreditToken", **credit()))[0].tid]
    assert tids == list(range(tids[0], tids[0] + 4))
    assert other[0].tid == tids[0]


async def test_same_message(desk: Desk) -> None:
    """A message that comes again gets the same digits, whatever the time is then, and nothing is counted."""
    message = new_message()
    first = await asked(desk, "issueCreditToken", message, **credit())
    later = desk_of(desk.module, lambda: NOW + timedelta(hours=1))
    assert await asked(later, "issueCreditToken", message, **credit()) == first
    assert await asked(later, "fetchTokenResult", reqMessageId=message) == first
    assert (await desk.module.status()).count == 1


@pytest.mark.parametrize(
    "other",
    [
        {"transferAmount": 101.0},
        {"subclass": 1},
        {"meterConfig": config(drn=METERS[1].digits)},
        {"meterConfig": config(NEXT)},
        {"meterConfig": config(ea=11)},
    ],
)
async def test_message_reused(desk: Desk, other: dict[str, Any]) -> None:
    """The id of a message is refused to any other request."""
    message = new_message()
    await asked(desk, "issueCreditToken", message, **credit())
    assert await code_of(desk, "issueCreditToken", message, **{**credit(), **other}) == "EParamRange"
    assert (
        await code_of(desk, "issueMseToken", message, **{**credit(), "subclass": 5, "transferAmount": 0.0})
        == "EParamRange"
    )
    assert await code_of(desk, "issueMeterTestToken", message, subclass=0, control=1, mfrcode=0) == "EParamRange"
    assert (await desk.module.status()).count == 1


async def test_what_cannot_be_fetched(desk: Desk) -> None:
    """A test token isn't told as one of a meter, nor a token that isn't there, nor one whose key is gone."""
    test, message = new_message(), new_message()
    await asked(desk, "issueMeterTestToken", test, subclass=0, control=1, mfrcode=0)
    assert await code_of(desk, "fetchTokenResult", reqMessageId=test) == "EParamRange"
    with pytest.raises(ApiError, match="no token 1"):
        await desk.record(1)
    await asked(desk, "issueCreditToken", message, **credit())
    del desk.module.vault.keys[KEY[:3]]  # type: ignore[attr-defined]  # this one has its keys at hand
    assert await code_of(desk, "fetchTokenResult", reqMessageId=message) == "EKeystore.NotFound"
    assert await code_of(desk, "issueCreditToken", message, **credit()) == "EKeystore.NotFound"


async def test_test_token_reused(desk: Desk) -> None:
    """The id of a test token is refused to credit."""
    message = new_message()
    await asked(desk, "issueMeterTestToken", message, subclass=0, control=1, mfrcode=0)
    assert await code_of(desk, "issueCreditToken", message, **credit()) == "EParamRange"


async def test_times(desk: Desk) -> None:
    """The TID is of the caller's clock, exact, or the reserved one of the day, as the flags say."""
    moment = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    seconds = {"tokenTime": int(moment.timestamp()), "flags": Flags.EXTERNAL_CLOCK}
    (theirs,) = await asked(desk, "issueCreditToken", **credit(**seconds))
    (special,) = await asked(desk, "issueCreditToken", **credit(flags=Flags.SPECIAL_RESERVED))
    minutes = {"tokenTime": epoch_minutes(BaseDate.Y2014) + 77, "flags": Flags.EXACT_TID}
    (exact,) = await asked(desk, "issueCreditToken", **credit(**minutes))
    assert theirs.tid == TID.at(moment, BaseDate.Y2014).minutes
    assert (special.tid, special.isReservedTid) == (TID.special(NOW, BaseDate.Y2014).minutes, True)
    assert (exact.tid, exact.isReservedTid) == (77, False)


BAD_CREDIT = {
    "a fraction": (credit(0.5), "EParamRange"),
    "no number": (credit(float("nan")), "EParamRange"),
    "less than nothing": (credit(-1.0), "EParamRange"),
    "more than a token carries": (credit(18_201_625.0), "EParamRange"),
    "no such subclass": (credit(subclass=8), "EParamRange"),
    "a negative subclass": (credit(subclass=-1), "EParamRange"),
    "no such key": (credit(meterConfig=config(sgc=999_999)), "EKeystore.NotFound"),
    "no such revision": (credit(meterConfig=config(krn=8)), "EKeystore.NotFound"),
    "no revision": (credit(meterConfig=config(krn=10)), "EParamRange"),
    "an expired key": (credit(meterConfig=config(EXPIRED_KEY, ken=0)), "ESts.VkExpired"),
    "a default key": (credit(meterConfig=config(DEFAULT)), "EParamRange"),
    "a wrong check digit": (credit(meterConfig=config(drn="00000000001")), "ESts.DrnOrPan.CheckDigit"),
    "no meter": (credit(meterConfig=config(drn="7")), "ESts.DrnOrPan"),
    "no such algorithm": (credit(meterConfig=config(ea=9)), "EParamRange"),
    "no such carrier": (credit(meterConfig=config(tct=3)), "EParamRange"),
    "no such tariff": (credit(meterConfig=config(ti=100)), "EParamRange"),
    "EA11 under DES": (credit(meterConfig=config(DES_KEY, ea=11)), "EParamRange"),
    "before the base date": (credit(flags=Flags.EXACT_TID), "EParamRange"),
    "the end of time": (credit(tokenTime=1 << 60, flags=Flags.EXTERNAL_CLOCK), "EParamRange"),
    "another century": (credit(tokenTime=-(1 << 31), flags=Flags.EXTERNAL_CLOCK), "EParamRange"),
}


@pytest.mark.parametrize("name", BAD_CREDIT)
async def test_bad_credit(desk: Desk, name: str) -> None:
    """What can't be a token is refused by its code, nothing is counted, and the message may come again."""
    arguments, code = BAD_CREDIT[name]
    message = new_message()
    assert await code_of(desk, "issueCreditToken", message, **arguments) == code
    assert await code_of(desk, "fetchTokenResult", reqMessageId=message) == "ECacheMiss"
    assert (await desk.module.status()).count == 0
    assert len(await asked(desk, "issueCreditToken", message, **credit())) == 1


@pytest.mark.parametrize("subclass", [3, 4, 8, 9, 11])
async def test_no_sections(desk: Desk, subclass: int) -> None:
    """Sections of a key change can't be asked for as management tokens, nor can what has no meaning."""
    assert await code_of(desk, "issueMseToken", **credit(subclass=subclass)) == "EParamRange"


@given(credit_tokens | currency_tokens | limit_tokens | field_tokens | tamper_tokens)
def test_amounts(token: Any) -> None:  # noqa: ANN401 - any that has an amount
    """Class, subclass and amount stand for a token, and for no other."""
    rnd = getattr(token, "rnd", 0)
    assert token_of(token.token_class, token.subclass, amount_of(token), token.tid, rnd) == token


def test_flags_as_amounts() -> None:
    """The amount of an extended token is its 16 bits."""
    token = ExtendedManagement.set_flag(10, on=True, tid=MOMENT, rnd=3)
    assert amount_of(token) == 63 << 10 | 10 << 1 | 1
    assert token_of(2, 10, amount_of(token), MOMENT, 3) == token


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"subclass": 0, "transferAmount": 5000.0}, SetMaximumPowerLimit),
        ({"subclass": 1, "transferAmount": 65535.0}, ClearCredit),
        ({"subclass": 5, "transferAmount": 0.0}, ClearTamperCondition),
        ({"subclass": 10, "transferAmount": 64513.0}, ExtendedManagement),
    ],
)
async def test_management(desk: Desk, arguments: dict[str, Any], kind: type) -> None:
    """Management tokens are what their subclass says."""
    (made,) = await asked(desk, "issueMseToken", **credit(**arguments))
    assert isinstance(decode(EncodedToken.parse(made.tokenDec), decoder_key(KEY, METERS[0], EA.STA)), kind)
    assert made.transferAmount == arguments["transferAmount"]
    assert made.description == f"Management:{kind.__name__}"


async def test_test_tokens(desk: Desk) -> None:
    """A test token is for every meter, and its message gets it again."""
    message = new_message()
    wanted = InitiateTest.everything()
    arguments = {"subclass": 0, "control": wanted.control, "mfrcode": 0}
    made = await asked(desk, "issueMeterTestToken", message, **arguments)
    assert made.tokenDec == encode(wanted).digits
    assert await asked(desk, "issueMeterTestToken", message, **arguments) == made
    assert await code_of(desk, "issueMeterTestToken", subclass=3, control=0, mfrcode=0) == "EParamRange"
    assert await code_of(desk, "issueMeterTestToken", subclass=0, control=-1, mfrcode=0) == "EParamRange"


# --------------------------------------------------------------------------------------------------------- key changes


@pytest.mark.parametrize(
    ("name", "others", "count"),
    [
        ("two tokens", {}, 2),
        ("three tokens", {"allow3Kct": True}, 3),
        ("four tokens", {"ea": 11}, 4),
    ],
)
async def test_key_change(desk: Desk, name: str, others: dict[str, Any], count: int) -> None:
    """A key change has as many tokens as its algorithm needs, and the first says what the meter becomes."""
    new, message = Amendment(GROUP.value, 2, 5), new_message()
    made = await asked(desk, "issueKeyChangeTokens", message, meterConfig=config(**others), newConfig=new)
    assert len(made) == count, name
    assert [one.subclass for one in made] == [3, 4, 8, 9][:count]
    assert made[0].newConfig[:4] == (GROUP.value, 2, 5, 255)
    assert all(one.newConfig is None for one in made[1:])
    later = desk_of(desk.module, lambda: NOW + timedelta(days=1))
    assert await asked(later, "issueKeyChangeTokens", message, meterConfig=config(**others), newConfig=new) == made
    assert await asked(later, "fetchTokenResult", reqMessageId=message) == made
    other = Amendment(GROUP.value, 2, 6)
    assert (
        await code_of(desk, "issueKeyChangeTokens", message, meterConfig=config(**others), newConfig=other)
        == "EParamRange"
    )


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (Amendment(GROUP.value, 8, 1), "EKeystore.NotFound"),
        (Amendment(999_999, 1, 1), "EKeystore.NotFound"),
        (Amendment(COMMON.sgc.value, 1, 1), "EParamRange"),
        (Amendment(GROUP.value, 9, 1), "ESts.VkExpired"),
        (Amendment(GROUP.value, 2, 100), "EParamRange"),
    ],
)
async def test_bad_key_changes(desk: Desk, new: Amendment, code: str) -> None:
    """A key change that can't be is refused by its code."""
    assert await code_of(desk, "issueKeyChangeTokens", meterConfig=config(), newConfig=new) == code
    assert (await desk.module.status()).count == 0


async def test_credit_with_a_key_change(desk: Desk) -> None:
    """Credit for a meter that is to get another key comes behind the tokens of the change, under the new key."""
    message = new_message()
    arguments = credit(meterConfig=config(newConfig=Amendment(GROUP.value, 2, 1)))
    made = await asked(desk, "issueCreditToken", message, **arguments)
    assert [(one.tokenClass, one.subclass) for one in made] == [(2, 3), (2, 4), (0, 0)]
    token = decode(EncodedToken.parse(made[2].tokenDec), decoder_key(NEXT, METERS[0], EA.STA))
    assert isinstance(token, Credit)
    assert await asked(desk, "issueCreditToken", message, **arguments) == made
    assert await asked(desk, "fetchTokenResult", reqMessageId=message) == made
    assert (await desk.module.status()).count == 3


async def test_key_updates(tmp_path: Path) -> None:
    """A meter with an older revision, or another KEN, gets a key change first, unless the client says no."""
    async with desk_in(tmp_path) as desk:
        keys = [key for key in desk.table.keys.values() if key.ken != KEN(0)]
        newer = Desk(desk.module, KeyTable(Realm.TEST, keys), desk.sessions, name="newer", clock=desk.clock)
        for others, count in (
            ({"allowKrnUpdate": True}, 3),
            ({"allowKrnUpdate": True, "krn": 2}, 1),
            ({"ken": 254}, 3),
            ({"ken": 254, "allowKenUpdate": False}, 1),
            ({}, 1),
        ):
            assert len(await asked(newer, "issueCreditToken", **credit(meterConfig=config(**others)))) == count, others


# ------------------------------------------------------------------------------------------------------------- reading


async def test_verify(desk: Desk) -> None:
    """What digits say is told by the words of the interface."""
    good = expected(request())[0]
    said = await asked(desk, "verifyToken", meterConfig=config(), tokenDec=good.digits)
    assert (said.validationResult, said.token.transferAmount, said.token.tid) == ("EVerify.Ok", 100.0, MOMENT.minutes)
    for name, digits, result in (
        (KEY, EncodedToken(good.bits ^ 1 << 40), "EVerify.Crc"),
        (DEFAULT, encode(request().token, decoder_key(KEY, METERS[0], EA.STA)), "EVerify.Crc"),
    ):
        found = await asked(desk, "verifyToken", meterConfig=config(name), tokenDec=digits.digits)
        assert found == (result, None, None)
    test = await asked(desk, "verifyToken", meterConfig=config(), tokenDec=encode(InitiateTest.everything()).digits)
    assert (test.validationResult, test.meterTestToken.tokenClass) == ("EVerify.Ok", 1)


async def test_verify_what_a_meter_refuses(desk: Desk) -> None:
    """Credit under a default key, and a token beyond its key's end, are authentic and named."""
    for name, result in ((DEFAULT, "EVerify.DdtkCredit"), (EXPIRED_KEY, "EVerify.KeyExpired")):
        key = decoder_key(name, METERS[0], EA.STA)
        free = type(key)(key.value, key.ea, KT.DUTK, key.krn, key.ti)
        digits = encode(request().token, free).digits
        found = await asked(desk, "verifyToken", meterConfig=config(name), tokenDec=digits)
        assert (found.validationResult, found.token.tid) == (result, MOMENT.minutes)


async def test_verify_a_section(desk: Desk) -> None:
    """Of a key change that somebody typed, nothing of the key is told."""
    (first, _) = await asked(desk, "issueKeyChangeTokens", meterConfig=config(), newConfig=Amendment(GROUP.value, 2, 1))
    found = await asked(desk, "verifyToken", meterConfig=config(), tokenDec=first.tokenDec)
    assert (found.token.subclass, found.token.transferAmount, found.token.newConfig) == (3, 0.0, None)


@pytest.mark.parametrize("digits", ["", "1234", "x" * 20, "9" * 20])
async def test_verify_no_digits(desk: Desk, digits: str) -> None:
    """What isn't a token's digits is refused."""
    assert await code_of(desk, "verifyToken", meterConfig=config(), tokenDec=digits) == "EParamRange"


async def test_verify_under_des(desk: Desk) -> None:
    """Digits for a meter that can't be are refused."""
    wrong = config(DES_KEY, ea=11)
    assert await code_of(desk, "verifyToken", meterConfig=wrong, tokenDec="0" * 20) == "EParamRange"


async def test_id_records(desk: Desk) -> None:
    """A card's record is read, and is the one that a key change gives."""
    new = Amendment(GROUP.value, 2, 5)
    made = await asked(desk, "issueKeyChangeTokens", meterConfig=config(doe="2612"), newConfig=new)
    record = made[0].newConfig.idRecord
    assert record == f"{METERS[0].digits}26120207{GROUP}052"
    read = await asked(desk, "parseIdRecord", idRecord=record)
    assert (read.drn, read.doe, read.tct, read.ea, read.sgc, read.ti, read.krn) == (
        METERS[0].digits, "2612", 2, 7, GROUP.value, 5, 2,
    )  # fmt: skip
    assert (await asked(desk, "parseIdRecord", idRecord="9" * 35)).ken == 255
    for bad in ("", "1" * 34, "x" * 35):
        assert await code_of(desk, "parseIdRecord", idRecord=bad) == "ESts.IdRecord"


async def test_status(desk: Desk) -> None:
    """The module says of itself what it is, and which keys end."""
    (node,) = await asked(desk, "getStatus")
    assert (node.info["realm"], node.info["tokens"], node.info["apiVersion"]) == ("test", "0", "1.1")
    assert [alert.eCode for alert in node.alerts] == ["ESts.VkExpired"]
    assert "KRN 9" in node.alerts[0].eMsgEn


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("loadTransactionLicense", {"licenseText": "x"}),
        ("issueDitkChangeTokens", {"meterConfig": config()}),
        ("ctsResetTidList", {"panPattern": "*"}),
    ],
)
async def test_not_done(desk: Desk, method: str, arguments: dict[str, Any]) -> None:
    """What belongs to modules of another make is refused as such."""
    assert await code_of(desk, method, **arguments) == "EService.Disabled"


async def test_a_module_that_fails(desk: Desk) -> None:
    """When the module can't work the code says so: what became of the request isn't certain."""
    desk.module.close()  # type: ignore[attr-defined]  # this one can be closed
    assert await code_of(desk, "issueCreditToken", **credit()) == "ESm"
    assert await code_of(desk, "getStatus") == "ESm"


# ------------------------------------------------------------------------------------------------------------- sessions


def sign_in(**others: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of every type
    """What somebody says to sign in."""
    usual = {"messageId": "m1", "realm": "local", "username": USER.username, "password": USER.password}
    return {**usual, "sessionOpts": SessionOptions(), **others}


async def test_sign_in(desk: Desk) -> None:
    """Who knows the password gets a session."""
    signed = await desk.answer("signInWithPassword", sign_in())
    assert await desk.answer("getStatus", {"accessToken": signed.accessToken, "messageId": "m2"})  # type: ignore[attr-defined]  # it is a SignedIn


@pytest.mark.parametrize(
    ("others", "code"),
    [
        ({"password": "another"}, "ESignin.Authentication"),
        ({"password": ""}, "ESignin.Authentication"),
        ({"username": "nobody"}, "ESignin.Authentication"),
        ({"realm": "other"}, "ESignin.Realm"),
        ({"sessionOpts": SessionOptions("1.2")}, "ESignin.Version"),
        ({"sessionOpts": SessionOptions("2.0")}, "ESignin.Version"),
        ({"sessionOpts": SessionOptions("one")}, "ESignin.Version"),
        ({"messageId": ""}, "EParamRange"),
    ],
)
async def test_no_sign_in(desk: Desk, others: dict[str, Any], code: str) -> None:
    """Nobody else does."""
    with pytest.raises(ApiError) as caught:
        await desk.answer("signInWithPassword", sign_in(**others))
    assert caught.value.code == code


async def test_older_clients(desk: Desk) -> None:
    """A client of an older version is welcome."""
    assert await desk.answer("signInWithPassword", sign_in(sessionOpts=SessionOptions("1.0")))


@pytest.mark.parametrize("token", ["", "0" * 32, "x"])
async def test_no_session(desk: Desk, token: str) -> None:
    """Without a session nothing is told, whatever is asked."""
    for method, rest in (
        ("getStatus", {}),
        ("fetchTokenResult", {"reqMessageId": "m"}),
        ("issueCreditToken", credit()),
    ):
        with pytest.raises(ApiError) as caught:
            await desk.answer(method, {"accessToken": token, "messageId": "m1", **rest})
        assert caught.value.code == "EAuthentication.Token"


def test_sessions_end() -> None:
    """A session ends after its hours, and the oldest when there are too many."""
    now = [0.0]
    sessions = Sessions({"till": hashed_password("p", cost=1)}, lambda: now[0])
    first = sessions.signed_in("till", "p")
    sessions.require(first)
    newest = [sessions.signed_in("till", "p") for _ in range(MOST_SESSIONS)][-1]
    with pytest.raises(ApiError):
        sessions.require(first)
    now[0] += 8 * 3600
    with pytest.raises(ApiError):
        sessions.require(newest)
    assert len(sessions.ends) == MOST_SESSIONS - 1


@pytest.mark.parametrize("kept", ["", "secret", "scrypt:14:a:b", "md5:14:x:y", hashed_password("p", cost=1) + "x"])
def test_no_hash(kept: str) -> None:
    """A password isn't kept as it is, and what is kept instead has one form."""
    with pytest.raises(PrismSettingError, match="no hash"):
        Sessions({"till": kept})


async def test_ping(desk: Desk) -> None:
    """A ping needs no session, and waits no longer than it may."""
    assert await desk.answer("ping", {"sleepMs": 0, "echo": "hi"}) == "hi"
    for wait in (-1, 60_001):
        with pytest.raises(ApiError, match="sleepMs"):
            await desk.answer("ping", {"sleepMs": wait, "echo": "hi"})


# ------------------------------------------------------------------------------------------------------- ids and keys


@pytest.mark.parametrize("text", ["", "-a", "a b", "a" * 41, "é", "a\n", ".a"])
async def test_bad_message_ids(desk: Desk, text: str) -> None:
    """A message's id has its form, of the message itself and of one that is asked for."""
    with pytest.raises(ApiError, match="messageId"):
        MessageId.parse(text)
    assert await code_of(desk, "fetchTokenResult", reqMessageId=text) == "EParamRange"


@given(st.uuids(), st.integers(0, 15), st.integers(0, 0xFFFFFF))
def test_our_message_ids(id_: Any, rnd: int, at: int) -> None:  # noqa: ANN401 - a UUID
    """Ids of our own client say which request they are of, and its RND or its moment."""
    assert MessageId.parse(f"{id_.hex}.{rnd:x}") == (id_, rnd, None)
    assert MessageId.parse(f"{id_.hex}.{at:06x}") == (id_, 0, TID(at))
    assert MessageId.parse(id_.hex) == (id_, 0, None)


@given(st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_\-.,]{0,39}", fullmatch=True))
def test_any_message_id(text: str) -> None:
    """Whatever the id of a message, it stands for one request, and another one for its key change."""
    read = MessageId.parse(text)
    assert read == MessageId.parse(text)
    assert read.change != read.id
    assert read.id != MessageId.parse("another").id or text == "another"


def test_keys_by_their_numbers() -> None:
    """Keys that the interface can't tell apart are refused, and so is a desk without keys."""
    with pytest.raises(PrismSettingError, match="two have"):
        KeyTable(Realm.TEST, [PrismKey(GROUP, KRN(1)), PrismKey(GROUP, KRN(1), KT.DDTK)])
    with pytest.raises(PrismSettingError, match="none"):
        Desk(None, KeyTable(Realm.TEST, []), Sessions(users()), name="x")  # type: ignore[arg-type]  # it isn't asked
    assert table().newest(GROUP.value) == PrismKey(GROUP, KRN(9), ken=KEN(0))
    assert table().newest(1) is None


@pytest.mark.parametrize(
    ("amount", "digits", "text"),
    [(0, 1, "0.0"), (205, 1, "20.5"), (-12_345, 5, "-0.12345"), (1_000_000, 5, "10.00000")],
)
def test_scaled(amount: int, digits: int, text: str) -> None:
    """Amounts are shown without a floating point."""
    assert scaled(amount, digits) == text


async def test_currency(desk: Desk) -> None:
    """Credit in currency is told as such."""
    (made,) = await asked(desk, "issueCreditToken", **credit(12_345.0, subclass=4))
    assert (made.description, made.scaledAmount) == ("Credit:ElectricityCurrency", "0.12345")
    token = decode(EncodedToken.parse(made.tokenDec), decoder_key(KEY, METERS[0], EA.STA))
    assert token == CurrencyCredit(Service.ELECTRICITY, 12_345, TID(made.tid))
    assert SGC(made.sgc) == GROUP
    assert TI(made.ti) == KEY.ti
