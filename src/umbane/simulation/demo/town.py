"""The town of the demonstration: imported once, and made ready every morning before the shops open."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5

from umbane.api import TILL
from umbane.db import Connection, Database, connected
from umbane.ledger import AccountKey, Entry, Kind, open_book
from umbane.ledger.payments import let_owe
from umbane.ledger.reading import guarded
from umbane.registry import (
    ApiKeyLimits,
    KeyPhase,
    NotFoundError,
    Realm,
    Scope,
    Terminal,
    Utility,
    Vendor,
    api_key_by_secret,
    import_meters,
    import_utility,
    issue_api_key,
    key_revisions,
    meter_by_number,
    plan_keys,
    terminals,
    utilities,
    utility,
    vendors,
)
from umbane.security import Realm as ModuleRealm
from umbane.security import Vault, published_key
from umbane.simulation.demo.homes import Home
from umbane.simulation.errors import DemoError

__all__ = ["find_town", "found_town", "morning", "open_tills", "vault_of"]

BY: Final = "demo"
NEW_YEAR: Final = "the demonstration gives a meter its next key"
BANKED: Final = "what was taken the days before, brought to the bank"
DEPOSITS: Final = UUID("6f0e2d3a-5b1c-5e0f-9a57-1b5a6c2d7e10")
"""The ids of deposits are made from this, the day and the vendor, so that none is booked twice."""
INHABITED: Final = "SELECT EXISTS (SELECT FROM registry.meter)"
KNOWN: Final = "SELECT EXISTS (SELECT FROM ledger.entry WHERE utility_id = $1 AND id = $2)"


async def find_town(database: Database) -> Utility | None:
    """The town, if it was founded.

    Raises:
        DemoError: other utilities are in the database too.
    """
    async with database.reading() as connection:
        known = await utilities(connection)
        if len(known) > 1:
            raise DemoError(f"{len(known)} utilities are in this database: the demonstration wants one of its own")
        is_founded = await connection.fetchval(INHABITED)
    return known[0] if known and is_founded else None


async def found_town(database: Database, folder: Path, now: datetime) -> Utility:
    """Found the town from its files; what was begun before and broken off is gone on with.

    Raises:
        InputError: a file is wrong.
        DemoError: rows of the file of meters are wrong.
    """
    async with database.reading() as connection:
        known = await utilities(connection)
    if known:
        scope = Scope(known[0].id, BY)
    else:
        scope = await database.run(lambda tx: import_utility(tx, BY, folder / "utility.yaml"))
    async with database.reading() as connection:
        whose = await utility(connection, scope.utility_id)
    await database.run(lambda tx: set_floats(tx, whose, now))
    report = await import_meters(database, scope, folder / "meters.csv", today=now.astimezone(whose.zone).date())
    if report.problems:
        raise DemoError(f"{folder / 'meters.csv'}: {report.problems[0]}")
    async with connected(database.place.as_owner()) as owner:
        await owner.run(lambda tx: tx.execute("ANALYZE"))
    return whose


async def set_floats(tx: Connection, whose: Utility, now: datetime) -> None:
    """Let every vendor owe as much as its file says."""
    book, every = await open_book(tx, whose.id), await vendors(tx, whose.id)
    await let_owe(book, whose.currency.code, {it.id: it.credit_limit for it in every}, now, "as agreed")


def float_of(whose: Utility, vendor: Vendor) -> AccountKey:
    """The account of a vendor's float."""
    return AccountKey(Kind.VENDOR_FLOAT, whose.currency.code, vendor.id)


async def vault_of(database: Database, whose: Utility) -> Vault:
    """The published keys of the town's key revisions.

    Raises:
        DemoError: one of them is not of the test realm.
    """
    async with database.reading() as connection:
        revisions = await key_revisions(connection, whose.id)
    if any(it.realm is not Realm.TEST for it in revisions):
        raise DemoError(
            f"{whose.name} has keys that are not of the test realm: the demonstration makes no tokens of them"
        )
    return Vault(
        ModuleRealm.TEST,
        [published_key(it.sgc, it.krn, kt=it.kt, dkga=it.dkga, base_date=it.base_date, ken=it.ken) for it in revisions],
    )


# --------------------------------------------------------------------------------------------------------------- tills


async def open_tills(database: Database, whose: Utility, known: Mapping[str, str]) -> dict[str, str]:
    """An API key for every till, by VENDOR/TERMINAL; those that are known and still let in are kept."""

    async def work(tx: Connection) -> dict[str, str]:
        found = {}
        for vendor in await vendors(tx, whose.id):
            for terminal in await terminals(tx, whose.id, vendor.id):
                name = f"{vendor.code}/{terminal.code}"
                old = known.get(name)
                found[name] = (
                    old if old and await lets_in(tx, old, terminal) else await new_key(tx, whose, terminal, name)
                )
        return found

    return await database.run(work)


async def lets_in(tx: Connection, secret: str, terminal: Terminal) -> bool:
    """Whether a key is still that of a till."""
    try:
        return (await api_key_by_secret(tx, secret)).terminal_id == terminal.id
    except NotFoundError:
        return False


async def new_key(tx: Connection, whose: Utility, terminal: Terminal, name: str) -> str:
    """A new API key for a till."""
    _, secret = await issue_api_key(
        tx, Scope(whose.id, BY), terminal.vendor_id, terminal.id, label=f"demo {name}", scopes=map(str, TILL),
        limits=ApiKeyLimits(requests_per_minute=None), randomness=secrets.token_bytes(32),
    )  # fmt: skip
    return secret


# ------------------------------------------------------------------------------------------------------------- morning


async def morning(database: Database, whose: Utility, day: int, keys_due: Iterable[Home], now: datetime) -> None:
    """What happens before the shops open: takings are banked, and meters are planned to get another key.

    Done again for the same day, it changes nothing.
    """
    await database.run(lambda tx: bank(tx, whose, day, now))
    due = list(keys_due)
    await database.run(lambda tx: plan(tx, whose, due, now))


async def bank(tx: Connection, whose: Utility, day: int, now: datetime) -> None:
    """Every vendor brings what it owes to the bank: its float is whole again."""
    book = await open_book(tx, whose.id)
    every = await vendors(tx, whose.id)
    numbers = await book.accounts([*(float_of(whose, it) for it in every), AccountKey(Kind.CASH, whose.currency.code)])
    cash = numbers[AccountKey(Kind.CASH, whose.currency.code)]
    owed = {it.account: it.posted for it in await guarded(tx, whose.id)}
    entries = []
    for vendor in every:
        number, id_ = numbers[float_of(whose, vendor)], uuid5(DEPOSITS, f"{whose.id} {day} {vendor.code}")
        if (amount := owed.get(number, 0)) > 0 and not await tx.fetchval(KNOWN, whose.id, id_):
            entries.append(Entry(id_, now, "deposit", (cash, number), (amount, -amount), note=BANKED))
    await book.post(entries)


async def plan(tx: Connection, whose: Utility, homes: Sequence[Home], now: datetime) -> None:
    """Plan the next key for meters that still have their first one."""
    revisions = {(it.sgc, it.krn.value): it for it in await key_revisions(tx, whose.id)}
    for home in homes:
        meter = await meter_by_number(tx, whose.id, home.meter)
        following = revisions.get((meter.key.sgc, meter.key.krn.value + 1))
        if following and meter.key_phase is KeyPhase.SETTLED and meter.key.krn.value == 1:
            await plan_keys(tx, Scope(whose.id, BY), [meter.id], [following.for_meter(meter.key.ti)], now, NEW_YEAR)
