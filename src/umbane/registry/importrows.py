"""One row of a file of meters: checked field by field, and turned into what the tables keep."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar
from uuid import UUID

from umbane.errors import InputError, shown
from umbane.pricing import Arrears, Currency, CustomerState, Tariff
from umbane.registry import texts
from umbane.registry.csvfile import Problem, Row
from umbane.registry.errors import RegistryInputError
from umbane.registry.folding import words_of
from umbane.registry.keys import KeyRevision, base_date_of, year_of
from umbane.registry.meternumbers import pan_of
from umbane.registry.models import MeterState, Phase
from umbane.registry.owed import is_collected
from umbane.registry.states import EMPTY, encode_state
from umbane.sts import EA, KEN, KRN, KT, SGC, TCT, TI, luhn_valid

__all__ = ["COLUMNS", "REQUIRED", "MeterRows"]

COLUMNS: Final = (
    *("meter", "sgc", "krn", "ti", "kt", "base_date", "ken", "ea", "tct", "model", "state"),
    *("account", "customer", "phone", "email", "id_number", "language"),
    *("address", "feeder", "transformer", "pole", "phase"),
    *("tariff", "opened", "arrears", "free_from", "connected_load"),
)
REQUIRED: Final = ("meter", "sgc", "krn", "ti")
PLACE: Final = {name: place for place, name in enumerate(COLUMNS)}
OF_A_CONTRACT: Final = ("customer", "address", "tariff")
"""What must be given where an account is."""
WITH_A_CONTRACT: Final = (
    *("customer", "phone", "email", "id_number", "language", "tariff"),
    *("opened", "arrears", "free_from", "connected_load"),
)
"""What says nothing where there is no account."""
SHARED: Final = slice(PLACE["sgc"], PLACE["model"] + 1)
"""The columns that say of which kind a meter is, and its key."""
MOST_KINDS: Final = 10_000
ROUNDED: Final = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE | re.ASCII)
SHORTEST_DRN: Final = 11
MOST_DIGITS: Final = 9

UNCOLLECTED: Final = "name one of its rules, or give a percentage: kind:amount:percent"

T = TypeVar("T")


@dataclass(slots=True)
class _Reading:
    """A row that is being read: problems are gathered, so that a row tells all of its own at once."""

    row: Row
    problems: list[Problem] = field(default_factory=list)

    def get(self, name: str, read: Callable[[str], T], usual: str | None = None) -> T | None:
        """What a field says; None when it says nothing, or something wrong."""
        text = self.row.fields[PLACE[name]] or usual
        if not text:
            return None
        try:
            return read(text)
        except InputError as error:
            self.problems.append(Problem.of(self.row.line, name, error))
            return None

    def complain(self, name: str, problem: str, remedy: str) -> None:
        """Note a problem with a field."""
        self.problems.append(Problem(self.row.line, name, problem, remedy))


@dataclass(frozen=True, slots=True)
class MeterRows:
    """What rows are checked against.

    Attributes:
        currency: of the utility.
        keys: its key revisions, by supply group, key type and number.
        groups: its supply groups.
        tariffs: its tariffs by their ids, as they are in force today; None for one that isn't.
        today: the day on which contracts are opened that don't say when.
        seen: what was read from fields that many rows share.
    """

    currency: Currency
    keys: Mapping[tuple[SGC, KT, KRN], KeyRevision]
    groups: frozenset[SGC]
    tariffs: Mapping[str, Tariff | None]
    today: date
    seen: dict[tuple[str, ...], tuple[object, ...]] = field(default_factory=dict)

    def read(self, row: Row, ids: tuple[UUID, UUID, UUID, UUID]) -> tuple[object, ...] | list[Problem]:
        """A row as staged columns, or everything that is wrong with it.

        Args:
            row: its fields in the order of COLUMNS.
            ids: for its meter, service point, customer and contract.
        """
        reading = _Reading(row)
        pan = reading.get("meter", _meter_number)
        if not row.fields[0]:
            reading.complain("meter", "nothing is given", "give 11, 13 or 18 digits")
        hardware = self._hardware(reading)
        meter_id, place_id, customer_id, contract_id = ids
        account = reading.get("account", texts.account)
        place = self._place(reading)
        contract = self._contract(reading, account)
        state = self._state(reading, hangs=place[0] is not None)
        if reading.problems:
            return reading.problems
        hangs = None if place[0] is None else place_id
        pays = (None, None) if account is None else (customer_id, contract_id)
        return (row.line, meter_id, pan, *hardware, state, hangs, *place, *pays, account, *contract)

    def _hardware(self, reading: _Reading) -> tuple[object, ...]:
        """Algorithm, carrier, model and key parameters: of a few kinds only, so that each is read once."""
        shared = tuple(reading.row.fields[SHARED])
        known = self.seen.get(shared)
        if known is None:
            ea = reading.get("ea", lambda it: int(EA(_whole(it))), "7")
            tct = reading.get("tct", lambda it: int(TCT(_whole(it))), "2")
            known = ea, tct, reading.get("model", _text("model")), *self._key(reading)
            if not reading.problems and len(self.seen) < MOST_KINDS:
                self.seen[shared] = known
        return known

    def _key(self, reading: _Reading) -> tuple[int | None, ...]:
        """SGC, KRN, TI, KT, base date and KEN; the last two come from the key revision if the file is silent."""
        sgc = reading.get("sgc", lambda it: SGC(_whole(it)))
        krn = reading.get("krn", lambda it: KRN(_whole(it)))
        ti = reading.get("ti", lambda it: TI(_whole(it)))
        kt = reading.get("kt", lambda it: KT(_whole(it)), "2")
        year = reading.get("base_date", _year)
        ken = reading.get("ken", lambda it: KEN(_whole(it)).value)
        for name, value in (("sgc", sgc), ("krn", krn), ("ti", ti)):
            if value is None and not reading.row.fields[PLACE[name]]:
                reading.complain(name, "nothing is given", "give what is printed in the meter's papers")
        if sgc is None or krn is None or ti is None or kt is None:
            return (None,) * len(("sgc", "krn", "ti", "kt", "base_date", "ken"))
        revision = self.keys.get((sgc, kt, krn))
        if sgc not in self.groups:
            reading.complain("sgc", f"the utility has no supply group {sgc}", "add it first, or correct the number")
        elif revision is None and (year is None or kt is not KT.DITK):
            reading.complain("krn", f"supply group {sgc} has no {kt.name} key {krn}", "add it first, or correct it")
        elif revision is not None:
            year, ken = year or year_of(revision.base_date), revision.ken.value if ken is None else ken
        return sgc.value, krn.value, ti.value, int(kt), year, 255 if ken is None else ken

    def _place(self, reading: _Reading) -> tuple[str | None, ...]:
        """Address, feeder, transformer, pole and phase."""
        network = [reading.get(it, _text(it)) for it in ("feeder", "transformer", "pole")]
        phase = reading.get("phase", _phase)
        address = reading.get("address", _text("address"))
        if address is None and (any(network) or phase) and not reading.row.fields[PLACE["address"]]:
            reading.complain("address", "a place in the network has none", "give what is known, such as a stand number")
        return address, *network, phase

    def _contract(self, reading: _Reading, account: str | None) -> tuple[object, ...]:
        """Customer, phone, email, id number, language, tariff, day of opening, state, and the words to find it by."""
        fields = reading.row.fields
        if account is None:
            if not fields[PLACE["account"]]:
                for column in (it for it in WITH_A_CONTRACT if fields[PLACE[it]]):
                    reading.complain(
                        column, "there is no account that it could belong to", "give an account, or neither"
                    )
            return (None,) * 9
        for column in (it for it in OF_A_CONTRACT if not fields[PLACE[it]]):
            reading.complain(column, f"account {account} has none", "give it, or leave the account out")
        name = reading.get("customer", _text("customer"))
        phone = reading.get("phone", texts.phone)
        email = reading.get("email", texts.email)
        id_number = reading.get("id_number", _text("id_number"))
        language = reading.get("language", texts.language)
        tariff = reading.get("tariff", self._tariff)
        opened = reading.get("opened", _day) or self.today
        state = self._customer_state(reading, self.tariffs.get(tariff or ""))
        words = words_of((name, email, id_number, fields[PLACE["address"]]), phone, account)
        return name, phone, email, id_number, language, tariff, opened, state, " ".join(words)

    def _tariff(self, text: str) -> str:
        if text not in self.tariffs:
            known = ", ".join(sorted(self.tariffs)[:3]) or "none yet"
            raise RegistryInputError(
                "tariff", f"the utility has no tariff {shown(text)}", f"add it first; known: {known}"
            )
        return text

    def _customer_state(self, reading: _Reading, tariff: Tariff | None) -> str:
        debts = reading.get("arrears", self._debts)
        free_from = reading.get("free_from", _day)
        load = reading.get("connected_load", _whole)
        if not debts and free_from is None and load is None:
            return EMPTY
        if tariff and (alien := next((it for it in debts or () if not is_collected(tariff, it)), None)):
            reading.complain("arrears", f"tariff {tariff.id} doesn't collect {alien.kind}", UNCOLLECTED)
            return EMPTY
        try:
            return encode_state(CustomerState(arrears=debts or (), free_from=free_from, connected_load=load))
        except InputError as error:
            reading.complain(error.field, error.problem, error.remedy)
            return EMPTY

    def _debts(self, text: str) -> tuple[Arrears, ...]:
        """Debts written as kind:amount or kind:amount:percent, with spaces between."""
        return tuple(self._debt(*it.split(":")) for it in text.split())

    def _debt(self, kind: str, amount: str = "", percent: str | None = None, *rest: str) -> Arrears:
        if not amount or rest:
            remedy = "give kind:amount or kind:amount:percent, such as services:450.00:30"
            raise RegistryInputError("arrears", f"{shown(kind)} has no amount, or too many", remedy)
        return Arrears(texts.code("arrears", kind), self.currency.parse(amount, "arrears"), percent=percent)

    @staticmethod
    def _state(reading: _Reading, *, hangs: bool) -> MeterState | None:
        state = reading.get("state", _meter_state, MeterState.INSTALLED if hangs else MeterState.STOCKED)
        if state is not None and hangs != (state in {MeterState.INSTALLED, MeterState.BLOCKED}):
            has = "has an address" if hangs else "has no address"
            reading.complain(
                "state", f"a meter that is {state} {has}", "installed and blocked have one, the others none"
            )
        return state


def _meter_number(text: str) -> str:
    """The 18 digits of a meter; what spreadsheets do to numbers is told apart from typing errors."""
    if text.startswith("="):
        raise RegistryInputError("meter", f"{shown(text)} is a formula", "export the values, with this column as text")
    if ROUNDED.fullmatch(text):
        raise RegistryInputError(
            "meter", f"{text} was rounded by a spreadsheet", "format the column as text and export again"
        )
    if text.isascii() and text.isdigit() and 1 < len(text) < SHORTEST_DRN and luhn_valid(text):
        whole = text.zfill(SHORTEST_DRN)
        remedy = f"if zeros were dropped it is {whole}: format the column as text and export again"
        raise RegistryInputError("meter", f"{text} has {len(text)} digits", remedy)
    return pan_of(text)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise RegistryInputError("number", f"{shown(text)} is not a whole number", "give digits 0-9 only")
    return int(text)


def _year(text: str) -> int:
    return year_of(base_date_of(_whole(text)))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RegistryInputError(
            "date", f"{shown(text)} is no day", "give year-month-day, such as 2026-07-01"
        ) from None


def _phase(text: str) -> Phase:
    try:
        return Phase(text.upper())
    except ValueError:
        raise RegistryInputError("phase", f"{shown(text)} is none", f"give one of {', '.join(Phase)}") from None


def _meter_state(text: str) -> MeterState:
    try:
        return MeterState(text.lower())
    except ValueError:
        raise RegistryInputError("state", f"{shown(text)} is none", f"give one of {', '.join(MeterState)}") from None


def _text(name: str) -> Callable[[str], str]:
    """How a text is read that people see."""
    return READERS[name]


READERS: Final[dict[str, Callable[[str], str]]] = {
    name: (lambda text, name=name: texts.clean(name, text))  # type: ignore[misc] # the name is bound here
    for name in ("model", "customer", "id_number", "address", "feeder", "transformer", "pole")
}
