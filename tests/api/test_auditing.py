"""The log over the API: heads for everybody, entries for auditors, and for nobody what is another utility's."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.api.counter import Counter
from tests.api.staff import PASSWORD, enter, hire, session, sign_in
from tests.database import by_owner
from tests.registry.town import build, new_id
from umbane.api.keeping import Keeper
from umbane.api.logkeeping import Logkeeper
from umbane.api.watching import Watch
from umbane.audit import (
    HeadKeys,
    Signer,
    leaf_hash,
    parse_head,
    require_next,
    sequence,
    verify_inclusion,
)
from umbane.registry import Role

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
KEYS = HeadKeys([SIGNER.public])


async def signed(counter: Counter) -> None:
    """Give everything its place."""
    await sequence(counter.shop.town.database, SIGNER, datetime.now(UTC))


async def get(counter: Counter, path: str, status: int = 200, headers: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - any JSON
    """Ask, as nobody in particular unless somebody is named."""
    answer = await counter.http.get(f"/v1/audit/{path}", headers={"Authorization": ""} | (headers or {}))
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_heads_are_for_everybody(counter: Counter) -> None:
    """Whoever asks gets the signed heads, and what proves that each follows the one before."""
    assert (await get(counter, "head", 404))["code"] == "no_head"
    await signed(counter)
    first = await get(counter, "head")
    await counter.shop.buy()
    await signed(counter)
    heads = [parse_head(it["line"]) for it in (await get(counter, "heads"))["items"]]
    for it in heads:
        KEYS.require_signed(it)
    assert str(heads[0]) == first["line"]
    old, new = heads
    proof = (await get(counter, f"consistency?old={old.size}&new={new.size}"))["proof"]
    require_next(old, new, [bytes.fromhex(it) for it in proof])
    assert [it["size"] for it in (await get(counter, f"heads?after={old.size}"))["items"]] == [new.size]
    assert (await get(counter, "heads?limit=1"))["items"] == [first]


@pytest.mark.parametrize("path", ["consistency?old=2&new=1", "consistency?old=0&new=9999"])
async def test_proofs_that_there_arent(counter: Counter, path: str) -> None:
    """What the log hasn't got can't be proven."""
    await signed(counter)
    assert (await get(counter, path, 404))["code"] == "unknown_entry"


@pytest.mark.parametrize(
    "path", ["consistency?old=-1&new=1", "consistency?old=1", "heads?limit=0", "heads?limit=1001", "heads?after=x"]
)
async def test_questions_that_are_none(counter: Counter, path: str) -> None:
    """Sizes below zero, half a question and other numbers are refused."""
    await get(counter, path, 400)


async def test_an_auditor_checks_a_sale(counter: Counter) -> None:
    """An auditor gets the entry of a sale, and what proves that it is in the tree that was signed."""
    sold = await counter.shop.buy()
    auditor = await session(counter, Role.AUDITOR)
    waiting = await get(counter, f"sales/{sold.id}", headers=auditor)
    assert waiting["place"] is None
    await signed(counter)
    entry = await get(counter, f"sales/{sold.id}", headers=auditor)
    assert entry["leaf"] == waiting["leaf"] == leaf_hash(entry["entry"].encode()).hex()
    head = parse_head((await get(counter, "head"))["line"])
    found = await get(counter, f"inclusion?place={entry['place']}&size={head.size}", headers=auditor)
    proof = [bytes.fromhex(it) for it in found["proof"]]
    verify_inclusion(bytes.fromhex(found["leaf"]), found["place"], found["size"], proof, head.root)
    assert found["entry"] == entry["entry"]
    [token] = sold.tokens
    assert token.token
    assert token.token.digits not in str(found)
    assert (await get(counter, f"inclusion?place={head.size}&size={head.size}", 404, auditor))[
        "code"
    ] == "unknown_entry"


async def test_sales_that_arent_in_it(counter: Counter) -> None:
    """A sale that nobody made has no entry, and one from before there was a log has none either."""
    auditor = await session(counter, Role.AUDITOR)
    assert (await get(counter, f"sales/{new_id()}", 404, auditor))["code"] == "unknown_sale"
    sold = await counter.shop.buy()
    database = counter.shop.town.database
    await by_owner(database, "ALTER TABLE audit.batch DISABLE TRIGGER stays; GRANT ALL ON audit.batch TO CURRENT_USER")
    await by_owner(database, "DELETE FROM audit.batch")
    assert (await get(counter, f"sales/{sold.id}", 404, auditor))["code"] == "unknown_entry"


async def test_entries_of_others(counter: Counter) -> None:
    """Of another utility's entries an auditor sees the leaves, and of the log as a whole that it is complete."""
    await build(counter.shop.town.database, "hillside", 2)
    await signed(counter)
    auditor = await session(counter, Role.AUDITOR)
    items = (await get(counter, "entries?limit=1000", headers=auditor))["items"]
    head = await get(counter, "head")
    assert [it["place"] for it in items] == list(range(head["size"]))
    ours = str(counter.shop.town.id)
    shown = [it for it in items if it["entry"]]
    assert 0 < len(shown) < len(items)
    for it in shown:
        assert it["leaf"] == leaf_hash(it["entry"].encode()).hex()
        assert f'"utility":"{ours}"' in it["entry"] or '"utility"' not in it["entry"]
    assert (await get(counter, "entries?start=5&limit=2", headers=auditor))["items"] == items[5:7]


