"""The role that works may do what selling needs, and nothing that would take the guards of the tables away."""

from collections.abc import AsyncIterator, Iterator
from typing import cast

import asyncpg
import pytest

from tests.database import HasSocket, administer, at, by_owner, new_database, superusers, two_roles
from umbane.db import Connection, Database, Embedded, Server, connected, make_ready, open_database
from umbane.db.embedded import ROLE, WORKER, EmbeddedServer
from umbane.db.errors import AccessError
from umbane.db.rights import TABLES, declared, overreach, rights_of
from umbane.db.schema import give_rights, known

TABLES_THERE = """
SELECT n.nspname || '.' || relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"""
ORDINARY = "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND attidentity = '' LIMIT 1"
STAYING = sorted(name for name, rights in TABLES.items() if "UPDATE" not in rights and "DELETE" not in rights)


@pytest.fixture(scope="module")
def common(server: HasSocket, template: str) -> Iterator[Server]:
    """Give the place of a database for all tests that change nothing."""
    new_database(server, "common", template)
    yield at(server, "common")
    administer(server, "DROP DATABASE common WITH (FORCE)")


@pytest.fixture
async def worker(common: Server) -> AsyncIterator[Connection]:
    """Give a connection of the worker's, with nothing of ours in between."""
    connection = await asyncpg.connect(common.url)
    yield cast("Connection", connection)
    await connection.close()


async def beyond(place: Server, *changes: str) -> list[tuple[str, str, str]]:
    """What goes beyond the worker's rights after a superuser has changed something."""
    connection = await asyncpg.connect(superusers(place))
    try:
        for change in changes:
            await connection.execute(change)
    finally:
        await connection.close()
    async with connected(place) as database, database.reading() as reader:
        return await overreach(reader, WORKER)


# -------------------------------------------------------------------------------------------------------------- rights


async def test_exactly_what_is_declared(worker: Connection) -> None:
    """What the worker may do with every table, column, sequence, function and room is what is declared, and no more."""
    assert await rights_of(worker, WORKER) == declared()
    assert await overreach(worker, WORKER) == []


async def test_every_table_is_declared(worker: Connection) -> None:
    """Every table that the migrations make is among those that rights are declared for."""
    assert {row[0] for row in await worker.fetch(TABLES_THERE)} == TABLES.keys()


async def test_nobody_else_has_any(worker: Connection) -> None:
    """A role that was made for something else may neither read nor run anything here, and make nothing."""
    assert await rights_of(worker, "pg_monitor") == set()


