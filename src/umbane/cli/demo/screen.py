"""What a person at the terminal sees of a demonstration."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from umbane.ledger import Proof as BooksProof
from umbane.pricing import Currency
from umbane.simulation.demo.claims import Booked, vendor_totals
from umbane.simulation.demo.day import Day
from umbane.simulation.demo.deployment import Deployment, Diary
from umbane.simulation.demo.homes import Home
from umbane.simulation.demo.plan import HARMLESS, Errand, Twist
from umbane.simulation.demo.slips import Printer
from umbane.simulation.demo.till import Done
from umbane.simulation.shop import show_tenths
from umbane.simulation.summary import Proof

if TYPE_CHECKING:
    from umbane.client import Sale

__all__ = ["Screen"]

PIPED_WIDTH: Final = 100
MOST_SURPRISES: Final = 20
INDENT: Final = 30


class Screen:
    """Prints."""

    def __init__(self) -> None:
        self.console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False)

    def say(self, words: str = "", style: str = "") -> None:
        """Print a line as it is: names of people and files are no markup."""
        self.console.print(Text(words, style), soft_wrap=True)

    # ------------------------------------------------------------------------------------------------- while it works

    @contextmanager
    def step(self, words: str) -> Iterator[Callable[[str, Path], None]]:
        """Say what is being done, and in its place, when it is done, what came of it and how long it took."""
        began = time.perf_counter()
        status = self.console.status(f"{words} …")

        def told(what: str, where: Path) -> None:
            status.stop()
            self.say(f"✓ {what:<55}{time.perf_counter() - began:>5.1f} s  {from_here(where)}")

        status.start()
        try:
            yield told
        finally:
            status.stop()

    @contextmanager
    def trading(self, day: int, errands: Sequence[Errand]) -> Iterator[Callable[[Done], object]]:
        """Show how far the day is."""
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(f"Day {day}", total=len(errands))
            words = "Day {} {}"
            yield lambda done: progress.update(task, advance=1, description=words.format(day, done.errand.clock))

    def broken_off(self, day: int) -> None:
        """Somebody stopped it."""
        self.say(f"Stopped in the middle of day {day}. Started again, it goes on with that day: nothing is sold twice.")

    # ------------------------------------------------------------------------------------------------ what came of it

    def slips(self, day: Day, printer: Printer) -> None:
        """A few slips of the day, such as tell something."""
        count = len({it.errand.till for it in day.done})
        self.say(
            f"✓ Day {day.number}: {len(day.done)} errands at {count} tills, {len(day.sales)} sold and "
            f"{len(day.refusals)} refused{day.seconds:>9.1f} s\n"
        )
        for done in chosen(day):
            self.say(printer.slip(done))

    def totals(self, day: Day, books: Booked, currency: Currency) -> None:
        """A row for each vendor."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column("vendor", overflow="fold")
        for heading in ("sold", "refused", currency.code, "taxes", "debts", "kWh", "free", "float left"):
            table.add_column(heading, justify="right", no_wrap=True)
        show = currency.show
        for it in vendor_totals(day):
            money = show(it.money), show(it.taxes), show(it.debts)
            energy = show_tenths(it.units), show_tenths(it.free)
            left = show(books.floats.get(it.code, 0))
            name = Text(books.names.get(it.code, it.code))
            table.add_row(name, str(it.sales), str(it.refused), *money, *energy, left)
        self.console.print(table)

    def refusals(self, day: Day) -> None:
        """What was not sold, one line for each reason; and what went wrong on the way and did no harm."""
        counts = Counter(it.problem.code for it in day.refusals if it.problem)
        self.say("Not sold:", "bold")
        for code, count in counts.most_common():
            example = next(it.problem for it in day.refusals if it.problem and it.problem.code == code)
            self.say(f"  {count:>2} {code:<20} {example}")
        twists = Counter(it.errand.twist for it in day.done if it.sale and it.errand.twist)
        self.say("\nDid no harm:", "bold")
        for twist in sorted(twists, key=list(Twist).index):
            self.say(f"  {twists[twist]:>2} times {HARMLESS[twist]}")
        self.say()

    def proofs(self, day: Day, proofs: Sequence[Proof], books: BooksProof) -> None:
        """Whether it all adds up."""
        for surprise in day.surprises[:MOST_SURPRISES]:
            self.say(f"  {surprise}", "bold red")
        if len(day.surprises) > MOST_SURPRISES:
            self.say(f"  and {len(day.surprises) - MOST_SURPRISES} more", "bold red")
        for proof in proofs:
            self.say(f"{'✓' if proof.holds else '✗'} {proof.claim}: {proof.words}", "" if proof.holds else "bold red")
        for finding in books.findings:
            if finding.wrong:
                self.say(f"✗ {finding.claim.says} {finding.wrong}", "bold red")
        if books.holds:
            self.say(f"✓ The books prove themselves: all {len(books.findings)} claims hold")
        self.say()

    # ------------------------------------------------------------------------------------------------------ what next

    def what_next(self, url: str, diary: Diary, place: Deployment, homes: Sequence[Home], *, stays: bool) -> None:
        """What to try."""
        home, key = homes[0], diary.keys.get("MOBILE/APP") or next(iter(diary.keys.values()))
        order = {"message_id": f"hello-{diary.day}", "meter": home.meter, "order": {"kind": "buy", "money": 20_000}}
        again = f"{program()} demo --stay --data {from_here(place.folder)}"
        show = "stays up until Ctrl+C" if stays else f"has ended; `{again}` keeps it up for you to try"
        self.say(f"The demonstration {show}.", "bold")
        self.say(f"\nBuy a token of 200.00 for {home.customer}, from another terminal:\n", "bold")
        self.say(curl(f"{url}/v1/sales", key, order))
        self.say("\nSent again, it gets the same digits, and nothing is charged. Type them into the meter:\n", "bold")
        self.say(curl(f"{url}/v1/sandbox/meters/{home.meter}/keypad", key, {"keys": "PUT THE 20 DIGITS HERE"}))
        self.say("\nor sit down at its keypad:\n", "bold")
        self.say(f"{program()} meter {home.meter} --data {from_here(place.folder)}")
        self.say(f"\nThe whole API: {url}/openapi.json, figures: {url}/metrics, the log: {url}/v1/audit/head")

    def goodbye(self) -> None:
        """Somebody stopped it."""
        self.say("\nStopped. Started again, it goes on with the next day.")


