"""Finding somebody by whatever is known: a meter number, a name, an address, an account, a telephone number.

Each word that was typed is taken as it is, as the beginning of a longer word in the utility's vocabulary, and, when
that finds too little, as one that was typed wrongly. Who has a match for every word is a hit; the best come first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

import asyncpg

from umbane.db import Connection
from umbane.registry.folding import fold, number_words
from umbane.registry.meternumbers import bare_digits, drn_of, near_misses, pan_of, slips
from umbane.registry.models import MeterState
from umbane.registry.spelling import distance, likeness, slack
from umbane.sts import CheckDigitError, StsInputError

__all__ = ["Findings", "Hit", "find"]

LONGEST_QUERY: Final = 100
MOST_WORDS: Final = 6
MOST_ROWS: Final = 300
"""Rows that are looked at; who types a word that more people share gets some of them."""
MOST_ALTERNATIVES: Final = 100
SHORTEST_TAIL: Final = 4
"""Digits from which on the end of a meter number is looked for."""
FEW: Final = 5
"""With fewer hits than these, typing errors are thought of."""
SHORTEST_BEGINNING: Final = 2
SHORTEST_WITH_SLIP: Final = 2
"""Letters from which on the beginning of a word tells something, and from which on a slip in one can be recognised."""
LONGEST_NUMBER: Final = 19
SURE, TAIL, SLIP, BEGINNING = 100, 90, 80, 90
"""Scores of a number that is right, of its last digits, of one with a digit wrong; of the beginning of a word."""
CLOSED: Final = 15
"""By how much a contract that is closed ranks lower."""

IN_NUMBERS: Final = str.maketrans("", "", "+()./")
"""What people write into telephone and account numbers, spaces and dashes apart."""

FIELDS: Final = """
p.id, p.name, p.phone, c.id, c.account_no, c.closed, s.address, m.id, m.pan, m.state"""
BY_METER: Final = f"""
SELECT {FIELDS} FROM registry.meter m
LEFT JOIN registry.contract c ON c.utility_id = m.utility_id AND c.id = m.contract_id
LEFT JOIN registry.customer p ON p.utility_id = c.utility_id AND p.id = c.customer_id
LEFT JOIN registry.service_point s ON s.utility_id = m.utility_id AND s.id = m.service_point_id
WHERE m.utility_id = $1 AND """  # noqa: S608 - our columns
BY_PAN: Final = BY_METER + "m.pan = ANY($2)"
BY_TAIL: Final = BY_METER + "reverse(m.drn) >= $2 AND reverse(m.drn) < $2 || ':' LIMIT $3"
BY_CUSTOMER: Final = f"""
SELECT {FIELDS}, new.position FROM unnest($2::uuid[], $3::uuid[], $4::int[]) AS new(customer_id, contract_id, position)
JOIN registry.customer p ON p.utility_id = $1 AND p.id = new.customer_id
LEFT JOIN registry.contract c ON c.utility_id = $1 AND c.id = new.contract_id
LEFT JOIN registry.service_point s ON s.utility_id = $1 AND s.id = c.service_point_id
LEFT JOIN LATERAL (
    SELECT id, pan, state FROM registry.meter
    WHERE utility_id = $1 AND service_point_id = c.service_point_id AND contract_id = c.id ORDER BY pan LIMIT 1
) m ON true
ORDER BY new.position"""  # noqa: S608 - our columns
# The planner can't know how few rows a word has, and would rather read whole tables.
SETTINGS: Final = "SELECT " + ", ".join(
    f"set_config('enable_{name}', 'off', true)" for name in ("seqscan", "hashjoin", "mergejoin")
)
BEGINNINGS: Final = """
SELECT new.typed, w.word FROM unnest($2::text[]) AS new(typed) CROSS JOIN LATERAL (
    SELECT word FROM registry.word WHERE utility_id = $1 AND word > new.typed AND word < new.typed || '{'
    ORDER BY word LIMIT $3
) w"""
LIKENESS: Final = "SELECT set_config('pg_trgm.similarity_threshold', $1, true)"
ALIKE_WORDS: Final = """
SELECT word FROM registry.word WHERE utility_id = $1 AND word % $2
ORDER BY similarity(word, $2) DESC, word LIMIT $3"""
# A comparison that the index on customers does not serve, so that the one on words is used, and not all rows are read.
ROWS: Final = "SELECT customer_id, contract_id, words FROM registry.finder WHERE utility_id IS NOT DISTINCT FROM $1"

NOTHING: Final = (0,)

Alternatives = dict[str, int]
"""Words that one that was typed may mean, each with how well it fits, in hundredths."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Somebody who may be meant, or a meter that is nobody's.

    Attributes:
        score: how well everything that was typed fits, in hundredths.
        why: what fits, in words.
        customer_id, name, phone: who; None for a meter without a contract.
        contract_id, account_no, closed: the contract; None where there is none.
        address: where; None where it isn't known.
        meter_id, drn, meter_state: the meter; None where there is none.
    """

    score: int
    why: str
    customer_id: UUID | None
    name: str | None
    phone: str | None = field(repr=False)
    contract_id: UUID | None
    account_no: str | None
    closed: date | None
    address: str | None = field(repr=False)
    meter_id: UUID | None
    drn: str | None
    meter_state: MeterState | None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search found.

    Attributes:
        hits: the best first.
        hint: what is wrong with a meter number that was typed; empty when nothing is.
    """

    hits: tuple[Hit, ...]
    hint: str = ""


