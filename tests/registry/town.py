"""A small town: one of everything that a utility has."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from umbane.db import Connection, Database, new_ids
from umbane.pricing import CURRENCIES, Arrears, CustomerState, load_tariff_text
from umbane.registry import (
    Contract,
    Customer,
    KeyParameters,
    KeyRevision,
    Meter,
    MeterState,
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
    install_meter,
    open_contracts,
)
from umbane.registry.utilities import zone_of
from umbane.sts import DKGA, DRN, EA, KEN, KRN, KT, SGC, TCT, TI, BaseDate, MeterPAN

T = TypeVar("T")

TARIFFS = Path(__file__).parents[2] / "examples" / "tariffs"
TSHWANE = (TARIFFS / "za-tshwane-2025.yaml").read_text(encoding="utf-8")
TARIFF = "za-tshwane-domestic"
GROUP = SGC(123456)
NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 12)
KEY = KeyParameters(GROUP, KRN(1), TI(1), KT.DUTK, BaseDate.Y2014, KEN(255))
NEXT_KEY = replace(KEY, krn=KRN(2))


def new_id() -> UUID:
    """One new id."""
    return new_ids(1)[0]


def pan(serial: int, manufacturer: int = 0) -> MeterPAN:
    """The number of a meter for tests."""
    return MeterPAN.from_drn(DRN.from_parts(manufacturer, serial))


def meter(serial: int, **fields: Any) -> Meter:  # noqa: ANN401 - checked by Meter itself
    """A meter from the store."""
    return replace(Meter(new_id(), pan(serial), EA.STA, TCT.NUMERIC, KEY), **fields)


@dataclass(frozen=True, slots=True)
class Town:
    """A utility and one of everything it has."""

    database: Database
    scope: Scope
    customer: Customer
    place: ServicePoint
    contract: Contract
    meter: Meter
    stocked: Meter
    vendor: Vendor
    terminal: Terminal

    @property
    def id(self) -> UUID:
        """Of the utility."""
        return self.scope.utility_id

    async def does(self, verb: Callable[..., Awaitable[T]], *arguments: Any, **named: Any) -> T:  # noqa: ANN401 - the verb's own
        """Do something in a transaction, in the town's own name."""
        return await self.database.run(lambda tx: verb(tx, self.scope, *arguments, **named))

    async def reads(self, verb: Callable[..., Awaitable[T]], *arguments: Any) -> T:  # noqa: ANN401 - the verb's own
        """Read something of the town."""
        return await self.database.run(lambda tx: verb(tx, self.id, *arguments))


def utility(code: str, **fields: Any) -> Utility:  # noqa: ANN401 - checked by Utility itself
    """A utility that isn't kept anywhere yet."""
    zone = zone_of("Africa/Johannesburg")
    return replace(
        Utility(new_id(), code, f"Town of {code}", CURRENCIES["ZAR"], zone, ("en", "zu"), Policy()), **fields
    )


def revision(krn: int = 1, **fields: Any) -> KeyRevision:  # noqa: ANN401 - checked by KeyRevision itself
    """A key of the test realm by its name."""
    start = datetime(2020 + krn, 1, 1, tzinfo=UTC)
    common = (DKGA.KDF_HMAC_SHA256, BaseDate.Y2014, KEN(255), Realm.TEST, f"test/123456/{krn}", start)
    return replace(KeyRevision(GROUP, KT.DUTK, KRN(krn), *common), **fields)


async def build(
    database: Database, code: str, number: int, house: Utility | None = None, document: str = TSHWANE
) -> Town:
    """Build a town whose meters and accounts bear this number, with this tariff; of another country, if need be."""
    tariff = load_tariff_text(document)
    customer = Customer(new_id(), "Thandi Mokoena", f"+2782123456{number}", "thandi@example.org")
    place = ServicePoint(new_id(), "12 Church Street, Seaview", "F1", "T-17", "P 4")
    debts = (Arrears("outstanding", 85_000, percent="30"),)
    contract = Contract(
        *(new_id(), customer.id, place.id, f"700-{number}", tariff.id, date(2026, 1, 1)),
        state=CustomerState(arrears=debts, connected_load=5_000),
    )
    hanging, stocked = meter(1000 + number), meter(2000 + number)
    vendor = Vendor(new_id(), "V-1", "Corner Shop", 100_000)
    terminal = Terminal(new_id(), vendor.id, "T-1")

    async def work(tx: Connection) -> Scope:
        scope = await add_utility(tx, "test", house or utility(code))
        await add_supply_groups(tx, scope, [SupplyGroup(GROUP, "all", Realm.TEST)])
        await add_key_revisions(tx, scope, [revision()])
        await add_tariff_version(tx, scope, document)
        await activate_tariff(tx, replace(scope, by="somebody else"), tariff.id, tariff.version)
        await add_customers(tx, scope, [customer])
        await add_service_points(tx, scope, [place])
        await open_contracts(tx, scope, [contract])
        await add_meters(tx, scope, [hanging, stocked])
        await install_meter(tx, scope, hanging.id, place.id)
        await add_vendors(tx, scope, [vendor])
        await add_terminals(tx, scope, [terminal])
        return scope

    scope = await database.run(work)
    hung = replace(hanging, state=MeterState.INSTALLED, service_point_id=place.id, contract_id=contract.id)
    return Town(database, scope, customer, place, contract, hung, stocked, vendor, terminal)
