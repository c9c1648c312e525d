"""The queue over the API, imports, and what is done now and then."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.api.managing.desk import Clerk
from tests.api.staff import enter
from tests.database import by_owner
from tests.registry.town import NOW, TARIFF, build
from umbane.api.housekeeping import AT_A_TIME, LOCK, Tidied, chores, tidy_up
from umbane.api.managing.proofs import OTHERS, Prover
from umbane.db import Connection, Job, NewJob, Retries, enqueue
from umbane.db.jobs import Failure, claim, fail, finish
from umbane.ledger.periods import mark_closed
from umbane.registry import Role

HEADING = "meter,sgc,krn,ti,account,customer,address,tariff"
GOOD = f"07000000021,123456,1,1,800-1,Zoë,3 Hill Road,{TARIFF}"
BAD = f"07000000022,654321,1,1,800-2,Zoë,4 Hill Road,{TARIFF}"
IMPORTS = "/registry/meters/imports"


async def some_jobs(clerk: Clerk, *utilities: UUID) -> list[int]:
    """A dead job of each of these utilities."""

    async def work(tx: Connection) -> list[int]:
        numbers = await enqueue(tx, [NewJob("sms", {"utility": str(it)}) for it in utilities], NOW)
        held = await claim(tx, ["sms"], worker="w", limit=100, now=NOW, lease=timedelta(minutes=1))
        await fail(tx, [Failure(it, "no network", hopeless=True) for it in held], Retries(), [0.5] * len(held), NOW)
        return numbers

    return await clerk.counter.shop.town.database.run(work)


async def test_dead_letters(clerk: Clerk) -> None:
    """Dead jobs are listed with what is wrong, and tried again once."""
    first, second = await some_jobs(clerk, clerk.counter.shop.town.id, clerk.counter.shop.town.id)
    found = await clerk.all_pages("/jobs", state="dead", name="sms")
    assert [(it["number"], it["problem"]) for it in found] == [(second, "no network"), (first, "no network")]
    again = await clerk.do("/jobs/retries", {"numbers": [first]})
    assert [it["number"] for it in again["items"]] == [first]
    one = await clerk.get(f"/jobs/{first}")
    assert (one["state"], one["retried_as"]) == ("retried", again["items"][0]["retried_as"])
    await clerk.refused(404, "unknown_job", "/jobs/retries", {"numbers": [first, second]})
    assert (await clerk.get(f"/jobs/{second}"))["state"] == "dead"


async def test_jobs_of_another_utility(clerk: Clerk) -> None:
    """The jobs of one utility are nothing to another's administrator."""
    other = await build(clerk.counter.shop.town.database, "hilltop", 2)
    [theirs] = await some_jobs(clerk, other.id)
    assert await clerk.all_pages("/jobs") == []
    assert (await clerk.ask("GET", f"/jobs/{theirs}")).status_code == 404
    await clerk.refused(404, "unknown_job", "/jobs/retries", {"numbers": [theirs]})


@pytest.mark.parametrize(
    ("job", "status"),
    [("0", 404), ("x", 422), ("9" * 19, 422), ("9" * 40, 422), ("12", 404), ("0" * 20 + "9" * 20, 422)],
)
async def test_jobs_that_are_none(clerk: Clerk, job: str, status: int) -> None:
    """A number that no job has is not found, and what is no number is said to be none."""
    assert (await clerk.ask("GET", f"/jobs/{job}")).status_code == status


# ------------------------------------------------------------------------------------------------- filling from files


async def send(clerk: Clerk, path: str, *rows: str, key: str | None = None, **headers: str) -> Any:  # noqa: ANN401 - any JSON
    """Send a table."""
    content = "\n".join((HEADING, *rows)).encode()
    answer = await clerk.ask("POST", path, key=key, content=content, headers={"Content-Type": "text/csv"} | headers)
    return answer.status_code, answer.json()


