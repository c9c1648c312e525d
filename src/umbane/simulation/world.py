"""The households of a file in the registry: a utility for each seller, currency and clock among their tariffs.

What the files say makes the world: the same households and tariffs are found again, others are a world of their own.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from umbane.db import Connection, new_ids
from umbane.ledger import open_book
from umbane.ledger.payments import let_owe
from umbane.registry import (
    Contract,
    Customer,
    KeyRevision,
    Meter,
    MeterState,
    NotFoundError,
    Policy,
    Realm,
    Scope,
    ServicePoint,
    SupplyGroup,
    Terminal,
    Utility,
    Vendor,
    activate_tariff,
    add_customers,
    add_key_revisions,
    add_meters,
    add_service_points,
    add_supply_groups,
    add_tariff_version,
    add_terminals,
    add_utility,
    add_vendors,
    open_contracts,
    terminals,
    utility_by_code,
    vendor_by_code,
)
from umbane.registry.policy import SalePolicy, TariffPolicy
from umbane.simulation.account import Account
from umbane.simulation.realm import KRNS, NEVER
from umbane.sts import DKGA, KT, SGC, TCT, BaseDate, MeterPAN

__all__ = ["BY", "Address", "settle", "till_of"]

BY: Final = "simulation"
SHOP: Final = "SHOP"
FIRST_DAY: Final = date(2014, 1, 1)
FIRST_MOMENT: Final = datetime(2014, 1, 1, tzinfo=UTC)
ENOUGH: Final = 10**15
"""Minor units that the shop may owe: nothing in a file is ever refused for want of float."""
POLICY: Final = Policy(sale=SalePolicy(key_change="bundle"), tariffs=TariffPolicy(second_person=False))
PLAIN: Final = re.compile(r"[A-Za-z0-9._-]{1,30}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a household's purchases go.

    Attributes:
        utility_id: whose customer it is.
        terminal_id: the till.
    """

    utility_id: UUID
    terminal_id: UUID

    @property
    def scope(self) -> Scope:
        """In whose house, and by whom."""
        return Scope(self.utility_id, BY)


def till_of(name: str) -> str:
    """The code of the till for a file of purchases of this name."""
    return name if PLAIN.fullmatch(name) else f"file-{sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


async def settle(
    tx: Connection, accounts: Sequence[Account], documents: Mapping[str, Sequence[str]], name: str, till: str
) -> dict[MeterPAN, Address]:
    """Find every household in the registry, or put it there; answer where its purchases go.

    Args:
        tx: a transaction.
        accounts: of the households.
        documents: the text of every version of a tariff, by the tariff's id.
        name: what tells worlds apart that are otherwise the same.
        till: its code; a file of purchases has one of its own.
    """
    found: dict[MeterPAN, Address] = {}
    for (title, _, _), group in neighbours(accounts).items():
        tariffs = {it.household.tariff: documents[it.household.tariff] for it in group}
        code = f"vend-{digest(name, [repr(replace(it.household, where='')) for it in group], tariffs)}"
        try:
            utility_id = (await utility_by_code(tx, code)).id
        except NotFoundError:
            utility_id = await found_utility(tx, code, title, group, tariffs)
        address = Address(utility_id, await till_in(tx, Scope(utility_id, BY), till))
        found |= {it.household.pan: address for it in group}
    return found


def neighbours(accounts: Iterable[Account]) -> dict[tuple[str, str, str], list[Account]]:
    """The accounts by seller, currency and clock."""
    groups: dict[tuple[str, str, str], list[Account]] = defaultdict(list)
    for account in accounts:
        tariff = account.tariffs.versions[0]
        groups[tariff.document.utility, tariff.currency.code, tariff.zone.key].append(account)
    return groups


def digest(name: str, households: Iterable[str], tariffs: Mapping[str, Sequence[str]]) -> str:
    """What tells one world from another."""
    words = [name, *households, *(text for it in sorted(tariffs) for text in tariffs[it])]
    return sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()[:16]


async def till_in(tx: Connection, scope: Scope, code: str) -> UUID:
    """The till of this code, made if need be."""
    shop = await vendor_by_code(tx, scope.utility_id, SHOP)
    for it in await terminals(tx, scope.utility_id, shop.id):
        if it.code == code:
            return it.id
    (id_,) = new_ids(1)
    await add_terminals(tx, scope, [Terminal(id_, shop.id, code)])
    return id_


async def found_utility(
    tx: Connection, code: str, title: str, group: Sequence[Account], tariffs: Mapping[str, Sequence[str]]
) -> UUID:
    """Found a utility with its keys, tariffs, shop and households."""
    tariff = group[0].tariffs.versions[0]
    utility_id, shop_id = new_ids(2)
    whose = Utility(utility_id, code, title, tariff.currency, tariff.zone, ("en",), POLICY)
    scope = await add_utility(tx, BY, whose)
    groups = sorted({it.household.sgc for it in group}, key=lambda it: it.value)
    await add_supply_groups(tx, scope, [SupplyGroup(it, f"group {it}", Realm.TEST) for it in groups])
    await add_key_revisions(tx, scope, [it for sgc in groups for it in revisions(sgc)])
    for texts in tariffs.values():
        for text in texts:
            added = await add_tariff_version(tx, scope, text)
            await activate_tariff(tx, scope, added.id, added.version)
    await add_vendors(tx, scope, [Vendor(shop_id, SHOP, "Shop", ENOUGH)])
    await let_owe(await open_book(tx, utility_id), whose.currency.code, {shop_id: ENOUGH}, FIRST_MOMENT, "simulated")
    await move_in(tx, scope, group)
    return utility_id


def revisions(sgc: SGC) -> Iterable[KeyRevision]:
    """Every key that a supply group of the test realm can have."""
    for krn in KRNS:
        name = f"test/{sgc}/{krn}"
        kinds = KT.DUTK, krn, DKGA.KDF_HMAC_SHA256, BaseDate.Y2014, NEVER
        yield KeyRevision(sgc, *kinds, Realm.TEST, name, FIRST_MOMENT)


async def move_in(tx: Connection, scope: Scope, group: Sequence[Account]) -> None:
    """Put households into the registry: customers, places, contracts, meters."""
    ids = iter(new_ids(4 * len(group)))
    customers, places, contracts, meters = [], [], [], []
    for it in group:
        home, (customer_id, place_id, contract_id, meter_id) = it.household, (next(ids) for _ in range(4))
        customers.append(Customer(customer_id, home.customer))
        places.append(ServicePoint(place_id, f"house of meter {home.pan.drn}"))
        account_no = str(home.pan.drn)
        contracts.append(
            Contract(contract_id, customer_id, place_id, account_no, home.tariff, FIRST_DAY, state=it.opening)
        )
        key = it.key_of(home.krn, home.ti)
        state, hangs = MeterState.INSTALLED, (place_id, contract_id)
        meters.append(Meter(meter_id, home.pan, home.ea, TCT.NUMERIC, key, "virtual", state, *hangs))
    await add_customers(tx, scope, customers)
    await add_service_points(tx, scope, places)
    await open_contracts(tx, scope, contracts)
    await add_meters(tx, scope, meters)
