"""The sandbox: virtual meters that take what is sold, once, and only those of the test realm."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.counter import Counter, api_key
from tests.registry.town import KEY, NEXT_KEY, NOW, Town, build, meter, revision
from umbane.api import Right
from umbane.api.sandbox import keep_meter, load_meter
from umbane.registry import (
    KeyPhase,
    Realm,
    SupplyGroup,
    add_key_revisions,
    add_meters,
    add_supply_groups,
    change_policy,
    key_events,
    key_parameters,
    plan_keys,
)
from umbane.registry import meter as registered
from umbane.security import Realm as ModuleRealm
from umbane.security import SecurityModule, Vault, open_software_module, published_key
from umbane.sts import KRN, SGC, TI


@pytest.fixture
async def module(tmp_path: Path) -> AsyncIterator[SecurityModule]:
    """Give a module with the published keys of the town."""
    vault = Vault(ModuleRealm.TEST, [published_key(KEY.sgc, KRN(krn)) for krn in (1, 2)])
    async with open_software_module("sandbox", tmp_path, vault) as opened:
        yield opened


async def touch(counter: Counter, keys: Any, number: str = "") -> httpx.Response:  # noqa: ANN401 - any JSON
    """Type something into a virtual meter."""
    return await counter.http.post(f"/v1/sandbox/meters/{number or counter.meter}/keypad", json={"keys": keys})


async def typed(counter: Counter, keys: str) -> dict[str, Any]:
    """What the virtual meter says to something."""
    answer = await touch(counter, keys)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def bought(counter: Counter) -> list[str]:
    """The digits of a purchase."""
    return [it["digits"] for it in (await counter.sell()).json()["tokens"]]


async def test_a_token_is_taken_once(counter: Counter) -> None:
    """What was sold is taken, gives light and just its energy; typed again it gives nothing."""
    sold = (await counter.sell()).json()
    (token,) = sold["tokens"]
    first, again = await typed(counter, token["digits"]), await typed(counter, token["digits"])
    assert (first["result"], first["accepted"], first["supply"]) == ("Accept", True, True)
    assert (first["credit_before"], first["credit"]) == (0, sold["units"])
    assert first["display"] == f"+{sold['units'] // 10}.{sold['units'] % 10} kWh"
    assert (again["result"], again["accepted"]) == ("UsedError", False)
    assert again["credit_before"] == again["credit"] == sold["units"]
    assert first["simulated"] is True


async def test_digits_as_people_type_them(counter: Counter) -> None:
    """Spaces and dashes between the digits are passed over."""
    (digits,) = await bought(counter)
    assert (await typed(counter, f"{digits[:4]} {digits[4:8]}-{digits[8:]}"))["accepted"]


async def test_a_wrong_digit(counter: Counter) -> None:
    """Wrong digits are answered by the meter, not by the API, and give nothing."""
    (digits,) = await bought(counter)
    wrong = await typed(counter, f"{digits[:-1]}{(int(digits[-1]) + 1) % 10}")
    assert (wrong["accepted"], wrong["credit"]) == (False, 0)
    assert wrong["result"] in {"CRCError", "FormatError"}


async def test_a_short_code(counter: Counter) -> None:
    """A short code shows a reading, and is no token."""
    told = await typed(counter, "07")
    assert (told["result"], told["accepted"], told["words"]) == (None, False, "voltage: 230 V")


async def test_many_at_one_keypad(counter: Counter) -> None:
    """The same token from many sides at once is taken by one of them."""
    (digits,) = await bought(counter)
    answers = await asyncio.gather(*(typed(counter, digits) for _ in range(8)))
    assert sorted(it["result"] for it in answers) == ["Accept", *["UsedError"] * 7]
    assert len({it["credit"] for it in answers}) == 1


async def test_a_change_of_key(counter: Counter) -> None:
    """Once the virtual meter has taken the key-change tokens, the change is settled with that as its evidence."""
    town = counter.shop.town
    await town.does(change_policy, {"sale": {"key_change": "bundle"}})
    await town.does(add_key_revisions, [revision(2)])
    await town.does(plan_keys, [town.meter.id], [NEXT_KEY], NOW, "new year")
    *sections, credit = await bought(counter)
    answers = [await typed(counter, it) for it in sections]
    assert [it["result"] for it in answers] == ["1stKCT", "Accept"]
    assert (answers[-1]["krn"], answers[-1]["ti"]) == (2, 1)
    found = await town.reads(registered, town.meter.id)
    assert (found.key, found.key_phase) == (NEXT_KEY, KeyPhase.SETTLED)
    last = (await town.reads(key_events, town.meter.id))[-1]
    assert (last.event, last.by, last.words) == ("settled", "sandbox", "the virtual meter took the key-change tokens")
    assert (await typed(counter, credit))["accepted"]
    assert len(await bought(counter)) == 1


async def test_half_a_change_of_key(counter: Counter) -> None:
    """While the meter has taken only some of the sections, nothing is settled."""
    town = counter.shop.town
    await town.does(change_policy, {"sale": {"key_change": "bundle"}})
    await town.does(add_key_revisions, [revision(2)])
    await town.does(plan_keys, [town.meter.id], [NEXT_KEY], NOW, "new year")
    first, *_ = await bought(counter)
    assert (await typed(counter, first))["krn"] == 1
    assert (await town.reads(registered, town.meter.id)).key_phase is KeyPhase.ISSUED


async def test_no_key_is_kept(counter: Counter) -> None:
    """What is kept of a virtual meter holds no bit of its key."""
    await typed(counter, "07")
    kept = await counter.shop.look("SELECT snapshot->>'key_bits' FROM api.sandbox_meter")
    whole = await counter.shop.look("SELECT snapshot::text FROM api.sandbox_meter")
    virtual = await counter.shop.town.reads(load_meter, counter.meter, NOW)
    assert kept is None
    assert str(virtual.meter.key.value) not in whole
    assert f"{virtual.meter.key.value:x}" not in whole


async def test_somebody_else_was_there(counter: Counter) -> None:
    """What was loaded before somebody else typed isn't kept over theirs."""
    town = counter.shop.town
    virtual = await town.reads(load_meter, counter.meter, NOW)
    await typed(counter, "07")
    assert not await town.database.run(lambda tx: keep_meter(tx, virtual))
    later = await town.reads(load_meter, counter.meter, NOW)
    await typed(counter, "07")
    assert not await town.database.run(lambda tx: keep_meter(tx, later))


