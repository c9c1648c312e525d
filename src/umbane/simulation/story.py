"""The story of a file of purchases: time passes in every house, and the shop serves line after line."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from umbane.errors import UmbaneError
from umbane.pricing import Tariff, TariffBook, load_tariff
from umbane.simulation.errors import TableFileError
from umbane.simulation.files import read_households, read_purchases
from umbane.simulation.fleet import House
from umbane.simulation.models import Household, Purchase, Refusal, Repeat, Sale
from umbane.simulation.shop import Account, Shop
from umbane.sts import MeterPAN

__all__ = ["Chapter", "Story", "tell"]

BEFORE: Final = timedelta(days=1)
"""How long the meters run before the first purchase."""

AFTER: Final = timedelta(days=2)
"""And after the last."""

Outcome = Sale | Repeat | Refusal


@dataclass(frozen=True, slots=True)
class Chapter:
    """What became of one line.

    Attributes:
        outcome: a sale, a repeated answer, or a refusal.
        balance: credit in the meter afterwards, in Wh; None where no meter took part.
        lit: whether there is light afterwards.
    """

    outcome: Outcome
    balance: int | None = None
    lit: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """All of it.

    Attributes:
        chapters: in the order things happened; lines that could not be read come first.
        houses: as the story leaves them, by meter.
        accounts: as the story leaves them, by meter.
        start: when the meters began to run.
        end: when the story stops.
    """

    chapters: tuple[Chapter, ...]
    houses: dict[MeterPAN, House]
    accounts: dict[MeterPAN, Account]
    start: datetime
    end: datetime

    @property
    def sales(self) -> list[Sale]:
        """What was sold."""
        return [chapter.outcome for chapter in self.chapters if isinstance(chapter.outcome, Sale)]

    @property
    def refusals(self) -> list[Refusal]:
        """What was not."""
        return [chapter.outcome for chapter in self.chapters if isinstance(chapter.outcome, Refusal)]

    @property
    def repeats(self) -> list[Repeat]:
        """What came twice."""
        return [chapter.outcome for chapter in self.chapters if isinstance(chapter.outcome, Repeat)]


def tell(
    purchases: Path, households: Path, tariffs: Path, *, on_line: Callable[[int, int], None] = lambda _done, _all: None
) -> Story:
    """Play a purchases file through.

    Args:
        purchases: the CSV file of purchases.
        households: the CSV file of who has which meter.
        tariffs: a folder of tariff files.
        on_line: called with the number of lines done and of all lines, for those who watch.

    Raises:
        TableFileError: one of the files can't be read, or the households are wrong.
        TariffFileError: a tariff file is wrong.
    """
    people, books = read_households(households), read_tariffs(tariffs)
    lines = list(read_purchases(purchases))
    unreadable = [
        Refusal(line.field, f"{line.problem}; {line.remedy}") for line in lines if isinstance(line, TableFileError)
    ]
    ordered = sorted((line for line in lines if isinstance(line, Purchase)), key=lambda purchase: purchase.time)
    if not ordered:
        raise TableFileError(purchases.name, "it holds no purchase that can be read", "mend the lines it names")
    start, end = ordered[0].time - BEFORE, ordered[-1].time + AFTER
    shop = Shop([Account.open(household, book_of(household, books)) for household in people.values()])
    houses = {
        pan: House.open(people[pan], start, account.tariffs.versions[0].zone) for pan, account in shop.accounts.items()
    }
    chapters = [Chapter(refusal) for refusal in unreadable]
    for number, purchase in enumerate(ordered, start=1):
        chapters.append(chapter(shop, houses, purchase))
        on_line(number, len(ordered))
    for house in houses.values():
        house.live_until(end)
    return Story(tuple(chapters), houses, shop.accounts, start, end)


def read_tariffs(folder: Path) -> dict[str, TariffBook]:
    """Every tariff of a folder by its id, its versions in one book."""
    versions: dict[str, list[Tariff]] = {}
    for path in sorted(folder.glob("*.yaml")):
        tariff = load_tariff(path)
        versions.setdefault(tariff.id, []).append(tariff)
    return {name: TariffBook.of(group) for name, group in versions.items()}


def book_of(household: Household, books: dict[str, TariffBook]) -> TariffBook:
    """The household's tariff."""
    if household.tariff not in books:
        known = ", ".join(books) or "there is none"
        raise TableFileError(
            "tariff", f"{household.tariff!r} of {household.customer} is in no tariff file", f"give one of: {known}"
        )
    return books[household.tariff]


def chapter(shop: Shop, houses: dict[MeterPAN, House], purchase: Purchase) -> Chapter:
    """One line: serve it, type its tokens into the meter, look at the meter."""
    try:
        outcome = shop.serve(purchase)
    except UmbaneError as error:
        return Chapter(Refusal(purchase.where, str(error)))
    house = houses[MeterPAN.parse(purchase.meter)]
    house.live_until(purchase.time)
    if isinstance(outcome, Repeat):
        answers = tuple(house.type_token(delivery.token) for delivery in outcome.sale.deliveries)
        return Chapter(replace(outcome, typed_again=answers), house.meter.credit_wh, house.meter.connected)
    typed = tuple(replace(delivery, result=house.type_token(delivery.token)) for delivery in outcome.deliveries)
    sale = shop.answered[purchase.id] = replace(outcome, deliveries=typed)
    return Chapter(sale, house.meter.credit_wh, house.meter.connected)
