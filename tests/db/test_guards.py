"""Triggers and functions are as the migrations made them, and nothing works behind their backs."""

import pytest

from umbane.db import Connection, Database
from umbane.db.guards import known_guards, unguarded

REFUSE = "CREATE OR REPLACE FUNCTION {}.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
WEAKER = "DROP TRIGGER stays ON vending.sale; CREATE TRIGGER stays {} ON vending.sale EXECUTE FUNCTION vending.refuse()"
STAYS = ("trigger", "stays of vending.sale")
CHANGED = "isn't as it was made"
OFF = "is missing or switched off"


async def after(database: Database, change: str) -> list[tuple[str, str, str]]:
    """What isn't as it was made after a change."""

    async def work(tx: Connection) -> list[tuple[str, str, str]]:
        await tx.execute(change)
        return await unguarded(tx, known_guards())

    return await database.run(work)


async def test_as_they_were_made(database: Database) -> None:
    """In a database that was just made everything is as it was made."""
    assert await after(database, "SELECT") == []


async def test_nothing_is_overlooked(database: Database) -> None:
    """Every trigger of a database, and every function with a body of text, is read out of the migrations."""
    guards = known_guards()
    async with database.reading() as connection:
        triggers = await connection.fetch("""
            SELECT tgrelid::regclass::text, tgname FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
            WHERE NOT tgisinternal AND relnamespace::regnamespace::text !~ '^pg_'""")
        functions = await connection.fetch(
            """
            SELECT pronamespace::regnamespace || '.' || proname FROM pg_proc
            WHERE pronamespace::regnamespace::text = ANY ($1) AND prosrc <> ''""",
            guards.schemas,
        )
    assert {tuple(row) for row in triggers} == {(it.table, it.name) for it in guards.triggers}
    assert {row[0] for row in functions} == guards.functions.keys()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("ALTER TABLE vending.sale DISABLE TRIGGER stays", (*STAYS, OFF)),
        ("ALTER TABLE vending.sale ENABLE REPLICA TRIGGER stays", (*STAYS, OFF)),
        ("DROP TRIGGER stays ON vending.sale", (*STAYS, OFF)),
        ("ALTER TRIGGER stays ON vending.sale RENAME TO goes", (*STAYS, OFF)),
        (WEAKER.format("BEFORE DELETE OR TRUNCATE"), (*STAYS, CHANGED)),
        (WEAKER.format("AFTER UPDATE OR DELETE OR TRUNCATE"), (*STAYS, CHANGED)),
        (WEAKER.format("BEFORE UPDATE OF lines OR DELETE OR TRUNCATE"), (*STAYS, CHANGED)),
        (
            WEAKER.replace("EXECUTE", "WHEN (false) EXECUTE").format("BEFORE UPDATE OR DELETE OR TRUNCATE"),
            (*STAYS, CHANGED),
        ),
        (WEAKER.replace("vending.refuse", "api.tell").format("BEFORE UPDATE OR DELETE OR TRUNCATE"), (*STAYS, CHANGED)),
        (REFUSE.format("vending"), ("function", "vending.refuse", CHANGED)),
        (REFUSE.format("ledger"), ("function", "ledger.refuse", CHANGED)),
        ("ALTER FUNCTION ledger.book RENAME TO cook", ("trigger", "book of ledger.entry", CHANGED)),
        (
            "CREATE RULE hush AS ON INSERT TO ledger.entry DO INSTEAD NOTHING",
            ("rule", "hush of ledger.entry", "is none of ours"),
        ),
        ("ALTER TABLE vending.token ENABLE ROW LEVEL SECURITY", ("table", "vending.token", "hides rows by a policy")),
        ("CREATE TABLE cuckoo () INHERITS (ledger.entry)", ("table", "cuckoo", "adds rows to ledger.entry")),
    ],
)
async def test_what_was_changed(owner: Database, change: str, found: tuple[str, str, str]) -> None:
    """Whatever the owner of the database does to a guard, or behind it, is found and named."""
    assert (await after(owner, change))[0] == found
