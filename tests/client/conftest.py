"""The same counter as the API's tests have."""

from tests.api.conftest import counter, database, module, place, server, template, town

__all__ = ["counter", "database", "module", "place", "server", "template", "town"]
