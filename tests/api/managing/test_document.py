"""The utility's desks against the OpenAPI document."""

import asyncio

import pytest
from schemathesis import GenerationMode

from tests.api.managing.desk import Clerk
from tests.api.test_document import try_many
from umbane.api.managing import OPERATIONS

EXAMPLES = 4
HALVES = OPERATIONS[::2], OPERATIONS[1::2]


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("half", [0, 1])
async def test_every_operation(clerk: Clerk, mode: GenerationMode, half: int) -> None:
    """Requests made from the document, and requests made to break it, are answered with what it announces."""
    for it in HALVES[half]:
        if it.keyed or it.query or mode is GenerationMode.POSITIVE:
            await asyncio.to_thread(try_many, clerk.counter, clerk.headers, it.name, mode, EXAMPLES)
