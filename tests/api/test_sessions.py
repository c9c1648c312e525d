"""One's own sessions and password."""

import asyncio
import json
import threading
from functools import partial
from uuid import uuid4

import httpx
import pytest

from tests.api.counter import SEAL_KEY, Counter
from tests.api.staff import PASSWORD, SECRET, code_now, enter, hire, open_for, sign_in
from tests.database import by_owner
from umbane.api import make_app
from umbane.api.passwords import hash_password, verified
from umbane.api.people import Gate
from umbane.api.problems import ApiError
from umbane.api.secondfactor import seal
from umbane.db import Connection
from umbane.registry import Role, history, operator

NEW = "four words will do"
UNTIL = 30.0
WRONG = "three wrong words"


async def sessions(counter: Counter, headers: dict[str, str]) -> list[dict[str, object]]:
    """One's own sessions."""
    answer = await counter.http.get("/v1/sessions", headers=headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def delete(counter: Counter, which: object, headers: dict[str, str]) -> int:
    """End a session."""
    return (await counter.http.delete(f"/v1/sessions/{which}", headers=headers)).status_code


async def is_in(counter: Counter, headers: dict[str, str]) -> bool:
    """Whether a session still opens doors."""
    return (await counter.http.get("/v1/sessions", headers=headers)).status_code == 200


async def change(counter: Counter, headers: dict[str, str], present: str, new: str) -> httpx.Response:
    """Ask for another password."""
    return await counter.http.put("/v1/me/password", json={"present": present, "new": new}, headers=headers)


# ------------------------------------------------------------------------------------------------------------- sessions


async def test_signing_out(counter: Counter) -> None:
    """Whoever signs out is out at once, in this session and no other."""
    person = await enter(counter)
    other = await open_for(counter.shop.town, person.operator)
    assert await delete(counter, "current", person.headers) == 200
    assert await delete(counter, "current", person.headers) == 401
    assert (await is_in(counter, person.headers), await is_in(counter, other)) == (False, True)


async def test_ones_own_sessions(counter: Counter) -> None:
    """Everybody sees their own open sessions and no others, and which of them is the one in which they ask."""
    person, stranger = await enter(counter), await enter(counter)
    other = await open_for(counter.shop.town, person.operator)
    first = await sessions(counter, person.headers)
    assert [it["current"] for it in first] == [True, False]
    assert [it["current"] for it in await sessions(counter, other)] == [False, True]
    assert len(await sessions(counter, stranger.headers)) == 1
    await delete(counter, "current", other)
    assert [it["id"] for it in await sessions(counter, person.headers)] == [first[0]["id"]]


async def test_ending_another(counter: Counter) -> None:
    """A session that was left open elsewhere is ended by its owner, once, and who ended it is written down."""
    person = await enter(counter)
    other = await open_for(counter.shop.town, person.operator)
    [_, left] = await sessions(counter, person.headers)
    assert [await delete(counter, left["id"], person.headers) for _ in range(2)] == [200, 404]
    assert not await is_in(counter, other)
    by = await counter.shop.look("SELECT ended_by FROM api.session WHERE ended_at IS NOT NULL")
    assert by == f"operator:{person.operator.name}"


async def test_somebody_elses(counter: Counter) -> None:
    """Nobody ends the session of somebody else, whatever their roles; nor one that there isn't."""
    person, boss = await enter(counter), await enter(counter, *Role)
    [session] = await sessions(counter, person.headers)
    ended = [await delete(counter, it, boss.headers) for it in (session["id"], uuid4(), "x", "CURRENT")]
    assert ended == [404, 404, 422, 422]
    assert await is_in(counter, person.headers)


async def test_left_alone(counter: Counter) -> None:
    """A session that nobody used for half an hour has ended; each use begins the half hour anew."""
    person = await enter(counter)
    for minutes, is_open in ((29, True), (29, True), (30, False), (31, False)):
        sql = f"UPDATE api.session SET seen_at = now() - interval '{minutes} minutes'"  # noqa: S608 - a number
        await counter.shop.town.database.run(partial(execute, sql=sql))
        assert await is_in(counter, person.headers) is is_open
        is_seen = await counter.shop.look("SELECT seen_at > now() - interval '1 minute' FROM api.session")
        assert is_seen is is_open


async def execute(tx: Connection, sql: str) -> None:
    """Execute a statement."""
    await tx.execute(sql)


async def test_the_end_of_a_shift(counter: Counter) -> None:
    """A session ends after eight hours, however much it is used."""
    person = await enter(counter)
    hours = "SELECT extract(epoch FROM expires_at - opened_at)::integer / 3600 FROM api.session"
    assert await counter.shop.look(hours) == 8
    ending = "UPDATE api.session SET seen_at = now(), expires_at = now()"
    await by_owner(counter.shop.town.database, ending)
    assert not await is_in(counter, person.headers)


async def test_nothing_shown_is_kept(counter: Counter) -> None:
    """What is kept of a session doesn't open it."""
    await enter(counter)
    kept = await counter.shop.look("SELECT encode(hash, 'hex') || ' ' || id FROM api.session")
    for shown in (*kept.split(), "ums_" + kept.split()[0]):
        assert not await is_in(counter, {"Authorization": f"Bearer {shown}"})


# ------------------------------------------------------------------------------------------------------------- password


async def test_another_password(counter: Counter) -> None:
    """Whoever knows their password takes another; the old one is worth nothing, and all other sessions have ended."""
    person = await enter(counter)
    other = await open_for(counter.shop.town, person.operator)
    assert (await change(counter, person.headers, PASSWORD, NEW)).status_code == 200
    assert (await is_in(counter, person.headers), await is_in(counter, other)) == (True, False)
    assert (await sign_in(counter, person.operator)).status_code == 401
    assert (await sign_in(counter, person.operator, password=NEW)).status_code == 201
    [*_, last] = await counter.shop.town.reads(history, person.operator.id)
    assert (last.action, last.by) == ("operator.password_hash", f"operator:{person.operator.name}")
    assert NEW not in str(last)


BAD = [
    "short",
    "12345678901",
    "aaaaaaaaaaaaaaaa",
    "abcabcabcabcabc",
    "x" * 257,
    "",
    "four\twords will do",
    "four words\u202e will do",
]


async def test_a_bad_password(counter: Counter) -> None:
    """A password that is easily guessed isn't taken, and the old one stays."""
    person = await enter(counter)
    for new in BAD:
        assert (await change(counter, person.headers, PASSWORD, new)).status_code in {400, 422}, new
    kept = await counter.shop.town.reads(operator, person.operator.id)
    assert kept.password_hash == person.operator.password_hash


async def test_ones_own_name(counter: Counter) -> None:
    """A password that holds the name isn't taken."""
    person = await enter(counter)
    answer = await change(counter, person.headers, PASSWORD, f"this is {person.operator.name.upper()}!")
    assert (answer.status_code, answer.json()["field"]) == (422, "password")


async def test_guessing_with_a_session(counter: Counter) -> None:
    """Whoever found an open session doesn't find out the password by trying: after six failures they have to wait."""
    person = await enter(counter)
    answers = [(await change(counter, person.headers, f"guess {it} it is", NEW)).status_code for it in range(7)]
    assert answers == [403] * 6 + [429]
    assert (await change(counter, person.headers, PASSWORD, NEW)).status_code == 429


def test_accents_of_any_keyboard() -> None:
    """A password is the same whether its accents were typed as one character or as two."""
    kept = hash_password("caf\u00e9 sous la pluie")
    assert verified(kept, "cafe\u0301 sous la pluie")
    assert not verified(kept, "cafe sous la pluie")
    assert not verified(kept, "caf\udce9 sous la pluie")


# ------------------------------------------------------------------------------------------------------------- guessing


async def test_a_code_at_two_doors(counter: Counter) -> None:
    """A code that let somebody in at one process doesn't do so at another, nor does the one before it."""
    person = await hire(counter.shop.town)
    assert (await sign_in(counter, person)).status_code == 201
    gate = Gate(counter.shop.town.database, SEAL_KEY)
    for by in (0, 1):
        with pytest.raises(ApiError) as refused:
            await gate.sign_in("seaview", person.name, PASSWORD, await code_now(counter, by))
        assert refused.value.problem.status == 401


async def test_codes_of_other_times(counter: Counter) -> None:
    """A code of a minute ago or of the next minute lets nobody in."""
    person = await hire(counter.shop.town)
    answers = [(await sign_in(counter, person, code=await code_now(counter, by))).status_code for by in (3, -3)]
    assert answers == [401, 401]


async def test_failures_at_many_doors(counter: Counter) -> None:
    """Failures at any process count for all of them; who knows the words has to wait too, and hears how long."""
    person = await hire(counter.shop.town)
    for _ in range(6):
        gate = Gate(counter.shop.town.database, SEAL_KEY, lambda *_: False)
        with pytest.raises(ApiError):
            await gate.sign_in("seaview", person.name, WRONG, "000000")
    answer = await sign_in(counter, person)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_failures")
    assert 1 <= int(answer.headers["retry-after"]) <= 30


async def test_nobody_else_waits(counter: Counter) -> None:
    """Whoever keeps failing makes nobody else wait: not a colleague of the same vendor, at the same address."""
    vendor_id = counter.shop.town.vendor.id
    person, colleague = [await hire(counter.shop.town, Role.CASHIER, vendor_id=vendor_id) for _ in range(2)]
    for _ in range(8):
        await sign_in(counter, person, password=WRONG)
    assert (await sign_in(counter, colleague)).status_code == 201


async def test_the_end_of_waiting(counter: Counter) -> None:
    """When the time is over the right words let in, and all failures are forgotten."""
    person = await hire(counter.shop.town)
    for _ in range(7):
        await sign_in(counter, person, code="000000")
    await counter.shop.town.database.run(lambda tx: tx.execute("UPDATE api.attempt SET not_before = now()"))
    assert (await sign_in(counter, person)).status_code == 201
    assert await counter.shop.look("SELECT count(*) FROM api.attempt") == 0


async def test_the_longest_wait(counter: Counter) -> None:
    """Nobody has to wait longer than a quarter of an hour, however often somebody failed in their name."""
    person = await hire(counter.shop.town)
    await sign_in(counter, person, code="000000")
    often = "UPDATE api.attempt SET failures = 1000000"
    await counter.shop.town.database.run(lambda tx: tx.execute(often))
    await sign_in(counter, person, code="000000")
    answer = await sign_in(counter, person)
    assert 890 <= int(answer.headers["retry-after"]) <= 900


async def test_forgotten_failures(counter: Counter) -> None:
    """Failures of yesterday don't count, and are cleared away."""
    person = await hire(counter.shop.town)
    for _ in range(5):
        await sign_in(counter, person, code="000000")
    await sign_in(counter, person, name="somebody")
    aging = "UPDATE api.attempt SET at = at - interval '25 hours', not_before = not_before - interval '25 hours'"
    await counter.shop.town.database.run(lambda tx: tx.execute(aging))
    assert (await sign_in(counter, person, code="000000")).status_code == 401
    assert await counter.shop.look("SELECT array_agg(failures) FROM api.attempt") == [1]


async def test_too_many_at_once(counter: Counter) -> None:
    """When too many people sign in at the same moment the next ones are sent away at once, and it isn't counted."""
    opened = threading.Event()

    def wait(_kept: str, _password: str) -> bool:
        opened.wait(UNTIL)
        return False

    gate = Gate(counter.shop.town.database, SEAL_KEY, wait)
    tries = [asyncio.create_task(gate.sign_in("seaview", f"n{it}", WRONG, "000000")) for it in range(60)]
    await asyncio.wait(tries, return_when=asyncio.FIRST_COMPLETED)
    with pytest.raises(ApiError) as refused:
        await gate.sign_in("seaview", "latecomer", WRONG, "000000")
    opened.set()
    answers = await asyncio.gather(*tries, return_exceptions=True)
    statuses = [it.problem.status for it in answers if isinstance(it, ApiError)]
    assert (refused.value.problem.code, sorted(statuses)) == ("overloaded", [401] * 50 + [503] * 10)
    assert await counter.shop.look("SELECT count(*) FROM api.attempt") == 50


STRANGE = ["a\\u0000b", "\\ud800", "\\u202e", "\\ufdfa" * 60, "' OR 1=1 --", "%", "\\\\"]


@pytest.mark.parametrize("field", ["utility", "name", "password"])
async def test_strange_words(counter: Counter, field: str) -> None:
    """Words that nobody can keep, or that mean something to a machine, are wrong like any other."""
    for number, text in enumerate(STRANGE):
        words = {"utility": "seaview", "name": f"n{number}", "password": WRONG, "code": "000000"} | {field: "@"}
        body = json.dumps(words).replace("@", text)
        answer = await counter.http.post("/v1/sessions", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {400, 401}, (text, answer.text)


async def test_without_a_seal_key(counter: Counter) -> None:
    """Where the server has no seal key nobody signs in, and nobody is told that their words were wrong."""
    app = make_app(counter.shop.engine)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as http:
        words = {"utility": "seaview", "name": "n", "password": WRONG, "code": "000000"}
        answer = await http.post("/v1/sessions", json=words)
    assert (answer.status_code, answer.json()["code"]) == (503, "no_sign_in")


# -------------------------------------------------------------------------------------------------------- unknown names


WAYS = ["known", "unknown", "nowhere", "without a password", "without a second factor", "blocked", "sealed elsewhere"]


async def words_of(counter: Counter, way: str) -> dict[str, str]:
    """Wrong words in a certain way."""
    fields: dict[str, dict[str, object]] = {
        "without a password": {"password_hash": None},
        "without a second factor": {"totp_secret": None},
        "blocked": {"blocked": True},
        "sealed elsewhere": {"totp_secret": seal(bytes(32), uuid4(), SECRET)},
    }
    person = await hire(counter.shop.town, **fields.get(way, {}))
    names = {"unknown": "nobody"}
    utilities = {"nowhere": "nowhere"}
    return {"utility": utilities.get(way, "seaview"), "name": names.get(way, person.name)}


async def test_names_are_not_told(counter: Counter) -> None:
    """Whoever tries a name learns nothing of it: the same answers, as often, for the same work, as for any other."""
    for way in WAYS:
        await learn_nothing(counter, way)


async def learn_nothing(counter: Counter, way: str) -> None:
    """Try a name with wrong words until it is too often."""
    looked: list[str] = []

    def look(kept: str, password: str) -> bool:
        looked.append(kept[:30])
        return password == PASSWORD

    gate = Gate(counter.shop.town.database, SEAL_KEY, look)
    words, answers = await words_of(counter, way), []
    for _ in range(8):
        with pytest.raises(ApiError) as refused:
            await gate.sign_in(**words, password=WRONG, code="123456")
        problem = refused.value.problem
        answers.append((problem.status, problem.detail))
    wrong, often = (401, "name, password or code are wrong"), (429, "there were too many failures in a row")
    assert answers == [wrong] * 6 + [often] * 2, way
    assert looked == ["$argon2id$v=19$m=65536,t=2,p=1"] * 6, way


async def test_sealed_with_another_key(counter: Counter) -> None:
    """Only whoever knows the password hears that the second factor can't be checked."""
    person = await hire(counter.shop.town, totp_secret=seal(bytes(32), uuid4(), SECRET))
    assert (await sign_in(counter, person)).status_code == 503
    assert (await sign_in(counter, person, password=WRONG)).status_code == 401
