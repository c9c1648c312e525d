"""The sandbox: a virtual meter for every meter of the test realm, kept in the database; what was sold is typed in.

A meter comes into being when somebody first touches its keypad. It has no load: what goes in stays in. By its own rules
a token counts once, however often it is sent. Its keys are those of the test realm, which anybody can compute; there is
no virtual meter for a key of any other.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.problems import ApiError
from umbane.api.rights import Right
from umbane.db import Connection
from umbane.meter import EmergencyPlan, Meter, MeterConfig, ProfilePlan
from umbane.meter.face import Face, Key, Response, load_pack, press
from umbane.registry import KeyParameters, KeyPhase, Realm, Scope, key_revisions, meter_by_number, settle_keys
from umbane.registry import Meter as Registered
from umbane.registry.keys import key_parameters
from umbane.security import published_key
from umbane.sts import DecoderKey, derive

__all__ = ["OPERATIONS", "VirtualMeter", "keep_meter", "load_meter"]

BY: Final = "sandbox"
EVIDENCE: Final = "the virtual meter took the key-change tokens"
MADE: Final = datetime(2024, 1, 1, tzinfo=UTC)
"""When all virtual meters were made: no token that was sold before then goes into one."""
PROFILE: Final = ProfilePlan(capacity=48)
LOW_CREDIT: Final = (100, 30)
"""Tenths of a kWh at which it warns."""
EMERGENCY: Final = EmergencyPlan(limit=30, offered_from=30)

TURN: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 45))"
"""One after the other at each keypad, also before there is a meter to lock."""
KEY: Final = "sgc, krn, ti, kt, base_date, ken"
KEPT: Final = f"SELECT {KEY}, snapshot, version FROM api.sandbox_meter WHERE utility_id = $1 AND meter_id = $2"  # noqa: S608 - our columns
FIRST: Final = f"""
INSERT INTO api.sandbox_meter (utility_id, meter_id, {KEY}, snapshot) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING RETURNING version"""  # noqa: S608 - our columns
NEXT: Final = """
UPDATE api.sandbox_meter
SET sgc = $3, krn = $4, ti = $5, kt = $6, base_date = $7, ken = $8, snapshot = $9, version = version + 1
WHERE utility_id = $1 AND meter_id = $2 AND version = $10 RETURNING version"""


@dataclass(frozen=True, slots=True)
class VirtualMeter:
    """A virtual meter and what it is a twin of.

    Attributes:
        utility_id: whose.
        twin: what the registry knows of it.
        key, loaded: which key was in it when it was loaded.
        meter: itself.
        version: of what is kept of it; 0 before anything is.
    """

    utility_id: UUID
    twin: Registered
    key: KeyParameters
    loaded: DecoderKey
    meter: Meter
    version: int


class KeypadIn(wire.Asked, frozen=True):
    """What is typed: a token, or a short code; Enter is pressed behind it."""

    keys: Annotated[str, Meta(pattern=r"^[0-9 -]{1,40}$(?!\n)", description="20 digits, or a short code")]


class KeypadOut(wire.Told, frozen=True):
    """What the virtual meter answers."""

    meter: str
    display: str
    words: str
    result: Annotated[str | None, Meta(description="the answer to a token by its name in IEC 62055-41")]
    accepted: bool
    supply: Annotated[bool, Meta(description="whether there is light")]
    credit: Annotated[int, Meta(description="tenths of a kWh in the meter")]
    credit_before: int
    krn: int
    ti: int
    simulated: bool = True


# ------------------------------------------------------------------------------------------------------------ to keep


async def load_meter(connection: Connection, utility_id: UUID, number: str, now: datetime) -> VirtualMeter:
    """The virtual meter of a number, as it is now; a new one if nobody touched it yet.

    Raises:
        StsInputError: the number is none.
        NotFoundError: the utility has no such meter.
        ApiError: its keys are not of the test realm.
        SnapshotError: what was kept of it was changed.
    """
    twin = await meter_by_number(connection, utility_id, number)
    row = await connection.fetchrow(KEPT, utility_id, twin.id)
    if row is None:
        key = await decoder_key(connection, utility_id, twin, twin.key)
        config = MeterConfig(pan=twin.pan, profile=PROFILE, low_credit=LOW_CREDIT, emergency=EMERGENCY)
        return VirtualMeter(utility_id, twin, twin.key, key, Meter(config, key, now, manufactured=MADE), 0)
    *columns, snapshot, version = row
    parameters = key_parameters(*columns)
    key = await decoder_key(connection, utility_id, twin, parameters)
    meter = Meter.restore(json.loads(snapshot), key=key)
    if meter.time < now:
        meter.advance(now)
    return VirtualMeter(utility_id, twin, parameters, key, meter, version)


async def keep_meter(tx: Connection, virtual: VirtualMeter) -> bool:
    """Keep a virtual meter; False when somebody else was at its keypad since it was loaded.

    The key that its owner expects is taken as settled when the meter has it.
    """
    key = key_in(virtual)
    columns = (virtual.utility_id, virtual.twin.id, *key.columns(), json.dumps(virtual.meter.snapshot()))
    sql, more = (NEXT, (virtual.version,)) if virtual.version else (FIRST, ())
    if await tx.fetchval(sql, *columns, *more) is None:
        return False
    if key == virtual.twin.pending and virtual.twin.key_phase is KeyPhase.ISSUED:
        await settle_keys(tx, Scope(virtual.utility_id, BY), [virtual.twin.id], virtual.meter.time, EVIDENCE)
    return True


def key_in(virtual: VirtualMeter) -> KeyParameters:
    """Which key is in it now: the one that it had, or the one that was on its way."""
    if virtual.meter.key.value == virtual.loaded.value:
        return virtual.key
    return virtual.twin.pending or virtual.twin.key


async def decoder_key(connection: Connection, utility_id: UUID, twin: Registered, wanted: KeyParameters) -> DecoderKey:
    """The key in a meter, computed from its names as only the test realm's can be."""
    for it in await key_revisions(connection, utility_id):
        if (it.sgc, it.krn, it.kt) == (wanted.sgc, wanted.krn, wanted.kt) and it.realm is Realm.TEST:
            vending = published_key(it.sgc, it.krn, kt=it.kt, dkga=it.dkga, base_date=it.base_date, ken=it.ken).key
            return derive(vending, twin.pan, wanted.ti, twin.ea)
    detail = f"meter {twin.pan.drn} has no key of the test realm: there is no virtual one of it"
    raise ApiError(HTTPStatus.FORBIDDEN, "no_sandbox", detail, "type it into the real one")


