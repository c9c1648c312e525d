"""People who sign in."""

import asyncpg
import pytest

from tests.registry.town import Town, new_id
from umbane.registry import (
    DuplicateError,
    NotFoundError,
    Operator,
    RegistryInputError,
    Role,
    add_operator,
    block_operator,
    history,
    is_same_person,
    operator,
    operator_by_name,
    operators,
    set_password_hash,
    set_person,
    set_roles,
    set_totp,
)

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"
THEMBA = Operator(new_id(), "themba", "Themba Zulu", frozenset({Role.ENGINEER, Role.SUPERVISOR}))


async def test_there_and_back(town: Town) -> None:
    """An operator comes back as added, by id, by name and in the list."""
    cashier = Operator(
        *(new_id(), "awa", "Awa Diop", frozenset({Role.CASHIER}), town.vendor.id, HASH, b"sealed"), blocked=True
    )
    await town.does(add_operator, THEMBA)
    await town.does(add_operator, cashier)
    assert await town.reads(operator, THEMBA.id) == await town.reads(operator_by_name, "themba") == THEMBA
    assert await town.reads(operators) == [cashier, THEMBA]


async def test_a_name_once(town: Town, other: Town) -> None:
    """A name to sign in with is taken once in a utility."""
    await town.does(add_operator, THEMBA)
    with pytest.raises(DuplicateError, match="operator"):
        await town.does(add_operator, Operator(new_id(), "themba", "Another", frozenset()))
    await other.does(add_operator, THEMBA)


async def test_a_till_of_nobody(town: Town, other: Town) -> None:
    """An operator works at the till of a vendor of the same utility, or of none."""
    with pytest.raises(NotFoundError, match="vendor"):
        await town.does(add_operator, Operator(new_id(), "x", "X", frozenset(), other.vendor.id))


async def test_changes(town: Town) -> None:
    """Password, second factor, roles and block are set one by one."""
    await town.does(add_operator, THEMBA)
    await town.does(set_password_hash, THEMBA.id, HASH)
    await town.does(set_totp, THEMBA.id, b"sealed secret")
    await town.does(set_roles, THEMBA.id, [Role.AUDITOR, Role.AUDITOR])
    await town.does(block_operator, THEMBA.id, blocked=True, reason="left")
    changed = Operator(
        *(THEMBA.id, "themba", "Themba Zulu", frozenset({Role.AUDITOR}), None, HASH, b"sealed secret"), blocked=True
    )
    assert await town.reads(operator, THEMBA.id) == changed


async def test_no_secret_is_written_down(town: Town) -> None:
    """The record says that a password and a second factor were set, and never to what."""
    await town.does(add_operator, THEMBA)
    await town.does(set_password_hash, THEMBA.id, HASH)
    await town.does(set_totp, THEMBA.id, b"sealed secret")
    rows = await town.database.run(lambda tx: tx.fetch("SELECT details::text FROM registry.change"))
    assert not [it for it in rows if "argon2" in it["details"] or "sealed" in it["details"]]
    changes = await town.reads(history, THEMBA.id)
    assert [it.action for it in changes] == ["operator.add", "operator.password_hash", "operator.totp_secret"]


async def test_only_argon2id(town: Town) -> None:
    """The database takes no password as it is, nor a weaker hash of one."""
    await town.does(add_operator, THEMBA)
    for wrong in ("secret", "$argon2i$x", "$2b$12$x", ""):
        with pytest.raises(asyncpg.CheckViolationError):
            await town.does(set_password_hash, THEMBA.id, wrong)


async def test_apart(town: Town, other: Town) -> None:
    """Nothing about an operator is read or changed with the id of another utility."""
    await town.does(add_operator, THEMBA)
    for verb, argument in ((operator, THEMBA.id), (operator_by_name, "themba")):
        with pytest.raises(NotFoundError, match="operator"):
            await other.reads(verb, argument)
    for change, value in ((set_password_hash, HASH), (set_totp, None), (set_roles, [Role.ADMINISTRATOR])):
        with pytest.raises(NotFoundError, match="operator"):
            await other.does(change, THEMBA.id, value)
    with pytest.raises(NotFoundError, match="operator"):
        await other.does(block_operator, THEMBA.id, blocked=True, reason="x")
    assert await town.reads(operator, THEMBA.id) == THEMBA
    assert await other.reads(operators) == []


async def test_one_person(town: Town, other: Town) -> None:
    """Two operators with the same personnel number are one person, in their utility only, however it is written."""
    second = Operator(new_id(), "themba-2", "Themba Zulu", frozenset(), person="THEMBA")
    for it in (THEMBA, second, Operator(new_id(), "awa", "Awa Diop", frozenset(), person="e-17")):
        await town.does(add_operator, it)
    await other.does(add_operator, THEMBA)
    assert await town.reads(is_same_person, "operator:themba", "operator:themba-2")
    assert await town.reads(is_same_person, "cli:root", "cli:root")
    for strange in ("operator:awa", "operator:nobody", "themba-2", "cli:themba", "api:themba"):
        assert not await town.reads(is_same_person, "operator:themba", strange), strange
    assert not await other.reads(is_same_person, "operator:themba", "operator:themba-2")
    await town.does(set_person, second.id, "E-17")
    assert await town.reads(is_same_person, "operator:awa", "operator:themba-2")
    assert (await town.reads(history, second.id))[-1].details == {"person": ["themba", "e-17"]}


@pytest.mark.parametrize("person", ["", " ", "=1", "e 17", "\u202e", "x" * 31])
async def test_a_person_that_is_none(town: Town, person: str) -> None:
    """What can't be a personnel number is refused, and who it was stays."""
    await town.does(add_operator, THEMBA)
    with pytest.raises(RegistryInputError, match="person"):
        await town.does(set_person, THEMBA.id, person)
    assert (await town.reads(operator, THEMBA.id)).person == "themba"