async def find(connection: Connection, utility_id: UUID, query: str, limit: int = 20) -> Findings:
    """Find customers and meters of a utility.

    Args:
        connection: in a transaction, or `Database.reading`; to its end the planner avoids reading whole tables.
        utility_id: whose.
        query: whatever is known; small mistakes are forgiven.
        limit: at most so many hits, 1 to 300.
    """
    typed = query[:LONGEST_QUERY]
    limit = max(1, min(limit, MOST_ROWS))
    await connection.execute(SETTINGS)
    numbered, hint = await _by_meter_number(connection, utility_id, typed)
    named = await _by_words(connection, utility_id, _typed_words(typed), limit)
    best: dict[tuple[UUID | None, UUID | None], Hit] = {}
    for hit in sorted((*numbered, *named), key=lambda it: -it.score):
        best.setdefault((hit.contract_id or hit.customer_id, hit.meter_id), hit)
    ranked = sorted(best.values(), key=lambda it: (-it.score, it.name or "", it.drn or ""))
    return Findings(tuple(ranked[:limit]), hint)


# --------------------------------------------------------------------------------------------------- by meter number


async def _by_meter_number(connection: Connection, utility_id: UUID, typed: str) -> tuple[list[Hit], str]:
    """Meters whose number was typed, or may have been meant; and what is wrong with it."""
    digits = bare_digits(typed)
    if digits is None or not SHORTEST_TAIL <= len(digits) <= LONGEST_NUMBER:
        return [], ""
    hint = ""
    try:
        rows = await connection.fetch(BY_PAN, utility_id, [pan_of(digits)])
        return [_hit(row, SURE, "meter number") for row in rows], ""
    except CheckDigitError as error:
        hint = str(error)
    except StsInputError:
        pass  # of another length: the end of a number, one with a digit too many or too few, or none at all
    rows = await connection.fetch(BY_TAIL, utility_id, digits[::-1], MOST_ALTERNATIVES)
    hits = [_hit(row, TAIL, "end of the meter number") for row in rows]
    rows = await connection.fetch(BY_PAN, utility_id, [pan_of(it) for it in near_misses(digits)])
    return hits + [_hit(row, SLIP, "meter number, but for one slip") for row in rows], hint


# ----------------------------------------------------------------------------------------------------------- by words


def _typed_words(typed: str) -> list[str]:
    """The words of a query, folded; one that is all digits is one number, however it is grouped."""
    number = bare_digits(typed.translate(IN_NUMBERS))
    words = [number] if number else fold(typed).split()
    return list(dict.fromkeys(words))[:MOST_WORDS]


