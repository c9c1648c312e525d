"""A street of households, each with a meter, a contract and a debt."""

from tests.registry.town import Town, meter
from umbane.db import new_ids
from umbane.pricing import Arrears, CustomerState
from umbane.registry import Contract, Meter, MeterState, ServicePoint, add_meters, add_service_points, open_contracts

__all__ = ["street"]

FIRST = 9000
"""The serial number of the first meter."""


async def street(town: Town, houses: int, owed: int = 10**6) -> list[Meter]:
    """Build so many households in a town; each owes so much, of which purchases pay a part."""
    points = [ServicePoint(id_, f"{place} Street") for place, id_ in enumerate(new_ids(houses))]
    state = CustomerState(arrears=(Arrears("outstanding", owed, percent="30"),) if owed else ())
    contracts = [
        Contract(
            *(id_, town.customer.id, point.id, f"C{place}", town.contract.tariff_id, town.contract.opened), state=state
        )
        for place, (id_, point) in enumerate(zip(new_ids(houses), points, strict=True))
    ]
    hanging = [
        meter(FIRST + place, state=MeterState.INSTALLED, service_point_id=it.service_point_id, contract_id=it.id)
        for place, it in enumerate(contracts)
    ]
    await town.does(add_service_points, points)
    await town.does(open_contracts, contracts)
    await town.does(add_meters, hanging)
    return hanging
