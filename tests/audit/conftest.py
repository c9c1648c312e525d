"""A database for each test."""

from tests.database import database, folder, made, own, owner, place, server, template

__all__ = ["database", "folder", "made", "own", "owner", "place", "server", "template"]
