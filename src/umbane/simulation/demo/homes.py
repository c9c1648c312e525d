"""The homes of the demonstration, as their file has them."""

from dataclasses import dataclass
from pathlib import Path

from umbane.registry.csvfile import Row, read_rows
from umbane.registry.importrows import COLUMNS, REQUIRED
from umbane.sts import EA, KRN, SGC, TI

__all__ = ["Home", "read_homes"]


@dataclass(frozen=True, slots=True)
class Home:
    """A line of the file of meters.

    Attributes:
        meter: its number as the file has it.
        customer: who lives there; empty for a meter in the store.
        tariff: the id of its tariff.
        state: what the file says about it, such as "blocked"; empty for an ordinary one.
        owes: whether the account began with old debts.
        has_free: whether it has a right to free units.
        sgc, krn, ea: of the meter's first key.
        feeder: where it hangs.
    """

    meter: str
    customer: str
    tariff: str
    state: str
    owes: bool
    has_free: bool
    sgc: SGC
    krn: KRN
    ea: EA
    feeder: str

    def key(self, krn: int, ti: int) -> str:
        """A key of its meter, for a receipt."""
        return f"SGC {self.sgc}  KRN {KRN(krn)}  TI {TI(ti)}  EA {self.ea:02}"

    @property
    def is_ordinary(self) -> bool:
        """Whether somebody lives there who can buy like anybody else."""
        return bool(self.customer) and not (self.state or self.owes or self.has_free)


def read_homes(path: Path) -> list[Home]:
    """Every line of a file that was imported."""
    rows = (
        dict(zip(COLUMNS, it.fields, strict=True)) for it in read_rows(path, COLUMNS, REQUIRED) if isinstance(it, Row)
    )
    return [home_from(row) for row in rows]


def home_from(row: dict[str, str]) -> Home:
    """A line as a home."""
    return Home(
        meter=row["meter"],
        customer=row["customer"],
        tariff=row["tariff"],
        state=row["state"],
        owes=bool(row["arrears"]),
        has_free=bool(row["free_from"]),
        sgc=SGC(int(row["sgc"])),
        krn=KRN(int(row["krn"])),
        ea=EA(int(row["ea"] or EA.STA)),
        feeder=row["feeder"],
    )
