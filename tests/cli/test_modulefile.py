"""A file that names a module: what it may say, and what is refused by the name of its field."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.security.prism.town import Files
from tests.security.process.certificates import certificates
from umbane.cli import main
from umbane.cli.modulefile import ModuleFile, module_file
from umbane.errors import InputError
from umbane.security import Realm
from umbane.security.pkcs11 import TokenPinError, TokenSetting
from umbane.security.pkcs11.library import pin_of

HSM = """
kind: pkcs11
name: vault
realm: production
journal: journal
library: /usr/lib/hsm.so
token: vending
pin_file: pin
"""
PRISM = """
kind: prism
name: prism
realm: test
journal: journal
host: module.example
pinned: "{pin}"
user: till
password_file: password
keys:
  - {{sgc: "123456", krn: 1}}
""".format(pin="5f" * 32)


def written(folder: Path, text: str) -> Path:
    """A file, and the secrets beside it."""
    for name, secret in (("password", "a password"), ("pin", "1234")):
        (folder / name).write_text(f"{secret}\n")
        (folder / name).chmod(0o600)
    path = folder / "module.yaml"
    path.write_text(text)
    return path


def read(folder: Path, text: str) -> ModuleFile:
    """What a file says."""
    found = module_file(str(written(folder, text)))
    assert found
    return found


def test_a_token(tmp_path: Path) -> None:
    """A file says which token it is, where its PIN is, and where the journal lies."""
    found = read(tmp_path, HSM)
    assert (found.name, found.realm, found.folder) == ("vault", Realm.PRODUCTION, tmp_path / "journal")
    assert found.token == TokenSetting("/usr/lib/hsm.so", "vending", tmp_path / "pin")
    assert pin_of(found.token) == "1234"
    other = read(tmp_path, HSM.replace("token: vending", "slot: 7").replace("pin_file: pin", "pin_variable: MY_PIN"))
    assert other.token == TokenSetting("/usr/lib/hsm.so", slot=7, pin_variable="MY_PIN")


def test_a_pin_that_nobody_types(tmp_path: Path) -> None:
    """Where it isn't said where the PIN is somebody has to type it, and without anybody it is said what is missing."""
    found = read(tmp_path, HSM.replace("pin_file: pin", ""))
    assert found.token
    with pytest.raises(InputError, match=r"^pin_file: nobody is there to type the PIN of vending"):
        pin_of(found.token)


def test_a_prismtoken(tmp_path: Path) -> None:
    """A file says how a PrismToken is reached and known, who signs in, and which keys it has."""
    found = read(tmp_path, PRISM)
    assert (found.name, found.realm, found.folder, found.token) == ("prism", Realm.TEST, tmp_path / "journal", None)
    assert "a password" not in repr(found)
    files = Files(*certificates(tmp_path / "certificates"))
    more = "authority: certificates/authority.pem\ncertificate: certificates/certificate.pem\nkey: certificates/key.pem"
    assert read(tmp_path, f"{PRISM.replace('pinned', '#')}{more}\nport: 9444\nseconds: 30\nconnections: 2\n")
    assert files.identity.key.exists()


