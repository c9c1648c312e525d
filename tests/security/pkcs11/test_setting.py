"""Which token: settings, and the file with the PIN."""

from pathlib import Path
from typing import Any

import pytest

from umbane.security.pkcs11 import TokenPinError, TokenSetting, TokenSettingError
from umbane.security.pkcs11.library import Library, pin_of


def from_file(file: Path) -> TokenSetting:
    """A token whose PIN is in a file."""
    return TokenSetting("a", "b", file)


BAD = {
    "no token": {"pin_variable": "PIN"},
    "two tokens": {"token": "a", "slot": 0, "pin_variable": "PIN"},
    "no PIN": {"token": "a"},
    "two PINs": {"token": "a", "pin_variable": "PIN", "pin_file": Path("pin")},
    "three PINs": {"slot": 0, "pin_variable": "PIN", "pin_file": Path("pin"), "typed": str},
}


@pytest.mark.parametrize("name", BAD)
def test_bad_settings(name: str) -> None:
    """It is said once which token it is and where its PIN is, and not twice."""
    more: Any = BAD[name]
    with pytest.raises(TokenSettingError, match=r"^(token|PIN): "):
        TokenSetting("a", **more)


def test_a_pin_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PIN may be in the environment, from where it is read anew each time; without it the variable is named."""
    setting = TokenSetting("a", "b", pin_variable="TEST_PIN")
    with pytest.raises(TokenPinError, match="TEST_PIN is empty"):
        pin_of(setting)
    monkeypatch.setenv("TEST_PIN", "1234")
    assert pin_of(setting) == "1234"
    assert "1234" not in repr(setting)


def test_a_pin_that_is_typed() -> None:
    """A PIN that somebody types is asked for when it is needed, and an empty one is none."""
    pins = iter(["1234", ""])
    setting = TokenSetting("a", slot=3, typed=lambda: next(pins))
    assert pin_of(setting) == "1234"
    with pytest.raises(TokenPinError, match="empty"):
        pin_of(setting)
    assert setting.title == "the token in slot 3"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_pin_that_others_read(tmp_path: Path, mode: int) -> None:
    """A PIN file that others may read or write is refused."""
    file = tmp_path / "pin"
    file.write_text("1234")
    file.chmod(mode)
    with pytest.raises(TokenPinError, match="chmod 600"):
        pin_of(from_file(file))


@pytest.mark.parametrize("content", ["", "\n1234\n"])
def test_an_empty_pin(tmp_path: Path, content: str) -> None:
    """An empty first line is no PIN."""
    file = tmp_path / "pin"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(TokenPinError, match="empty"):
        pin_of(from_file(file))


def test_no_pin_file(tmp_path: Path) -> None:
    """A PIN file that isn't there is named."""
    with pytest.raises(TokenPinError, match=r"pin can't be read \(No such file"):
        pin_of(from_file(tmp_path / "pin"))


def test_the_first_line(tmp_path: Path) -> None:
    """The PIN is the file's first line, without its end."""
    file = tmp_path / "pin"
    file.write_text("12 34\r\nnot this\n")
    file.chmod(0o600)
    assert pin_of(from_file(file)) == "12 34"


def test_no_library(tmp_path: Path) -> None:
    """A library that isn't one is refused with the remedy."""
    (tmp_path / "hsm.so").write_text("no library")
    for name in ("hsm.so", "nothing.so"):
        with pytest.raises(TokenSettingError, match="can't be loaded"):
            Library(str(tmp_path / name))
