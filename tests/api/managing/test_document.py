"""The utility's desks against the OpenAPI document."""

import asyncio

import pytest
from schemathesis import GenerationMode

from tests.api.managing.desk import Clerk
from tests.api.test_document import try_many
from umbane.api.managing import OPERATIONS

EXAMPLES = 3


@pytest.mark.parametrize("mode", GenerationMode)
async def test_every_operation(clerk: Clerk, mode: GenerationMode) -> None:
    """Requests made from the document, and requests made to break it, are answered with what it announces."""
    for it in OPERATIONS:
        if it.keyed or it.query or mode is GenerationMode.POSITIVE:
            await asyncio.to_thread(try_many, clerk.counter, clerk.headers, it.name, mode, EXAMPLES)
