"""Utilities, what they leave to choice, their supply groups and key revisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg

from umbane.db import Connection, Table
from umbane.errors import shown
from umbane.pricing import CURRENCIES, Currency
from umbane.registry.changes import record
from umbane.registry.errors import NotFoundError, RegistryInputError
from umbane.registry.keys import KeyRevision, Realm, SupplyGroup, base_date_of, year_of
from umbane.registry.models import Utility
from umbane.registry.policy import Policy, read_policy
from umbane.registry.roles import Scope
from umbane.registry.store import explained
from umbane.sts import DKGA, KEN, KRN, KT, SGC

__all__ = [
    "add_key_revisions",
    "add_supply_groups",
    "add_utility",
    "change_policy",
    "currency_of",
    "end_key_revision",
    "hold_utility",
    "key_revisions",
    "new_edition",
    "supply_groups",
    "utilities",
    "utility",
    "utility_by_code",
    "zone_of",
]

SUPPLY_GROUPS: Final = Table(
    "registry.supply_group", {"utility_id": "uuid", "sgc": "integer", "name": "text", "realm": "text"}
)
KEY_REVISIONS: Final = Table(
    "registry.key_revision",
    {"utility_id": "uuid", "sgc": "integer", "kt": "smallint", "krn": "smallint", "dkga": "smallint"}
    | {"base_date": "smallint", "ken": "smallint", "realm": "text", "module_key": "text"}
    | {"active_from": "timestamptz", "active_until": "timestamptz"},
)
ADDITION: Final = """
INSERT INTO registry.utility (id, code, name, currency, time_zone, languages, policy, edition)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
REVISIONS: Final = """
SELECT sgc, kt, krn, dkga, base_date, ken, realm, module_key, active_from, active_until
FROM registry.key_revision WHERE utility_id = $1 ORDER BY sgc, kt, active_from"""
END: Final = """
UPDATE registry.key_revision SET active_until = $5
WHERE utility_id = $1 AND sgc = $2 AND kt = $3 AND krn = $4 AND active_from < $5 RETURNING active_until"""


def currency_of(code: str) -> Currency:
    """The currency of this code.

    Raises:
        RegistryInputError: ISO 4217 has none.
    """
    if code not in CURRENCIES:
        raise RegistryInputError("currency", f"{shown(code)} is not in ISO 4217", "give one such as ZAR")
    return CURRENCIES[code]


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name.

    Raises:
        RegistryInputError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RegistryInputError("time_zone", f"{shown(name)} is none", "give one such as Africa/Accra") from None


async def add_utility(tx: Connection, by: str, new: Utility) -> Scope:
    """Add a utility; answer the scope in which to go on.

    Raises:
        DuplicateError: its code is taken.
    """
    scope = Scope(new.id, by)
    document = new.policy.model_dump_json()
    names = (str(new.currency.code), str(new.zone.key), list(new.languages))
    with explained():
        await tx.execute(ADDITION, new.id, new.code, new.name, *names, document, new.edition)
    await record(tx, scope, "utility.add", [(new.id, {"code": new.code, "name": new.name, "currency": names[0]})])
    return scope


async def utility(connection: Connection, utility_id: UUID) -> Utility:
    """A utility by its id.

    Raises:
        NotFoundError: there is none.
    """
    row = await connection.fetchrow("SELECT * FROM registry.utility WHERE id = $1", utility_id)
    if row is None:
        raise NotFoundError("utility", utility_id)
    return _utility_from(row)


async def utility_by_code(connection: Connection, code: str) -> Utility:
    """A utility by its code.

    Raises:
        NotFoundError: there is none.
    """
    row = await connection.fetchrow("SELECT * FROM registry.utility WHERE code = $1", code)
    if row is None:
        raise NotFoundError("utility", shown(code))
    return _utility_from(row)


async def utilities(connection: Connection) -> list[Utility]:
    """Every utility of the deployment: for those who run it, and nobody else."""
    return [_utility_from(row) for row in await connection.fetch("SELECT * FROM registry.utility ORDER BY code")]


def _utility_from(row: asyncpg.Record) -> Utility:
    return Utility(
        row["id"],
        row["code"],
        row["name"],
        currency_of(row["currency"]),
        zone_of(row["time_zone"]),
        tuple(row["languages"]),
        Policy.model_validate_json(row["policy"]),
        row["edition"],
    )


async def hold_utility(tx: Connection, utility_id: UUID) -> Utility:
    """A utility of which nobody else changes policy, keys or prices until the transaction ends.

    Raises:
        NotFoundError: there is none.
    """
    await tx.execute("SELECT FROM registry.utility WHERE id = $1 FOR NO KEY UPDATE", utility_id)
    return await utility(tx, utility_id)


