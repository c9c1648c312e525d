"""The log in PostgreSQL: what is written gets its place, once, and nothing else of it changes."""

import asyncio
from datetime import timedelta
from random import Random
from uuid import UUID

import asyncpg
import pytest

from tests.audit.naive import mth, path, subproof
from tests.audit.support import LATER, NOW, alter, fact, last, log, look, note, placed, signed_rightly
from tests.audit.test_heads import KEYS, SIGNER
from tests.database import superusers
from umbane.audit import (
    SALT_BYTES,
    AlteredError,
    Fact,
    Head,
    SaleEntries,
    UnknownEntryError,
    append,
    consistency_proof,
    heads_after,
    inclusion_proof,
    last_head,
    leaf_hash,
    log_rows,
    require_next,
    sale_entry,
    seal,
    sequence,
    some_entries,
    verify_consistency,
    verify_inclusion,
)
from umbane.audit.store import load_tree
from umbane.db import Connection, Database, Server, open_database, write

CHANCE = Random(4)  # noqa: S311 - the same sizes each time


async def test_nothing_happened(database: Database) -> None:
    """Where nothing was written nothing is signed, and nothing comes of writing nothing."""
    await note(database)
    assert await sequence(database, SIGNER, NOW) == 0
    async with database.reading() as connection:
        assert await last_head(connection) is None
        assert await some_entries(connection, 0, 10) == []
        with pytest.raises(UnknownEntryError, match="the log has no head yet: nothing was signed"):
            await inclusion_proof(connection, 0, 1)


async def test_places(database: Database) -> None:
    """What was written gets its places in its order, and a head is signed over it."""
    await note(database, 1, 2, 3)
    await note(database, 4)
    assert await log(database) == []
    assert await sequence(database, SIGNER, NOW) == 4
    assert await signed_rightly(database) == 4
    assert [b'"number":%d}' % it in line for it, line in enumerate(await log(database), 1)] == [True] * 4
    assert await sequence(database, SIGNER, LATER) == 0
    assert (await last(database)).at == NOW


async def test_a_quiet_hour(database: Database) -> None:
    """Where nothing happens a head is signed each hour all the same, over the same tree, and follows the one before."""
    await placed(database, 3)
    first = await last(database)
    for minutes, signed in ((59, 0), (60, 60), (100, 60), (120, 120)):
        assert await sequence(database, SIGNER, NOW + timedelta(minutes=minutes)) == 0
        head = await last(database)
        assert (head.size, head.root, head.at) == (3, first.root, NOW + timedelta(minutes=signed))
        require_next(first, head, [])
    assert await signed_rightly(database) == 3


