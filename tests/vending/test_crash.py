"""The application, its connections, its module and PostgreSQL are killed again and again; what was promised holds.

A short form runs with the other tests. The long one, both kinds of modules side by side:
``UMBANE_CRASH_ROUNDS=500 pytest -n 2 -rP tests/vending/test_crash.py``.
The seed of a run is printed; ``UMBANE_CRASH_SEED`` repeats the order of kills, not their moments.
"""

import asyncio
import os
import time
from pathlib import Path

import pytest

from tests.database import administer
from tests.vending.crash import NAME, Field
from umbane.db.embedded import EmbeddedServer

ROUNDS = int(os.environ.get("UMBANE_CRASH_ROUNDS", "7"))
SEED = int(os.environ.get("UMBANE_CRASH_SEED", "0")) or time.time_ns() % 10**9
INSIDE = ROUNDS * 3 // 5
"""Rounds with modules in the tills' own processes; the others are with modules outside of them."""
ENOUGH = 100
"""After so many rounds every phase was hit, and has left this behind:"""
INSIDE_LEFT = {"left: neither", "left: withheld tokens", "left: claimed, not told"}
OUTSIDE_LEFT = {
    "left: neither",
    "left: to be asked, not made",
    "left: asked and made, not booked",
    "left: claimed, not told",
}


@pytest.mark.parametrize(("external", "rounds"), [(False, INSIDE), (True, ROUNDS - INSIDE)], ids=["inside", "outside"])
def test_killed_again_and_again(own: EmbeddedServer, folder: Path, *, external: bool, rounds: int) -> None:
    """Whatever is killed, and whenever: each message has one outcome, its digits never change, and the books prove."""
    own.start()
    administer(own, f"CREATE DATABASE {NAME} OWNER umbane")
    field = Field(own, folder, SEED, external=external)
    asyncio.run(field.build())
    print(f"crash suite: seed {SEED}, {rounds} rounds, {'modules outside' if external else 'modules inside'}")  # noqa: T201 - to repeat it
    began = time.monotonic()
    field.run(rounds)
    print(f"{time.monotonic() - began:.0f} s; messages: {len(field.said)}")  # noqa: T201 - what it tried
    print("\n".join(f"{what}: {often}" for what, often in sorted(field.seen.items())))  # noqa: T201 - what it found
    assert any(" " in it for found in field.said.values() for it in found), f"seed {SEED}: nothing was sold"
    left = OUTSIDE_LEFT if external else INSIDE_LEFT
    assert rounds < ENOUGH or all(field.seen[what] for what in left), f"seed {SEED}: not every phase was hit"
