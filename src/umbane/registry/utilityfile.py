"""A utility from a file: who it is, what it leaves to choice, its keys by their names, prices, vendors and people.

The file is YAML of the plain kind that tariffs are written in. All of it is added in one transaction, or nothing.
"""

from pathlib import Path
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, ValidationError

from umbane.db import Connection, new_ids
from umbane.pricing import load_tariff
from umbane.pricing.yaml_source import LARGEST_FILE, SourceError, Tree, dotted, read
from umbane.registry import texts
from umbane.registry.errors import ImportFileError
from umbane.registry.keys import KeyRevision, Realm, SupplyGroup, base_date_of
from umbane.registry.models import Operator, Terminal, Utility, Vendor
from umbane.registry.operators import add_operator
from umbane.registry.policy import read_policy
from umbane.registry.roles import Role, Scope
from umbane.registry.tariffs import activate_tariff, add_tariff_version
from umbane.registry.utilities import add_key_revisions, add_supply_groups, add_utility, currency_of, zone_of
from umbane.registry.vendors import add_terminals, add_vendors
from umbane.sts import DKGA, KEN, KRN, KT, SGC

__all__ = ["UtilityFile", "import_utility", "read_utility_file"]

Listed = Annotated[list[str], BeforeValidator(lambda it: [it] if isinstance(it, str) else it)]
"""A list, or its only member."""


class _Section(BaseModel):
    """A part of the file: nothing in it that isn't known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KeySection(_Section):
    """A vending key by its name in a security module."""

    krn: int
    kt: Literal["DDTK", "DUTK", "DCTK"] = "DUTK"
    dkga: int
    base_date: int
    ken: int = 255
    module_key: str
    active_from: AwareDatetime
    active_until: AwareDatetime | None = None

    def revision(self, sgc: SGC, realm: Realm) -> KeyRevision:
        """The key revision that it describes."""
        base_date, ken, dkga = base_date_of(self.base_date), KEN(self.ken), DKGA(self.dkga)
        where = realm, self.module_key, self.active_from, self.active_until
        return KeyRevision(sgc, KT[self.kt], KRN(self.krn), dkga, base_date, ken, *where)


class GroupSection(_Section):
    """A supply group with its keys."""

    sgc: int
    name: str
    realm: Realm
    keys: list[KeySection] = []


class VendorSection(_Section):
    """A vendor with its terminals; the credit limit as an amount of the utility's currency."""

    code: str
    name: str
    credit_limit: str = "0"
    terminals: Listed = []


class OperatorSection(_Section):
    """Somebody who signs in."""

    name: str
    full_name: str
    roles: list[Role]
    vendor: str | None = None


class UtilityFile(_Section):
    """Everything that a file says; the names of tariff files are relative to its folder."""

    format: Literal["umbane-utility-1"]
    code: str
    name: str
    currency: str
    time_zone: str
    languages: Listed
    policy: dict[str, object] = {}
    supply_groups: list[GroupSection] = []
    tariffs: Listed = []
    vendors: list[VendorSection] = []
    operators: list[OperatorSection] = []

    def utility(self, utility_id: UUID) -> Utility:
        """The utility that it describes."""
        where = currency_of(self.currency), zone_of(self.time_zone), tuple(self.languages)
        return Utility(utility_id, self.code, self.name, *where, read_policy(self.policy))


def read_utility_file(path: Path) -> UtilityFile:
    """Read a file that describes a utility.

    Raises:
        ImportFileError: it can't be read, or isn't such a file; the first thing that is wrong is told with its line.
    """
    try:
        with path.open("rb") as file:
            source = read(file.read(LARGEST_FILE).decode("utf-8-sig"))
    except OSError as error:
        raise ImportFileError(
            str(path), error.strerror or "it can't be read", "name a file that can be read"
        ) from error
    except UnicodeDecodeError as error:
        raise ImportFileError(path.name, "it is not UTF-8 text", "save it as UTF-8") from error
    except SourceError as error:
        found = error.problem
        raise ImportFileError(f"{path.name}:{found.line}: {found.field}", found.problem, found.remedy) from error
    for found in source.repeated:
        raise ImportFileError(f"{path.name}:{found.line}: {found.field}", found.problem, found.remedy)
    tree: object = source.tree
    if isinstance(source.tree, dict) and "policy" in source.tree:
        tree = {**source.tree, "policy": _typed(source.tree["policy"])}
    try:
        return UtilityFile.model_validate(tree)
    except ValidationError as error:
        every = error.errors(include_url=False, include_input=False)
        first = min(every, key=lambda it: it["type"] != "extra_forbidden")  # it may explain what else is missing
        where = f"{path.name}:{source.line(first['loc'])}: {dotted(first['loc'])}"
        unknown = first["type"] == "extra_forbidden"
        told = ("is not a field", "leave it out") if unknown else (first["msg"].lower(), "see the page on the registry")
        raise ImportFileError(where, *told) from None


