"""What comes out of the tills' printers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from fractions import Fraction
from pathlib import Path

from umbane import client
from umbane.meter import TokenResult
from umbane.pricing import Line, LineKind, Tariff, load_tariff
from umbane.simulation.demo.plan import Twist
from umbane.simulation.demo.till import Done, Typed
from umbane.simulation.models import Action, Chapter, Delivery, Purchase, Refused, Sale
from umbane.simulation.models import Typed as Answered
from umbane.simulation.receipts import slip
from umbane.simulation.shop import show_tenths
from umbane.sts import EncodedToken, MeterPAN

__all__ = ["Printer", "tariffs_of"]

PRICED = {LineKind.ENERGY, LineKind.FREE}
"""Lines whose rate is a price of energy."""
TITLES = {"credit": "Electricity", "free": "Free units"}


class Printer:
    """Prints slips.

    Args:
        tariffs: by their ids.
        zone: whose clock the tills go by.
        day: which one it is.
    """

    def __init__(self, tariffs: Mapping[str, Tariff], zone: tzinfo, day: int) -> None:
        self.tariffs = tariffs
        self.zone = zone
        self.day = day

    def slip(self, done: Done) -> str:
        """The slip of an errand: a receipt, or why there is none."""
        id_ = f"{done.errand.till}  {done.errand.message_id(self.day)}"
        if done.sale is None:
            problem = done.problem
            words = f"{problem}; {problem.remedy}" if problem and problem.remedy else str(problem)
            return slip(Chapter(Refused(id_, words)))
        return slip(Chapter(self.receipt(done, done.sale)))

    def receipt(self, done: Done, sale: client.Sale) -> Sale:
        """A sale as the printer wants it."""
        errand, home = done.errand, done.errand.home
        when = sale.at.astimezone(self.zone)
        return Sale(
            Purchase("", errand.message_id(self.day), when, errand.meter, Action.BUY, ""),
            home.customer if home else "",
            MeterPAN(sale.meter),
            home.key(done.typed[-1].krn, done.typed[-1].ti) if home and done.typed else "",
            self.tariffs.get(home.tariff) if home else None,
            sale.tender,
            tuple(map(line_from, sale.lines)),
            deliveries=tuple(deliveries_of(sale, done.typed)),
            note="" if errand.twist is Twist.NONE else f"{errand.twist[0].upper()}{errand.twist[1:]}.",
        )


def deliveries_of(sale: client.Sale, typed: Sequence[Typed]) -> Iterator[Delivery]:
    """The tokens of a sale, with what the meter said to each that was typed."""
    kinds = [it.kind for it in sale.tokens]
    for place, token in enumerate(sale.tokens):
        answer = typed[place] if place < len(typed) and typed[place].accepted else None
        yield Delivery(
            title(token, kinds.count(token.kind), kinds[: place + 1].count(token.kind)),
            EncodedToken.parse(token.digits or ""),
            units=token.units,
            free=token.kind == "free",
            typed=None
            if answer is None
            else Answered(TokenResult(answer.result), answer.display, answer.words, accepted=True),
        )


def title(token: client.Token, count: int, number: int) -> str:
    """What a token is called on paper."""
    if token.kind == "key_change":
        return f"Key change {number} of {count}"
    return f"{TITLES.get(token.kind, token.kind)} {show_tenths(token.units)} kWh"


def line_from(line: client.Line) -> Line:
    """A line as prices know it."""
    kind = LineKind(line.kind)
    rate = None if line.rate is None else Fraction(line.rate)
    return Line(kind, line.name, line.label, line.amount, line.base, rate, kind in PRICED)


def tariffs_of(folder: Path) -> dict[str, Tariff]:
    """The tariffs beside a utility's file, by their ids."""
    return {it.id: it for it in map(load_tariff, sorted(folder.glob("tariff*.yaml")))}
