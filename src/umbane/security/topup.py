"""Top-up orders: a centre lets one module make more with a key that it has. There is no key in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from umbane.errors import UmbaneError
from umbane.security.envelope import Envelope, opened, sent
from umbane.security.errors import AlteredError
from umbane.security.identity import CentreCard, CentreIdentity, ModuleCard
from umbane.security.loadfile import require_whole
from umbane.security.models import VendingKeyName
from umbane.sts import KRN, KT, SGC

__all__ = ["TOP_UP", "TopUp", "open_top_up", "top_up_order"]

TOP_UP: Final = "umbane top-up order"


@dataclass(frozen=True, slots=True)
class TopUp:
    """What is added to the quota of one key in one module.

    Raises:
        AlteredError: an amount isn't a whole number of 0 or more.
    """

    envelope: Envelope
    key: VendingKeyName
    tokens: int
    """More of them."""
    units: int
    """More of them, in steps of 0.1 kWh."""

    def __post_init__(self) -> None:
        require_whole(self.tokens)
        require_whole(self.units)


def top_up_order(order: TopUp, centre: CentreIdentity) -> bytes:
    """Write an order."""
    sgc, krn, kt = order.key
    fields = {"sgc": str(sgc), "krn": krn.value, "kt": int(kt), "tokens": order.tokens, "units": order.units}
    return sent(TOP_UP, order.envelope, fields, centre)


def open_top_up(text: bytes, *, module: ModuleCard, centre: CentreCard, last_serial: int, now: datetime) -> TopUp:
    """Read an order as the module that it is for; arguments and errors are those of ``open_load_file``."""
    envelope, fields = opened(TOP_UP, text, {"sgc", "krn", "kt", "tokens", "units"}, centre)
    envelope.require_taken(TOP_UP, module, last_serial, now)
    try:
        key = VendingKeyName(SGC.parse(fields["sgc"]), KRN(fields["krn"]), KT(fields["kt"]))
    except UmbaneError:
        raise AlteredError("the order names no key, though the centre signed it") from None
    return TopUp(envelope, key, fields["tokens"], fields["units"])