async def test_people(counter: Counter) -> None:
    """Who signs in and out, under which id and when, stands in the log, and nothing of how they do it."""
    person = await hire(counter.shop.town, Role.CASHIER)
    answer = await sign_in(counter, person)
    headers = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert (await counter.http.delete("/v1/sessions/current", headers=headers)).status_code == 200
    await sign_in(counter, person, password="wrong")  # noqa: S106 - of a test
    await signed(counter)
    auditor = (await enter(counter, Role.AUDITOR)).headers
    items = (await get(counter, "entries?limit=1000", headers=auditor))["items"]
    text = "\n".join(it["entry"] or "" for it in items)
    assert text.count('"kind":"sign_in"') == text.count('"kind":"sign_out"') == 1
    assert f'"operator":"{person.id}"' in text
    for secret in (PASSWORD, answer.json()["token"], "argon2"):
        assert secret not in text


async def test_the_keeper(counter: Counter) -> None:
    """Beside a server, what was written gets its place, and the figures say how the log stands."""
    watch = Watch(None)
    database = counter.shop.town.database
    [chore] = Logkeeper(database, SIGNER, watch).chores()
    await counter.shop.buy()
    async with Keeper(database, watch).keeping([chore._replace(pause=0.01)]):
        while not (await counter.http.get("/v1/audit/head")).is_success:
            await counter.shop.look("SELECT pg_sleep(0.01)::text")
        await counter.shop.buy()
    page = watch.page().decode()
    head = await get(counter, "head")
    assert f"umbane_log_entries {float(head['size'])}" in page
    assert "umbane_log_waiting 0.0" in page
    assert "umbane_log_altered 0.0" in page


async def test_the_keeper_of_a_forgery(counter: Counter) -> None:
    """When the log isn't what was signed, the keeper signs nothing, says so each time, and raises an alarm once."""
    record = StringIO()
    watch = Watch(record)
    database = counter.shop.town.database
    keeper = Logkeeper(database, SIGNER, watch)
    await keeper.round()
    forging = "UPDATE audit.batch SET entries = '{}', leaves = 1 WHERE first = 0"
    await by_owner(database, f"ALTER TABLE audit.batch DISABLE TRIGGER USER; {forging}")
    await counter.shop.buy()
    await keeper.round()
    assert "umbane_log_altered 1.0" in watch.page().decode()
    await keeper.round()
    assert "umbane_log_waiting 2.0" in watch.page().decode()
    [alarm] = await counter.shop.look("SELECT array_agg(kind || ': ' || words) FROM api.alarm")
    assert alarm.startswith("log: the log has ")
    assert '"operation":"audit.sequence","kind":"AlteredError"' in record.getvalue()


async def test_an_alarm_of_a_forgery_that_fails(counter: Counter) -> None:
    """An alarm that could not be raised is raised in the next round."""
    database = counter.shop.town.database
    keeper = Logkeeper(database, SIGNER, Watch(None))
    await keeper.round()
    forging = "UPDATE audit.batch SET entries = '{}', leaves = 1 WHERE first = 0"
    await by_owner(database, f"ALTER TABLE audit.batch DISABLE TRIGGER USER; {forging}")
    await counter.shop.buy()
    await by_owner(database, "ALTER TABLE api.alarm ADD CONSTRAINT none CHECK (kind <> 'log')")
    with pytest.raises(asyncpg.CheckViolationError):
        await keeper.round()
    await by_owner(database, "ALTER TABLE api.alarm DROP CONSTRAINT none")
    await keeper.round()
    assert await counter.shop.look("SELECT count(*) FROM api.alarm") == 1