async def test_time_goes_by(counter: Counter) -> None:
    """A virtual meter is as late as its utility, and never goes back."""
    await typed(counter, "07")
    counter.shop.wait(days=3)
    await typed(counter, "07")
    virtual = await counter.shop.town.reads(load_meter, counter.meter, NOW)
    assert virtual.meter.time == counter.shop.now


# ---------------------------------------------------------------------------------------------------------- who may not


async def test_no_twin_of_a_production_meter(counter: Counter) -> None:
    """A meter whose key is of the production realm has no virtual twin."""
    town, group = counter.shop.town, SGC(654321)
    await town.does(add_supply_groups, [SupplyGroup(group, "real", Realm.PRODUCTION)])
    await town.does(add_key_revisions, [revision(sgc=group, realm=Realm.PRODUCTION, module_key="hsm/1")])
    real = meter(3001, key=key_parameters(654321, 1, 1, 2, 2014, 255))
    await town.does(add_meters, [real])
    answer = await touch(counter, "07", str(real.pan.drn))
    assert (answer.status_code, answer.json()["code"]) == (403, "no_sandbox")
    assert await counter.shop.look("SELECT count(*) FROM api.sandbox_meter") == 0


async def test_no_twin_of_a_key_that_nobody_knows(counter: Counter) -> None:
    """A meter under a key revision that isn't there has none either."""
    odd = meter(3002, key=key_parameters(123456, 7, 1, 2, 2014, 255))
    await counter.shop.town.does(add_meters, [odd])
    assert (await touch(counter, "07", str(odd.pan.drn))).json()["code"] == "no_sandbox"


async def test_another_utility(counter: Counter) -> None:
    """A till types nothing into the meters of another utility: they aren't there."""
    other = await build(counter.shop.town.database, "hilltop", 2)
    answer = await touch(counter, "07", str(other.meter.pan.drn))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_meter")


async def test_a_key_that_may_not_sell(counter: Counter) -> None:
    """Whoever may not sell touches no keypad."""
    key = await api_key(counter.shop, [Right.FIND])
    headers = {"Authorization": f"Bearer {key}"}
    path = f"/v1/sandbox/meters/{counter.meter}/keypad"
    assert (await counter.http.post(path, json={"keys": "07"}, headers=headers)).status_code == 403


@pytest.mark.parametrize("keys", ["", "x", "١٢٣", "1" * 41, "07\n", 7, None, ["07"], "0x07", "07;"])
async def test_keys_that_no_keypad_has(counter: Counter, keys: Any) -> None:  # noqa: ANN401 - any JSON
    """Whatever isn't digits is refused before a meter is looked for."""
    answer = await touch(counter, keys)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_body")


@pytest.mark.parametrize(("number", "status"), [("00001011015", 422), ("12", 422), ("00001151158", 404)])
async def test_a_number_of_no_meter(counter: Counter, number: str, status: int) -> None:
    """A number with a wrong check digit, a part of one, and one that nobody has are told apart."""
    assert (await touch(counter, "07", number)).status_code == status


async def test_a_town_without_a_twin_stays_as_it_is(town: Town) -> None:
    """To look at a virtual meter keeps nothing."""
    virtual = await town.reads(load_meter, town.meter.pan.digits, NOW)
    assert (virtual.version, virtual.meter.key.ti, virtual.meter.credit()) == (0, TI(1), 0)
    assert await town.database.run(lambda tx: tx.fetchval("SELECT count(*) FROM api.sandbox_meter")) == 0
