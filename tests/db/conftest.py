"""The server and the databases that the tests of this room use."""

from tests.database import database, empty_place, folder, made, own, owner, place, server, template

__all__ = ["database", "empty_place", "folder", "made", "own", "owner", "place", "server", "template"]