async def change_policy(tx: Connection, scope: Scope, document: object, reason: str = "") -> Policy:
    """Give a utility another policy; what the document leaves out is as usual. The reason is written down, if given.

    Raises:
        PolicyError: a field is unknown or wrong.
        NotFoundError: there is no such utility.
    """
    new = read_policy(document)
    old = (await utility(tx, scope.utility_id)).policy
    await tx.execute("UPDATE registry.utility SET policy = $2 WHERE id = $1", scope.utility_id, new.model_dump_json())
    was, now = old.model_dump(mode="json"), new.model_dump(mode="json")
    details = {name: [was[name], now[name]] for name in now if was[name] != now[name]}
    why = {"reason": reason} if reason else {}
    await record(tx, scope, "utility.policy", [(scope.utility_id, details | why)])
    await new_edition(tx, scope.utility_id)
    return new


async def new_edition(tx: Connection, utility_id: UUID) -> None:
    """Let every process that sells for the utility read again what its sales go by.

    Raises:
        NotFoundError: there is no such utility.
    """
    sql = "UPDATE registry.utility SET edition = edition + 1 WHERE id = $1 RETURNING id"
    if await tx.fetchval(sql, utility_id) is None:
        raise NotFoundError("utility", utility_id)


# ------------------------------------------------------------------------------------------------- keys by their names


async def add_supply_groups(tx: Connection, scope: Scope, groups: Sequence[SupplyGroup]) -> None:
    """Add supply groups.

    Raises:
        DuplicateError: the utility has one with this code.
    """
    rows = [(scope.utility_id, it.sgc.value, it.name, it.realm) for it in groups]
    with explained():
        await SUPPLY_GROUPS.insert(tx, *zip(*rows, strict=True))
    details = {"sgc": [str(it.sgc) for it in groups], "realm": [it.realm for it in groups]}
    await record(tx, scope, "supply_group.add", [(scope.utility_id, details)])
    await new_edition(tx, scope.utility_id)


async def supply_groups(connection: Connection, utility_id: UUID) -> list[SupplyGroup]:
    """The supply groups of a utility, by their codes."""
    sql = "SELECT sgc, name, realm FROM registry.supply_group WHERE utility_id = $1 ORDER BY sgc"
    return [SupplyGroup(SGC(sgc), name, Realm(realm)) for sgc, name, realm in await connection.fetch(sql, utility_id)]


async def add_key_revisions(tx: Connection, scope: Scope, revisions: Sequence[KeyRevision]) -> None:
    """Add key revisions: names of keys that are in a security module.

    Raises:
        DuplicateError: the supply group has one with this number and key type.
        NotFoundError: there is no such supply group, or it is of another realm.
    """
    rows = [
        (
            *(scope.utility_id, it.sgc.value, int(it.kt), it.krn.value, int(it.dkga), year_of(it.base_date)),
            *(it.ken.value, it.realm, it.module_key, it.active_from, it.active_until),
        )
        for it in revisions
    ]
    with explained():
        await KEY_REVISIONS.insert(tx, *zip(*rows, strict=True))
    details = {"keys": [f"SGC {it.sgc} {it.kt.name} KRN {it.krn}: {it.module_key}" for it in revisions]}
    await record(tx, scope, "key_revision.add", [(scope.utility_id, details)])
    await new_edition(tx, scope.utility_id)


async def end_key_revision(tx: Connection, scope: Scope, key: tuple[SGC, KT, KRN], until: datetime) -> None:
    """Let a key revision not be used from a moment on.

    Raises:
        NotFoundError: there is none that began before.
    """
    sgc, kt, krn = key
    name = f"SGC {sgc} {kt.name} KRN {krn}"
    if await tx.fetchval(END, scope.utility_id, sgc.value, int(kt), krn.value, until) is None:
        raise NotFoundError("key revision", name)
    await record(tx, scope, "key_revision.end", [(scope.utility_id, {"key": name, "until": until})])
    await new_edition(tx, scope.utility_id)


async def key_revisions(connection: Connection, utility_id: UUID) -> list[KeyRevision]:
    """The key revisions of a utility, each supply group's in the order of their beginning."""
    return [
        KeyRevision(
            SGC(sgc), KT(kt), KRN(krn), DKGA(dkga), base_date_of(year), KEN(ken), Realm(realm), module_key, *active
        )
        for sgc, kt, krn, dkga, year, ken, realm, module_key, *active in await connection.fetch(REVISIONS, utility_id)
    ]
