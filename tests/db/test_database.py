"""Transactions against a real server: tried again when it is safe, and only then; and what is said when it isn't."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import psutil
import pytest

from tests.database import HasSocket, administer, at, url
from umbane.db import Connection, Database, Embedded, Limits, Server, connected
from umbane.db.database import check_server
from umbane.db.embedded import DATABASE, SOCKET, SUPERUSER, EmbeddedServer
from umbane.db.errors import (
    AccessError,
    BusyError,
    ConflictError,
    ConnectionLostError,
    DatabaseError,
    DatabaseMissingError,
    EncodingError,
    OutcomeUnknownError,
    ReadOnlyError,
    ServerMissingError,
    ServerTooOldError,
)

QUICK = Limits(connections=2, statement=0.3, lock=0.1, connection=0.2)


@pytest.fixture
async def shop(empty_place: Server) -> AsyncIterator[Database]:
    """Give a database with two accounts, and short limits."""
    async with connected(empty_place, QUICK, chance=lambda: 0.0) as database:
        await database.run(make_accounts)
        yield database


async def make_accounts(connection: Connection) -> None:
    """Make the accounts 1 and 2, each with 100."""
    await connection.execute("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL CHECK (balance >= 0))")
    await connection.execute("INSERT INTO account VALUES (1, 100), (2, 100)")


def moving(amount: int, source: int, target: int) -> Callable[[Connection], Awaitable[None]]:
    """Work that moves an amount from one account to the other."""

    async def work(connection: Connection) -> None:
        await connection.execute("UPDATE account SET balance = balance + $1 WHERE id = $2", amount, target)
        await connection.execute("UPDATE account SET balance = balance - $1 WHERE id = $2", amount, source)

    return work


async def balances(database: Database) -> list[int]:
    """The balances of all accounts."""
    async with database.reading() as connection:
        return [row[0] for row in await connection.fetch("SELECT balance FROM account ORDER BY id")]


class Wire:
    """A line between us and the server, which can be cut or muted when certain words are said."""

    def __init__(self, place: Server, folder: Path) -> None:
        self.socket = Path(parse_qs(urlsplit(place.url).query)["host"][0]) / SOCKET
        self.place = Server(place.url.replace(quote(str(self.socket.parent), safe=""), quote(str(folder), safe="")))
        self.cut_at: bytes | None = None
        self.mute_at: bytes | None = None
        self.cut = self.mute = False
        self.muted = asyncio.Event()
        self.calls: list[asyncio.Task[None] | None] = []

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry what both sides say, until one of them has gone or the line is cut."""
        there, back = await asyncio.open_unix_connection(str(self.socket))
        self.calls.append(asyncio.current_task())
        both = asyncio.create_task(self.questions(reader, back)), asyncio.create_task(self.answers(there, writer))
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        for side in (writer, back):
            side.close()
            with suppress(OSError):
                await side.wait_closed()

    async def questions(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry what we say to the server."""
        while said := await reader.read(1 << 16):
            self.cut = self.cut or (self.cut_at is not None and self.cut_at in said)
            if self.mute_at is not None and self.mute_at in said:
                self.mute = True
                self.muted.set()
            writer.write(said)

    async def answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry what the server says to us: until its first word after the cut, which is lost."""
        while (said := await reader.read(1 << 16)) and not self.cut:
            if not self.mute:
                writer.write(said)
        self.cut, self.cut_at = False, None


@pytest.fixture
async def wire(empty_place: Server, folder: Path) -> AsyncIterator[Wire]:
    """Give a line to the database that can be cut."""
    made = Wire(empty_place, folder)
    listener = await asyncio.start_unix_server(made.connect, folder / SOCKET)
    yield made
    listener.close()
    for call in made.calls:
        await (call or asyncio.sleep(0))


class Interrupted:
    """Work that is interrupted at its first tries, and counts them."""

    def __init__(self, times: int, query: str) -> None:
        self.times = times
        self.query = query
        self.tries = 0

    async def __call__(self, connection: Connection) -> int:
        """Move 10 from 1 to 2, and fail if it isn't time to succeed."""
        self.tries += 1
        await moving(10, 1, 2)(connection)
        if self.tries <= self.times:
            await connection.execute(self.query)
        return self.tries


# ---------------------------------------------------------------------------------------------------- commit, roll back


async def test_commit(shop: Database) -> None:
    """Work that ends well is committed, and its answer is given."""
    assert await shop.run(Interrupted(0, "")) == 1
    assert await balances(shop) == [90, 110]


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt(), asyncio.CancelledError()])
async def test_roll_back(shop: Database, error: BaseException) -> None:
    """Work that raises anything leaves no trace, and the error comes out unchanged."""

    async def work(connection: Connection) -> None:
        await moving(10, 1, 2)(connection)
        raise error

    with pytest.raises(type(error)) as caught:
        await shop.run(work)
    assert caught.value is error
    assert await balances(shop) == [100, 100]


