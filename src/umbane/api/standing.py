"""Who one is, and at which tills one may act."""

from typing import Final

from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.lookups import cursor, id_from
from umbane.api.peoplewire import MeOut, TerminalOut, TerminalsPage, TerminalsQuery
from umbane.api.rights import Right
from umbane.registry import operator, utility, vendor

__all__ = ["OPERATIONS"]

TERMINALS: Final = """
SELECT t.id, v.code AS vendor, t.code
FROM registry.terminal t JOIN registry.vendor v ON v.utility_id = t.utility_id AND v.id = t.vendor_id
WHERE t.utility_id = $1 AND ($2::uuid IS NULL OR t.vendor_id = $2) AND ($3::uuid IS NULL OR t.id = $3)
    AND ($4::uuid IS NULL OR t.id > $4) AND NOT t.blocked AND NOT v.blocked
ORDER BY t.id LIMIT $5"""


async def me(desk: Desk, call: Call) -> Reply:
    """Who has signed in."""
    who = call.person
    async with desk.database.reading() as connection:
        person = await operator(connection, who.utility_id, who.id)
        home = await utility(connection, who.utility_id)
        seller = await vendor(connection, who.utility_id, who.vendor_id) if who.vendor_id else None
    answer = MeOut(
        id=person.id, name=person.name, full_name=person.full_name, utility=home.code,
        vendor=seller.code if seller else None, roles=sorted(person.roles), rights=sorted(who.rights),
    )  # fmt: skip
    return Reply(answer)


async def terminals(desk: Desk, call: Call) -> Reply:
    """The tills at which one may act: an API key's own, those of a vendor, or of the whole utility; a page of them."""
    who, query = call.who, call.query
    after, most = id_from(query.cursor), query.limit + 1
    async with desk.database.reading() as connection:
        rows = await connection.fetch(TERMINALS, who.utility_id, who.vendor_id, who.terminal_id, after, most)
    items = [TerminalOut(**dict(row)) for row in rows[: query.limit]]
    following = cursor(items[-1].id.bytes) if len(rows) > query.limit else None
    return Reply(TerminalsPage(items=items, next_cursor=following))


OPERATIONS: Final = (
    Operation("me", "GET", "/v1/me", "Who one is", me, {200: MeOut}, (Right.OWN,)),
    Operation("terminals", "GET", "/v1/terminals", "The tills at which one may act", terminals, {200: TerminalsPage},
        (Right.QUOTE, Right.SELL, Right.ENGINEER, Right.REVERSE), query=TerminalsQuery, problems=(422,)),
)  # fmt: skip