async def test_growing(database: Database) -> None:
    """A log that grows by any steps is at every step what the definition says, and each head follows the one before."""
    old: Head | None = None
    for step in (1, 254, 1, 1, 300, 7, 512):
        await placed(database, *[step // 3] * 3, step % 3) if step > 3 else await placed(database, step)
        await signed_rightly(database)
        new = await last(database)
        async with database.reading() as connection:
            proof = await consistency_proof(connection, old.size, new.size) if old else []
        if old:
            require_next(old, new, proof)
        old = new


async def test_many_rounds(database: Database) -> None:
    """However few batches are taken at once, the log is the same, with a head for each round."""
    for it in range(7):
        await note(database, it)
    assert await sequence(database, SIGNER, NOW, at_once=2) == 7
    assert await signed_rightly(database) == 7
    assert await look(database, "SELECT array_agg(size ORDER BY size) FROM audit.head") == [2, 4, 6, 7]


async def test_every_proof(database: Database) -> None:
    """Of a log with several tiles, any proof that is asked for is that of the definition, and convinces."""
    await placed(database, 200, 200, 200)
    entries = await log(database)
    async with database.reading() as connection:
        for _ in range(12):
            size = CHANCE.randint(1, len(entries))
            place, old = CHANCE.randrange(size), CHANCE.randint(0, size)
            found = await inclusion_proof(connection, place, size)
            assert (found.entry, found.proof) == (entries[place], path(place, entries[:size]))
            verify_inclusion(leaf_hash(found.entry), place, size, found.proof, mth(entries[:size]))
            proof = await consistency_proof(connection, old, size)
            assert proof == (subproof(old, entries[:size]) if old else [])
            verify_consistency(old, size, mth(entries[:old]), mth(entries[:size]), proof)


async def test_high_trees(database: Database) -> None:
    """Of a log of more than 65 536 entries, with tiles upon tiles, proofs convince too."""
    count = 66_000
    lines = b"\n".join(b"%d" % it for it in range(count))
    await database.run(lambda tx: write(tx, log_rows(NOW, lines, count, b"")))
    await sequence(database, SIGNER, NOW)
    head = await last(database)
    assert await look(database, "SELECT count(*) FROM audit.tile WHERE level = 1") == 1
    async with database.reading() as connection:
        assert (await load_tree(connection)).root() == head.root
        for place in (0, 65_535, 65_536, count - 1):
            proof = (await inclusion_proof(connection, place, count)).proof
            verify_inclusion(leaf_hash(b"%d" % place), place, count, proof, head.root)
        assert [it.entry for it in await some_entries(connection, 65_999, 10)] == [b"65999"]


async def test_many_batches(database: Database) -> None:
    """However many batches there are, all are read, by the piece."""
    many = "SELECT now(), 1, convert_to(n::text, 'UTF8'), '' FROM generate_series(0, 699) AS n"
    await database.run(lambda tx: tx.execute(f"INSERT INTO audit.batch (at, leaves, entries, salts) {many}"))
    assert await sequence(database, SIGNER, NOW) == 700
    assert await log(database) == [b"%d" % it for it in range(700)]
    assert await signed_rightly(database) == 700


@pytest.mark.parametrize(("number", "size"), [(-1, 3), (3, 3), (0, 4), (0, 0)])
async def test_proofs_that_there_arent(database: Database, number: int, size: int) -> None:
    """A place or a size that the log hasn't got is refused."""
    await placed(database, 3)
    async with database.reading() as connection:
        with pytest.raises(UnknownEntryError):
            await inclusion_proof(connection, number, size)
        with pytest.raises(UnknownEntryError):
            await consistency_proof(connection, size + 1, size)


async def test_pages(database: Database) -> None:
    """Entries are read from any place on, as many as are asked for, and no more than there are."""
    await placed(database, 3, 4, 5)
    entries = await log(database)
    async with database.reading() as connection:
        for start in (-1, 0, 2, 3, 6, 11, 12, 99):
            found = await some_entries(connection, start, 4)
            assert [it.entry for it in found] == (entries[start : start + 4] if start >= 0 else [])
            assert [it.place for it in found] == list(range(start, start + len(found)))
        assert [it.size for it in await heads_after(connection, (0, NOW), 9)] == [12]
        assert await heads_after(connection, (12, NOW), 9) == []


# -------------------------------------------------------------------------------------------------- what nobody changes

FORBIDDEN = [
    "DELETE FROM audit.batch",
    "TRUNCATE audit.batch",
    "UPDATE audit.batch SET entries = 'x'",
    "UPDATE audit.batch SET first = first + 1",
    "UPDATE audit.batch SET first = NULL",
    "UPDATE audit.batch SET first = 7, salts = '' WHERE first IS NULL",
    "UPDATE audit.batch SET leaves = 9",
    "INSERT INTO audit.batch (at, leaves, entries, salts, first) VALUES (now(), 1, 'x', '', 99)",
    "DELETE FROM audit.head",
    "UPDATE audit.head SET size = 9",
    "TRUNCATE audit.head",
    "DELETE FROM audit.tile",
    "UPDATE audit.tile SET root = hashes",
    "SET LOCAL session_replication_role = replica; DELETE FROM audit.batch",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_what_is_written_stays(database: Database, owner: Database, statement: str) -> None:
    """Nobody changes or removes what was written, or gives it a place but the sequencer: not even the owner."""
    await placed(database, 3)
    await database.run(lambda tx: append(tx, [Fact("secret", NOW, {}, b"x")]))
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await database.run(lambda tx: tx.execute(statement))
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await owner.run(lambda tx: tx.execute(statement))


async def test_the_superuser_too(place: Server, database: Database) -> None:
    """The triggers hold for the superuser as well."""
    await placed(database, 3)
    async with open_database(Server(superusers(place))) as other:
        for statement in FORBIDDEN:
            if "audit.batch" in statement and "first IS NULL" not in statement:
                with pytest.raises(asyncpg.RestrictViolationError):
                    await other.run(lambda tx, sql=statement: tx.execute(sql))  # type: ignore[misc] # bound at once


ALTERATIONS = {
    "an entry that was altered": "UPDATE audit.batch SET entries = replace(encode(entries, 'escape'), '2', '9')::bytea",
    "a batch that was dropped": "DELETE FROM audit.batch WHERE first = 3",
    "a head that was dropped": "DELETE FROM audit.head",
    "a head of another size": "UPDATE audit.head SET size = size - 1",
    "a head of another root": "UPDATE audit.head SET root = sha256(root)",
    "all of it dropped": "DELETE FROM audit.batch",
}


@pytest.mark.parametrize("statement", ALTERATIONS.values(), ids=ALTERATIONS)
async def test_nothing_is_signed_over_a_forgery(database: Database, statement: str) -> None:
    """When what was signed last is found altered, the sequencer signs nothing more."""
    await placed(database, 3, 2)
    await alter(database, [statement])
    await note(database, 9)
    with pytest.raises(AlteredError, match="isn't what was signed when it had"):
        await sequence(database, SIGNER, LATER)
    assert await look(database, "SELECT count(*) FROM audit.batch WHERE first IS NULL") == 1


async def test_a_batch_that_lies(database: Database) -> None:
    """A batch that hasn't as many entries as it says gets no place."""
    await database.run(lambda tx: write(tx, log_rows(NOW, b"{}\n{}", 3, b"")))
    with pytest.raises(AlteredError, match="has 2 entries and says that it has 3"):
        await sequence(database, SIGNER, NOW)


async def test_a_restored_backup(database: Database) -> None:
    """A log that was put back to an earlier state and went on shows heads that don't follow those others have seen."""
    await placed(database, 3)
    before = await last(database)
    await placed(database, 2)
    seen = await last(database)
    back = ["DELETE FROM audit.batch WHERE first >= 3", "DELETE FROM audit.head WHERE size > 3"]
    await alter(database, back)
    assert await last(database) == before
    await note(database, 77, 78, 79)
    await sequence(database, SIGNER, LATER)
    now = await last(database)
    async with database.reading() as connection:
        proof = await consistency_proof(connection, seen.size, now.size)
    KEYS.require_signed(now)
    with pytest.raises(AlteredError, match="there are two logs"):
        require_next(seen, now, proof)


# --------------------------------------------------------------------------------------------------------- side by side


async def test_two_sequencers(place: Server, database: Database) -> None:
    """Two sequencers at once give every entry one place."""
    for it in range(30):
        await note(database, it, it)
    async with open_database(place) as other:
        counts = await asyncio.gather(*(sequence(it, SIGNER, NOW, at_once=3) for it in (database, other) * 2))
    await sequence(database, SIGNER, NOW)
    assert sum(counts) <= 60
    assert await signed_rightly(database) == 60


async def test_one_at_a_time(place: Server, database: Database) -> None:
    """While one sequences, another does nothing."""
    await note(database, 1)

    async def work(tx: Connection) -> int:
        assert await tx.fetchval("SELECT pg_try_advisory_xact_lock(1635086451)")
        async with open_database(place) as other:
            return await sequence(other, SIGNER, NOW)

    assert await database.run(work) == 0
    assert await sequence(database, SIGNER, NOW) == 1


async def test_a_crash_before_sequencing(place: Server, database: Database) -> None:
    """What was committed gets its place whoever dies; what wasn't leaves no trace."""
    await note(database, 1, 2)
    dying = await asyncpg.connect(place.url)
    transaction = dying.transaction()
    await transaction.start()
    await dying.execute("INSERT INTO audit.batch (at, leaves, entries, salts) VALUES (now(), 1, 'never', '')")
    dying.terminate()
    await note(database, 3)
    assert await sequence(database, SIGNER, NOW) == 3
    assert await signed_rightly(database) == 3


async def test_a_crash_while_sequencing(place: Server, database: Database) -> None:
    """A sequencer that dies leaves nothing half done: the next one gives the same entries their places."""
    await note(database, 1, 2)
    async with open_database(place) as other:
        killed = asyncio.create_task(sequence(other, SIGNER, NOW))
        await asyncio.sleep(0)
        await database.run(kill_others)
        await asyncio.gather(killed, return_exceptions=True)
    await sequence(database, SIGNER, NOW)
    assert await signed_rightly(database) == 2


async def kill_others(tx: Connection) -> None:
    """End every other connection to this database."""
    await tx.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_late_commits(place: Server, database: Database) -> None:
    """A batch that was written first and committed last gets a place behind those that were there before it."""
    slow = await asyncpg.connect(place.url)
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute("INSERT INTO audit.batch (at, leaves, entries, salts) VALUES (now(), 1, 'slow', '')")
    await note(database, 1)
    assert await sequence(database, SIGNER, NOW) == 1
    await transaction.commit()
    await slow.close()
    assert await sequence(database, SIGNER, NOW) == 1
    assert (await log(database))[1] == b"slow"


async def test_a_clock_that_steps_back(database: Database) -> None:
    """No head is older than the one before it, whatever the clock says."""
    await placed(database, 1)
    await note(database, 2)
    await sequence(database, SIGNER, NOW - timedelta(days=1))
    assert (await last(database)).at == NOW


async def test_together_or_not_at_all(database: Database) -> None:
    """An entry is written in the transaction of what it tells: if that comes to nothing, so does the entry."""

    async def work(tx: Connection) -> None:
        await append(tx, [fact(1)])
        raise UnknownEntryError("this came to nothing")

    with pytest.raises(UnknownEntryError):
        await database.run(work)
    assert await sequence(database, SIGNER, NOW) == 0


# ---------------------------------------------------------------------------------------------------------------- sales

DIGITS = b"012345678"


async def sold(database: Database, *ids: int) -> SaleEntries:
    """Sales of a moment."""
    batch = SaleEntries(UUID(int=9), "ZAR", NOW, lambda count: bytes(range(count)), 2 * len(ids))
    for it in ids:
        tokens = [batch.token("credit", 584, 1, number, "123456/1/2", DIGITS) for number in (7, 8)]
        batch.add(UUID(int=it), "buy", UUID(int=1), UUID(int=2), 20_000, 584, 0, None, tokens)
    await database.run(lambda tx: write(tx, log_rows(NOW, batch.lines(), len(ids), batch.used_salts())))
    return batch


async def test_the_entry_of_a_sale(database: Database) -> None:
    """The entry of a sale is found before and after it has its place, with the salts of its own tokens alone."""
    await placed(database, 2)
    batch = await sold(database, 5, 6)
    for place in (None, 3):
        async with database.reading() as connection:
            found = await sale_entry(connection, UUID(int=6), NOW)
        assert (found.place, found.entry) == (place, batch.entries[1].encode())
        assert found.leaf == leaf_hash(batch.entries[1].encode())
        assert b"".join(found.salts) == batch.salts[2 * SALT_BYTES :]
        assert seal(found.salts[0], DIGITS).encode() in found.entry
        await sequence(database, SIGNER, NOW)


async def test_sales_that_arent_there(database: Database) -> None:
    """A sale of another moment or another id has no entry, even where another entry speaks of it."""
    await sold(database, 5)
    await database.run(lambda tx: append(tx, [Fact("x", NOW, {"about": {"id": str(UUID(int=6))}})]))
    async with database.reading() as connection:
        for id_, at in ((UUID(int=6), NOW), (UUID(int=5), LATER)):
            with pytest.raises(UnknownEntryError, match="no entry of sale"):
                await sale_entry(connection, id_, at)
