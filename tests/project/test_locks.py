"""The locks: exact versions with their hashes, and nothing that belongs to one machine."""

import re
import tomllib

import pytest

from tests.project.tree import ROOT

LOCKS = ["run", "dev"]


def locked(lock: str) -> dict[str, tuple[str, int]]:
    """The version of each locked library and how many files of it are known by their hash."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    entries = [
        re.fullmatch(r"([a-z0-9-]+)==(\S+)( ; [^#]+?)?((?: +--hash=sha256:[0-9a-f]{64})+)", line) for line in lines
    ]
    assert None not in entries
    return {entry[1]: (entry[2], entry[4].count("sha256")) for entry in entries if entry}


def wanted() -> set[str]:
    """The names of the libraries that the package itself depends on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {re.split(r"[<>=!~ ]", dependency)[0] for dependency in project["dependencies"]}


@pytest.mark.parametrize("lock", LOCKS)
def test_exact_versions_with_hashes(lock: str) -> None:
    """Every line of a lock is a name, one version and at least one hash."""
    assert [name for name, (_, hashes) in locked(lock).items() if hashes == 0] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_locked(lock: str) -> None:
    """Whatever the package depends on is in both locks."""
    assert wanted() - locked(lock).keys() == set()


@pytest.mark.parametrize("library", ["cryptography", "matplotlib", "numpy", "pydantic-core", "pyyaml"])
def test_compiled_libraries_for_every_system(library: str) -> None:
    """A library with compiled parts is locked for all systems, not only for the one that made the lock."""
    assert locked("run")[library][1] > 20


def test_one_version_of_each() -> None:
    """Tests and checks run on exactly the versions that the main job runs on."""
    run, dev = locked("run"), locked("dev")
    assert {name: entry for name, entry in run.items() if dev.get(name) != entry} == {}
