"""Finding somebody by whatever is known."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.registry.town import TARIFF, TODAY, Town, meter, new_id
from umbane.registry import (
    Contract,
    Customer,
    Findings,
    MeterState,
    ServicePoint,
    add_customers,
    add_meters,
    add_service_points,
    block_meter,
    close_contract,
    find,
    open_contracts,
)

HOUSES = [
    ("Lerato Dube", "+27835550101", "3 Harbour Road, Seaview", "700-11"),
    ("José Müller", None, "14 Church Street, Seaview", "700-12"),
    ("መሠረት ኃይሌ", "0911223344", "ቦሌ መንገድ 7", "700-13"),
    ("محمد علي", None, "15 Harbour Road, Seaview", "0012345"),
    ("Corner Spaza Shop", "+27835550199", "1 Church Street, Seaview", "B/77"),
    ("Sipho Mokoena", None, "99 Long Street, Seaview", "700-16"),
]


async def settle(town: Town, houses: Sequence[tuple[str, str | None, str, str]] = HOUSES) -> None:
    """Let more people live in town, each with a meter."""
    people = [Customer(new_id(), name, phone) for name, phone, *_ in houses]
    places = [ServicePoint(new_id(), address) for _, _, address, _ in houses]
    meters = [
        meter(5_000 + number, state=MeterState.INSTALLED, service_point_id=it.id) for number, it in enumerate(places)
    ]
    contracts = [
        Contract(new_id(), who.id, where.id, account, TARIFF, TODAY)
        for who, where, (*_, account) in zip(people, places, houses, strict=True)
    ]
    for verb, things in (
        (add_customers, people),
        (add_service_points, places),
        (add_meters, meters),
        (open_contracts, contracts),
    ):
        await town.does(verb, things)


async def names(town: Town, query: str) -> list[str | None]:
    """The names of those who are found, the best first."""
    return [it.name for it in (await town.reads(find, query)).hits]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("Thandi Mokoena", "Thandi Mokoena"),
        ("mokoena thandi", "Thandi Mokoena"),
        ("THANDI", "Thandi Mokoena"),
        ("than", "Thandi Mokoena"),
        ("thadni", "Thandi Mokoena"),
        ("thnadi mokena", "Thandi Mokoena"),
        ("tandi", "Thandi Mokoena"),
        ("lerat dube", "Lerato Dube"),
        ("jose", "José Müller"),
        ("jose muler", "José Müller"),
        ("JOSÉ MÜLLER", "José Müller"),
        ("መሠረት", "መሠረት ኃይሌ"),
        ("መሠረቱ ኃይሌ", "መሠረት ኃይሌ"),
        ("محمد", "محمد علي"),
        ("مُحَمَّد", "محمد علي"),
        ("3 harbour road", "Lerato Dube"),
        ("15 harbor rd", "محمد علي"),
        ("church 14", "José Müller"),
        ("sipho long street", "Sipho Mokoena"),
        ("700-11", "Lerato Dube"),
        ("70011", "Lerato Dube"),
        ("B/77", "Corner Spaza Shop"),
        ("12345", "محمد علي"),
        ("0012345", "محمد علي"),
        ("083 555 0101", "Lerato Dube"),
        ("+27 83 555 0101", "Lerato Dube"),
        ("27835550101", "Lerato Dube"),
        ("083 555 0110", "Lerato Dube"),
        ("0911223344", "መሠረት ኃይሌ"),
        ("thandi@example.org", "Thandi Mokoena"),
    ],
)
async def test_the_first_hit(town: Town, query: str, name: str) -> None:
    """Names, addresses, accounts and telephone numbers lead to who is meant, with small mistakes, in any script."""
    await settle(town)
    assert (await names(town, query))[:1] == [name]


async def test_what_a_hit_tells(town: Town) -> None:
    """A hit tells who, where, by which contract, with which meter, how well it fits and why."""
    [hit] = (await town.reads(find, "thandi mokoena")).hits
    assert (hit.customer_id, hit.name, hit.phone) == (town.customer.id, "Thandi Mokoena", town.customer.phone)
    assert (hit.contract_id, hit.account_no, hit.closed) == (town.contract.id, "700-1", None)
    assert (hit.address, hit.meter_id, hit.drn) == (town.place.address, town.meter.id, str(town.meter.pan.drn))
    assert (hit.meter_state, hit.score, hit.why) == (MeterState.INSTALLED, 100, "name, address or number")
    assert "Church" not in repr(hit)


async def test_better_first(town: Town) -> None:
    """Who fits exactly comes before who fits with a slip, and one name alone finds all who bear it."""
    await settle(town, [("Thandi Mokoenas", None, "1 A", "1"), ("Thandi Mokoema", None, "2 A", "2"), *HOUSES])
    assert (await names(town, "mokoena"))[:4] == [
        "Sipho Mokoena",
        "Thandi Mokoena",
        "Thandi Mokoenas",
        "Thandi Mokoema",
    ]
    assert await names(town, "thandi mokoena") == ["Thandi Mokoena", "Thandi Mokoenas"]


async def test_one_word_that_nobody_has(town: Town) -> None:
    """When nobody fits every word, those are found who fit all but one."""
    await settle(town)
    assert (await names(town, "lerato xylophone"))[0] == "Lerato Dube"
    assert await names(town, "xylophone quagga") == []


@pytest.mark.parametrize("form", ["{drn}", "{pan}", "{drn:.4} {rest}", "-{drn}"])
async def test_by_meter_number(town: Town, form: str) -> None:
    """A meter is found by its number in every form, and no hint is given."""
    drn, digits = str(town.meter.pan.drn), town.meter.pan.digits
    found: Findings = await town.reads(find, form.format(drn=drn, pan=digits, rest=drn[4:]))
    assert [(it.meter_id, it.score, it.why) for it in found.hits] == [(town.meter.id, 100, "meter number")]
    assert found.hint == ""


async def test_a_wrong_check_digit(town: Town) -> None:
    """A meter number with a wrong digit is pointed out, and the meter that may be meant is found all the same."""
    drn = str(town.meter.pan.drn)
    wrong = drn[:5] + str((int(drn[5]) + 3) % 10) + drn[6:]
    found = await town.reads(find, wrong)
    assert "call for" in found.hint
    assert [(it.meter_id, it.why) for it in found.hits] == [(town.meter.id, "meter number, but for one slip")]


async def test_slips_in_meter_numbers(town: Town) -> None:
    """One digit missing, too many, or swapped with its neighbour still leads to the meter."""
    drn = str(town.meter.pan.drn)
    at = next(it for it in range(5, 10) if drn[it] != drn[it + 1])
    swapped = drn[:at] + drn[at + 1] + drn[at] + drn[at + 2 :]
    for wrong in (drn[:6] + drn[7:], f"{drn[:6]}9{drn[6:]}", swapped, town.meter.pan.digits[:-1] + "x", drn[:-1]):
        found = await town.reads(find, wrong.replace("x", "0"))
        assert town.meter.id in [it.meter_id for it in found.hits]


async def test_the_end_of_a_meter_number(town: Town) -> None:
    """The last digits are enough for who can't read the first ones."""
    drn = str(town.meter.pan.drn)
    hits = (await town.reads(find, drn[-6:])).hits
    assert (hits[0].meter_id, hits[0].why) == (town.meter.id, "end of the meter number")


