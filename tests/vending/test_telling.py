"""What the log is told: each sale once, in its own transaction, with tokens that can be proven one by one."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.database import by_owner
from tests.registry.town import Town
from tests.vending.abroad import abroad
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import Shop, open_shop, proven
from tests.vending.traces import contents, left
from umbane.audit import (
    Signer,
    canonical,
    entries_from,
    inclusion_proof,
    last_head,
    sale_entry,
    seal,
    sealed_in,
    sequence,
    verify_inclusion,
)
from umbane.db import Database
from umbane.registry import EngineeringAction, Role
from umbane.vending import Buy, Code, Engineer, Refused, Sold, Staff, confirm, reverse

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
LATER = datetime(2026, 12, 1, tzinfo=UTC)


async def told(shop: Shop, kind: str = "sale") -> list[dict[str, Any]]:
    """What the log says of this kind, after everything got its place."""
    await sequence(shop.town.database, SIGNER, LATER)
    async with shop.town.database.reading() as connection:
        said = [json.loads(it) async for it in entries_from(connection)]
    assert all(canonical(it) for it in said)
    return [it for it in said if it["kind"] == kind]


async def test_a_sale(shop: Shop) -> None:
    """A sale stands in the log with what was paid and made, under the names that the books have for everything."""
    sold = await shop.buy(20_000)
    [said] = await told(shop)
    town = shop.town
    assert (said["id"], said["order"], said["paid"], said["currency"]) == (str(sold.id), "buy", 20_000, "ZAR")
    assert (said["utility"], said["terminal"]) == (str(town.id), str(town.terminal.id))
    assert (said["meter"], said["units"]) == (str(town.meter.id), sold.units)
    assert said.keys().isdisjoint({"by", "free"})
    assert [it["units"] for it in said["tokens"]] == [it.units for it in sold.tokens]
    numbers = await shop.look("SELECT array_agg(number ORDER BY ordinal) FROM vending.token")
    assert [it["number"] for it in said["tokens"]] == numbers


async def test_a_single_token_is_proven(shop: Shop) -> None:
    """With one salt, whoever has the digits of one token sees that it is in the signed tree, and learns of no other."""
    await shop.buy()
    sold = await shop.buy()
    await told(shop)
    async with shop.town.database.reading() as connection:
        entry, head = await sale_entry(connection, sold.id, sold.at), await last_head(connection)
        assert head
        assert entry.place is not None
        proof = await inclusion_proof(connection, entry.place, head.size)
    verify_inclusion(entry.leaf, entry.place, head.size, proof.proof, head.root)
    [token] = sold.tokens
    assert token.token
    bits = token.token.bits.to_bytes(9)
    [salt] = entry.salts
    assert sealed_in(json.loads(entry.entry)) == [seal(salt, bits)]
    assert bits.hex().encode() not in entry.entry
    assert token.token.digits.encode() not in entry.entry


async def test_no_digits_in_the_log(shop: Shop) -> None:
    """Neither the digits nor the bits of any token are in a row of the log."""
    sold = [await shop.buy() for _ in range(3)]
    entries = await shop.look("SELECT string_agg(entries || salts, '') FROM audit.batch")
    for it in sold:
        for token in it.tokens:
            assert token.token
            assert token.token.bits.to_bytes(9) not in entries
            assert token.token.digits.encode() not in entries


async def test_once(shop: Shop) -> None:
    """A message that comes again is told no second time, and a refusal is no sale."""
    await shop.buy(20_000, "again")
    await shop.buy(20_000, "again")
    assert isinstance(await shop.ask(Buy(money=1)), Refused)
    assert len(await told(shop)) == 1


BREAK = """
CREATE FUNCTION audit.broken() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the log is broken'; END $$;
CREATE TRIGGER broken BEFORE INSERT ON audit.batch EXECUTE FUNCTION audit.broken()"""


async def test_no_log_no_token(shop: Shop) -> None:
    """While the log can't be written nothing is sold; once it is mended, the same message sells."""
    await by_owner(shop.town.database, BREAK)
    before = await contents(shop)
    answer = await shop.ask(Buy(money=20_000), "patient")
    assert isinstance(answer, Refused)
    assert answer.code == Code.UNAVAILABLE
    after = await contents(shop)
    assert left(before, replace(after, made=before.made)) == {}
    await by_owner(shop.town.database, "DROP FUNCTION audit.broken CASCADE")
    assert (await shop.buy(20_000, "patient")).tokens
    await proven(shop)


async def test_engineering_tokens(shop: Shop, module: LaboratoryModule) -> None:
    """A token that nobody pays for stands in the log with those who asked and agreed."""
    staff = Staff("thandi", frozenset({Role.ENGINEER}), (Staff("sipho", frozenset({Role.SUPERVISOR})),))
    answer = await shop.ask(Engineer(EngineeringAction.SET_MAXIMUM_POWER_LIMIT, 5_000), staff=staff)
    assert isinstance(answer, Sold), answer
    [said] = await told(shop)
    assert said["by"] == "thandi, sipho"
    assert said["tokens"][0]["kind"] == answer.tokens[0].kind
    assert (await module.status()).count == 1


async def test_withheld_tokens(town: Town, module: LaboratoryModule) -> None:
    """A token that a module made and no sale has stands in the log as withheld, sealed."""
    async with open_shop(town, module) as shop:
        await by_owner(shop.town.database, BREAK)
        await shop.ask(Buy(money=20_000), "lost")
        await by_owner(shop.town.database, "DROP FUNCTION audit.broken CASCADE")
        assert await told(shop) == []
    async with open_shop(town, module) as again:
        [said] = await told(again, "withheld")
        assert (said["module"], said["number"]) == (1, 0)
        assert len(said["sealed"]) == 64
        assert (await again.buy(20_000, "lost")).tokens
        [sale] = await told(again)
        assert sale["tokens"][0]["number"] == 0


async def test_modules(shop: Shop, town: Town, module: LaboratoryModule) -> None:
    """The log says once which module a number stands for."""
    async with open_shop(town, module):
        [said] = await told(shop, "module")
    status = await module.status()
    assert (said["module"], said["name"], said["realm"]) == (1, status.name, status.realm)


async def test_changes(shop: Shop) -> None:
    """Whatever is changed in the registry stands in the log: keys and prices in clear, what is about people sealed."""
    said = {it["action"]: it for it in await told(shop, "change")}
    assert said["key_revision.add"]["details"]
    assert said["tariff.activate"]["by"]
    assert "sealed" not in said["supply_group.add"]
    assert said["customer.add"].keys() == {"action", "at", "by", "kind", "object", "sealed", "utility"}


async def test_the_end_of_a_sale(database: Database) -> None:
    """That digits left the house, or that a sale was taken back, stands in the log, by whom and why."""
    async with abroad(database, LATER, sale={"release": "on_confirmation"}) as shop:
        town = shop.town
        one, other = await shop.buy(20_000, "one"), await shop.buy(20_000, "other")
        back = await reverse(shop.engine, town.id, town.terminal.id, "other", "wrong meter", by="sipho")
        gone = await confirm(shop.engine, town.id, town.terminal.id, "one")
        assert (type(back), type(gone)) == (Sold, Sold)
        [release], [reversal] = await told(shop, "release"), await told(shop, "reversal")
    assert release["sale"] == str(one.id)
    assert (reversal["sale"], reversal["by"], reversal["reason"]) == (str(other.id), "sipho", "wrong meter")
