"""Files of settings in YAML: a mapping whose fields are looked at one by one, and every error names the field."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from umbane.errors import InputError, shown

if TYPE_CHECKING:
    from umbane.security import Realm
    from umbane.security.prism.keys import KeyTable, PrismKey

__all__ = ["Fields", "read_fields"]

KEY_NEEDED = {"sgc", "krn"}
KEY_KNOWN = KEY_NEEDED | {"kt", "dkga", "base_date", "ken"}


class Fields:
    """What a mapping says.

    Args:
        found: the mapping.
        folder: where its file lies; files that it names are looked for from there.
    """

    def __init__(self, found: object, folder: Path) -> None:
        if not isinstance(found, dict):
            raise InputError("setting", "it is no list of fields", "write one field a line, as name: value")
        self.found: dict[Any, Any] = found
        self.folder = folder

    def require(self, needed: Collection[str], known: Collection[str]) -> None:
        """Refuse a mapping that lacks a field, or has one that nobody knows.

        Raises:
            InputError: by the name of the field.
        """
        for name in sorted(needed):
            if self.found.get(name) is None:
                raise InputError(name, "it isn't said", "docs/pkcs11.md and docs/prism.md show whole files")
        for name in self.found:
            if name not in known:
                raise InputError(shown(name), "there is no such field", f"say {', '.join(sorted(known))}")

    def one_of(self, one: str, other: str) -> None:
        """Refuse a mapping that says both of two fields, or neither."""
        if (one in self.found) == (other in self.found):
            problem = "both are said" if one in self.found else "neither is said"
            raise InputError(f"{one} or {other}", problem, "say one of them")

    def text(self, name: str, default: str | None = None) -> str:
        """A text."""
        value = self.found.get(name, default)
        if not isinstance(value, str) or not value:
            raise InputError(name, f"{shown(value)} is no text", "write a word, or put it in quotes")
        return value

    def optional(self, name: str) -> str | None:
        """A text that may be left out."""
        return self.text(name) if name in self.found else None

    def number(self, name: str, default: int, least: int = 0, most: int = 1 << 31) -> int:
        """A whole number."""
        value = self.found.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise InputError(name, f"{shown(value)} can't be", f"give a whole number from {least} to {most}")
        return value

    def file(self, name: str) -> Path:
        """The place of a file or folder."""
        return self.folder / self.text(name)

    def optional_file(self, name: str) -> Path | None:
        """The same, where it may be left out."""
        return self.file(name) if name in self.found else None

    def realm(self) -> "Realm":
        """Which world keys are of."""
        from umbane.security import Realm

        if self.found["realm"] not in {realm.value for realm in Realm}:
            raise InputError("realm", f"{shown(self.found['realm'])} is none", "say test or production")
        return Realm(self.found["realm"])

    def keys(self) -> "KeyTable":
        """Vending keys, by what is said of them: their bits are elsewhere."""
        from umbane.security.prism.keys import KeyTable

        found = self.found["keys"]
        if not isinstance(found, list):
            raise InputError("keys", "they are no list", "write each in a line of its own, with a hyphen before it")
        return KeyTable(self.realm(), [key_from(Fields(one, self.folder)) for one in found])


def key_from(fields: Fields) -> "PrismKey":
    """What is said of a vending key."""
    from umbane.security.prism.keys import PrismKey
    from umbane.sts import DKGA, KEN, KRN, KT, SGC, BaseDate

    fields.require(KEY_NEEDED, KEY_KNOWN)
    found = fields.found
    try:
        kt, dkga = KT[str(found.get("kt", "DUTK"))], DKGA(found.get("dkga", 4))
    except KeyError:
        raise InputError("kt", f"{shown(found['kt'])} is no type of key", "say DDTK, DUTK or DCTK") from None
    base_date = BaseDate(str(found.get("base_date", "14")))
    return PrismKey(SGC.parse(str(found["sgc"])), KRN(found["krn"]), kt, dkga, base_date, KEN(found.get("ken", 255)))


def read_fields(path: Path) -> Fields:
    """Read a file of settings.

    Raises:
        InputError: it can't be read, or isn't one.
    """
    import yaml

    from umbane.keycentre.plan import StrictLoader

    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=StrictLoader)  # noqa: S506 - a SafeLoader that allows less
    except OSError as error:
        raise InputError("setting", f"{path} can't be read ({error.strerror})", "name another file") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = getattr(error, "problem", None) or "it is no text in UTF-8"
        raise InputError(
            "setting", f"{path.name} is no YAML: {why}", "write one field a line, as name: value"
        ) from None
    return Fields(found, path.parent)
