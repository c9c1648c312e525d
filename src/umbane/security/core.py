"""What a module does with its keys and its journal, one call after the other; where the calls come from is no matter.

Three things happen to a request: the journal is asked whether it was answered before, tokens are made, and what is new
is written down. Only then is anything returned.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from umbane.security.chain import NUMBER, Batch, Sealer, plain
from umbane.security.counting import Counters
from umbane.security.errors import JournalError, KeyClashError, RealmError, RequestReusedError
from umbane.security.index import ID, MADE, Index
from umbane.security.journal import Journal
from umbane.security.keyring import KEY, Keyring
from umbane.security.keyvault import KeyVault
from umbane.security.limits import CLOCK, QUOTA, Limits
from umbane.security.loadfile import KeyGrant
from umbane.security.making import Bits, Made, Maker, refused
from umbane.security.models import Issued, KeyChangeRequest, ModuleStatus, Record, Refused, TokenRequest
from umbane.security.orders import Order, change_orders, distinct, read_record, text_of, token_orders
from umbane.security.vault import CHECK_DIGITS
from umbane.sts import EncodedToken, StaTables

__all__ = ["ModuleCore", "Options"]

FORMAT: Final = "journal 1"
"""What a journal begins with, and the number of the form it is written in."""

HEADING_ERRORS: Final = (JournalError, JournalError, JournalError, RealmError, KeyClashError)
"""What it is when one of the words of a heading is another: journal, form, module, realm, EA07 tables."""

PAGE: Final = 1000
"""Records that are read at once, or a few more."""

AnyOrder = TypeVar("AnyOrder", bound=Order)
Answer = TypeVar("Answer")


class Options(NamedTuple):
    """What makes a module more than one for tests in somebody's own process."""

    grants: Sequence[KeyGrant] = ()
    """What may be done with its keys; a key that isn't there may do everything."""
    sealer: Sealer = plain
    """Makes the seals of its journal."""
    witness: Path | None = None
    """A second mark of the journal, somewhere else."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


USUAL: Final = Options()


class Entered(NamedTuple):
    """A request that was answered before."""

    number: int
    """The number of its first token."""
    line: bytes
    """Its entry in the journal."""

    @property
    def text(self) -> str:
        """What was asked, in words."""
        return text_of(self.line)


class ModuleCore:
    """Keys, journal and index of one module; not for two threads at once.

    Args:
        name: what the module is called.
        folder: where its journal lies.
        vault: its vending keys.
        tables: the EA07 tables.
        options: of modules that are more than this.

    Raises:
        ModuleBusyError: another process has its journal open.
        JournalError: the journal was altered, is another module's, or can't be read.
        RealmError: the journal is of another realm than the vault.
        KeyClashError: a key of the vault, or the EA07 tables, aren't those that the journal's tokens were made with.
    """

    def __init__(self, name: str, folder: Path, vault: KeyVault, tables: StaTables, options: Options = USUAL) -> None:
        self.name, self.vault, self.clock = name, vault, options.clock
        self.keyring, self.index, self.counters = Keyring(vault), Index(), Counters()
        self.limits = Limits(options.grants)
        self.last: dict[str, list[str]] = {}
        self.maker = Maker(self.keyring, tables)
        self.heading = f"{FORMAT} {name} {vault.realm} {tables_value(tables)}"
        path = folder / f"{name}.journal"
        self.journal = Journal(path, self.heading, self.observe, sealer=options.sealer, witness=options.witness)
        try:
            self.keyring.require_unchanged()
        except KeyClashError:
            self.close()
            raise

    def close(self) -> None:
        """Let another process have the journal."""
        self.journal.close()

    def hold(self, vault: KeyVault, grants: Iterable[KeyGrant]) -> None:
        """Work with these keys from now on, and with no others."""
        self.vault = self.keyring.vault = vault
        self.limits.hold(grants)

    def observe(self, batch: Batch) -> None:
        """Know of a batch of the journal."""
        if not batch.start.size:
            require_heading(text_of(batch.lines[0]), self.heading)
        for line in batch.lines:  # those that made nothing stand in front
            if line[MADE] != b"0":
                break
            self.note(text_of(line))
        self.index.observe(batch)
        self.counters.observe(batch)

    def note(self, text: str) -> None:
        """Know of an entry that made nothing."""
        kind, *words = text.split()
        self.last[kind] = words
        if kind == KEY:
            self.keyring.note(text)
        if kind == QUOTA:
            self.limits.note(words)
        if kind == CLOCK:
            self.limits.note_clock(words)

    # ------------------------------------------------------------------------------------------------------ answering

    def issue(self, requests: Sequence[TokenRequest]) -> list[Issued | Refused]:
        """As ``SecurityModule.issue``."""
        return self.answers(token_orders(requests), self.maker.tokens, issued)

    def change_keys(self, requests: Sequence[KeyChangeRequest]) -> list[Issued | Refused]:
        """As ``SecurityModule.change_keys``."""
        return self.answers(change_orders(requests), self.maker.changes, issued)

    def answers(
        self,
        orders: Sequence[AnyOrder],
        make: Callable[[Sequence[AnyOrder]], list[Made]],
        told: Callable[[int, Bits], Answer],
    ) -> list[Answer | Refused]:
        """Look for what was answered before, have the rest made, and answer.

        Args:
            orders: what is asked.
            make: makes tokens of orders.
            told: puts tokens, and the number of the first of them, as they are to be answered.
        """
        ids = [order.id for order in orders]
        known = self.recalled(ids)
        if not known and len(set(ids)) == len(ids):
            return self.made(orders, make, told)
        meant = {id_: entered.text for id_, entered in known.items()}  # what each id stands for
        for order in orders:
            meant.setdefault(order.id, order.text)
        asked = {order.id: order for order in orders if order.text == meant[order.id]}
        again = [order for id_, order in asked.items() if id_ in known]
        new = [order for id_, order in asked.items() if id_ not in known]
        answers: dict[int, Answer | Refused] = {
            order.id: bits if isinstance(bits, Refused) else told(known[order.id].number, bits)
            for order, bits in zip(again, make(again), strict=True)
        }
        answers |= zip((order.id for order in new), self.made(new, make, told), strict=True)
        return [answers[order.id] if order.text == meant[order.id] else reused(order.id) for order in orders]

    def made(
        self,
        orders: Sequence[AnyOrder],
        make: Callable[[Sequence[AnyOrder]], list[Made]],
        told: Callable[[int, Bits], Answer],
    ) -> list[Answer | Refused]:
        """Make the tokens of new orders, each with an id of its own, write them down, and answer."""
        made = self.limited(orders, make(orders))
        number = self.written(
            [(len(bits), order) for order, bits in zip(orders, made, strict=True) if not isinstance(bits, Refused)]
        )
        answers: list[Answer | Refused] = []
        for bits in made:
            if isinstance(bits, Refused):
                answers.append(bits)
            else:
                answers.append(told(number, bits))
                number += len(bits)
        return answers

    def now(self) -> datetime:
        """The time of day: never earlier than the journal says that it was."""
        return max(self.clock(), self.limits.seen)

    def limited(self, orders: Sequence[AnyOrder], made: list[Made]) -> list[Made]:
        """What was made, but for what the limits of its key don't let out."""
        if not self.limits.is_any:
            return made
        tried = [(order, len(bits)) for order, bits in zip(orders, made, strict=True) if not isinstance(bits, Refused)]
        refusals = self.limits.refusals(tried, self.counters, self.now())
        return [
            refused(refusals[order.id]) if order.id in refusals else bits
            for order, bits in zip(orders, made, strict=True)
        ]

    def written(self, new: Sequence[tuple[int, AnyOrder]]) -> int:
        """Write down how many tokens were made, and for which orders; the number of the first token."""
        clock = self.limits.clock_entries(self.now()) if self.limits.is_any else []
        if not new and not clock:
            return self.journal.end.tokens
        keys = self.keyring.first_used(distinct(name for _, order in new for name in order.keys))
        return self.journal.append([*clock, *keys, *((made, order.text) for made, order in new)])

    # --------------------------------------------------------------------------------------------- what was answered

    def fetch(self, ids: Sequence[UUID]) -> dict[UUID, Issued | Refused]:
        """As ``SecurityModule.fetch``."""
        records = [read_record(entered.line) for entered in self.recalled(id_.int for id_ in ids).values()]
        tokens = [record.request for record in records if isinstance(record.request, TokenRequest)]
        changes = [record.request for record in records if isinstance(record.request, KeyChangeRequest)]
        answers = self.issue(tokens) + self.change_keys(changes)
        answered = [request.id for request in tokens] + [request.id for request in changes]
        return dict(zip(answered, answers, strict=True))

    def recalled(self, ids: Iterable[int]) -> dict[int, Entered]:
        """Those of these ids that were answered before."""
        places = sorted((number, id_) for id_, numbers in self.index.find(ids).items() for number in numbers)
        found: dict[int, Entered] = {}
        entries: dict[int, bytes] = {}
        for number, id_ in places:
            if number not in entries:  # several are often in one batch, which is read once
                batch = next(self.journal.batches(number))
                entries = {int(line[:NUMBER]): line for line in batch.lines if line[MADE] != b"0"}
            if int(entries[number][ID], 16) == id_:
                found[id_] = Entered(number, entries[number])
        return found

    def records(self, count: int) -> list[Record]:
        """The first of the records that ``SecurityModule.since`` gives."""
        return [read_record(line) for line in self.entries(count)]

    def entries(self, count: int) -> list[bytes]:
        """The same as the journal has them."""
        known = self.journal.end.tokens
        if count > known:
            raise JournalError(
                f"{self.journal.name} has {known} tokens, not {count}: an older one was put in its place"
            )
        found: list[bytes] = []
        for batch in self.journal.batches(max(count, 0)):
            found += (line for line in batch.lines if line[MADE] != b"0" and after(line, count))
            if len(found) >= PAGE:
                break
        return found

    def status(self) -> ModuleStatus:
        """As ``SecurityModule.status``; a journal that can't be written any more is told here too."""
        self.journal.check()
        end = self.journal.end
        return ModuleStatus(self.name, self.vault.realm, end.tokens, end.seal, len(self.vault.names()))


def issued(first: int, bits: Bits) -> Issued:
    """The answer of a module in this process."""
    return Issued(first, tuple(map(EncodedToken, bits)))


def reused(id_: int) -> Refused:
    """The answer to a request whose id stands for another one."""
    return Refused(RequestReusedError(f"the id {UUID(int=id_)} was used before, for another request"))


def after(line: bytes, count: int) -> bool:
    """Whether an entry made token number ``count`` or a later one."""
    return int(line[:NUMBER]) + int(line[MADE]) > count


def require_heading(found: str, wanted: str) -> None:
    """Refuse a journal that isn't this module's."""
    for word, other, error in zip(found.split(), wanted.split(), HEADING_ERRORS, strict=True):
        if word != other:
            raise error(f"the journal begins with {found!r}, and this module's with {wanted!r}")


def tables_value(tables: StaTables) -> str:
    """What tells a set of EA07 tables from another that would make other tokens."""
    numbers = (tables.substitution1, tables.substitution2, tables.permutation)
    return sha256(repr(numbers).encode()).hexdigest()[:CHECK_DIGITS]
