"""Which token: settings, and the file with the PIN."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.security.pkcs11 import TokenPinError, TokenSetting, TokenSettingError
from umbane.security.pkcs11.library import Library, pin_of

GOOD = "pkcs11:token=vending?module-path=/usr/lib/hsm.so&pin-source=/etc/umbane/pin"


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        (GOOD, TokenSetting("/usr/lib/hsm.so", "vending", Path("/etc/umbane/pin"))),
        (
            "pkcs11:token=Vending%201;serial=00ab?pin-source=file:/etc/pin&module-path=hsm.so",
            TokenSetting("hsm.so", "Vending 1", Path("/etc/pin"), "00ab"),
        ),
    ],
)
def test_settings(text: str, setting: TokenSetting) -> None:
    """A setting names token, library and PIN file, in any order, and a serial number where labels repeat."""
    assert TokenSetting.parse(text) == setting


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vending",
        "pkcs11:",
        "PKCS11:token=vending?module-path=a&pin-source=b",
        "pkcs11:token=vending",
        "pkcs11:token=vending?module-path=a",
        "pkcs11:token=?module-path=a&pin-source=b",
        "pkcs11:token=vending?module-path=&pin-source=b",
        "pkcs11:token=vending;token=other?module-path=a&pin-source=b",
        "pkcs11:token=vending?module-path=a&pin-source=b&module-path=c",
        "pkcs11:token=vending;object=key?module-path=a&pin-source=b",
        "pkcs11:token=vending?module-path=a&pin-source=b&pin-value=1234",
        "pkcs11:token=vending?module-path=a&pin-value=1234",
    ],
)
def test_bad_settings(text: str) -> None:
    """What lacks something, says it twice, is unknown or holds a PIN is refused, and a PIN is not repeated."""
    with pytest.raises(TokenSettingError) as caught:
        TokenSetting.parse(text)
    assert "1234" not in str(caught.value)


@given(st.text(max_size=80) | st.text(max_size=40).map(lambda text: f"{GOOD}{text}"))
def test_any_setting(text: str) -> None:
    """Whatever is given is a setting or a refusal."""
    with suppress(TokenSettingError):
        assert TokenSetting.parse(text).token


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_pin_that_others_read(tmp_path: Path, mode: int) -> None:
    """A PIN file that others may read or write is refused."""
    file = tmp_path / "pin"
    file.write_text("1234")
    file.chmod(mode)
    with pytest.raises(TokenPinError, match="chmod 600"):
        pin_of(TokenSetting("a", "b", file))


@pytest.mark.parametrize("content", ["", "\n1234\n"])
def test_an_empty_pin(tmp_path: Path, content: str) -> None:
    """An empty first line is no PIN."""
    file = tmp_path / "pin"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(TokenPinError, match="empty"):
        pin_of(TokenSetting("a", "b", file))


def test_no_pin_file(tmp_path: Path) -> None:
    """A PIN file that isn't there is named, without its folder."""
    with pytest.raises(TokenPinError, match="'pin' can't be read") as caught:
        pin_of(TokenSetting("a", "b", tmp_path / "pin"))
    assert str(tmp_path) not in str(caught.value)


def test_the_first_line(tmp_path: Path) -> None:
    """The PIN is the file's first line, without its end."""
    file = tmp_path / "pin"
    file.write_text("12 34\nnot this\n")
    file.chmod(0o600)
    assert pin_of(TokenSetting("a", "b", file)) == "12 34"


def test_no_library(tmp_path: Path) -> None:
    """A library that isn't one is refused with the remedy."""
    (tmp_path / "hsm.so").write_text("no library")
    for name in ("hsm.so", "nothing.so"):
        with pytest.raises(TokenSettingError, match="can't be loaded"):
            Library(str(tmp_path / name))
