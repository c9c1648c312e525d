"""A voucher becomes a token, once.

First it is written down which message uses the voucher for which meter; then the token is sold through the terminal of
the voucher's issuer, under a message id that is the voucher's own. So whatever is killed between, the same message gets
the same digits, and no other message gets a second token. Only a sale that was refused sets the voucher free again.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from umbane.db import Connection
from umbane.registry import Scope, utility
from umbane.registry.changes import record
from umbane.trade.errors import TradeInputError
from umbane.trade.pins import pin_hash, typed_pin
from umbane.vending import Answer, Buy, Engine, Refused, SaleRequest, Sold, confirm, sell
from umbane.vending.codes import PASSING

__all__ = ["NoVoucher", "Redeem", "Why", "redeem"]

PATIENCE: Final = 5
"""PINs that aren't any which a terminal may give in a row; from then on it has to wait, twice as long each time."""
ALARM: Final = 10
"""So many in a row are told to the log as guessing, and every tenth after. (Choices, all of them.)"""
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=1)
LONGEST: Final = 64

LOCKS: Final = 1414676806
ALONE: Final = "SELECT pg_advisory_xact_lock($1, hashtext($2))"
"""One message at a time is worked on once."""
SAME: Final = """
SELECT r.batch, r.serial, r.attempt, r.meter, b.terminal_id, b.denomination, v.hash FROM trade.redemption r
JOIN trade.voucher_batch b ON b.utility_id = r.utility_id AND b.number = r.batch
JOIN trade.voucher v ON v.utility_id = r.utility_id AND v.batch = r.batch AND v.serial = r.serial
WHERE r.utility_id = $1 AND r.terminal_id = $2 AND r.message_id = $3"""
TERMINAL: Final = "SELECT blocked FROM registry.terminal WHERE utility_id = $1 AND id = $2"
VOUCHER: Final = """
SELECT v.batch, v.serial, v.state, b.terminal_id, b.denomination, b.expires_on FROM trade.voucher v
JOIN trade.voucher_batch b ON b.utility_id = v.utility_id AND b.number = v.batch
WHERE v.utility_id = $1 AND v.hash = $2 FOR NO KEY UPDATE OF v"""
LAST: Final = """
SELECT r.attempt, r.meter, e.at, e.sale_id FROM trade.redemption r
LEFT JOIN trade.redemption_end e USING (utility_id, batch, serial, attempt)
WHERE r.utility_id = $1 AND r.batch = $2 AND r.serial = $3 ORDER BY r.attempt DESC LIMIT 1"""
CLAIM: Final = """
INSERT INTO trade.redemption (utility_id, batch, serial, attempt, terminal_id, message_id, meter, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
END: Final = """
INSERT INTO trade.redemption_end (utility_id, batch, serial, attempt, sale_id, refusal, at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (utility_id, batch, serial, attempt) DO NOTHING"""
WAIT: Final = "SELECT not_before FROM trade.pin_guess WHERE utility_id = $1 AND terminal_id = $2"
FAILED: Final = """
INSERT INTO trade.pin_guess AS it (utility_id, terminal_id, failures, not_before) VALUES ($1, $2, 1, $3)
ON CONFLICT (utility_id, terminal_id) DO UPDATE SET failures = it.failures + 1 RETURNING failures"""
WAITS: Final = "UPDATE trade.pin_guess SET not_before = $3 WHERE utility_id = $1 AND terminal_id = $2"
FORGIVEN: Final = "DELETE FROM trade.pin_guess WHERE utility_id = $1 AND terminal_id = $2"


class Why(StrEnum):
    """Why a voucher isn't taken, by names that never change."""

    BAD_REQUEST = "bad_request"
    BAD_PIN = "bad_pin"
    """No sixteen digits, or one of them wrong: typed wrongly."""
    UNKNOWN_PIN = "unknown_pin"
    """No voucher has it."""
    TOO_MANY = "too_many_tries"
    """This terminal gave too many PINs that aren't any."""
    NOT_ACTIVE = "not_active"
    """It was never sold, or was stopped."""
    EXPIRED = "expired"
    USED = "used"
    CONFLICT = "message_id_conflict"
    """The same message id was used for another voucher or meter."""
    UNKNOWN_TERMINAL = "unknown_terminal"


@dataclass(frozen=True, slots=True)
class NoVoucher:
    """The answer where a voucher isn't taken.

    Attributes:
        why: which rule, for programs.
        problem: what is wrong, for people.
        remedy: what would be right.
    """

    why: Why
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Redeem:
    """A voucher that somebody wants a token for.

    Attributes:
        utility_id: in whose house.
        terminal_id: through which channel it comes; it pays nothing.
        message_id: the channel's own: the same one again gets the same answer.
        pin: as it was typed.
        meter: its number as it was typed.
    """

    utility_id: UUID
    terminal_id: UUID
    message_id: str
    pin: str
    meter: str

    def __repr__(self) -> str:
        return f"Redeem({self.message_id!r}, {self.meter!r})"


class Voucher(NamedTuple):
    """A voucher that there is."""

    batch: str
    serial: int
    state: str
    terminal_id: UUID
    denomination: int
    expires_on: date


@dataclass(frozen=True, slots=True)
class Claim:
    """That a voucher is used: which, how often that was tried, for which meter, through whom, for how much."""

    batch: str
    serial: int
    attempt: int
    meter: str
    terminal_id: UUID
    denomination: int
    ours: bool
    """Whether it is of the message that asks."""


async def redeem(engine: Engine, key: bytes, request: Redeem) -> Answer | NoVoucher:
    """Sell a token for a voucher, once for ever for its PIN and for each message.

    Args:
        engine: that sells.
        key: of the hashes of PINs.
        request: what is asked.
    """
    while True:
        now = engine.clock()
        found = await engine.database.run(lambda tx: claim(tx, key, request, now))  # noqa: B023 - run at once
        if isinstance(found, NoVoucher):
            return found
        answer = await sold_for(engine, request.utility_id, found)
        if found.ours or (isinstance(answer, Refused) and answer.code in PASSING):
            return answer


async def claim(tx: Connection, key: bytes, request: Redeem, now: datetime) -> Claim | NoVoucher:
    """Write down that a message uses a voucher; one that another message is still using is answered, to be finished."""
    if problem := await no_request(tx, request):
        return problem
    try:
        hashed = pin_hash(key, request.utility_id, typed_pin(request.pin))
    except TradeInputError as error:
        return NoVoucher(Why.BAD_PIN, error.problem, error.remedy)
    await tx.execute(ALONE, LOCKS, f"{request.terminal_id}/{request.message_id}")
    return await claimed_before(tx, request, hashed) or await claimed_now(tx, request, hashed, now)


async def claimed_before(tx: Connection, request: Redeem, hashed: bytes) -> Claim | NoVoucher | None:
    """What the same message claimed before, if it came before."""
    row = await tx.fetchrow(SAME, request.utility_id, request.terminal_id, request.message_id)
    if row is None:
        return None
    batch, serial, attempt, meter, terminal_id, denomination, its_hash = row
    if (its_hash, meter) != (hashed, request.meter):
        return NoVoucher(Why.CONFLICT, "this message id was used for something else", "give each message a new one")
    return Claim(batch, serial, attempt, meter, terminal_id, denomination, ours=True)


async def claimed_now(tx: Connection, request: Redeem, hashed: bytes, now: datetime) -> Claim | NoVoucher:
    """Claim the voucher of a PIN, unless there is none, it can't be used, or this terminal guessed too much."""
    wait = await tx.fetchval(WAIT, request.utility_id, request.terminal_id)
    if wait and now < wait:
        return NoVoucher(Why.TOO_MANY, "too many PINs were wrong here", "try again later, digit by digit")
    row = await tx.fetchrow(VOUCHER, request.utility_id, hashed)
    return await claimed(tx, request, Voucher(*row), now) if row else await guessed(tx, request, now)


async def no_request(tx: Connection, request: Redeem) -> NoVoucher | None:
    """Why a request can't be one."""
    if not (0 < len(request.message_id) <= LONGEST and request.message_id.isprintable()):
        return NoVoucher(Why.BAD_REQUEST, "that is no message id", f"1 to {LONGEST} characters that can be printed")
    if not (0 < len(request.meter) <= LONGEST and request.meter.isprintable()):
        return NoVoucher(Why.BAD_REQUEST, "that is no number of a meter", "the number on the meter")
    if await tx.fetchval(TERMINAL, request.utility_id, request.terminal_id) is not False:
        return NoVoucher(Why.UNKNOWN_TERMINAL, "there is no such terminal, or it is blocked", "use one that is known")
    return None


async def guessed(tx: Connection, request: Redeem, now: datetime) -> NoVoucher:
    """Count a PIN that isn't any, let the terminal wait when there were too many, and tell the log of guessing."""
    whose = request.utility_id, request.terminal_id
    failures = await tx.fetchval(FAILED, *whose, now)
    if failures >= PATIENCE:
        wait = min(FIRST_WAIT * 2 ** min(failures - PATIENCE, ALARM), LONGEST_WAIT)
        await tx.execute(WAITS, *whose, now + wait)
    if failures % ALARM == 0:
        scope = Scope(request.utility_id, "vouchers")
        await record(tx, scope, "voucher.guessing", [(request.terminal_id, {"wrong_pins": failures})])
    return NoVoucher(Why.UNKNOWN_PIN, "no voucher has this PIN", "compare it with the voucher, digit by digit")


async def claimed(tx: Connection, request: Redeem, it: Voucher, now: datetime) -> Claim | NoVoucher:
    """Claim a voucher that there is, unless it can't be used."""
    home = await utility(tx, request.utility_id)
    last = await tx.fetchrow(LAST, request.utility_id, it.batch, it.serial)
    attempt, meter, ended, sale_id = last or (0, "", now, None)
    if ended is None:
        return Claim(it.batch, it.serial, attempt, meter, it.terminal_id, it.denomination, ours=False)
    if sale_id:
        when = ended.astimezone(home.zone)
        return NoVoucher(Why.USED, f"this voucher was used on {when:%Y-%m-%d at %H:%M}", "use another voucher")
    if it.state != "active":
        return NoVoucher(Why.NOT_ACTIVE, "this voucher doesn't count", "take it back to where it was bought")
    if it.expires_on < now.astimezone(home.zone).date():
        return NoVoucher(Why.EXPIRED, f"this voucher expired on {it.expires_on}", "use another voucher")
    mine = request.terminal_id, request.message_id, request.meter
    await tx.execute(CLAIM, request.utility_id, it.batch, it.serial, attempt + 1, *mine, now)
    await tx.execute(FORGIVEN, request.utility_id, request.terminal_id)
    return Claim(it.batch, it.serial, attempt + 1, request.meter, it.terminal_id, it.denomination, ours=True)


async def sold_for(engine: Engine, utility_id: UUID, it: Claim) -> Answer:
    """Sell for a claim, and write down what came of it when that is decided."""
    message_id = f"voucher {it.batch}/{it.serial}/{it.attempt}"
    request = SaleRequest(utility_id, it.terminal_id, message_id, it.meter, Buy(money=it.denomination))
    [answer] = await sell(engine, [request])
    if isinstance(answer, Refused) and answer.code in PASSING:
        return answer
    sale_id, refusal = (answer.id, None) if isinstance(answer, Sold) else (None, str(answer.code))
    row = (utility_id, it.batch, it.serial, it.attempt, sale_id, refusal, engine.clock())
    await engine.database.run(lambda tx: tx.execute(END, *row))
    if isinstance(answer, Sold) and not answer.released and not answer.reversed:
        return await confirm(engine, utility_id, it.terminal_id, message_id)
    return answer
