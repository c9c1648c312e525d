"""The server and the databases that commands are tried on."""

from tests.database import database, empty_place, folder, made, own, place, server, template

__all__ = ["database", "empty_place", "folder", "made", "own", "place", "server", "template"]