async def test_errors_of_the_data(shop: Database) -> None:
    """What a constraint refuses is asyncpg's error, at the first try, and leaves no trace."""
    with pytest.raises(asyncpg.CheckViolationError):
        await shop.run(moving(101, 1, 2))
    assert await balances(shop) == [100, 100]


async def test_errors_at_commit(shop: Database) -> None:
    """What a deferred constraint refuses at COMMIT is asyncpg's error as well."""

    async def work(connection: Connection) -> None:
        await connection.execute("CREATE TABLE parent (id int PRIMARY KEY)")
        await connection.execute("CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
        await connection.execute("INSERT INTO child VALUES (1)")

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await shop.run(work)


async def test_reading_sees_one_state(shop: Database) -> None:
    """Who reads sees one unchanging state, whatever is committed meanwhile."""
    async with shop.reading() as connection:
        before = await connection.fetchval("SELECT balance FROM account WHERE id = 1")
        await shop.run(moving(10, 1, 2))
        assert await connection.fetchval("SELECT balance FROM account WHERE id = 1") == before


async def test_reading_writes_nothing(shop: Database) -> None:
    """Who only reads can't write."""
    with pytest.raises(ReadOnlyError):
        async with shop.reading() as connection:
            await connection.execute("UPDATE account SET balance = 0")


async def test_errors_of_the_data_while_reading(shop: Database) -> None:
    """A query that makes no sense is asyncpg's error."""
    with pytest.raises(asyncpg.UndefinedTableError):
        async with shop.reading() as connection:
            await connection.execute("SELECT * FROM nothing")


async def test_a_cancelled_transaction_leaves_a_clean_connection(shop: Database) -> None:
    """When work is cancelled in the middle of a statement, nothing stays and every connection can be used again."""
    for _ in range(2 * QUICK.connections):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await shop.run(Interrupted(9, "SELECT pg_sleep(9)"))
    assert await balances(shop) == [100, 100]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("words", [b"BEGIN", b"COMMIT;", b"ROLLBACK;"])
async def test_cancelled_on_the_way(wire: Wire, words: bytes) -> None:
    """Whoever is cancelled while a transaction begins or ends leaves nothing that asyncio would have to complain of."""
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
    patient = Limits(connections=1, connection=QUICK.connection)
    async with connected(wire.place, patient) as database:
        wire.mute_at = words
        running = asyncio.create_task(database.run(Interrupted(1 if words == b"ROLLBACK;" else 0, "SELECT 1 / 0")))
        await wire.muted.wait()
        running.cancel()
        with pytest.raises((asyncio.CancelledError, ConnectionLostError)):
            await running
        wire.mute, wire.mute_at = False, None
        assert sum(await balances(database)) == 200
    assert complaints == []


# ------------------------------------------------------------------------------------------------------------ try again


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_conflicts_are_tried_again(shop: Database, state: str) -> None:
    """A serialization failure or a deadlock is tried again, until it succeeds once."""
    work = Interrupted(3, f"DO $$ BEGIN RAISE 'conflict' USING ERRCODE = '{state}'; END $$")
    assert await shop.run(work) == 4
    assert await balances(shop) == [90, 110]


async def test_conflicts_are_not_tried_for_ever(shop: Database) -> None:
    """After so many tries, the conflict is told, and nothing was committed."""
    work = Interrupted(99, "DO $$ BEGIN RAISE 'conflict' USING ERRCODE = '40001'; END $$")
    with pytest.raises(ConflictError, match="changed the same rows"):
        await shop.run(work, attempts=2)
    assert work.tries == 2
    assert await balances(shop) == [100, 100]


async def test_deadlock(shop: Database) -> None:
    """Two transactions that wait for each other both succeed in the end."""
    both = asyncio.Barrier(2)
    met: list[int] = []

    async def work(connection: Connection, first: int) -> None:
        await connection.execute("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
        await connection.execute("UPDATE account SET balance = balance + 1 WHERE id = $1", first)
        met.append(first)
        if len(met) <= both.parties:
            await both.wait()
        await connection.execute("UPDATE account SET balance = balance + 1 WHERE id = $1", 3 - first)

    await asyncio.gather(shop.run(lambda it: work(it, 1)), shop.run(lambda it: work(it, 2)))
    assert await balances(shop) == [102, 102]
    assert len(met) == 3


async def test_write_skew(shop: Database) -> None:
    """Two serializable transactions that each read what the other writes come out as if one had followed the other."""
    both = asyncio.Barrier(2)
    met: list[int] = []

    async def work(connection: Connection, mine: int) -> None:
        total = await connection.fetchval("SELECT sum(balance) FROM account")
        met.append(mine)
        if len(met) <= both.parties:
            await both.wait()
        if total >= 150:
            await connection.execute("UPDATE account SET balance = balance - 100 WHERE id = $1", mine)

    await asyncio.gather(
        shop.run(lambda it: work(it, 1), isolation="serializable"),
        shop.run(lambda it: work(it, 2), isolation="serializable"),
    )
    assert sum(await balances(shop)) == 100
    assert len(met) == 3


async def test_locks_are_not_waited_for_for_ever(shop: Database) -> None:
    """A lock that others hold too long is told, and not tried again."""
    locked, done = asyncio.Event(), asyncio.Event()

    async def hold(connection: Connection) -> None:
        await connection.execute("UPDATE account SET balance = balance WHERE id = 1")
        locked.set()
        await done.wait()

    holder = asyncio.create_task(shop.run(hold))
    await locked.wait()
    with pytest.raises(BusyError, match="didn't come free in time"):
        await shop.run(moving(10, 2, 1))
    done.set()
    await holder


async def test_statements_don_t_take_for_ever(shop: Database) -> None:
    """A statement that takes longer than it may is stopped and told."""
    with pytest.raises(BusyError, match="took longer than it may"):
        await shop.run(Interrupted(1, "SELECT pg_sleep(9)"))
    assert await balances(shop) == [100, 100]


async def test_connections_are_not_waited_for_for_ever(shop: Database) -> None:
    """When all connections are in use, that is told after a while."""
    async with shop.reading(), shop.reading():
        with pytest.raises(BusyError, match=r"all 2 connections were in use for 0.2 s"):
            await shop.run(moving(10, 1, 2))


async def test_a_statement_beside_a_transaction(shop: Database) -> None:
    """While transactions have all connections, a statement beside them is committed, whatever becomes of them."""

    async def work(connection: Connection) -> None:
        await moving(10, 1, 2)(connection)
        async with shop.beside() as other:
            await other.execute("INSERT INTO account VALUES (3, 7)")
        raise KeyError

    async with shop.reading():
        with pytest.raises(KeyError):
            await shop.run(work)
    assert await balances(shop) == [100, 100, 7]


async def test_a_statement_beside_that_fails(shop: Database) -> None:
    """What goes wrong beside a transaction is told in our words."""
    with pytest.raises(BusyError, match="took longer than it may"):
        async with shop.beside() as connection:
            await connection.execute("SELECT pg_sleep(9)")


# ----------------------------------------------------------------------------------------------------- lost connections


async def test_a_lost_connection_is_made_again(shop: Database) -> None:
    """When the connection breaks before COMMIT, the work is done again on another, and counts once."""
    assert await shop.run(Interrupted(1, "SELECT pg_terminate_backend(pg_backend_pid())")) == 2
    assert await balances(shop) == [90, 110]


async def test_a_connection_lost_between_two_statements(shop: Database) -> None:
    """A connection that breaks while nothing is asked of it is lost all the same, and the work done again, once."""
    tries: list[int] = []

    async def work(connection: Connection) -> None:
        tries.append(await connection.fetchval("SELECT pg_backend_pid()"))
        await moving(10, 1, 2)(connection)
        if len(tries) == 1:
            await break_off(shop, connection, tries[0])
        await connection.execute("SELECT 1")

    await shop.run(work)
    assert len(set(tries)) == 2
    assert await balances(shop) == [90, 110]


async def test_a_connection_lost_before_commit(shop: Database) -> None:
    """When the connection broke before COMMIT could be sent, nothing was committed, and that is said."""

    async def work(connection: Connection) -> None:
        await moving(10, 1, 2)(connection)
        await break_off(shop, connection, await connection.fetchval("SELECT pg_backend_pid()"))

    with pytest.raises(ConnectionLostError, match="nothing was committed"):
        await shop.run(work, attempts=1)
    assert await balances(shop) == [100, 100]


async def test_a_reader_s_connection_is_lost(shop: Database) -> None:
    """Who reads is told as well when the connection broke meanwhile."""

    async def read() -> None:
        async with shop.reading() as connection:
            await break_off(shop, connection, await connection.fetchval("SELECT pg_backend_pid()"))
            await connection.execute("SELECT 1")

    with pytest.raises(ConnectionLostError):
        await read()


async def break_off(database: Database, connection: Connection, pid: int) -> None:
    """Let another connection end this one, and wait until it is noticed here."""
    gone = asyncio.Event()
    connection.add_termination_listener(lambda _: gone.set())
    async with connected(database.place) as other:
        await other.run(lambda it: it.execute("SELECT pg_terminate_backend($1)", pid))
    await gone.wait()


async def test_connections_that_always_break(shop: Database) -> None:
    """When every connection breaks, that is told, and certainly nothing was committed."""
    with pytest.raises(ConnectionLostError, match="nothing was committed"):
        await shop.run(Interrupted(9, "SELECT pg_terminate_backend(pg_backend_pid())"), attempts=2)
    assert await balances(shop) == [100, 100]


async def test_connections_that_broke_while_idle(shop: Database) -> None:
    """Connections that broke while nobody used them are noticed and made again."""
    pid = await shop.run(lambda it: it.fetchval("SELECT pg_backend_pid()"))
    async with connected(shop.place) as other:
        await other.run(lambda it: it.execute("SELECT pg_terminate_backend($1)", pid))
    assert await shop.run(lambda it: it.fetchval("SELECT pg_backend_pid()")) != pid


async def test_killed_while_committing(shop: Database) -> None:
    """When the server breaks off while it commits, that is told as such, and never tried again."""
    await shop.run(
        lambda it: it.execute("""
        CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON account DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION die()""")
    )
    work = Interrupted(0, "")
    with pytest.raises(OutcomeUnknownError, match="look up by your own id"):
        await shop.run(work)
    assert work.tries == 1
    assert await balances(shop) == [100, 100]


@pytest.mark.usefixtures("shop")
async def test_the_answer_to_commit_is_lost(wire: Wire) -> None:
    """When only the answer to COMMIT is lost, the outcome is called unknown, although it was committed, once."""
    work = Interrupted(0, "")
    async with connected(wire.place) as database:
        wire.cut_at = b"COMMIT;"
        with pytest.raises(OutcomeUnknownError):
            await database.run(work)
        assert work.tries == 1
        assert await balances(database) == [90, 110]


async def test_the_question_is_lost(shop: Database, wire: Wire) -> None:
    """When the line is cut in the middle of the work, it is done again, and counts once."""
    work = Interrupted(0, "")
    async with connected(wire.place) as database:
        wire.cut_at = b"balance - $1"
        await database.run(work)
    assert work.tries == 2
    assert await balances(shop) == [90, 110]


async def test_a_silent_server(shop: Database, wire: Wire) -> None:
    """A server that stops answering is given up after a while, and the connection with it."""
    async with connected(wire.place, QUICK) as database:
        wire.mute_at = b"balance - $1"
        with pytest.raises((ConnectionLostError, ServerMissingError)):
            await database.run(Interrupted(0, ""), attempts=2)
    assert await balances(shop) == [100, 100]


async def test_closed(shop: Database) -> None:
    """A database that was closed says so."""
    await shop.close()
    with pytest.raises(DatabaseError, match="was closed"):
        await shop.run(moving(10, 1, 2))


async def test_close_doesn_t_wait_for_ever(shop: Database) -> None:
    """Closing breaks connections that are still in use after a while."""
    async with connected(shop.place, QUICK) as other:

        async def read() -> None:
            async with other.reading() as connection:
                await other.close(patience=0.05)
                await connection.execute("SELECT 1")

        with pytest.raises(ConnectionLostError):
            await read()


# -------------------------------------------------------------------------------------------------------------- kill -9


async def test_killed_server(own: EmbeddedServer) -> None:
    """When our own server is killed between two transactions, the next one starts it and goes through."""
    async with connected(Embedded(own.directory).as_owner()) as database:
        await database.run(make_accounts)
        killed = own.pid
        assert killed
        os.kill(killed, signal.SIGKILL)
        psutil.Process(killed).wait()
        await database.run(moving(10, 1, 2))
        assert await balances(database) == [90, 110]
        assert own.pid != killed


async def test_killed_server_under_load(own: EmbeddedServer) -> None:
    """When our own server is killed under load, each transaction counts once or is called unknown, and none is half."""
    async with connected(Embedded(own.directory).as_owner()) as database:
        await database.run(make_accounts)
        started = asyncio.Event()

        async def move() -> int:
            """Move 1, and answer how often it was certainly done and how often perhaps."""
            started.set()
            try:
                await database.run(moving(1, 1, 2), attempts=9)
            except OutcomeUnknownError:
                return 1000
            return 1

        moves = [asyncio.create_task(move()) for _ in range(50)]
        await started.wait()
        os.kill(own.pid or 0, signal.SIGKILL)
        perhaps, certain = divmod(sum(await asyncio.gather(*moves)), 1000)
        left, right = await balances(database)
    assert left + right == 200
    assert certain <= right - 100 <= certain + perhaps


# ------------------------------------------------------------------------------------------------------------- the door


async def test_read_only(server: HasSocket, shop: Database) -> None:
    """A database that takes no changes says so."""
    name = await shop.run(lambda it: it.fetchval("SELECT current_database()"))
    await asyncio.to_thread(administer, server, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    async with connected(shop.place) as database:
        with pytest.raises(ReadOnlyError, match="takes no changes"):
            await database.run(moving(10, 1, 2))


async def test_standby(server: HasSocket, shop: Database) -> None:
    """A server that is forced to be read-only says so, and can be read."""
    name = await shop.run(lambda it: it.fetchval("SELECT current_database()"))
    await asyncio.to_thread(administer, server, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    async with connected(shop.place) as database:
        assert await balances(database) == [100, 100]


async def hba_file(server: HasSocket) -> str:
    """The file in which a server keeps who may come in."""
    async with connected(Server(url(server, SUPERUSER, SUPERUSER))) as database:
        return str(await database.run(lambda it: it.fetchval("SHOW hba_file")))


@pytest.fixture
def locked_role(server: HasSocket) -> str:
    """Give the name of a role that needs the password "right"."""
    rules = Path(asyncio.run(hba_file(server)))
    if "locked" not in rules.read_text():
        rules.write_text(f"local all locked scram-sha-256\n{rules.read_text()}")
        administer(server, "CREATE ROLE locked LOGIN PASSWORD 'right'", "SELECT pg_reload_conf()")
    return "locked"


@pytest.mark.parametrize("password", ["", ":wrong", ":s3cret%40x"])
async def test_wrong_password(server: HasSocket, locked_role: str, password: str) -> None:
    """A password that is wrong or missing is told, and not repeated."""
    place = Server(url(server, DATABASE, f"{locked_role}{password}"))
    with pytest.raises((AccessError, ServerMissingError), match="password") as caught:
        async with connected(place):
            pass
    assert "s3cret" not in str(caught.value)


async def test_right_password(server: HasSocket, locked_role: str) -> None:
    """The right password opens the door."""
    async with connected(Server(url(server, DATABASE, f"{locked_role}:right"))) as database:
        assert await database.run(lambda it: it.fetchval("SELECT current_user::text")) == locked_role


async def test_unknown_role(server: HasSocket) -> None:
    """A role that the server doesn't know is told."""
    with pytest.raises(AccessError, match="doesn't let this role in"):
        async with connected(Server(url(server, DATABASE, "nobody_knows"))):
            pass


async def test_missing_database(server: HasSocket) -> None:
    """A database that doesn't exist is told."""
    with pytest.raises(DatabaseMissingError, match="no database of that name; create it"):
        async with connected(at(server, "nothing")):
            pass


@pytest.mark.parametrize("url", ["postgresql://me@/it?host=/nowhere/at/all", "postgresql://me@/it?host=/tmp"])
async def test_missing_server(url: str) -> None:
    """A server that isn't there is told, with the name of the setting that says where it should be."""
    with pytest.raises(ServerMissingError, match=r"doesn't answer .*UMBANE_DATABASE_URL"):
        async with connected(Server(url)):
            pass


async def test_wrong_encoding(server: HasSocket) -> None:
    """A database that can't hold every name is refused."""
    sql = "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
    await asyncio.to_thread(administer, server, sql)
    with pytest.raises(EncodingError, match="encoded in SQL_ASCII; create one with ENCODING 'UTF8'"):
        async with connected(at(server, "ascii")):
            pass
    await asyncio.to_thread(administer, server, "DROP DATABASE ascii")


@pytest.mark.parametrize("version", [9, 14])
def test_old_server(version: int) -> None:
    """A server older than PostgreSQL 15 is refused, with its version."""
    with pytest.raises(ServerTooOldError, match=f"the server is PostgreSQL {version}; use PostgreSQL 15 or newer"):
        check_server(version, "UTF8")


@pytest.mark.parametrize("version", [15, 18, 25])
def test_new_enough(version: int) -> None:
    """PostgreSQL 15 and everything newer is taken."""
    check_server(version, "UTF8")