async def test_a_meter_of_nobody(town: Town) -> None:
    """A meter in the store is found by its number, without a customer."""
    [hit] = (await town.reads(find, town.stocked.pan.digits)).hits
    assert (hit.meter_id, hit.meter_state) == (town.stocked.id, MeterState.STOCKED)
    assert (hit.customer_id, hit.name, hit.address, hit.contract_id) == (None, None, None, None)


async def test_a_blocked_meter(town: Town) -> None:
    """A hit says that its meter is blocked."""
    await town.does(block_meter, town.meter.id, "x")
    assert [it.meter_state for it in (await town.reads(find, "thandi")).hits] == [MeterState.BLOCKED]


async def test_those_who_left(town: Town) -> None:
    """Somebody whose contract is closed is found, behind somebody who lives there now."""
    await settle(town, [("Thandi Mokoena", None, "7 New Street", "700-2")])
    await town.does(close_contract, town.contract.id, TODAY)
    hits = (await town.reads(find, "thandi mokoena")).hits
    assert [(it.account_no, it.closed) for it in hits] == [("700-2", None), ("700-1", TODAY)]


async def test_without_a_contract(town: Town) -> None:
    """A customer who has no contract yet is found."""
    await town.does(add_customers, [Customer(new_id(), "Nomsa Jacobs", "0821112222")])
    [hit] = (await town.reads(find, "nomsa")).hits
    assert (hit.name, hit.contract_id, hit.meter_id) == ("Nomsa Jacobs", None, None)


async def test_apart(town: Town, other: Town) -> None:
    """Nobody of another utility is ever found, whatever is typed."""
    await settle(town)
    drn = str(town.meter.pan.drn)
    for query in (
        "lerato dube",
        "lerat dub",
        "3 harbour road",
        "700-11",
        "0835550101",
        drn,
        drn[-6:],
        drn[:6] + drn[7:],
    ):
        found = [it.account_no for it in (await other.reads(find, query)).hits]
        assert set(found) <= {"700-2", None}
        assert not [it for it in (await other.reads(find, query)).hits if it.meter_id == town.meter.id]
    assert await names(other, "lerato") == []


async def test_at_most(town: Town) -> None:
    """No more hits come than were asked for, and never none because of a strange limit."""
    await settle(town)
    for limit, count in ((2, 2), (0, 1), (-5, 1), (10**9, 6)):
        hits = (await town.reads(find, "seaview", limit)).hits
        assert len(hits) == min(count, 6)


async def test_a_common_word(town: Town) -> None:
    """A word that hundreds share finds some of them."""
    await town.does(add_customers, [Customer(new_id(), f"Common Name{it}") for it in range(350)])
    assert len((await town.reads(find, "common", 1000)).hits) == 300


@pytest.mark.parametrize(
    "query",
    [
        *("", " ", "-", "%", "_", "\\", "{", "{,}", '"', "()", "null", "a", "1", "123", "0000", "ab ab ab"),
        *("'; DROP TABLE registry.meter; --", "\x00", "\ud800", "\u202e", "٠٠٠٠", "1 2 3 4 5 6 7 8"),
        *("ß" * 500, "9" * 500, "x " * 300),
    ],
)
async def test_strange_queries(town: Town, query: str) -> None:
    """Whatever is typed is an answer, not an error."""
    assert isinstance(await town.reads(find, query), Findings)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=30))
async def test_any_query(town: Town, query: str) -> None:
    """Any text at all is an answer, not an error."""
    hits = (await town.reads(find, query)).hits
    assert [it.score for it in hits] == sorted((it.score for it in hits), reverse=True)


async def test_settings_end_with_the_transaction(town: Town) -> None:
    """A search leaves nothing behind on its connection."""
    sql = "SELECT current_setting('enable_seqscan') || current_setting('enable_hashjoin')"
    await town.reads(find, "thandi")
    assert {await town.database.run(lambda tx: tx.fetchval(sql)) for _ in range(10)} == {"onon"}