# -------------------------------------------------------------------------------------------------------------- to use


@cache
def new_face() -> Face:
    """A keypad on which nobody has typed yet."""
    return Face(load_pack("umbane"))


def type_keys(meter: Meter, keys: str) -> Response:
    """Press one key after the other, and Enter."""
    face = new_face()
    for key in keys.replace(" ", "").replace("-", ""):
        face = press(face, meter, key).face
    return press(face, meter, Key.ENTER)


async def keypad(desk: Desk, call: Call) -> Reply:
    """Type something into the virtual meter of a utility of the test realm."""
    utility_id, number, keys = call.who.utility_id, call.path["meter"], call.body.keys

    async def work(tx: Connection) -> KeypadOut:
        await tx.execute(TURN, f"{utility_id} {number}")
        virtual = await load_meter(tx, utility_id, number, desk.now())
        before = virtual.meter.credit()
        response = type_keys(virtual.meter, keys)
        if not await keep_meter(tx, virtual):
            raise busy()
        return told(virtual, response, before)

    return Reply(await desk.database.run(work))


def busy() -> ApiError:
    """Two people at one keypad."""
    detail = "somebody else is at this keypad"
    return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "busy", detail, "type it again", retry_after=1)


def told(virtual: VirtualMeter, response: Response, before: int) -> KeypadOut:
    """What is seen."""
    meter, outcome = virtual.meter, response.outcome
    return KeypadOut(
        meter=virtual.twin.pan.digits,
        display=response.answer.lcd,
        words=response.answer.words,
        result=None if outcome is None else str(outcome.result),
        accepted=outcome is not None and outcome.accepted,
        supply=meter.connected,
        credit=meter.credit(),
        credit_before=before,
        krn=meter.key.krn.value,
        ti=meter.key.ti.value,
    )


OPERATIONS: Final = (
    Operation("keypad", "POST", "/v1/sandbox/meters/{meter}/keypad", "Type into a virtual meter", keypad,
        {200: KeypadOut}, (Right.SELL,), body=KeypadIn, problems=(404, 422, 503)),
)  # fmt: skip
