"""The server and the databases that the tests of this room use."""

from tests.database import database, place, server, template

__all__ = ["database", "place", "server", "template"]