def from_here(path: Path) -> Path:
    """A path as it is typed from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def chosen(day: Day) -> Iterator[Done]:
    """The slips that tell most: old debts, a change of key, free units, a lost reply, a refusal."""
    wanted: list[Callable[[Done, Sale], bool]] = [
        lambda _, sale: any(line.kind == "arrears" for line in sale.lines) and bool(sale.units),
        lambda _, sale: any(token.kind == "key_change" for token in sale.tokens),
        lambda done, _: done.errand.twist is Twist.LOST_REPLY,
        lambda _, sale: bool(sale.free_units),
    ]
    sold = [(it, it.sale) for it in day.done if it.sale]
    sold.sort(key=lambda pair: -pair[1].tender)
    for test in wanted:
        yield from [done for done, sale in sold if test(done, sale)][:1]
    yield from [it for it in day.refusals if it.problem and it.problem.code == "below_minimum"][:1]


def program() -> str:
    """How this program is called from here."""
    beside = Path(sys.executable).with_name("umbane")
    return str(from_here(beside)) if beside.exists() else f"{sys.executable} -m umbane"


def curl(url: str, key: str, body: Mapping[str, object]) -> str:
    """A call that can be copied into a terminal."""
    headers = f"-H 'Authorization: Bearer {key}' -H 'Content-Type: application/json'"
    return f"curl -s {url} {headers} -d '{json.dumps(body)}'"
