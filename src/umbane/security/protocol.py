"""What every security module can do, wherever it is."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol
from uuid import UUID

from umbane.security.models import (
    Alert,
    Attestation,
    Issued,
    KeyChangeRequest,
    KeyCount,
    ModuleStatus,
    Quota,
    Record,
    Refused,
    TokenRequest,
    VendingKeyName,
    VerifyRequest,
)
from umbane.sts import Token

__all__ = ["SecurityModule"]


class SecurityModule(Protocol):
    """Guards vending keys, makes tokens with them, and counts every token it makes.

    All operations take lists, and answer in their order; a member that is refused is that member's answer, never the
    batch's. A request whose id was answered before gets the same answer again, and nothing is counted; the same id with
    another request is refused. Of two requests with one id in a list, the earlier one speaks for it. A refusal leaves
    no trace: its id may be used again.

    Each of them raises JournalError when the module can't write its journal, or finds it altered: then nothing was
    answered, and nothing will be until the module is opened again.
    """

    @property
    def external(self) -> bool:
        """Whether it is outside of this process: then the intent to issue must be committed before the call."""

    async def issue(self, requests: Sequence[TokenRequest]) -> list[Issued | Refused]:
        """Make tokens; they are in the module's journal before any of them is returned."""

    async def change_keys(self, requests: Sequence[KeyChangeRequest]) -> list[Issued | Refused]:
        """Make key-change sets; the same holds for them."""

    async def verify(self, requests: Sequence[VerifyRequest]) -> list[Token | Refused]:
        """What the digits say to a meter with that key; CrcError among the refusals says that they say nothing.

        Of a section of a key change, the bits of the key are shown as zeros.
        """

    async def fetch(self, ids: Sequence[UUID]) -> dict[UUID, Issued | Refused]:
        """The answers given to these ids, as far as there are any: how a lost reply is found again.

        Refused is what was answered once and can't be made again, because its key is no longer there.
        """

    def since(self, count: int) -> AsyncIterator[Record]:
        """The requests behind token number ``count`` and all later ones, in their order.

        Raises:
            JournalError: the module has made fewer than ``count`` tokens: an older journal was put in its place.
        """

    async def status(self) -> ModuleStatus:
        """What the module says of itself."""

    async def alerts(self) -> list[Alert]:
        """What somebody should see to, as far as modules of its make say anything of the kind.

        Raises:
            ModuleError: it can't be asked.
        """

    async def counters(self) -> dict[VendingKeyName, KeyCount]:
        """What was ever made with each vending key, as far as any was; the tokens of all come to ``status().count``.

        Raises:
            UnsupportedError: it keeps none.
        """

    async def quotas(self) -> dict[VendingKeyName, Quota]:
        """How far the counters of each vending key may go; a key that isn't there may go as far as it likes.

        Raises:
            UnsupportedError: it keeps none.
        """

    async def top_up(self, order: bytes) -> None:
        """Raise quotas by an order that somebody signed whom the module knows; the same order again does nothing.

        Raises:
            DocumentError: it isn't such an order, or isn't for this module.
            UnsupportedError: the module takes none.
        """

    async def attest(self, challenge: bytes) -> Attestation:
        """Status, counters and quotas, signed together with the caller's ``challenge`` of up to 64 bytes.

        Raises:
            UnsupportedError: the module has no identity of its own to sign with.
        """