@pytest.mark.parametrize("table", STAYING)
async def test_what_stays(worker: Connection, table: str) -> None:
    """What is written once can't be changed, removed or emptied by the worker, trigger or no trigger."""
    column = await worker.fetchval(ORDINARY, table)
    for sql in (
        f"UPDATE {table} SET {column} = {column}",  # noqa: S608 - our tables
        f"DELETE FROM {table}",  # noqa: S608 - our tables
        f"TRUNCATE {table} CASCADE",
        f"SELECT FROM {table} FOR SHARE",
        f"MERGE INTO {table} USING (SELECT) AS one ON true WHEN MATCHED THEN DELETE",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for table"):
            await worker.execute(sql)


# ------------------------------------------------------------------------------------------------------------- attacks

ATTACKS = [
    "ALTER TABLE vending.token DISABLE TRIGGER stays",
    "ALTER TABLE ledger.entry DISABLE TRIGGER ALL",
    "ALTER TABLE ledger.line OWNER TO CURRENT_USER",
    "ALTER TABLE ledger.balance DROP CONSTRAINT within_limit",
    "ALTER TABLE audit.batch ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE audit.batch ADD COLUMN extra integer",
    "DROP TRIGGER stays ON vending.sale",
    "DROP TABLE vending.token",
    "DROP SCHEMA audit CASCADE",
    "DROP INDEX ledger.entry_reversed_once",
    "DROP FUNCTION ledger.book CASCADE",
    "TRUNCATE ledger.entry",
    "UPDATE ledger.entry SET note = 'x'",
    "DELETE FROM vending.token",
    "UPDATE audit.batch SET entries = 'x'",
    "UPDATE ledger.hold SET amount = 1",
    "UPDATE ledger.kind SET guarded = false",
    "INSERT INTO ledger.kind (kind, nature, title) VALUES ('mine', 'asset', 'Mine')",
    "UPDATE db.migration SET checksum = ''",
    "SET session_replication_role = replica",
    "SELECT set_config('session_replication_role', 'replica', true)",
    "ALTER SYSTEM SET fsync = off",
    "ALTER DATABASE common SET session_replication_role = replica",
    f"ALTER ROLE {WORKER} SUPERUSER",
    f"ALTER ROLE {WORKER} SET session_replication_role = replica",
    f"GRANT {ROLE} TO {WORKER}",
    "CREATE ROLE mine",
    f"SET ROLE {ROLE}",
    f"BEGIN; SET LOCAL ROLE {ROLE}",
    "SET ROLE postgres",
    f"SET SESSION AUTHORIZATION {ROLE}",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY db.job FROM PROGRAM 'echo'",
    "COPY (SELECT 1) TO '/tmp/stolen'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_terminate_backend(1), pg_reload_conf()",
    "CREATE TABLE public.mine (n integer)",
    "CREATE TABLE ledger.mine (n integer)",
    "CREATE TEMPORARY TABLE mine (n integer)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION public.mine() RETURNS integer LANGUAGE sql RETURN 1",
    "CREATE FUNCTION pg_temp.mine() RETURNS integer LANGUAGE sql RETURN 1",
    "CREATE OR REPLACE FUNCTION vending.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "ALTER FUNCTION ledger.book() SET enable_seqscan = on",
    "ALTER FUNCTION ledger.refuse() RENAME TO allow",
    "CREATE TRIGGER mine BEFORE INSERT ON ledger.entry EXECUTE FUNCTION ledger.refuse()",
    "CREATE RULE mine AS ON INSERT TO ledger.entry DO INSTEAD NOTHING",
    "CREATE VIEW ledger.mine AS SELECT 1",
    "CREATE EXTENSION hstore",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION ledger.refuse()",
    "SELECT setval('audit.batch_id_seq', 1)",
    "SELECT gin_clean_pending_list('registry.finder_words')",
    "BEGIN; LOCK TABLE ledger.kind IN EXCLUSIVE MODE",
    "COMMENT ON TABLE ledger.entry IS ''",
]


@pytest.mark.parametrize("attack", ATTACKS)
async def test_refused(worker: Connection, attack: str) -> None:
    """Whoever has taken over the role that works is refused by the server itself, whatever they try."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await worker.execute(attack)


async def test_reset_role(worker: Connection) -> None:
    """The worker signs in as itself: there is nobody that it could turn back into."""
    await worker.execute("RESET ROLE; RESET SESSION AUTHORIZATION")
    row = await worker.fetchrow("SELECT session_user, current_user")
    assert row
    assert tuple(row) == (WORKER, WORKER)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO ledger.balance (utility_id, account, credit_limit) VALUES (gen_random_uuid(), 1, 10)",
        "UPDATE ledger.balance SET credit_limit = 10",
        "INSERT INTO ledger.line VALUES (gen_random_uuid(), 1, now(), gen_random_uuid(), 5)",
    ],
)
async def test_only_within_the_triggers(worker: Connection, sql: str) -> None:
    """What triggers write with the worker's rights, the worker can't write by hand, nor from a block of code."""
    for form in (sql, f"DO $$ BEGIN {sql}; END $$"):
        with pytest.raises(asyncpg.PostgresError, match="is refused") as refused:
            await worker.execute(form)
        assert refused.value.sqlstate == "UL001"


async def test_the_stage_is_no_way_in(worker: Connection) -> None:
    """The tables that an import is given belong to the owner: no trigger is put on them, and they end with it."""
    for sql in (
        "CREATE TRIGGER mine BEFORE INSERT ON staged EXECUTE FUNCTION ledger.refuse()",
        "ALTER TABLE staged ADD COLUMN extra integer DEFAULT ledger.lock_number(gen_random_uuid())",
        "CREATE FUNCTION pg_temp.mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TEMPORARY TABLE more (n integer)",
        "DROP TABLE staged",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await worker.execute(f"SELECT registry.stage(); {sql}")
    await worker.execute("SELECT registry.stage(); INSERT INTO staged (line) VALUES (1)")
    with pytest.raises(asyncpg.UndefinedTableError):
        await worker.execute("SELECT FROM staged")


def test_functions_with_the_owners_rights_are_few() -> None:
    """No function that runs with its owner's rights looks for a name where somebody else could put one."""
    text = "\n".join(step.sql for step in known())
    assert (
        text.count("SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS") == text.count("SECURITY DEFINER") == 3
    )


# ------------------------------------------------------------------------------------------------ more than is declared


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("GRANT UPDATE ON vending.token TO {}", "may also UPDATE on table vending.token"),
        ("GRANT UPDATE (amounts) ON ledger.entry TO PUBLIC", "may also UPDATE (amounts) on table ledger.entry"),
        ("GRANT TRIGGER ON ledger.line TO {}", "may also TRIGGER on table ledger.line"),
        ("GRANT TRUNCATE ON audit.head TO {}", "may also TRUNCATE on table audit.head"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "may also CREATE on schema public"),
        ("GRANT EXECUTE ON FUNCTION ledger.refuse TO {}", "may also EXECUTE on function ledger.refuse"),
        ("GRANT UPDATE ON SEQUENCE db.job_id_seq TO {}", "may also UPDATE on sequence db.job_id_seq"),
        ("ALTER TABLE ledger.entry OWNER TO {}", "owns tables, and can take their guards away"),
        ("ALTER FUNCTION ledger.book OWNER TO {}", "owns tables, and can take their guards away"),
    ],
)
async def test_rights_that_somebody_gave(place: Server, change: str, problem: str) -> None:
    """A right beyond those that are declared is found, whether the worker has it itself or everybody does."""
    assert await beyond(place) == []
    assert (await beyond(place, change.format(WORKER)))[0] == ("role", WORKER, problem)


