"""Where the database is, as the environment says it."""

from pathlib import Path

import pytest

from umbane.db import Embedded, Server, place_from
from umbane.db.embedded import ROLE, WORKER
from umbane.errors import InputError

URL = "postgresql://nomsa:s3cret@db.example:5433/umbane?sslmode=require"


def test_a_url_comes_first() -> None:
    """A URL names another server, whatever folder is named too."""
    assert place_from({"UMBANE_DATABASE_URL": URL, "UMBANE_DATA": "/srv/data"}) == Server(URL)


def test_a_folder() -> None:
    """A folder names our own server in it, with the home folder written out and from the root of the file system."""
    assert place_from({"UMBANE_DATA": "/srv/data"}) == Embedded(Path("/srv/data"))
    assert place_from({"UMBANE_DATA": "~/data"}) == Embedded(Path.home() / "data")
    assert place_from({"UMBANE_DATA": "data"}) == Embedded(Path.cwd() / "data")


@pytest.mark.parametrize("environ", [{}, {"UMBANE_DATA": ""}, {"UMBANE_DATABASE_URL": ""}])
def test_nothing_said(environ: dict[str, str]) -> None:
    """Without a word, our own server is in the folder for data of the user, or of the machine for root."""
    assert place_from(environ | {"XDG_DATA_HOME": "/srv/me"}) == Embedded(Path("/srv/me/umbane"))
    assert place_from(environ, root=True) == Embedded(Path("/var/lib/umbane"))
    assert place_from(environ).directory.is_relative_to(Path.home())  # type: ignore[union-attr]  # it is an Embedded


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me@there/umbane",
        "/var/lib/umbane",
        "postgresql:me@there/umbane",
        "POSTGRESQL://me@there/umbane",
        "postgresql://me@there",
        "postgresql://me@there/",
        "postgresql://me@there:port/umbane",
        "postgresql://me@there:99999/umbane",
        "postgresql://me@[there/umbane",
        " postgresql://me@there/umbane",
    ],
)
def test_no_url_of_a_database(url: str) -> None:
    """What isn't the URL of a PostgreSQL database is refused, with the setting and the form it should have."""
    with pytest.raises(InputError, match=r"UMBANE_DATABASE_URL: .*; write postgresql://ROLE"):
        place_from({"UMBANE_DATABASE_URL": url})


def test_two_urls() -> None:
    """The URL of the owner stands beside that of the role that works; an empty one is none."""
    owner = URL.replace("nomsa", "owner")
    place = place_from({"UMBANE_DATABASE_URL": URL, "UMBANE_DATABASE_OWNER_URL": owner})
    assert (place, place.as_owner()) == (Server(URL, owner), Server(owner))
    assert place_from({"UMBANE_DATABASE_URL": URL, "UMBANE_DATABASE_OWNER_URL": ""}).as_owner() == Server(URL)


def test_the_owner_of_our_own() -> None:
    """In a server of our own the owner has a name of its own, and whoever is the owner already stays it."""
    place = Embedded(Path("/srv/data"))
    assert (place.role, place.as_owner().role, place.as_owner().as_owner()) == (WORKER, ROLE, place.as_owner())


@pytest.mark.parametrize("environ", [{}, {"UMBANE_DATA": "/srv/data"}, {"UMBANE_DATABASE_URL": ""}])
def test_an_owner_alone(environ: dict[str, str]) -> None:
    """Who names the database for its owner only is told so, and another isn't taken instead."""
    with pytest.raises(InputError, match="UMBANE_DATABASE_URL: is missing beside UMBANE_DATABASE_OWNER_URL"):
        place_from(environ | {"UMBANE_DATABASE_OWNER_URL": URL})


def test_no_url_for_the_owner() -> None:
    """What isn't a URL for the owner is refused by the name of its setting."""
    with pytest.raises(InputError, match="UMBANE_DATABASE_OWNER_URL: names no database"):
        place_from({"UMBANE_DATABASE_URL": URL, "UMBANE_DATABASE_OWNER_URL": "postgresql://owner@there"})


@pytest.mark.parametrize("shown", [str, repr])
def test_no_password_is_shown(shown: type[str]) -> None:
    """The password in a URL is shown to nobody."""
    assert "s3cret" not in shown(Server(URL, URL))


def test_wrong_urls_are_not_repeated() -> None:
    """An error about a URL doesn't repeat it, because there may be a password in it."""
    with pytest.raises(InputError) as caught:
        Server("postgresql://nomsa:s3cret@[there/umbane")
    assert "s3cret" not in str(caught.value)


def test_places_in_words() -> None:
    """A place says where it is in words that stand in a sentence."""
    assert str(Server(URL)) == "the database 'umbane' at db.example:5433"
    assert str(Server("postgresql:///umbane?host=/run")) == "the database 'umbane' at this machine"
    assert str(Embedded(Path("/srv/data"))) == "the embedded server in /srv/data"
