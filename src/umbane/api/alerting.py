"""What a security module says somebody should see to: asked now and then, and told wherever somebody may look.

It stands in the figures, in the lines of the log, in `/ready` by its codes, and is an alarm for every utility. Whether
a module answers at all is told, too.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from prometheus_client import Gauge

from umbane.api.alarms import warn_everywhere
from umbane.api.keeping import Chore
from umbane.api.watching import Watch
from umbane.db import Connection, database_clock
from umbane.security import Alert, ModuleError
from umbane.vending import Engine

__all__ = ["Alerter"]

PAUSE: Final = 300.0
"""Seconds between two questions. [choice]"""
MOST: Final = 50
"""Alerts that are told of at one time; a module may say anything."""
CODE: Final = 60
WORDS: Final = 200
"""Characters of each."""


class Alerter:
    """Asks the module of a server.

    Args:
        engine: that sells with it.
        module: its name.
        watch: where it is told.
        codes: the codes of what is to be seen to now; it is kept up.
    """

    def __init__(self, engine: Engine, module: str, watch: Watch, codes: list[str]) -> None:
        self.engine, self.module, self.watch, self.codes = engine, module, watch, codes
        self.known: set[Alert] = set()
        words = "What the security module says somebody should see to."
        self.figures = Gauge("umbane_module_alerts", words, ("code",), registry=watch.registry)
        words = "1 when the security module didn't answer when it was asked last."
        self.silent = Gauge("umbane_module_silent", words, registry=watch.registry)

    def chores(self) -> list[Chore]:
        """To ask, at once and then now and then."""
        return [Chore("module", "ask the security module what it warns of", self.round, PAUSE, at_once=True)]

    async def round(self) -> None:
        """Ask once, and tell what was answered."""
        try:
            said = await self.engine.house.module.alerts()
        except ModuleError as error:
            self.silent.set(1)
            self.note([Alert("silent", str(error)[:WORDS])])
            return
        self.silent.set(0)
        alerts = [Alert(it.code[:CODE], it.words[:WORDS]) for it in said[:MOST]]
        self.note(alerts)
        counted = Counter(it.code for it in alerts)
        self.figures.clear()
        for code, number in counted.items():
            self.figures.labels(code).set(number)
        self.codes[:] = sorted(counted)
        if alerts:
            now = await database_clock(self.engine.database)()
            await self.engine.database.run(lambda tx: self.alarm(tx, alerts, now))

    def note(self, alerts: Sequence[Alert]) -> None:
        """Write a line for each that wasn't there before."""
        for it in alerts:
            if it not in self.known:
                self.watch.write({
                    "at": datetime.now(UTC), "event": "alert", "module": self.module, "code": it.code,
                    "words": it.words,
                })  # fmt: skip
        self.known = set(alerts)

    async def alarm(self, tx: Connection, alerts: Sequence[Alert], now: datetime) -> None:
        """Raise an alarm over each, for every utility that hasn't heard of it."""
        for code in dict.fromkeys(it.code for it in alerts):
            said = "; ".join(it.words for it in alerts if it.code == code)
            await warn_everywhere(tx, "module", f"module:{self.module}", code, said, now)
