"""The corner shop's server, and the utility's own people at their desks."""

import pytest

from tests.api.conftest import counter, database, module, place, server, template, town
from tests.api.counter import Counter
from tests.api.managing.desk import Clerk
from tests.api.staff import session
from umbane.registry import Role

__all__ = ["counter", "database", "module", "place", "server", "template", "town"]


@pytest.fixture
async def clerk(counter: Counter) -> Clerk:
    """Give somebody who may do everything that the utility's own people may."""
    return Clerk(counter, await session(counter, *Role))
