"""From an empty folder to a town that sells, step by step, told as it goes."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Final

import uvicorn

from umbane.api import Listening, listening, make_app
from umbane.api.serving import calmly, make_server
from umbane.audit import signer_at
from umbane.cli.books import CLAIMS
from umbane.cli.demo.screen import Screen
from umbane.cli.pages import write
from umbane.cli.places import of_another_age
from umbane.db import Database, Embedded, open_database
from umbane.errors import InputError
from umbane.ledger import prove
from umbane.registry import Utility
from umbane.security import SecurityModule, open_software_module
from umbane.simulation.demo.claims import booked, claims
from umbane.simulation.demo.day import Day, replay
from umbane.simulation.demo.deployment import Deployment, Diary
from umbane.simulation.demo.homes import Home, read_homes
from umbane.simulation.demo.plan import key_changes, plan_day
from umbane.simulation.demo.slips import Printer, tariffs_of
from umbane.simulation.demo.town import find_town, found_town, morning, open_tills, vault_of
from umbane.vending import Engine, open_engine

__all__ = ["Wish", "run"]

USUAL_PORT: Final = 8080
ANY_PORT: Final = 0
PAUSE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for at the command line."""

    data: Path
    town: Path
    port: int | None
    purchases: int
    html: Path | None
    fresh: bool
    stays: bool


@dataclass(frozen=True, slots=True)
class Town:
    """Everything that is open while a demonstration runs."""

    place: Deployment
    database: Database
    module: SecurityModule
    engine: Engine
    whose: Utility
    homes: list[Home]
    diary: Diary


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that runs."""

    url: str
    server: uvicorn.Server
    task: "asyncio.Task[None]"

    async def end(self) -> None:
        """Let it finish what is under way."""
        self.server.should_exit = True
        await self.task


async def run(wish: Wish) -> bool | None:
    """Run the demonstration.

    Returns:
        whether everything held; None when somebody stopped it before that was known.
    """
    screen, place = Screen(), Deployment(wish.data)
    diary = place.prepare(wish.town, fresh=wish.fresh)
    with a_socket(wish.port) as made, calmly(bool):
        async with open_town(place, wish.town, diary, screen) as town, served(town, made, screen) as serving:
            day = await trade(town, serving, wish, screen)
            if day is None:
                return None
            holds = await show(town, day, wish.html, screen)
            screen.what_next(serving.url, town.diary, place, town.homes, stays=wish.stays)
            if wish.stays:
                await serving.task
                screen.goodbye()
            return holds


@asynccontextmanager
async def open_town(place: Deployment, files: Path, diary: Diary, screen: Screen) -> AsyncIterator[Town]:
    """Open database, town, security module and engine."""
    async with AsyncExitStack() as stack:
        with screen.step("Starting PostgreSQL") as told, of_another_age("begin again with --fresh"):
            database = await stack.enter_async_context(open_database(Embedded(place.database), migrating=True))
            told("PostgreSQL runs", place.database)
        with screen.step("Reading the town's files") as told:
            whose = await find_town(database)
            if whose is None:
                place.copy(files)
                whose = await found_town(database, place.town, datetime.now(UTC))
            homes = read_homes(place.town / "meters.csv")
            told(f"{whose.name} has {len(homes)} meters", place.town)
        with screen.step("Opening the security module") as told:
            vault = await vault_of(database, whose)
            module = await stack.enter_async_context(open_software_module("demo", place.module, vault))
            engine = await stack.enter_async_context(open_engine(database, module))
            told(f"A security module in software holds {len(vault.keys)} test keys", place.module)
        diary.keys = await open_tills(database, whose, diary.keys)
        place.write(diary)
        yield Town(place, database, module, engine, whose, homes, diary)


@contextmanager
def a_socket(port: int | None) -> Iterator[socket.socket]:
    """The socket to listen at: of this port, or of the usual one, or of any that is free."""
    with ExitStack() as stack:
        try:
            made = stack.enter_context(listening(Listening(port=port or USUAL_PORT)))
        except InputError:
            if port is not None:
                raise
            made = stack.enter_context(listening(Listening(port=ANY_PORT)))
        yield made


@asynccontextmanager
async def served(town: Town, made: socket.socket, screen: Screen) -> AsyncIterator[Serving]:
    """Serve the API there until the end."""
    host, port = made.getsockname()
    with screen.step("Starting the API") as told, town.place.log.open("a", 1, "utf-8") as log:
        app = make_app(town.engine, signer=signer_at(town.place.module / "audit.key"), log=log)
        server = make_server(app, Listening(port=port))
        serving = Serving(f"http://{host}:{port}", server, asyncio.create_task(server.serve([made])))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(PAUSE)
        told(f"The API listens at {serving.url}", town.place.log)
        try:
            yield serving
        finally:
            await serving.end()


async def trade(town: Town, serving: Serving, wish: Wish, screen: Screen) -> Day | None:
    """Replay a day; None when somebody stopped the server meanwhile."""
    number, diary = town.diary.next_day(), town.diary
    if diary.ended:
        await morning(town.database, town.whose, number, key_changes(town.homes, number), datetime.now(UTC))
    diary.day, diary.ended = number, False
    town.place.write(diary)
    errands = plan_day(town.homes, list(diary.keys), day=number, size=wish.purchases)
    stop, began = Event(), time.perf_counter()
    with screen.trading(number, errands) as on_done:
        work = asyncio.to_thread(replay, serving.url, diary.keys, number, errands, stop=stop, on_done=on_done)
        trading = asyncio.create_task(work)
        await asyncio.wait({trading, serving.task}, return_when=asyncio.FIRST_COMPLETED)
    if serving.task.done():
        stop.set()
        with suppress(Exception):  # nobody answers the tills any more
            await trading
        screen.broken_off(number)
        return None
    done = await trading
    diary.ended = True
    town.place.write(diary)
    return Day(number, done, time.perf_counter() - began)


async def show(town: Town, day: Day, html: Path | None, screen: Screen) -> bool:
    """Show what came of a day, prove it, and answer whether everything holds."""
    printer = Printer(tariffs_of(town.place.town), town.whose.zone, day.number)
    screen.slips(day, printer)
    books = await booked(town.database, town.whose, town.module, day.number)
    currency = town.whose.currency
    screen.totals(day, books, currency)
    screen.refusals(day)
    proofs = list(claims(day, books, currency))
    proof = await prove(town.database, CLAIMS)
    screen.proofs(day, proofs, proof)
    if html:
        from umbane.simulation.demo.report import report

        write(html, report(day, town.whose, books, printer, proofs, proof))
        screen.say(f"Report: {html}\n")
    return all(it.holds for it in proofs) and proof.holds
