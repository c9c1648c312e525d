"""Vouchers, by commands."""

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.cli.calls import call, done, refused
from tests.registry.town import Town, build, new_id
from umbane.db import Server, open_database
from umbane.registry import Terminal, Vendor, add_terminals, add_vendors
from umbane.trade.printing import open_voucher_file

PRINTER = X25519PrivateKey.from_private_bytes(bytes(32))
KEY = "ab" * 32


@pytest.fixture
def town(place: Server) -> Town:
    """Give a utility with a vendor who issues vouchers."""

    async def make() -> Town:
        async with open_database(place) as opened:
            built = await build(opened, "seaview", 1)
            issuer = Vendor(new_id(), "VOUCHERS", "Vouchers of Seaview")
            await built.does(add_vendors, [issuer])
            await built.does(add_terminals, [Terminal(new_id(), issuer.id, "REDEEM")])
            return built

    return asyncio.run(make())


@pytest.fixture
def printer(tmp_path: Path) -> Path:
    """Give the printer's public key in a file."""
    path = tmp_path / "printer.pem"
    path.write_bytes(PRINTER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def make(printer: Path, file: Path, **changes: str) -> list[str]:
    """The words that make a batch."""
    options = {"issuer": "VOUCHERS", "terminal": "REDEEM", "worth": "50.00", "count": "3", "expires-on": "2999-12-31"}
    options |= {"printer": str(printer), "file": str(file), **changes}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return ["trade", "vouchers", "make", "2026-1", *words]


@pytest.mark.usefixtures("town")
def test_a_batch(place: Server, printer: Path, tmp_path: Path) -> None:
    """A batch is made with a file that only the printer opens, is sold in part, and stopped in part."""
    file = tmp_path / "2026-1.vouchers"
    said = call(place, *make(printer, file), UMBANE_SEAL_KEY=KEY)
    assert said.exit_code == 0, said.output
    assert said.output.startswith("Made: 3 vouchers of 50.00 in batch 2026-1.\n")
    assert file.stat().st_mode & 0o777 == 0o600
    opened = open_voucher_file(file.read_bytes(), PRINTER)
    assert (opened.worth, len(opened.pins)) == ("50.00 ZAR", 3)
    trade = "trade", "vouchers"
    activated = done(place, *trade, "activate", "2026-1", "1", "2", "--reason", "sold to the wholesaler")
    assert activated == "Vouchers 2026-1/1 to 2 count. Booked as owed for them: 100.00.\n"
    done(place, *trade, "stop", "2026-1", "2", "3", "--reason", "stolen")
    row = done(place, *trade, "list").splitlines()[-2].split()
    assert row == ["2026-1", "2999-12-31", "50.00", "3", "1", "2", "0", "100.00"]
    assert "can be used up to 2999-12-31" in refused(place, *trade, "expire", "2026-1")


@pytest.mark.usefixtures("town")
def test_nothing_is_written_over(place: Server, printer: Path, tmp_path: Path) -> None:
    """Where the file can't be made there is no batch; without a key, a terminal or a printer's key neither."""
    file = tmp_path / "there"
    file.write_text("something")
    assert "can't be made (File exists)" in refused(place, *make(printer, file), UMBANE_SEAL_KEY=KEY)
    assert file.read_text() == "something"
    other = tmp_path / "other"
    assert "there is no key to seal with" in refused(place, *make(printer, other))
    words = refused(place, *make(printer, other, terminal="TILL"), UMBANE_SEAL_KEY=KEY)
    assert "the issuer has no terminal TILL; one of REDEEM" in words
    assert "no public key of X25519" in refused(place, *make(file, other), UMBANE_SEAL_KEY=KEY)
    assert not other.exists()
    assert done(place, "trade", "vouchers", "list") == "There are no vouchers yet.\n"


@pytest.mark.usefixtures("town")
def test_over(place: Server) -> None:
    """A batch that isn't there is neither over nor sold."""
    for words in (["expire", "2026-9"], ["activate", "2026-9", "1", "2", "--reason", "sold"]):
        assert "there is no voucher batch 2026-9" in refused(place, "trade", "vouchers", *words)
