"""What the demonstration claims of a day: figures that were counted in two places and must be one."""

from collections.abc import Iterator
from dataclasses import dataclass

from umbane.client import Sale
from umbane.db import Database
from umbane.pricing import Currency, LineKind
from umbane.registry import Utility, vendors
from umbane.security import SecurityModule
from umbane.simulation.demo.day import Day
from umbane.simulation.proof import Proof
from umbane.simulation.shop import show_tenths
from umbane.vending import booked_tokens

__all__ = ["Booked", "VendorTotal", "booked", "claims", "vendor_totals"]

OF_THE_DAY = """
SELECT coalesce(sum(s.tender), 0)::bigint, coalesce(sum(t.count), 0)::bigint
FROM vending.message m JOIN vending.sale s ON s.utility_id = m.utility_id AND s.id = m.id
CROSS JOIN LATERAL (SELECT count(*) FROM vending.token k WHERE k.utility_id = s.utility_id AND k.sale_id = s.id) t
WHERE m.utility_id = $1 AND m.message_id LIKE $2"""
FLOATS = """
SELECT v.code, b.credit_limit - b.posted - b.held AS left FROM ledger.balance b
JOIN ledger.account a ON a.utility_id = b.utility_id AND a.id = b.account
JOIN registry.vendor v ON v.utility_id = b.utility_id AND v.id = a.owner_id
WHERE b.utility_id = $1"""


@dataclass(frozen=True, slots=True)
class Booked:
    """What the books and the security module say.

    Attributes:
        tender: what was paid on the day, in minor units.
        tokens: sold on the day.
        all_tokens: in the books, of all days.
        made: what the module counts.
        floats: what is left of each vendor's float, by its code.
        names: of the vendors, by their codes.
    """

    tender: int
    tokens: int
    all_tokens: int
    made: int
    floats: dict[str, int]
    names: dict[str, str]


async def booked(database: Database, whose: Utility, module: SecurityModule, day: int) -> Booked:
    """Ask the books and the module."""
    status = await module.status()
    async with database.reading() as connection:
        tender, tokens = await connection.fetchrow(OF_THE_DAY, whose.id, f"day-{day}:%") or (0, 0)
        floats = {row["code"]: row["left"] for row in await connection.fetch(FLOATS, whose.id)}
        names = {it.code: it.name for it in await vendors(connection, whose.id)}
        known = await booked_tokens(connection, status.name)
    return Booked(tender, tokens, known, status.count, floats, names)


def claims(day: Day, books: Booked, currency: Currency) -> Iterator[Proof]:
    """Every pair of figures."""
    sales = day.sales
    tender = sum(it.tender for it in sales)
    typed = [it for done in day.done for it in done.typed]
    tokens = [it for sale in sales for it in sale.tokens]
    known = sum(len(it.typed) for it in day.done if it.sale and it.sale.repeated)
    taken = sum(it.accepted for done in day.done if done.sale and not done.sale.repeated for it in done.typed)
    yield Proof("Every errand ended as it had to", sum(not it.surprises for it in day.done), len(day.done), str)
    yield Proof("The lines of all receipts add up to the money tendered", lines_of(sales), tender, currency.show)
    yield Proof("What the tills took is what the books have of this day", tender, books.tender, currency.show)
    yield Proof(
        "Every token on a slip is in the books, and every one in the books on a slip", len(tokens), books.tokens, str
    )
    yield Proof("Every token was taken by its meter", taken + known, len(tokens), str)
    yield Proof(
        "The energy on the tokens is the credit that the meters took",
        sum(it.units for it in typed if it.accepted and it.kind != "key_change"),
        sum(it.gained for it in typed),
        show_energy,
    )
    yield Proof("The security module made as many tokens as the books know", books.made, books.all_tokens, str)


def lines_of(sales: list[Sale]) -> int:
    """The sum of all lines."""
    return sum(line.amount for sale in sales for line in sale.lines)


def show_energy(tenths: int) -> str:
    """Energy for people."""
    return f"{show_tenths(tenths)} kWh"


@dataclass(slots=True)
class VendorTotal:
    """What a vendor sold on a day; money in minor units, energy in tenths of a kWh."""

    code: str
    sales: int = 0
    refused: int = 0
    money: int = 0
    taxes: int = 0
    debts: int = 0
    units: int = 0
    free: int = 0


def vendor_totals(day: Day) -> list[VendorTotal]:
    """The totals of all vendors, the largest first."""
    totals: dict[str, VendorTotal] = {}
    for done in day.done:
        code = done.errand.till.partition("/")[0]
        total = totals.setdefault(code, VendorTotal(code))
        if sale := done.sale:
            total.sales += 1
            total.money += sale.tender
            total.taxes += sum(it.amount for it in sale.lines if it.kind == LineKind.TAX)
            total.debts += sum(it.amount for it in sale.lines if it.kind == LineKind.ARREARS)
            total.units += sale.units
            total.free += sale.free_units
        else:
            total.refused += 1
    return sorted(totals.values(), key=lambda it: -it.money)