async def test_an_import(clerk: Clerk) -> None:
    """A trial says what an import would do and does nothing; the import does it, once."""
    status, tried = await send(clerk, f"{IMPORTS}/trial", GOOD)
    assert (status, tried["rows"], tried["added"], tried["problems"]) == (200, 1, 1, [])
    assert len(await clerk.all_pages("/registry/meters")) == 2
    status, done = await send(clerk, IMPORTS, GOOD, key="one")
    assert (status, done) == (201, tried)
    assert await send(clerk, IMPORTS, GOOD, key="one") == (200, done)
    assert len(await clerk.all_pages("/registry/meters")) == 3


async def test_an_import_with_mistakes(clerk: Clerk) -> None:
    """Every problem is told with its line, nothing is added, and the better table may come with the same key."""
    status, found = await send(clerk, IMPORTS, GOOD, BAD, key="one")
    assert (status, found["rows"], found["added"], found["bad_rows"]) == (200, 2, 0, 1)
    assert [(it["line"], it["field"]) for it in found["problems"]] == [(3, "meter"), (3, "sgc")]
    assert len(await clerk.all_pages("/registry/meters")) == 2
    status, found = await send(clerk, IMPORTS, GOOD, key="one")
    assert (status, found["added"]) == (201, 1)


async def test_a_table_that_is_none(clerk: Clerk) -> None:
    """What is no table, no text or too large is refused as a whole."""
    status, problem = await send(clerk, IMPORTS, GOOD, **{"Content-Type": "application/json"})
    assert (status, problem["code"]) == (415, "not_csv")
    status, problem = await send(clerk, IMPORTS, "x" * 9_000_000)
    assert (status, problem["code"]) == (413, "too_large")
    for content in (b"", b"\xff\xfe", b"colour\nred", b"meter,meter\n1,2"):
        answer = await clerk.ask("POST", f"{IMPORTS}/trial", content=content, headers={"Content-Type": "text/csv"})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_value")


# -------------------------------------------------------------------------------------------------------- housekeeping


async def test_forgetting(clerk: Clerk) -> None:
    """Jobs that were done and sessions that were over a month ago are forgotten; dead jobs and the others stay."""
    database = clerk.counter.shop.town.database
    dead = await some_jobs(clerk, clerk.counter.shop.town.id)

    async def work(tx: Connection) -> None:
        await enqueue(tx, [NewJob("old"), NewJob("new")], NOW)
        for name, days in (("old", 31), ("new", 29)):
            [job] = await claim(tx, [name], worker="w", limit=1, now=NOW, lease=timedelta(minutes=1))
            await finish(tx, [job], await tx.fetchval("SELECT now() - make_interval(days => $1)", days))

    await database.run(work)
    person = await enter(clerk.counter, Role.CASHIER)
    old = "UPDATE api.session SET ended_at = now() - interval '31 days' WHERE operator_id = $1"
    await database.run(lambda tx: tx.execute(old, person.operator.id))
    assert await tidy_up(database) == Tidied(jobs=1, sessions=1, answers=0)
    assert await tidy_up(database) == Tidied(jobs=0, sessions=0, answers=0)
    assert [it["number"] for it in await clerk.all_pages("/jobs", state="dead")] == dead


async def age(clerk: Clerk, key: str, days: int) -> None:
    """Let an answer be so old."""
    sql = "UPDATE api.written SET at = now() - make_interval(days => $2) WHERE key = $1"
    await by_owner(clerk.counter.shop.town.database, sql, key, days)


async def test_answers_that_are_kept(clerk: Clerk) -> None:
    """For 90 days the same key gets the same answer, and other words under it are a conflict."""
    first = await clerk.do("/registry/customers", {"name": "Zoë"}, key="z")
    await age(clerk, "z", 89)
    assert await tidy_up(clerk.counter.shop.town.database) == Tidied(0, 0, answers=0)
    assert await clerk.do("/registry/customers", {"name": "Zoë"}, key="z", status=200) == first
    answer = await clerk.ask("POST", "/registry/customers", {"name": "Zoe"}, "z")
    assert (answer.status_code, answer.json()["code"]) == (409, "key_conflict")