def _typed(tree: Tree) -> object:
    """What YAML means by plain words: whole numbers, true and false, null."""
    if isinstance(tree, dict):
        return {key: _typed(it) for key, it in tree.items()}
    if isinstance(tree, list):
        return [_typed(it) for it in tree]
    return WORDS[tree] if tree in WORDS else int(tree) if tree.isascii() and tree.isdigit() else tree


WORDS: Final = {"true": True, "false": False, "null": None, "": None}


async def import_utility(tx: Connection, by: str, path: Path) -> Scope:
    """Add a utility and everything that its file says; answer the scope in which to go on.

    Its tariffs are active at once: nobody else is there yet who could look at them.

    Raises:
        ImportFileError: the file is wrong.
        InputError: a value in it is.
        DuplicateError: there is a utility of that code.
    """
    file = read_utility_file(path)
    scope = await add_utility(tx, by, file.utility(new_ids(1)[0]))
    groups = [SupplyGroup(SGC(it.sgc), texts.clean("name", it.name), it.realm) for it in file.supply_groups]
    if groups:
        await add_supply_groups(tx, scope, groups)
    revisions = [key.revision(SGC(it.sgc), it.realm) for it in file.supply_groups for key in it.keys]
    if revisions:
        await add_key_revisions(tx, scope, revisions)
    for name in file.tariffs:
        await _add_tariff(tx, scope, path.parent / name)
    vendors = await _add_vendors(tx, scope, file)
    for it in file.operators:
        await add_operator(tx, scope, _operator(it, vendors, path))
    return scope


async def _add_tariff(tx: Connection, scope: Scope, path: Path) -> None:
    """Add a tariff from its file, and activate it."""
    tariff = load_tariff(path)  # says by file and line what is wrong
    await add_tariff_version(tx, scope, _text(path))
    await activate_tariff(tx, Scope(scope.utility_id, f"{scope.by}, setting up"), tariff.id, tariff.version)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")


async def _add_vendors(tx: Connection, scope: Scope, file: UtilityFile) -> dict[str, UUID]:
    """Add the vendors with their terminals; answer their ids by their codes."""
    currency = currency_of(file.currency)
    ids = iter(new_ids(len(file.vendors) + sum(len(it.terminals) for it in file.vendors)))
    vendors = [
        Vendor(next(ids), it.code, texts.clean("name", it.name), currency.parse(it.credit_limit, "credit_limit"))
        for it in file.vendors
    ]
    terminals = [
        Terminal(next(ids), vendor.id, code)
        for vendor, section in zip(vendors, file.vendors, strict=True)
        for code in section.terminals
    ]
    if vendors:
        await add_vendors(tx, scope, vendors)
    if terminals:
        await add_terminals(tx, scope, terminals)
    return {it.code: it.id for it in vendors}


def _operator(section: OperatorSection, vendors: dict[str, UUID], path: Path) -> Operator:
    """Somebody who signs in, at the till of a vendor of the same file."""
    if section.vendor is not None and section.vendor not in vendors:
        field = f"{path.name}: operators: {section.name}"
        raise ImportFileError(field, f"there is no vendor {section.vendor}", "name one of this file")
    vendor_id = vendors[section.vendor] if section.vendor else None
    full_name = texts.clean("full_name", section.full_name)
    return Operator(new_ids(1)[0], section.name, full_name, frozenset(section.roles), vendor_id)
