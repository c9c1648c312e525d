"""Keys of meters from a token in SoftHSM, over PKCS#11: derivations a second, and tokens a second behind them."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

from benchmarks.bench_module import asked
from benchmarks.bench_sts import meter_pans
from benchmarks.result import Result
from umbane.security import Issued, KeyName, Realm, published_key
from umbane.security.pkcs11 import CachePolicy, TokenLoader, TokenSetting, open_pkcs11_module, wrapped
from umbane.security.pkcs11.pool import TokenPool
from umbane.security.pkcs11.vault import TokenVault
from umbane.sts import DKGA, EA, KRN, KT, SGC, TI, MeterPAN

LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
"""Where Debian's package softhsm2 has it; UMBANE_SOFTHSM says another place."""

PIN = "314159"
BATCH = 256
BATCHES = 16
RUNS = 5

KEYS = {
    DKGA.KDF_HMAC_SHA256: KeyName(SGC(123456), KRN(1), KT.DUTK, TI(1)),
    DKGA.DES: KeyName(SGC(123457), KRN(1), KT.DUTK, TI(1)),
}


def benchmarks() -> Iterator[Result]:
    """The figures, where there is SoftHSM."""
    library, tool = os.environ.get("UMBANE_SOFTHSM", LIBRARY), shutil.which("softhsm2-util")
    if not (tool and Path(library).is_file()):
        print("no SoftHSM 2 here: apt-get install softhsm2", file=sys.stderr)
        return
    pans = [MeterPAN(pan.decode()) for pan in meter_pans(range(BATCH))]
    with token(library, tool) as setting:
        vault = TokenVault(TokenPool(setting, 1), Realm.TEST, CachePolicy())
        for end, key in (("", KEYS[DKGA.KDF_HMAC_SHA256]), (".dkga02", KEYS[DKGA.DES])):
            yield rate(f"module.pkcs11{end}", partial(vault.decoder_keys, [(key, pan) for pan in pans], EA.STA), BATCH)
        single = partial(vault.decoder_key, KEYS[DKGA.KDF_HMAC_SHA256], pans[0], EA.STA)
        yield rate("module.pkcs11.single", single, 1)
        vault.pool.close()
        yield asyncio.run(issuing(setting, pans))


@contextmanager
def token(library: str, tool: str) -> Iterator[TokenSetting]:
    """A token with two keys of the test realm, in a folder that goes away."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tokens").mkdir()
        config = folder / "softhsm2.conf"
        config.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(config)
        words = [tool, "--init-token", "--free", "--label", "measured", "--so-pin", PIN, "--pin", PIN]
        subprocess.run(words, check=True, capture_output=True)  # noqa: S603 - SoftHSM's own tool
        pin_file = folder / "pin"
        pin_file.write_text(PIN)
        pin_file.chmod(0o600)
        setting = TokenSetting(library, "measured", pin_file)
        with TokenLoader(setting) as loader:
            loader.make_pair(2048)
            for dkga, key in KEYS.items():
                loader.load(wrapped(published_key(*key[:2], dkga=dkga), loader.public_key()))
        yield setting


def rate(name: str, derive: Callable[[], object], size: int) -> Result:
    """Keys of meters a second, the best of some runs."""
    rates = []
    for _ in range(RUNS):
        start = time.perf_counter()
        for _ in range(BATCHES):
            derive()
        rates.append(BATCHES * size / (time.perf_counter() - start))
    return Result(name, round(max(rates)), "keys/s", RUNS * BATCHES * size)


async def issuing(setting: TokenSetting, pans: list[MeterPAN]) -> Result:
    """Tokens a second of a module whose keys are in the token, one caller, each batch on the disk."""
    chance, rates = Random(62055), []  # noqa: S311 - the same requests each time
    key = KEYS[DKGA.KDF_HMAC_SHA256]
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        async with open_pkcs11_module("measured", Path(folder), setting, realm=Realm.TEST) as module:
            for _ in range(RUNS):
                batches = [asked(BATCH, pans, [key], chance) for _ in range(BATCHES)]
                start = time.perf_counter()
                answers = [await module.issue(batch) for batch in batches]
                rates.append(BATCHES * BATCH / (time.perf_counter() - start))
                assert all(isinstance(answer, Issued) for answer in answers[-1])
    return Result("module.pkcs11.issue", round(max(rates)), "tokens/s", RUNS * BATCHES * BATCH)
