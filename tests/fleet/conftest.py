"""A database for each test, with the small town and its shop that the tests of sales have."""

from tests.vending.conftest import database, folder, made, module, own, place, server, shop, template, town

__all__ = ["database", "folder", "made", "module", "own", "place", "server", "shop", "template", "town"]
