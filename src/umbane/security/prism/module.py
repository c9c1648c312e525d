"""A module behind the interface as one of ours: what the interface has no room for is kept here, in a journal.

The journal says what is asked before it is asked, so that a lost answer is looked for and not asked for anew; and it
has the digits that came, for nobody here could make them again. It is to be guarded like the tokens that it holds.

::

    asked 018f...c07a token 600727000000000009 07 123456 1 2 01 0019eb2303ec43a91
    digits 018f...c07a 2f0c1...            beside the entry of the request itself, when it is answered
    refused 018f...c07a                    when the module made nothing, for certain
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NoReturn, TypeVar
from uuid import UUID

from umbane.errors import UmbaneError
from umbane.security.chain import Entry
from umbane.security.core import ModuleCore
from umbane.security.errors import RequestReusedError, UnsupportedError
from umbane.security.index import MADE
from umbane.security.lines import change_orders_of, token_orders_of
from umbane.security.local import LocalModule
from umbane.security.making import refused
from umbane.security.models import (
    Alert,
    Issued,
    KeyChangeRequest,
    KeyName,
    Realm,
    Refused,
    TokenRequest,
    VendingKeyName,
    VerifyRequest,
)
from umbane.security.orders import ChangeOrder, TokenOrder, change_orders, distinct, text_of, token_orders
from umbane.security.prism.asking import Ask, ask_for_change, ask_for_token
from umbane.security.prism.client import Credentials, PrismClient
from umbane.security.prism.connection import Link
from umbane.security.prism.errors import OtherTokenError
from umbane.security.prism.keys import KeyTable
from umbane.security.prism.remote import Outcome, Remote, Tokens
from umbane.sts import EA, SAMPLE_TABLES, EncodedToken, MeterPAN, StaTables, Token

__all__ = ["PrismModule", "open_prism_module"]

ASKED: Final = "asked"
DIGITS: Final = "digits"
REFUSED: Final = "refused"
ID: Final = slice(32)

AnyOrder = TypeVar("AnyOrder", TokenOrder, ChangeOrder)


class RemoteVault:
    """The keys of another module: names, and nobody who could make a key of a meter."""

    def __init__(self, remote: Remote) -> None:
        self.remote, self.table = remote, remote.table

    @property
    def realm(self) -> Realm:
        """Which world the keys belong to, by what we were told."""
        return self.table.realm

    def names(self) -> Collection[VendingKeyName]:
        """What the vending keys are called."""
        return [key.name for key in self.table.keys.values()]

    def check_value(self, name: VendingKeyName) -> str:
        """What stands in the place of one: nobody here can tell a key from another."""
        self.table.key(name)
        return "remote"

    def decoder_key(self, name: KeyName, pan: MeterPAN, ea: EA) -> NoReturn:  # noqa: ARG002 - nobody is asked
        """Refuse: keys of meters stay where they are."""
        raise UnsupportedError("keys of meters don't leave the module")

    def decoder_keys(self, meters: Sequence[tuple[KeyName, MeterPAN]], ea: EA) -> NoReturn:  # noqa: ARG002 - as above
        """Refuse: keys of meters stay where they are."""
        raise UnsupportedError("keys of meters don't leave the module")


class RemoteCore(ModuleCore):
    """What is done with the journal, and what is asked of the other side; not for two threads at once."""

    def __init__(self, name: str, folder: Path, vault: RemoteVault, tables: StaTables) -> None:
        self.remote = vault.remote
        self.doubtful: dict[int, str] = {}
        super().__init__(name, folder, vault, tables)

    def note(self, text: str) -> None:
        """Know of an entry that made nothing."""
        kind, _, rest = text.partition(" ")
        if kind == ASKED:
            self.doubtful[int(rest[ID], 16)] = rest
        elif kind in {DIGITS, REFUSED}:
            self.doubtful.pop(int(rest[ID], 16), None)
        else:
            super().note(text)

    def issue(self, requests: Sequence[TokenRequest]) -> list[Issued | Refused]:
        """As ``SecurityModule.issue``."""
        return self.answered(token_orders(requests), ask_for_token)

    def change_keys(self, requests: Sequence[KeyChangeRequest]) -> list[Issued | Refused]:
        """As ``SecurityModule.change_keys``."""
        return self.answered(change_orders(requests), ask_for_change)

    def answered(
        self, orders: Sequence[AnyOrder], asking: Callable[[AnyOrder, KeyTable], Ask]
    ) -> list[Issued | Refused]:
        """Look for what was answered before, have the rest made, write it down, and answer."""
        known = self.recalled(order.id for order in orders)
        meant = {id_: entered.text for id_, entered in known.items()}  # what each id stands for
        for order in orders:
            meant.setdefault(order.id, self.doubtful.get(order.id, order.text))
        new = {order.id: order for order in orders if order.text == meant[order.id] and order.id not in known}
        refusals = self.had_made(list(new.values()), asking)
        issued = self.issued(order.id for order in orders)

        def answer(order: AnyOrder) -> Issued | Refused:
            if order.text != meant[order.id]:
                return Refused(RequestReusedError(f"the id {UUID(int=order.id)} was used before, for another request"))
            return refusals.get(order.id) or issued[order.id]

        return [answer(order) for order in orders]

    def had_made(self, orders: Sequence[AnyOrder], asking: Callable[[AnyOrder, KeyTable], Ask]) -> dict[int, Refused]:
        """Have tokens made, and write down what came; what was refused, by its ids.

        Raises:
            ModuleError: of some it is not known what became; what is known was written down.
        """
        asks: dict[int, Ask] = {}
        refusals: dict[int, Refused] = {}
        for order in orders:
            try:
                asks[order.id] = asking(order, self.remote.table)
            except UmbaneError as error:
                refusals[order.id] = refused(error)
        wanted = [(asks[order.id], order, order.id in self.doubtful) for order in orders if order.id in asks]
        intents = [Entry(0, f"{ASKED} {order.text}") for _, order, in_doubt in wanted if not in_doubt]
        if intents:
            self.journal.append(intents)
            self.journal.keep(self.journal.end)
        outcomes = self.remote.made(wanted) if wanted else []
        self.write_down([(order, outcome) for (_, order, _), outcome in zip(wanted, outcomes, strict=True)])
        for (_, order, _), outcome in zip(wanted, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                raise outcome
            if isinstance(outcome, Refused):
                refusals[order.id] = outcome
        return refusals

    def write_down(self, outcomes: Sequence[tuple[TokenOrder | ChangeOrder, Outcome]]) -> None:
        """Write down what became of orders, as far as it is known."""
        made = [(order, outcome.tokens) for order, outcome in outcomes if isinstance(outcome, Tokens)]
        front = [Entry(0, f"{REFUSED} {order.id:032x}") for order, outcome in outcomes if isinstance(outcome, Refused)]
        front += self.keyring.first_used(distinct(name for order, _ in made for name in order.keys))
        for order, tokens in made:
            front.append(Entry(0, f"{DIGITS} {order.id:032x} {' '.join(f'{token.bits:017x}' for token in tokens)}"))
        entries = [*front, *(Entry(len(tokens), order.text) for order, tokens in made)]
        if entries:
            self.journal.append(entries)

    # --------------------------------------------------------------------------------------------- what was answered

    def issued(self, ids: Iterable[int]) -> dict[int, Issued]:
        """The answers that the journal has."""
        found: dict[int, Issued] = {}
        digits: dict[int, tuple[EncodedToken, ...]] = {}
        for id_, entered in self.recalled(ids).items():
            if id_ not in digits:  # several are often in one batch, which is read once
                digits |= digits_in(next(self.journal.batches(entered.number)).lines)
            found[id_] = Issued(entered.number, digits[id_])
        return found

    def fetch(self, ids: Sequence[UUID]) -> dict[UUID, Issued | Refused]:
        """As ``SecurityModule.fetch``: what was asked and never answered is looked for on the other side."""
        found: list[tuple[TokenOrder | ChangeOrder, Outcome]] = []
        strange: dict[UUID, Issued | Refused] = {}
        try:
            for id_ in ids:
                try:
                    one = self.found(id_.int)
                except OtherTokenError as error:  # it must not stand in the way of the others
                    strange[id_] = Refused(error)
                else:
                    found += [one] if one else []
        finally:
            self.write_down(found)
        return strange | {UUID(int=id_): issued for id_, issued in self.issued(id_.int for id_ in ids).items()}

    def found(self, id_: int) -> tuple[TokenOrder | ChangeOrder, Outcome] | None:
        """What became of a doubtful order, if the other side still knows."""
        text = f"{self.doubtful.get(id_, '')}\n".encode()
        if len(text) == 1:
            return None
        order: TokenOrder | ChangeOrder
        if b" token " in text:
            (order,) = token_orders_of(text)
            ask = ask_for_token(order, self.remote.table)
        else:
            (order,) = change_orders_of(text)
            ask = ask_for_change(order, self.remote.table)
        tokens = self.remote.run(self.remote.found(ask, order))
        return (order, tokens) if tokens else None


def digits_in(lines: Iterable[bytes]) -> dict[int, tuple[EncodedToken, ...]]:
    """The digits that a batch of the journal has, by the ids of their requests."""
    found = {}
    for line in lines:
        kind, *words = text_of(line).split() if line[MADE] == b"0" else ("",)
        if kind == DIGITS:
            found[int(words[0], 16)] = tuple(EncodedToken(int(word, 16)) for word in words[1:])
    return found


class PrismModule(LocalModule):
    """A module behind the interface.

    Args:
        name: what it is called here.
        folder: where its journal lies; one process at a time has it.
        remote: the other side.
    """

    external = True
    core_kind = RemoteCore

    def __init__(self, name: str, folder: Path, remote: Remote) -> None:
        super().__init__(name, folder, RemoteVault(remote), tables=SAMPLE_TABLES)
        self.remote = remote

    async def verify(self, requests: Sequence[VerifyRequest]) -> list[Token | Refused]:
        """As ``SecurityModule.verify``; the interface doesn't tell an RND, so all have 0."""
        return await asyncio.to_thread(lambda: [self.remote.read(request) for request in requests])

    async def alerts(self) -> list[Alert]:
        """As ``SecurityModule.alerts``: licences that run out, keys that end.

        Raises:
            ApiError, UnreachableError: it doesn't say.
        """
        nodes = await asyncio.to_thread(lambda: self.remote.run(self.remote.client.nodes()))
        return [Alert(*alert) for node in nodes for alert in node.alerts]


@asynccontextmanager
async def open_prism_module(  # noqa: PLR0913 - what such a module consists of
    name: str, folder: Path, link: Link, credentials: Credentials, table: KeyTable, *, connections: int = 4
) -> AsyncIterator[PrismModule]:
    """A module behind the interface, with a journal here.

    Args:
        name: what it is called here.
        folder: where the journal lies, which holds tokens: guard it.
        link: how the module is reached.
        credentials: who signs in.
        table: its vending keys, as far as they are to be used.
        connections: how many tokens are had made at one time.

    Raises:
        PrismSettingError: certificates can't be used.
        ModuleNameError, ModuleBusyError, JournalError, RealmError: as ``umbane.security.local.LocalModule``.
    """
    remote = Remote(PrismClient(link, credentials, connections), table)
    try:
        module = PrismModule(name, folder, remote)
        try:
            yield module
        finally:
            module.close()
    finally:
        remote.close()
