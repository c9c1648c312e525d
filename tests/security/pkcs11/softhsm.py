"""Tokens for tests: SoftHSM 2, a token in software with the interface of a real one.

``apt-get install softhsm2`` on Debian and Ubuntu, ``brew install softhsm`` on macOS. Where it isn't, these tests are
skipped, unless UMBANE_NEED_SOFTHSM is set, as `.ci/run` does: then they fail.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from tests.security.support import KEYS
from umbane.security import RealmKey
from umbane.security.pkcs11 import TokenLoader, TokenSetting, wrapped
from umbane.security.pkcs11.library import library

PLACES: Final = (
    os.environ.get("UMBANE_SOFTHSM", ""),
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    f"{os.environ.get('HOMEBREW_PREFIX', '')}/lib/softhsm/libsofthsm2.so",
)
LIBRARY: Final = next((path for path in PLACES if path and Path(path).is_file()), "")
TOOL: Final = shutil.which("softhsm2-util") or ""
MISSING: Final = "SoftHSM 2 is not here: apt-get install softhsm2 (Debian, Ubuntu) or brew install softhsm (macOS)"

PIN: Final = "31415926"
NUMBER: Final = count(1)
PAIR_BITS: Final = 1024
"""Far too few for a key that matters, and made in no time."""


def require_softhsm() -> None:
    """Skip where there is none; fail where there must be one."""
    if LIBRARY and TOOL:
        return
    if os.environ.get("UMBANE_NEED_SOFTHSM"):
        pytest.fail(MISSING)
    pytest.skip(MISSING)


@contextmanager
def softhsm_in(folder: Path) -> Iterator[Path]:
    """Let SoftHSM keep its tokens in a folder; none of anybody's own is touched."""
    (folder / "tokens").mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(config)
    try:
        yield folder
    finally:
        library(LIBRARY).restart()  # what it knows of these tokens must not outlive them
        os.environ.pop("SOFTHSM2_CONF")
        if before is not None:
            os.environ["SOFTHSM2_CONF"] = before


def new_token(folder: Path) -> TokenSetting:
    """A token with nothing in it, and its PIN in a file."""
    label = f"test-{next(NUMBER)}"
    words = [TOOL, "--init-token", "--free", "--label", label, "--so-pin", "27182818", "--pin", PIN]
    subprocess.run(words, check=True, capture_output=True)
    library(LIBRARY).restart()  # it looks for tokens when it starts
    pin_file = folder / f"{label}.pin"
    pin_file.write_text(f"{PIN}\n")
    pin_file.chmod(0o600)
    return TokenSetting(LIBRARY, label, pin_file)


def loaded(setting: TokenSetting, *keys: RealmKey) -> TokenSetting:
    """A token with these keys in it, or with all of the contract's."""
    with TokenLoader(setting) as loader:
        loader.make_pair(PAIR_BITS)
        public_key = loader.public_key()
        for held in keys or KEYS.values():
            loader.load(wrapped(held, public_key))
    return setting
