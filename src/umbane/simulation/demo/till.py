"""One till's day: every errand is a call over HTTP, every token is typed into the virtual meter that it is for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

import httpx

from umbane.client import Client, ClientError, ProblemError, Retries, Sale, Token
from umbane.simulation.demo.plan import SOLD, Errand, Twist

__all__ = ["Done", "Till", "Typed"]

QUICK: Final = Retries(attempts=6, first=0.05, longest=2.0)
PATIENCE: Final = 30.0
"""Seconds that one answer may take; the first sale on a slow machine takes some."""
WITHOUT_CREDIT: Final = frozenset({"key_change"})


@dataclass(frozen=True, slots=True)
class Typed:
    """What a virtual meter said to a token.

    Attributes:
        kind, units: of the token.
        digits: all 20.
        display, words, result: of the meter.
        accepted: whether it was taken.
        credit_before, credit: what was in the meter, in tenths of a kWh.
        krn, ti: of the key that is in the meter then.
    """

    kind: str
    units: int
    digits: str = field(repr=False)
    display: str
    words: str
    result: str
    accepted: bool
    credit_before: int
    credit: int
    krn: int
    ti: int

    @property
    def gained(self) -> int:
        """By how many tenths of a kWh the credit in the meter grew."""
        return self.credit - self.credit_before


@dataclass(slots=True)
class Done:
    """What became of an errand.

    Attributes:
        errand: what was asked for.
        sale: what was sold, or None.
        problem: why not, or None.
        typed: what the meter said, token by token.
        surprises: whatever is not as it has to be.
    """

    errand: Errand
    sale: Sale | None = None
    problem: ProblemError | None = None
    typed: list[Typed] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)

    def require(self, is_so: bool, surprise: str) -> None:  # noqa: FBT001 - reads as a sentence
        """Note a surprise unless it is so."""
        if not is_so:
            self.surprises.append(f"{self.errand.till} {self.errand.clock} meter {self.errand.meter}: {surprise}")


class FlakyLine(httpx.BaseTransport):
    """The line between a till and the server, on which a reply can get lost."""

    def __init__(self) -> None:
        self.line = httpx.HTTPTransport()
        self.lose_next = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its reply may get lost after the server has done everything."""
        response = self.line.handle_request(request)
        if not self.lose_next:
            return response
        self.lose_next = False
        response.close()
        raise httpx.ReadTimeout("the reply got lost", request=request)

    def close(self) -> None:
        """Hang up."""
        self.line.close()