async def _by_words(connection: Connection, utility_id: UUID, typed: Sequence[str], limit: int) -> list[Hit]:
    """Customers who have a match for every word, or, when nobody has, for all but one."""
    if not typed:
        return []
    meanings = await _beginnings(connection, utility_id, typed)
    ranked = await _matching(connection, utility_id, [meanings[it] for it in typed])
    exact = len(typed) > 1 or typed[0].isdecimal()  # who typed so much of it rightly means nobody else
    if len(ranked) < FEW and not (exact and max(ranked, default=NOTHING)[0] >= SURE - 1):
        await _add_slips(connection, utility_id, meanings)
        ranked = await _matching(connection, utility_id, [meanings[it] for it in typed])
    for left_out in range(len(typed) if len(typed) > 1 and not ranked else 0):
        others = [meanings[it] for place, it in enumerate(typed) if place != left_out]
        ranked += await _matching(connection, utility_id, others, of=len(typed))
    ranked.sort(key=lambda it: -it[0])
    chosen = ranked[: limit * 2]
    columns = [it[1] for it in chosen], [it[2] for it in chosen], [*range(len(chosen))]
    rows = await connection.fetch(BY_CUSTOMER, utility_id, *columns)
    return [_hit(row, chosen[row["position"]][0], "name, address or number") for row in rows]


async def _beginnings(connection: Connection, utility_id: UUID, typed: Sequence[str]) -> dict[str, Alternatives]:
    """The words that each typed one is, or begins; a number also without the zeros it begins with."""
    meanings: dict[str, Alternatives] = {it: {it: SURE} for it in typed}
    for number in filter(str.isdecimal, typed):
        for form in number_words(number):
            meanings[number].setdefault(form, SURE - 1)
    beginnings = [it for it in typed if not it.isdecimal() and len(it) >= SHORTEST_BEGINNING]
    for beginning, word in await connection.fetch(BEGINNINGS, utility_id, beginnings, MOST_ALTERNATIVES):
        meanings[beginning][word] = BEGINNING
    return meanings


async def _add_slips(connection: Connection, utility_id: UUID, meanings: dict[str, Alternatives]) -> None:
    """Add the words that somebody may have meant who typed wrongly."""
    for typed, alternatives in meanings.items():
        if not typed.isdecimal():
            await _add_like(connection, utility_id, typed, alternatives)
        elif len(typed) >= SHORTEST_TAIL:
            near = {it for form in {typed, typed.lstrip("0")} | number_words(typed) for it in slips(form)}
            alternatives.update(dict.fromkeys(near - alternatives.keys(), SLIP))


async def _add_like(connection: Connection, utility_id: UUID, typed: str, alternatives: Alternatives) -> None:
    """Add the words of the vocabulary that are like one that was typed."""
    if len(typed) < SHORTEST_WITH_SLIP:
        return
    await connection.execute(LIKENESS, str(likeness(typed)))
    for (word,) in await connection.fetch(ALIKE_WORDS, utility_id, typed, MOST_ALTERNATIVES):
        off = distance(typed, word)
        if off <= slack(typed):
            alternatives.setdefault(word, SURE - 100 * off // (len(typed) + 1))


async def _matching(
    connection: Connection, utility_id: UUID, wanted: Sequence[Alternatives], of: int = 0
) -> list[tuple[int, UUID, UUID | None]]:
    """Customers and contracts that have a word of each, with how well they fit, in no order."""
    conditions = "".join(f" AND words && ${place}::text[]" for place in range(2, len(wanted) + 2))
    rows = await connection.fetch(f"{ROWS}{conditions} LIMIT {MOST_ROWS}", utility_id, *map(list, wanted))
    count = of or len(wanted)
    return [(_score(row["words"], wanted) // count, row["customer_id"], row["contract_id"]) for row in rows]


def _score(words: Sequence[str], wanted: Sequence[Mapping[str, int]]) -> int:
    """How well words fit what was typed, the sum over all that was."""
    return sum(max(alternatives.get(word, 0) for word in words) for alternatives in wanted)


def _hit(row: asyncpg.Record, score: int, why: str) -> Hit:
    customer_id, name, phone, contract_id, account_no, closed, address, meter_id, pan, state = [*row][:10]
    return Hit(
        score=score - CLOSED if closed else score,
        why=why,
        customer_id=customer_id,
        name=name,
        phone=phone,
        contract_id=contract_id,
        account_no=account_no,
        closed=closed,
        address=address,
        meter_id=meter_id,
        drn=drn_of(pan) if pan else None,
        meter_state=MeterState(state) if state else None,
    )
