"""The story of a file of purchases: time passes in every house, and the shop serves line after line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from umbane.db import Database
from umbane.errors import InputError
from umbane.pricing import PricingError, Tariff, TariffBook, load_tariff
from umbane.security import SecurityModule
from umbane.simulation.account import Account
from umbane.simulation.audit import audit
from umbane.simulation.errors import TableFileError
from umbane.simulation.files import read_households, read_purchases
from umbane.simulation.fleet import House
from umbane.simulation.models import Chapter, Household, Purchase, Refused, Repeat, Sale
from umbane.simulation.proof import Proof
from umbane.simulation.shop import Clock, Shop
from umbane.simulation.world import settle, till_of
from umbane.sts import SGC, MeterPAN
from umbane.vending import open_engine

__all__ = ["Cast", "Story", "play", "read_cast", "read_tariffs"]

BEFORE: Final = timedelta(days=1)
"""How long the meters run before the first purchase."""

AFTER: Final = timedelta(days=2)
"""And after the last."""

REACH: Final = timedelta(days=366)
"""How far a purchase may lie from the middle one: more is a slip of the pen in a year, and a century of waiting."""

SHOWN_LINES: Final = 20

Watcher = Callable[[int, int], None]
Line = Purchase | TableFileError


@dataclass(frozen=True, slots=True)
class Story:
    """All of it.

    Attributes:
        chapters: in the order things happened; lines that could not be read come first.
        houses: as the story leaves them, by meter.
        accounts: as the story leaves them, by meter.
        start: when the meters began to run.
        end: when the story stops.
        books: what books and security module say of it.
    """

    chapters: tuple[Chapter, ...]
    houses: Mapping[MeterPAN, House]
    accounts: Mapping[MeterPAN, Account]
    start: datetime
    end: datetime
    books: tuple[Proof, ...] = ()

    @property
    def sales(self) -> list[Sale]:
        """What was sold."""
        return [chapter.outcome for chapter in self.chapters if isinstance(chapter.outcome, Sale)]

    @property
    def refusals(self) -> list[Refused]:
        """What was not."""
        return [chapter.outcome for chapter in self.chapters if isinstance(chapter.outcome, Refused)]

    @property
    def repeats(self) -> list[Repeat]:
        """What came twice."""
        return [chapter.outcome for chapter in self.chapters if isinstance(chapter.outcome, Repeat)]


@dataclass(frozen=True, slots=True)
class Cast:
    """What the files of a story say.

    Attributes:
        accounts: of every household there is.
        documents: the text of every version of a tariff, by the tariff's id.
        lines: purchases, one at least, and the errors that stand for lines that could not be read.
        till: the code of the till for this file of purchases.
    """

    accounts: Sequence[Account]
    documents: Mapping[str, Sequence[str]]
    lines: Sequence[Line]
    till: str

    @property
    def groups(self) -> set[SGC]:
        """The supply groups of the meters."""
        return {it.household.sgc for it in self.accounts}


def read_cast(purchases: Path, households: Path, tariffs: Path) -> Cast:
    """Read the files of a story.

    Args:
        purchases: the CSV file of purchases.
        households: the CSV file of who has which meter.
        tariffs: a folder of tariff files.

    Raises:
        TableFileError: one of the files can't be read, the households are wrong, or not one purchase can be read.
        TariffFileError: a tariff file is wrong.
    """
    people, (books, documents) = read_households(households), read_tariffs(tariffs)
    accounts = [open_account(household, books, tariffs) for household in people.values()]
    lines = list(read_purchases(purchases))
    if not any(isinstance(line, Purchase) for line in lines):
        raise nothing_to_do(purchases, [line for line in lines if isinstance(line, TableFileError)])
    return Cast(accounts, documents, lines, till_of(purchases.name))


async def play(
    cast: Cast,
    database: Database,
    module: SecurityModule,
    *,
    name: str = "",
    on_line: Watcher = lambda _done, _all: None,
) -> Story:
    """Serve every line in the order of its time, and let every household live meanwhile.

    Args:
        cast: what the files say.
        database: the books. What is in them already is not sold again.
        module: with the keys of the meters.
        name: what tells worlds apart that are otherwise the same.
        on_line: called with the number of purchases done and of all of them.
    """
    chapters = [Chapter(refusal(line)) for line in cast.lines if isinstance(line, TableFileError)]
    ordered = sorted((line for line in cast.lines if isinstance(line, Purchase)), key=lambda purchase: purchase.time)
    middle = ordered[len(ordered) // 2].time
    near = [purchase for purchase in ordered if abs(purchase.time - middle) <= REACH]
    chapters += [Chapter(far_away(purchase, middle)) for purchase in ordered if abs(purchase.time - middle) > REACH]
    start, end = near[0].time - BEFORE, near[-1].time + AFTER
    accounts = {it.household.pan: it for it in cast.accounts}
    addresses = await database.run(lambda tx: settle(tx, cast.accounts, cast.documents, name, cast.till))
    houses = {pan: House.open(it.household, start, it.tariffs.versions[0].zone) for pan, it in accounts.items()}
    clock = Clock(start.astimezone(UTC))
    async with open_engine(database, module, clock=clock) as engine:
        shop = Shop(engine, clock, accounts, addresses)
        for number, purchase in enumerate(near, start=1):
            chapters.append(await serve(shop, houses, purchase))
            on_line(number, len(near))
    for house in houses.values():
        house.live_until(end)
    sales = [chapter.outcome for chapter in chapters if isinstance(chapter.outcome, Sale)]
    books = await audit(database, module, [*{it.utility_id for it in addresses.values()}], sales)
    return Story(tuple(chapters), houses, accounts, start, end, books)


async def serve(shop: Shop, houses: Mapping[MeterPAN, House], purchase: Purchase) -> Chapter:
    """One line: serve it, type its tokens into the meter, look at the meter."""
    outcome = await shop.serve(purchase)
    if isinstance(outcome, Refused):
        return Chapter(outcome)
    sale = outcome.sale if isinstance(outcome, Repeat) else outcome
    house = houses[sale.pan]
    house.live_until(purchase.time)
    was_lit = house.meter.connected
    if isinstance(outcome, Repeat):
        typed = tuple(house.would_answer(delivery.token) for delivery in sale.deliveries)
        return Chapter(replace(outcome, typed=typed), house.glance(was_lit=was_lit))
    taken = tuple(replace(delivery, typed=house.type_token(delivery.token)) for delivery in sale.deliveries)
    await shop.taken(sale, house.meter.key.krn, house.meter.key.ti)
    return Chapter(replace(sale, deliveries=taken), house.glance(was_lit=was_lit))


def refusal(error: InputError) -> Refused:
    """A line that could not be read."""
    return Refused(error.field, f"{error.problem}; {error.remedy}")


def far_away(purchase: Purchase, middle: datetime) -> Refused:
    """A purchase years away from the others."""
    reason = f"time: {purchase.time.isoformat()} is years away from the others, around {middle:%B %Y}; check the year"
    return Refused(purchase.where, reason, purchase)


def nothing_to_do(path: Path, errors: list[TableFileError]) -> TableFileError:
    """What to say of a file without one purchase that can be read."""
    if not errors:
        return TableFileError(path.name, "it holds no purchase", "give one line for each")
    more = [f"and {len(errors) - SHOWN_LINES} more"] if len(errors) > SHOWN_LINES else []
    words = "\n  ".join([*map(str, errors[:SHOWN_LINES]), *more])
    return TableFileError(path.name, f"no line of it can be read:\n  {words}\n", "mend these lines")


def read_tariffs(folder: Path) -> tuple[dict[str, TariffBook], dict[str, list[str]]]:
    """Every tariff of a folder by its id: its versions in one book, and their texts from the earliest on."""
    versions: dict[str, list[tuple[Tariff, str]]] = {}
    for path in sorted(folder.glob("*.yaml")):
        tariff = load_tariff(path)
        versions.setdefault(tariff.id, []).append((tariff, path.read_text(encoding="utf-8-sig")))
    for group in versions.values():
        group.sort(key=lambda pair: pair[0].valid_from)
    books = {name: TariffBook.of([tariff for tariff, _ in group]) for name, group in versions.items()}
    return books, {name: [text for _, text in group] for name, group in versions.items()}


def open_account(household: Household, books: Mapping[str, TariffBook], folder: Path) -> Account:
    """The account of a household on its tariff.

    Raises:
        TableFileError: there is no such tariff, it isn't for electricity, or the household's debts are wrong.
    """
    if household.tariff not in books:
        remedy = f"give one of: {', '.join(books) or '(the folder holds none)'}"
        raise TableFileError(
            f"{household.where}, tariff", f"{household.tariff!r} is in no tariff file of {folder}", remedy
        )
    book = books[household.tariff]
    if any(tariff.document.resource != "electricity" for tariff in book.versions):
        raise TableFileError(f"{household.where}, tariff", f"{household.tariff} sells no electricity", "name another")
    try:
        return Account.open(household, book)
    except PricingError as error:
        raise TableFileError(f"{household.where}, arrears", error.problem, error.remedy) from None