BOTH = {
    "no kind": ("kind: ", "x: ", "kind"),
    "another kind": ("kind: ", "kind: other #", "kind"),
    "no name": ("name: ", "#", "name"),
    "no journal": ("journal: ", "#", "journal"),
    "no realm": ("realm: ", "#", "realm"),
    "another realm": ("realm: ", "realm: moon #", "realm"),
    "a field that nobody knows": ("name: ", "pin: 1234\nname: ", "'pin'"),
    "a field twice": ("name: ", "name: a\nname: ", "setting"),
    "a name that is a number": ("name: ", "name: 7 #", "name"),
    "a list": ("\n", "\n- ", "setting"),
    "no YAML": ("\n", "\n{", "setting"),
}
OF_TOKENS = {
    "no library": ("library: ", "#", "library"),
    "no token": ("token: ", "#", "token or slot"),
    "two tokens": ("token: ", "slot: 1\ntoken: ", "token or slot"),
    "a slot that is none": ("token: ", "slot: -1 #", "slot"),
    "a slot in words": ("token: ", "slot: one #", "slot"),
    "a label that is a number": ("token: ", "token: 7 #", "token"),
    "two PINs": ("pin_file: ", "pin_variable: A\npin_file: ", "pin_file or pin_variable"),
    "no session": ("token: ", "sessions: 0\ntoken: ", "sessions"),
    "too much to remember": ("token: ", "remember_meters: true\ntoken: ", "remember_meters"),
    "a host": ("token: ", "host: here\ntoken: ", "'host'"),
}
OF_PRISM = {
    "no host": ("host: ", "#", "host"),
    "no user": ("user: ", "#", "user"),
    "nobody to believe": ("pinned: ", "#", "pinned or authority"),
    "two to believe": ("pinned: ", "authority: a\npinned: ", "pinned or authority"),
    "no fingerprint": ("pinned: ", "pinned: abc #", "pinned certificate"),
    "no authority": ("pinned: ", "authority: nothing #", "authority"),
    "half of a certificate": ("host: ", "certificate: c\nhost: ", "certificate"),
    "no password": ("password_file: ", "#", "password_file"),
    "a password in the file": ("password_file: ", "password: a #", "password_file"),
    "no such password": ("password_file: ", "password_file: no #", "password_file"),
    "no port": ("host: ", "port: 0\nhost: ", "port"),
    "no keys": ("keys:", "#", "setting"),
    "a key without a name": ('{sgc: "123456", ', "{", "sgc"),
    "keys that are none": ("keys:", "keys: x #", "setting"),
    "a revision that is none": ("krn: 1", "krn: 0", "KRN"),
}
CASES = {
    **{
        f"{name}, {kind}": (text, *it) for kind, text in (("token", HSM), ("prism", PRISM)) for name, it in BOTH.items()
    },
    **{name: (HSM, *it) for name, it in OF_TOKENS.items()},
    **{name: (PRISM, *it) for name, it in OF_PRISM.items()},
}


@pytest.mark.parametrize("name", CASES)
def test_refused(tmp_path: Path, name: str) -> None:
    """What is wrong with a file is told by the name of its field, and no secret is repeated."""
    text, old, new, field = CASES[name]
    path = written(tmp_path, text.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        module_file(str(path))
    assert caught.value.field == field
    assert "1234" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_secrets_of_everybody(tmp_path: Path, mode: int) -> None:
    """A PIN or a password that others may read isn't used."""
    found = read(tmp_path, HSM)
    (tmp_path / "pin").chmod(mode)
    assert found.token
    with pytest.raises(TokenPinError, match="others can read"):
        pin_of(found.token)
    path = written(tmp_path, PRISM)
    (tmp_path / "password").chmod(mode)
    with pytest.raises(InputError, match=r"^password_file: others can read"):
        module_file(str(path))


@pytest.mark.parametrize("text", ["nothing", "unix:module/socket", "tls://host:1", ""])
def test_no_file(text: str) -> None:
    """What isn't a file names a module in another way."""
    assert module_file(text) is None


@pytest.mark.parametrize(
    "words", [["serve", "--module"], ["module", "status", "--at"], ["module", "pair"], ["reconcile", "--module"]]
)
def test_commands(tmp_path: Path, words: list[str]) -> None:
    """Every command that takes such a file says what is wrong with it, and no traceback."""
    path = written(tmp_path, HSM.replace("library: ", "libary: "))
    env = {"UMBANE_DATABASE_URL": None, "UMBANE_DATA": str(tmp_path / "data")}
    run = CliRunner().invoke(main, [*words, str(path)], env=env)
    assert run.exit_code == 2, run.output
    assert "library: it isn't said" in run.output or "there is no database" in run.output


def test_only_what_it_can(tmp_path: Path) -> None:
    """A module that a file names isn't unsealed, and a PrismToken takes no keys and has no pair."""
    token, prism = written(tmp_path, HSM), tmp_path / "prism.yaml"
    prism.write_text(PRISM)
    for words, told in (
        (["unseal", "--custodian", "ada", "--at", token], "isn't in a process of its own"),
        (["seal", "--at", token], "isn't in a process of its own"),
        (["pair", prism], "prism is no token"),
        (["load", "--published", "123456/1", "--at", prism], "prism is no token"),
        (["load", "--published", "123456/1", "--at", token], "vault is of the production realm"),
        (["pair", token], "can't be loaded as a library"),
        (["status", "--at", token], "can't be loaded as a library"),
    ):
        run = CliRunner().invoke(main, ["module", *map(str, words)], input="a\n")
        assert run.exit_code == 2, run.output
        assert told in run.output