async def test_answers_that_are_forgotten(clerk: Clerk) -> None:
    """After 90 days a key is as good as new; what was written then stays, and so do messages of tills."""
    sale = (await clerk.counter.sell("a")).json()
    first = await clerk.do("/registry/customers", {"name": "Zoë"}, key="z")
    await age(clerk, "z", 91)
    assert await tidy_up(clerk.counter.shop.town.database) == Tidied(0, 0, answers=1)
    again = await clerk.do("/registry/customers", {"name": "Zoë"}, key="z")
    assert again["id"] != first["id"]
    assert (await clerk.get(f"/registry/customers/{first['id']}"))["name"] == "Zoë"
    repeated = await clerk.counter.sell("a")
    assert (repeated.status_code, repeated.json()["id"]) == (200, sale["id"])


async def test_agreement_that_was_used(clerk: Clerk) -> None:
    """What others agreed to is done once, also after its answer is forgotten."""
    path = f"/registry/vendors/{clerk.counter.shop.town.vendor.id}"
    body = {"amount": 7, "reason": "x", "edition": (await clerk.get(path))["edition"]}
    await clerk.together(f"{path}/credit-limit", body, key="c")
    fresh = {"edition": (await clerk.get(path))["edition"]}
    sql = "DELETE FROM api.written WHERE key = 'c'"
    await clerk.counter.shop.town.database.run(lambda tx: tx.execute(sql))
    answer = await clerk.ask("POST", f"{path}/credit-limit", body | fresh, "c")
    assert (answer.status_code, answer.json()["code"]) == (403, "approval_needed")


async def test_sums_that_a_crash_left_behind(clerk: Clerk) -> None:
    """A period that was closed and not summed is summed."""
    town = clerk.counter.shop.town
    await clerk.counter.sell()
    until = NOW + timedelta(minutes=1)
    await town.database.run(lambda tx: mark_closed(tx, town.id, until, until))
    await tidy_up(town.database)
    assert [it["summed"] for it in (await clerk.get("/books/periods"))["items"]] == [True]


async def test_one_at_a_time(clerk: Clerk) -> None:
    """While one process tidies up, another one doesn't."""
    database = clerk.counter.shop.town.database

    async def work(tx: Connection) -> Tidied | None:
        await tx.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        return await tidy_up(database)

    assert await database.run(work) is None


async def test_more_to_forget(clerk: Clerk) -> None:
    """When more answers are to be forgotten than fit into one round, the next one comes at once."""
    sql = """INSERT INTO api.written SELECT $1, gen_random_uuid(), 'k', sha256('x'), now() - interval '91 days', '{}'
        FROM generate_series(1, $2)"""
    town = clerk.counter.shop.town
    await town.database.run(lambda tx: tx.execute(sql, town.id, AT_A_TIME + 1))
    _, tidying = chores(clerk.counter.shop.engine)
    assert [await tidying.work(), await tidying.work()] == [True, False]
    assert await clerk.counter.shop.look("SELECT count(*) FROM api.written") == 0


async def test_a_proof_for_one_of_several(clerk: Clerk) -> None:
    """Where several utilities keep their books, whoever of one asks doesn't learn which row of another's is wrong."""
    town = clerk.counter.shop.town
    await build(town.database, "hilltop", 2)
    await clerk.counter.sell()
    spoil = "ALTER TABLE vending.sale DISABLE TRIGGER ALL; UPDATE vending.sale SET tender = tender + 1"
    await by_owner(town.database, spoil)
    asked = await clerk.do("/books/proofs", {})
    payload = {"utility": str(town.id), "proof": asked["id"]}
    await Prover(town.database).prove(Job(1, "books.prove", payload, 1, NOW))
    proof = await clerk.get(f"/books/proofs/{asked['id']}")
    assert (proof["holds"], {it["wrong"] for it in proof["findings"]} - {None}) == (False, {OTHERS})