class Till:
    """A till and the street in front of it, where people type what they bought into their meters.

    Args:
        url: of the server.
        key: the till's API key.
        day: which one it is.
    """

    def __init__(self, url: str, key: str, day: int) -> None:
        self.day = day
        self.line = FlakyLine()
        self.client = Client(url, key, timeout=PATIENCE, retries=QUICK, transport=self.line)
        headers = {"Authorization": f"Bearer {key}"}
        self.street = httpx.Client(base_url=url, headers=headers, timeout=PATIENCE, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.street.close()

    def run(self, errand: Errand) -> Done:
        """Do an errand, with everything that goes with it."""
        done = Done(errand)
        self.line.lose_next = errand.twist is Twist.LOST_REPLY
        message_id = errand.message_id(self.day)
        try:
            self.serve(done, message_id)
        except (ClientError, httpx.HTTPError) as error:
            done.require(is_so=False, surprise=f"{type(error).__name__}: {error}")
        return done

    def serve(self, done: Done, message_id: str) -> None:
        """Sell, and go out into the street with what was sold."""
        errand = done.errand
        try:
            done.sale = self.client.sell(message_id, errand.meter, errand.order)
        except ProblemError as error:
            done.problem = error
        code = done.problem.code if done.problem else SOLD
        detail = f": {done.problem}" if done.problem else ""
        done.require(code in errand.codes, f"the answer was {code or 'a sale'}{detail}")
        if done.sale:
            self.street_life(done, done.sale, message_id)

    def street_life(self, done: Done, sale: Sale, message_id: str) -> None:
        """Type the tokens in, and do what else happens."""
        if done.errand.twist is Twist.MISTYPED:
            wrong = self.type_in(sale.meter, sale.tokens[-1], mistyped)
            done.require(not wrong.accepted and not wrong.gained, "a token with a wrong digit was taken")
        for token in sale.tokens:
            typed = self.type_in(sale.meter, token)
            done.typed.append(typed)
            done.require(typed.accepted or sale.repeated, f"its meter says {typed.result} to a new token")
            due = 0 if token.kind in WITHOUT_CREDIT or not typed.accepted else token.units
            done.require(typed.gained == due, f"a token of {due} brought {typed.gained} tenths of a kWh")
        if twist := TWISTS.get(done.errand.twist):
            twist(self, done, sale, message_id)

    def type_in(self, meter: str, token: Token, change: Callable[[str], str] = str) -> Typed:
        """Type a token into the virtual meter; the same once more does no harm, so a lost reply doesn't either."""
        digits = change(token.digits or "")
        told = self.street.post(f"/v1/sandbox/meters/{meter}/keypad", json={"keys": digits}).raise_for_status().json()
        return Typed(
            token.kind, token.units, digits, told["display"], told["words"], told["result"] or "", told["accepted"],
            told["credit_before"], told["credit"], told["krn"], told["ti"],
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------------- twists

    def lost_reply(self, done: Done, sale: Sale, _message_id: str) -> None:
        """The first reply got lost: what the second one says was sold by the first."""
        done.require(sale.repeated, "a message whose reply got lost was sold anew")

    def sent_twice(self, done: Done, sale: Sale, message_id: str) -> None:
        """The same message again: the same digits, and nothing is charged."""
        again = self.client.sell(message_id, done.errand.meter, done.errand.order)
        is_same = again.repeated and (again.id, again.tokens) == (sale.id, sale.tokens)
        done.require(is_same, "the same message was answered otherwise")

    def reused(self, done: Done, _sale: Sale, message_id: str) -> None:
        """The same message id for another amount: refused, and the first sale stands."""
        self.refused(done, "message_id_conflict", lambda: self.client.buy(message_id, done.errand.meter, 98_700))

    def reprinted(self, done: Done, sale: Sale, _message_id: str) -> None:
        """The same slip from the printer."""
        again = self.client.reprint(sale.id)
        done.require([it.digits for it in again.tokens] == [it.digits for it in sale.tokens], "a reprint differs")

    def taken_back(self, done: Done, _sale: Sale, message_id: str) -> None:
        """The digits were seen: nobody can take that back."""
        self.refused(done, "already_released", lambda: self.client.reverse(message_id, "the customer changed his mind"))

    def typed_twice(self, done: Done, sale: Sale, _message_id: str) -> None:
        """A token counts once."""
        again = self.type_in(sale.meter, sale.tokens[-1])
        done.require(again.result == "UsedError" and not again.gained, "a token was taken twice")

    def refused(self, done: Done, code: str, call: Callable[[], Sale]) -> None:
        """A call that has to be refused with this code."""
        try:
            call()
        except ProblemError as error:
            done.require(error.code == code, f"expected {code}, and it was {error.code}")
        else:
            done.require(is_so=False, surprise=f"expected {code}, and it was done")


def mistyped(digits: str) -> str:
    """The digits with one that is wrong."""
    return digits[:9] + str((int(digits[9]) + 1) % 10) + digits[10:]


TWISTS: Final = {
    Twist.LOST_REPLY: Till.lost_reply,
    Twist.SENT_TWICE: Till.sent_twice,
    Twist.REUSED: Till.reused,
    Twist.REPRINTED: Till.reprinted,
    Twist.TAKEN_BACK: Till.taken_back,
    Twist.TYPED_TWICE: Till.typed_twice,
}
