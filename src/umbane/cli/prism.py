"""`umbane prism`: a module of ours behind the PrismToken interface, for vending systems that speak it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from umbane.cli.module import FILE, place_from, with_place
from umbane.errors import InputError, shown

if TYPE_CHECKING:
    from umbane.security.prism.connection import Address
    from umbane.security.prism.keys import PrismKey

__all__ = ["command", "read_setting"]

NEEDED: Final = {"listen", "certificate", "key", "realm", "users", "keys"}
KNOWN: Final = NEEDED | {"clients", "name"}
LAST_PORT: Final = 0xFFFF
KEY_NEEDED: Final = {"sgc", "krn"}
KEY_KNOWN: Final = KEY_NEEDED | {"kt", "dkga", "base_date", "ken"}


@click.group()
def command() -> None:
    """Let vending systems that speak the PrismToken interface (Thrift over TLS) use a module of ours.

    \b
    umbane prism password                      what is kept of a password, for the file
    umbane prism serve prism.yaml --at module/socket
    umbane prism fingerprint server.pem        what a client pins
    """  # noqa: D301 - click's mark for lines that stay as they are


@command.command()
def password() -> None:
    """Ask for a password, and print what is kept of it."""
    from umbane.security.prism.users import hashed_password

    click.echo(hashed_password(click.prompt("Password", hide_input=True, confirmation_prompt=True)))


@command.command()
@click.argument("certificate", type=FILE)
def fingerprint(certificate: Path) -> None:
    """Print the SHA-256 of a CERTIFICATE in PEM: what a client pins."""
    import ssl
    from hashlib import sha256

    try:
        content = ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii").strip())
    except ValueError:
        raise InputError("certificate", f"{certificate} is none", "give a file with one certificate in PEM") from None
    click.echo(sha256(content).hexdigest())


@command.command()
@click.argument("setting", type=FILE)
@with_place
def serve(setting: Path, *, at: str, certificate: Path | None, key: Path | None, authority: Path | None) -> None:
    """Serve the interface as the YAML file SETTING says, in front of the module at --at, until somebody stops it."""
    place = place_from(at, certificate, key, authority)
    asyncio.run(_serve(read_setting(setting), place))


class Setting:
    """A file of settings.

    Args:
        fields: what it says.
        folder: where it lies; files that it names are looked for from there.

    Raises:
        InputError: it lacks something, or says what can't be.
    """

    def __init__(self, fields: Mapping[str, Any], folder: Path) -> None:
        from umbane.security import Realm
        from umbane.security.prism.keys import KeyTable
        from umbane.security.prism.tls import Identity

        self.listen = _address(fields["listen"])
        self.identity: Identity = Identity(folder / str(fields["certificate"]), folder / str(fields["key"]))
        self.clients = folder / str(fields["clients"]) if "clients" in fields else None
        self.name = str(fields.get("name", "umbane"))
        if fields["realm"] not in {realm.value for realm in Realm}:
            raise InputError("realm", f"{shown(fields['realm'])} is none", "say test or production")
        if not isinstance(fields["users"], dict) or not isinstance(fields["keys"], list):
            raise InputError("setting", "users or keys are in another form", "give users by name, and a list of keys")
        self.users = {str(user): str(kept) for user, kept in fields["users"].items()}
        self.table: KeyTable = KeyTable(Realm(fields["realm"]), [_key(one) for one in fields["keys"]])


def read_setting(path: Path) -> Setting:
    """Read a file of settings.

    Raises:
        InputError: it isn't one.
    """
    import yaml

    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise InputError("setting", f"{path.name} is no YAML", "see docs/prism.md for one that is") from None
    return Setting(_fields("setting", fields, NEEDED, KNOWN), path.parent)


def _fields(what: str, fields: object, needed: set[str], known: set[str]) -> dict[str, Any]:
    """The fields of a mapping that has all that it needs, and nothing that is unknown."""
    if not isinstance(fields, dict) or not needed <= fields.keys() <= known:
        names = ", ".join(map(str, fields)) if isinstance(fields, dict) else "something else"
        raise InputError(what, f"it says {names}", f"say {', '.join(sorted(needed))}, and perhaps others of the page")
    return fields


def _address(text: object) -> "Address":
    """Where to listen."""
    from umbane.security.prism.connection import Address

    host, _, port = str(text).rpartition(":")
    if not host or not port.isdecimal() or int(port) > LAST_PORT:
        raise InputError("listen", f"{shown(text)} is no address", "give host:port, as 127.0.0.1:9443")
    return Address(host, int(port))


def _key(fields: object) -> "PrismKey":
    """A vending key."""
    from umbane.security.prism.keys import PrismKey
    from umbane.sts import DKGA, KEN, KRN, KT, SGC, BaseDate

    found = _fields("key", fields, KEY_NEEDED, KEY_KNOWN)
    try:
        kt, dkga = KT[str(found.get("kt", "DUTK"))], DKGA(found.get("dkga", 4))
    except KeyError:
        raise InputError("kt", f"{shown(found['kt'])} is no type of key", "say DDTK, DUTK or DCTK") from None
    base_date = BaseDate(str(found.get("base_date", "14")))
    return PrismKey(SGC.parse(str(found["sgc"])), KRN(found["krn"]), kt, dkga, base_date, KEN(found.get("ken", 255)))


async def _serve(setting: Setting, place: Any) -> None:  # noqa: ANN401 - a Place
    """Serve until the end."""
    import signal

    from umbane.security.prism.desk import Desk
    from umbane.security.prism.serving import serve_prism
    from umbane.security.prism.tls import server_context
    from umbane.security.prism.users import Sessions
    from umbane.security.process.remote import open_remote_module

    context, end = server_context(setting.identity, setting.clients), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    async with open_remote_module(place) as module:
        status = await module.status()
        if status.realm is not setting.table.realm:
            problem = f"the module {status.name} is of the {status.realm} realm"
            raise InputError("realm", problem, f"say realm: {status.realm}, or serve another module")
        desk = Desk(module, setting.table, Sessions(setting.users), name=setting.name)
        async with serve_prism(desk, context, setting.listen) as where:
            click.echo(
                f"The module {status.name} listens at {where.host}:{where.port} with {len(setting.table.keys)} keys"
            )
            await end.wait()
