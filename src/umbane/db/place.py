"""Where the database is, and as whom to go there: our own server under a folder, or any other server by its URL."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from umbane.db.cluster import ROLE, WORKER
from umbane.errors import InputError

__all__ = ["Embedded", "Place", "Server", "data_folder", "place_from"]

URL = "UMBANE_DATABASE_URL"
OWNER_URL = "UMBANE_DATABASE_OWNER_URL"
FOLDER = "UMBANE_DATA"
FORM = "write postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE"


@dataclass(frozen=True, slots=True)
class Embedded:
    """Our own server, with everything it has under one folder.

    Attributes:
        directory: the folder; it is made at the first start.
        role: as whom to go there.
    """

    directory: Path
    role: str = WORKER

    def as_owner(self) -> "Embedded":
        """The same place, for whoever owns the tables."""
        return replace(self, role=ROLE)

    def __str__(self) -> str:
        return f"the embedded server in {self.directory}"


@dataclass(frozen=True, slots=True)
class Server:
    """Any other PostgreSQL server, 15 or newer.

    Attributes:
        url: postgresql://role:password@host:port/database, with libpq's options after a question mark. It is shown to
            nobody, because of the password.
        owner_url: the same database, with the role that owns the tables; None if there is but one role.
    """

    url: str = field(repr=False)
    owner_url: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_url(URL, self.url)
        if self.owner_url is not None:
            check_url(OWNER_URL, self.owner_url)

    def as_owner(self) -> "Server":
        """The same place, for whoever owns the tables."""
        return Server(self.owner_url or self.url)

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return f"the database {parts.path.strip('/')!r} at {parts.netloc.rpartition('@')[2] or 'this machine'}"


def check_url(name: str, url: str) -> None:
    """Check that something is the URL of a database.

    Raises:
        InputError: it isn't.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise InputError(name, "is not the URL of a PostgreSQL database", FORM)
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError as error:
        raise InputError(name, "can't be read as a URL", f"{FORM}, with %-codes for special characters") from error
    if not parts.path.strip("/"):
        raise InputError(name, "names no database", FORM)


Place = Embedded | Server
"""Where the database is."""


def place_from(environ: Mapping[str, str], *, root: bool = False) -> Place:
    """The place that the environment names: UMBANE_DATABASE_URL, else UMBANE_DATA, else the user's folder for data.

    Args:
        environ: the environment, such as `os.environ`.
        root: whether the administrator is asking, whose data belongs to the machine and not to a person.

    Raises:
        InputError: a URL isn't one of a PostgreSQL database, or there is one for the owner only.
    """
    if url := environ.get(URL):
        return Server(url, environ.get(OWNER_URL) or None)
    if environ.get(OWNER_URL):
        raise InputError(
            URL, f"is missing beside {OWNER_URL}", "name the same database there, with the role that works"
        )
    return Embedded(data_folder(environ, root=root))


def data_folder(environ: Mapping[str, str], *, root: bool = False) -> Path:
    """The folder for what is kept on this machine: UMBANE_DATA, else that of the user, or of the machine for root."""
    if folder := environ.get(FOLDER):
        return Path(folder).expanduser().absolute()
    return (Path("/var/lib") if root else _user_data(environ)) / "umbane"


def _user_data(environ: Mapping[str, str]) -> Path:
    """Where programs keep what belongs to a person."""
    if folder := environ.get("XDG_DATA_HOME"):
        return Path(folder)
    return Path.home() / ("Library/Application Support" if sys.platform == "darwin" else ".local/share")
