"""People who sign in over the wire: each with the same password and the same telephone."""

from dataclasses import dataclass

import httpx

from tests.api.counter import SEAL_KEY, Counter
from tests.database import by_owner
from tests.registry.town import Town, new_id
from umbane.api.passwords import hash_password
from umbane.api.secondfactor import seal, totp
from umbane.api.sessions import open_session
from umbane.registry import Operator, Role, add_operator

__all__ = [
    "HASHED",
    "PASSWORD",
    "SECRET",
    "Person",
    "code_now",
    "enter",
    "fresh_code",
    "hire",
    "now_step",
    "open_for",
    "session",
    "sign_in",
]

PASSWORD = "correct horse battery"  # noqa: S105 - of a test
SECRET = b"12345678901234567890"
HASHED = hash_password(PASSWORD)


async def hire(town: Town, *roles: Role, **fields: object) -> Operator:
    """Add an operator with these roles."""
    id_ = new_id()
    usual = {"password_hash": HASHED, "totp_secret": seal(SEAL_KEY, id_, SECRET)}
    person = Operator(id_, f"p-{id_.hex[-12:]}", "Person", frozenset(roles), **(usual | fields))  # type: ignore[arg-type] # an operator's own
    await town.does(add_operator, person)
    return person


async def now_step(counter: Counter) -> int:
    """The step of the present moment."""
    return int(await counter.shop.look("SELECT extract(epoch FROM now())::bigint")) // 30


async def code_now(counter: Counter, by: int = 0) -> str:
    """What the telephone shows, or showed so many steps ago."""
    return totp(SECRET, await now_step(counter) - by)


async def fresh_code(counter: Counter, person: Operator) -> str:
    """What the telephone of somebody shows next, as if half a minute had gone by since they used the last code."""
    sql = "DELETE FROM api.sign_in WHERE operator_id = $1"
    await by_owner(counter.shop.town.database, sql, person.id)
    return await code_now(counter)


async def sign_in(counter: Counter, person: Operator, **other: str) -> httpx.Response:
    """Sign in with the right words, or others."""
    words = {"utility": "seaview", "name": person.name, "password": PASSWORD, "code": await code_now(counter)}
    return await counter.http.post("/v1/sessions", json=words | other)


@dataclass(frozen=True)
class Person:
    """Somebody who has signed in."""

    operator: Operator
    headers: dict[str, str]


async def enter(counter: Counter, *roles: Role, **fields: object) -> Person:
    """Hire somebody who has signed in; the gate, which takes its time, is left out."""
    person = await hire(counter.shop.town, *roles, **fields)
    return Person(person, await open_for(counter.shop.town, person))


async def open_for(town: Town, person: Operator) -> dict[str, str]:
    """A new session of somebody, as a header."""
    token, _ = await town.database.run(lambda tx: open_session(tx, town.id, person.id, ""))
    return {"Authorization": f"Bearer {token}"}


async def session(counter: Counter, *roles: Role) -> dict[str, str]:
    """The header of somebody who has signed in."""
    return (await enter(counter, *roles)).headers
