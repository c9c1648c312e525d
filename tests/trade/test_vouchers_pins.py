"""PINs, their hashes, and the file for the printer."""

import random
from base64 import b64encode
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import assume, given
from hypothesis import strategies as st

from umbane.errors import UmbaneError
from umbane.trade.errors import TradeInputError
from umbane.trade.pins import grouped, new_pins, pin_hash, typed_pin
from umbane.trade.printing import Printed, fingerprint, open_voucher_file, printer_key, voucher_file

KEY = bytes(range(32))
HOUSE = UUID(int=7)
PINS = st.integers(0, 10**14 - 1).map(lambda it: new_pins(1, lambda _: it)[0])
PRINTER = X25519PrivateKey.from_private_bytes(bytes(32))
VOUCHERS = Printed("2026-1", "50.00 ZAR", date(2027, 12, 31), ("1111222233334444", "5555666677778888"))


@given(PINS, st.sampled_from([" ", "-", "", "\u00a0"]))
def test_typed(pin: str, between: str) -> None:
    """A PIN is taken as it is printed, with or without what stands between its digits."""
    assert len(pin) == 16
    assert typed_pin(grouped(pin).replace(" ", between)) == pin


@given(PINS, st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit(pin: str, place: int, more: int) -> None:
    """One wrong digit is noticed."""
    wrong = f"{pin[:place]}{(int(pin[place]) + more) % 10}{pin[place + 1 :]}"
    with pytest.raises(TradeInputError, match="a digit is wrong"):
        typed_pin(wrong)


@given(PINS, st.integers(0, 14))
def test_two_digits_swapped(pin: str, place: int) -> None:
    """Two digits that changed places are noticed."""
    assume(pin[place] != pin[place + 1])
    with pytest.raises(TradeInputError, match="a digit is wrong"):
        typed_pin(f"{pin[:place]}{pin[place + 1]}{pin[place]}{pin[place + 2 :]}")


@pytest.mark.parametrize("text", ["", "1234", "12345678901234567", "123456789012345x", "\u0661" * 16])
def test_no_pin(text: str) -> None:
    """What doesn't have sixteen digits is no PIN, and is not repeated in the error."""
    with pytest.raises(TradeInputError, match="sixteen digits") as refused:
        typed_pin(text)
    assert not text or text not in str(refused.value)


def test_all_different() -> None:
    """No two PINs of a batch are the same, even where chance gives a number twice."""
    numbers = iter([5, 5, 6, 5, 7])
    assert len(set(new_pins(3, lambda _: next(numbers)))) == 3


def test_whole_range() -> None:
    """PINs are drawn from all numbers of fourteen digits."""
    assert new_pins(1, lambda most: most - 1)[0].startswith("9" * 14)


def test_hashes() -> None:
    """The hash of a PIN differs with the key, the utility and the PIN, and needs a whole key."""
    other = bytes(32)
    hashes = {
        pin_hash(*it) for it in ((KEY, HOUSE, "1"), (other, HOUSE, "1"), (KEY, UUID(int=8), "1"), (KEY, HOUSE, "2"))
    }
    assert len(hashes) == 4
    with pytest.raises(TradeInputError, match="it has 3 bytes"):
        pin_hash(b"abc", HOUSE, "1")


def test_for_the_printer() -> None:
    """The printer opens its file and finds the PINs; nobody sees one in it, or in what it is printed as."""
    text = voucher_file(VOUCHERS, PRINTER.public_key())
    opened = open_voucher_file(text, PRINTER)
    assert (opened.batch, opened.worth, opened.expires_on) == ("2026-1", "50.00 ZAR", date(2027, 12, 31))
    assert tuple(opened.pins) == VOUCHERS.pins
    for pin in VOUCHERS.pins:
        assert pin.encode() not in text
        assert b64encode(pin.encode())[:12] not in text
    assert "1111" not in repr(opened)


def test_never_the_same_file() -> None:
    """The same PINs sealed twice are two files."""
    assert voucher_file(VOUCHERS, PRINTER.public_key()) != voucher_file(VOUCHERS, PRINTER.public_key())


def test_for_another_printer() -> None:
    """Another printer can't open it."""
    other = X25519PrivateKey.from_private_bytes(bytes([1] * 32))
    with pytest.raises(TradeInputError, match="for another printer, or was changed"):
        open_voucher_file(voucher_file(VOUCHERS, PRINTER.public_key()), other)


@given(st.randoms(use_true_random=False))
def test_changed_file(chance: random.Random) -> None:
    """A file of which anything was changed isn't opened."""
    text = bytearray(voucher_file(VOUCHERS, PRINTER.public_key()))
    place = chance.randrange(len(text))
    text[place] ^= chance.randrange(1, 128)
    with pytest.raises((UmbaneError,)):
        open_voucher_file(bytes(text), PRINTER)


def test_other_outside() -> None:
    """What stands on the outside of a file is sealed with it."""
    text = voucher_file(VOUCHERS, PRINTER.public_key()).replace(b"50.00 ZAR", b"90.00 ZAR")
    with pytest.raises(TradeInputError, match="was changed"):
        open_voucher_file(text, PRINTER)


def test_printer_keys() -> None:
    """A public key of X25519 in PEM is taken; another kind, a private one or rubbish isn't."""
    pem = PRINTER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert fingerprint(printer_key(pem)) == fingerprint(PRINTER.public_key())
    other = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for wrong in (other, b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(TradeInputError, match="no public key of X25519"):
            printer_key(wrong)


def test_key_that_nothing_is_sealed_to() -> None:
    """A public key to which nothing can be sealed is refused."""
    with pytest.raises(TradeInputError, match="nothing can be sealed"):
        voucher_file(replace(VOUCHERS, batch="x"), X25519PublicKey.from_public_bytes(bytes(32)))
