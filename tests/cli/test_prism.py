"""`umbane prism`: its file of settings, and the small commands beside it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.security.prism.town import Files
from tests.security.process.certificates import certificates
from umbane.cli import main
from umbane.cli.prism import read_setting
from umbane.errors import InputError
from umbane.security import Realm
from umbane.security.prism.connection import Address
from umbane.security.prism.keys import PrismKey
from umbane.security.prism.users import Sessions, hashed_password
from umbane.sts import KEN, KRN, KT, SGC, BaseDate

KEPT = hashed_password("a password", cost=1)
GOOD = f"""
listen: 127.0.0.1:9443
certificate: certificate.pem
key: key.pem
clients: authority.pem
name: shop
realm: test
users:
  till: {KEPT}
keys:
  - {{sgc: "123456", krn: 1}}
  - {{sgc: "700001", krn: 2, kt: DDTK, dkga: 2, base_date: "93", ken: 80}}
"""


def written(folder: Path, text: str) -> Path:
    """A file of settings."""
    path = folder / "prism.yaml"
    path.write_text(text)
    return path


def test_setting(tmp_path: Path) -> None:
    """A file says where to listen, with which certificates, who signs in, and which keys there are."""
    setting = read_setting(written(tmp_path, GOOD))
    assert setting.listen == Address("127.0.0.1", 9443)
    assert (setting.name, setting.clients) == ("shop", tmp_path / "authority.pem")
    assert setting.identity.certificate == tmp_path / "certificate.pem"
    assert setting.table.realm is Realm.TEST
    assert setting.table.newest(123456) == PrismKey(SGC(123456), KRN(1))
    newest = setting.table.newest(700001)
    assert newest is not None
    assert (newest.kt, newest.base_date, newest.ken) == (KT.DDTK, BaseDate.Y1993, KEN(80))
    Sessions(setting.users).signed_in("till", "a password")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (GOOD, ""),
        (GOOD, "[1, 2]"),
        (GOOD, "{"),
        ("listen: 127.0.0.1:9443", ""),
        ("127.0.0.1:9443", "9443"),
        ("127.0.0.1:9443", "127.0.0.1:99999"),
        ("127.0.0.1:9443", "127.0.0.1:x"),
        ("realm: test", "realm: other"),
        ("name: shop", "nmae: shop"),
        (f"till: {KEPT}", "[till]"),
        ("krn: 1}", "krn: 0}"),
        ("krn: 1}", "krn: one}"),
        ("krn: 1}", "krn: 1, extractable: true}"),
        ("krn: 1}", "kt: DUTK}"),
        ("kt: DDTK", "kt: DXTK"),
        ("dkga: 2", "dkga: 3"),
        ('"93"', '"92"'),
        ("ken: 80", "ken: 256"),
        ('"700001"', '"123456"'.replace("123456", "12345")),
        ('sgc: "700001", krn: 2', 'sgc: "123456", krn: 1'),
    ],
)
def test_bad_settings(tmp_path: Path, old: str, new: str) -> None:
    """A file that lacks something, or says what can't be, is refused by the name of what is wrong."""
    with pytest.raises(InputError):
        read_setting(written(tmp_path, GOOD.replace(old, new)))


def test_password() -> None:
    """Of a password that is typed twice, what is kept is printed, and it is never shown."""
    result = CliRunner().invoke(main, ["prism", "password"], input="secret\nsecret\n")
    kept = result.output.splitlines()[-1]
    assert "secret" not in result.output
    assert Sessions({"till": kept}).signed_in("till", "secret")


def test_fingerprint(tmp_path: Path) -> None:
    """A certificate's fingerprint is the one that a client pins."""
    files = Files(*certificates(tmp_path / "certificates"))
    result = CliRunner().invoke(main, ["prism", "fingerprint", str(files.identity.certificate)])
    assert result.output.strip() == files.pinned
    refused = CliRunner().invoke(main, ["prism", "fingerprint", str(written(tmp_path, "x"))])
    assert (refused.exit_code, "error: certificate" in refused.output) == (2, True)