@pytest.mark.parametrize(
    ("gift", "back", "problem"),
    [
        ("ALTER ROLE {} SUPERUSER", "ALTER ROLE {} NOSUPERUSER", "is a superuser"),
        ("ALTER ROLE {} CREATEROLE", "ALTER ROLE {} NOCREATEROLE", "may make roles"),
        ("ALTER ROLE {} BYPASSRLS", "ALTER ROLE {} NOBYPASSRLS", "is held by no policy"),
        ("ALTER ROLE {} REPLICATION", "ALTER ROLE {} NOREPLICATION", "may read everything as a replica does"),
        (f"GRANT {ROLE} TO {{}}", f"REVOKE {ROLE} FROM {{}}", f"may become {ROLE}"),
        (
            "GRANT pg_write_server_files TO {}",
            "REVOKE pg_write_server_files FROM {}",
            "may become pg_write_server_files",
        ),
    ],
)
async def test_powers_that_somebody_gave(place: Server, gift: str, back: str, problem: str) -> None:
    """A power that sets the worker above its rights is found."""
    try:
        assert ("role", WORKER, problem) in await beyond(place, gift.format(WORKER))
    finally:
        await beyond(place, back.format(WORKER))


async def test_given_back(place: Server, database: Database, owner: Database) -> None:
    """Whatever the worker has too much or too little is put right by the next migration, even if none waits."""
    await by_owner(database, f"GRANT UPDATE ON vending.sale TO {WORKER}; REVOKE INSERT ON db.job FROM {WORKER}")
    await by_owner(database, "GRANT TRIGGER ON ledger.line TO PUBLIC")
    assert len(await beyond(place)) == 2
    assert await make_ready(owner, database) == []
    async with database.reading() as connection:
        assert await rights_of(connection, WORKER) == declared()


# ------------------------------------------------------------------------------------------------------ one role or two


async def test_one_role(empty_place: Server) -> None:
    """With one URL everything goes as it would with two, and it is told that the role owns the tables."""
    async with open_database(empty_place, migrating=True) as database, database.reading() as connection:
        assert await database.role() == ROLE
        assert await overreach(connection, ROLE) == [("role", ROLE, "owns tables, and can take their guards away")]


async def test_two_roles(empty_place: Server) -> None:
    """A database that had one role is worked in by another as soon as its owner has let that in."""
    async with open_database(empty_place, migrating=True):
        pass
    two = two_roles(empty_place)
    with pytest.raises(AccessError, match=r"permission denied for schema db.*umbane db migrate gives it"):
        async with open_database(two):
            pass
    async with open_database(two, migrating=True) as database, database.reading() as connection:
        assert await rights_of(connection, WORKER) == declared()
    async with open_database(Server(two.url), migrating=True) as alone:
        assert await alone.role() == WORKER


async def test_who_may_not_migrate(empty_place: Server) -> None:
    """The worker alone changes no table: it is told who may."""
    with pytest.raises(AccessError, match="another server's is named in UMBANE_DATABASE_OWNER_URL"):
        async with open_database(Server(two_roles(empty_place).url), migrating=True):
            pass


async def test_who_may_not_give(place: Server, database: Database) -> None:
    """Nobody but the owner gives rights."""
    await by_owner(database, f"REVOKE INSERT ON db.job FROM {WORKER}")
    name = "umbane_stranger"
    connection = await asyncpg.connect(superusers(place))
    await connection.execute(f"CREATE ROLE {name} LOGIN")
    try:
        async with connected(Server(place.url.replace(WORKER, name))) as stranger:
            with pytest.raises(AccessError, match="this role has no right to that"):
                await give_rights(stranger, database)
    finally:
        await connection.execute(f"DROP ROLE {name}")
        await connection.close()


async def test_a_server_from_before(own: EmbeddedServer) -> None:
    """A server of our own that was made without the worker gets it, and is worked in by it once it is migrated."""
    own.start()
    place = Embedded(own.directory)
    async with open_database(place.as_owner(), migrating=True) as database:
        assert await database.role() == ROLE
    connection = await asyncpg.connect(superusers(Server(database.url)))
    await connection.execute(f"DROP ROLE {WORKER}")
    await connection.close()
    with pytest.raises(AccessError, match="permission denied for schema db"):
        async with open_database(place):
            pass
    async with open_database(place, migrating=True) as database, database.reading() as reader:
        assert await database.role() == WORKER
        assert await overreach(reader, WORKER) == []
