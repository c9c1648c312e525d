"""Keys with which programs are let in."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.registry.town import Town, new_id
from umbane.registry import (
    ApiKey,
    ApiKeyLimits,
    NotFoundError,
    RegistryInputError,
    api_key_by_secret,
    api_keys,
    history,
    issue_api_key,
    revoke_api_key,
)
from umbane.registry.apikeys import PREFIX

LIMITS = ApiKeyLimits(600, money_per_day=1_000_000)


async def issued(town: Town, **fields: object) -> tuple[ApiKey, str]:
    """A key for the town's terminal."""
    words: dict[str, object] = {"label": "till", "scopes": ["sell"], "limits": LIMITS, "randomness": bytes([7] * 32)}
    return await town.does(issue_api_key, town.vendor.id, town.terminal.id, **words | fields)


async def shown(town: Town, secret: str) -> ApiKey:
    """Who is let in with a key."""
    return await town.database.run(lambda tx: api_key_by_secret(tx, secret))


async def test_let_in(town: Town) -> None:
    """Who shows a key is let in for its terminal, with its scopes and limits."""
    key, secret = await issued(town)
    assert await shown(town, secret) == key
    assert (key.utility_id, key.vendor_id, key.terminal_id) == (town.id, town.vendor.id, town.terminal.id)
    assert (key.scopes, key.limits, key.label) == (frozenset({"sell"}), LIMITS, "till")
    assert await town.reads(api_keys) == [key]


async def test_only_a_hash_is_kept(town: Town) -> None:
    """Nothing in the database gives the key away."""
    _, secret = await issued(town)
    assert secret.startswith(PREFIX)
    row = await town.database.run(lambda tx: tx.fetchrow("SELECT * FROM registry.api_key"))
    assert row is not None
    assert row["hash"] == sha256(secret.encode()).digest()
    everything = repr(dict(row)) + repr(await town.reads(history, row["id"]))
    assert secret not in everything
    assert secret.removeprefix(PREFIX)[22:] not in everything


async def test_each_is_another(town: Town) -> None:
    """Even the same random bytes make no key twice."""
    (_, one), (_, other) = await issued(town), await issued(town)
    assert one != other


async def test_revoked(town: Town) -> None:
    """A key that was revoked lets nobody in, and is revoked once."""
    key, secret = await issued(town)
    await town.does(revoke_api_key, key.id, "published by mistake")
    with pytest.raises(NotFoundError, match="API key"):
        await shown(town, secret)
    with pytest.raises(NotFoundError, match="API key"):
        await town.does(revoke_api_key, key.id, "again")
    [kept] = await town.reads(api_keys)
    assert kept.revoked_at is not None


async def test_nearly_right(town: Town) -> None:
    """A key with one character changed, more or less lets nobody in, and the error shows nothing of it."""
    _, secret = await issued(town)
    changed = secret[:-2] + ("A" if secret[-2] != "A" else "B") + secret[-1]
    for wrong in (changed, secret + "A", secret[:-1], secret.upper(), f" {secret}", "", PREFIX, "\ud800"):
        with pytest.raises(NotFoundError) as error:
            await shown(town, wrong)
        assert str(error.value) == "there is no API key like this one"


async def test_whose_terminal(town: Town, other: Town) -> None:
    """A key is made only for a terminal of the vendor, in the same utility."""
    arguments = {"label": "x", "scopes": [], "limits": ApiKeyLimits(), "randomness": bytes(32)}
    for vendor, terminal in (
        (town.vendor.id, new_id()),
        (new_id(), town.terminal.id),
        (other.vendor.id, other.terminal.id),
        (town.vendor.id, other.terminal.id),
    ):
        with pytest.raises(NotFoundError, match="terminal"):
            await town.does(issue_api_key, vendor, terminal, **arguments)


async def test_apart(town: Town, other: Town) -> None:
    """Nobody sees or revokes the keys of another utility."""
    key, secret = await issued(town)
    assert await other.reads(api_keys) == []
    with pytest.raises(NotFoundError):
        await other.does(revoke_api_key, key.id, "x")
    assert await shown(town, secret) == key


@pytest.mark.parametrize(
    ("field", "value"), [("label", ""), ("label", "a\nb"), ("randomness", b""), ("randomness", bytes(31))]
)
async def test_what_makes_no_key(town: Town, field: str, value: object) -> None:
    """A key has a label that people can read and 32 random bytes."""
    with pytest.raises(RegistryInputError) as error:
        await issued(town, **{field: value})
    assert error.value.field == field


@given(st.none() | st.integers(1, 10**15))
def test_limits(limit: int | None) -> None:
    """A limit is a whole number from 1, or none."""
    assert ApiKeyLimits(money_per_sale=limit).money_per_sale == limit
