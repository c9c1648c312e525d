"""A virtual meter that a utility of the test realm has, kept in its database between sittings."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from umbane.api.sandbox import VirtualMeter, keep_meter, load_meter
from umbane.cli.meter.desk import Desk
from umbane.cli.meter.house import House
from umbane.cli.meter.session import Session
from umbane.cli.where import here, require_made
from umbane.db import Connection, Database, Embedded, Place, open_database
from umbane.errors import InputError
from umbane.meter.face import Face, load_pack
from umbane.registry import NotFoundError, meter_by_number, utilities

__all__ = ["Keeper", "sitting_at"]

ELSEWHERE = "buy over the API of its utility, and type the digits here"


class Keeper:
    """Keeps the meter of a sitting, after every line that was typed.

    Attributes:
        virtual: the meter as it was loaded or kept last.
    """

    def __init__(self, runner: asyncio.Runner, database: Database, number: str) -> None:
        self.runner = runner
        self.database = database
        self.number = number
        self.virtual = self.load()

    def load(self) -> VirtualMeter:
        """The meter as it is now."""
        return self.runner.run(self.database.run(self._load))

    async def _load(self, connection: Connection) -> VirtualMeter:
        owners = []
        for it in await utilities(connection):
            try:
                await meter_by_number(connection, it.id, self.number)
            except NotFoundError:
                continue
            owners.append(it)
        if len(owners) != 1:
            problem = "several utilities have it" if owners else "no utility here has it"
            raise InputError("meter", f"{self.number}: {problem}", "give a number of umbane registry find")
        return await load_meter(connection, owners[0].id, self.number, datetime.now(UTC))

    def keep(self, session: Session) -> None:
        """Keep what became of the meter; if somebody else was at it meanwhile, go on with theirs."""
        is_kept = self.runner.run(self.database.run(lambda tx: keep_meter(tx, self.virtual)))
        self.virtual = self.load()
        session.meter = self.virtual.meter
        if not is_kept:
            session.say("Somebody else was at this keypad meanwhile: this is the meter as they left it.", "red")
            session.picture()


@contextmanager
def sitting_at(number: str, data: Path | None, console: Console, pack: str) -> Iterator[tuple[Session, Keeper]]:
    """A sitting at a meter of the database.

    Args:
        number: the meter's, in any of its forms.
        data: the folder of a demonstration; None for the database that the environment names.
        console: where to draw.
        pack: its short codes.

    Raises:
        InputError: no utility here has such a meter.
        ApiError: its keys are not of the test realm.
    """
    place: Place = here() if data is None else Embedded(data.absolute() / "database")
    require_made(place)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            database = runner.run(stack.enter_async_context(open_database(place)))
            keeper = Keeper(runner, database, number)
            meter = keeper.virtual.meter
            desk = Desk(meter.config.pan, meter.key, 0, elsewhere=ELSEWHERE)
            session = Session(console, meter, Face(load_pack(pack)), House(1), desk)
            session.settle()
            yield session, keeper
        finally:
            runner.run(stack.aclose())
