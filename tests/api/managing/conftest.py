"""The corner shop's server, and the utility's own people at their desks."""

import pytest

from tests.api.conftest import counter, database, module, place, server, template, town
from tests.api.counter import Counter
from tests.api.managing.desk import Clerk
from tests.api.staff import enter, session
from umbane.registry import Role

__all__ = ["counter", "database", "module", "place", "server", "template", "town"]


@pytest.fixture
async def clerk(counter: Counter) -> Clerk:
    """Give somebody who may do everything that the utility's own people may, and a colleague who may agree to it."""
    return Clerk(counter, await session(counter, *Role), await enter(counter, *Role))
