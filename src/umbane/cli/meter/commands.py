"""What can be typed at the prompt: a number is typed into the keypad, a word does something else."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Final, NamedTuple

from rich import box
from rich.table import Table

from umbane.cli.meter import pages, saving
from umbane.cli.meter.desk import CURRENCY_PLACES, Slip, number
from umbane.cli.meter.house import House
from umbane.cli.meter.session import Session, duration
from umbane.errors import InputError, UmbaneError, shown
from umbane.meter import Fate, Form, LinkState, Tamper
from umbane.meter.face import Key, load_pack
from umbane.sts import TI

__all__ = ["COMMANDS", "obey"]

KEYPAD: Final = frozenset("0123456789*# -")
LONGEST_LINE: Final = 1000
MOST_DIGITS: Final = 9

Words = Sequence[str]


class Command(NamedTuple):
    """One word that is understood.

    Attributes:
        group: under which heading the help lists it.
        usage: how it is typed.
        words: what it does.
        least, most: how many words follow it.
        run: does it.
    """

    group: str
    usage: str
    words: str
    least: int
    most: int
    run: Callable[[Session, Words], None]


def obey(session: Session, line: str) -> None:
    """Do what a line says; what is wrong with it is said, never raised."""
    line = "".join(sign if sign.isprintable() else " " for sign in line[:LONGEST_LINE]).strip()
    try:
        if set(line) <= KEYPAD:
            session.press([*line.replace(" ", "").replace("-", ""), Key.ENTER])
        elif line.startswith("+"):
            session.wait(duration(line[1:].strip()))
        else:
            run(session, line.split())
    except UmbaneError as error:
        session.say(str(error), "red")


def run(session: Session, words: list[str]) -> None:
    """Run a command."""
    name, following = words[0].lower(), words[1:]
    command = COMMANDS.get(ALSO.get(name, name))
    if command is None:
        close = get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise InputError("command", f"{shown(words[0])} is not known", f"{hint}'help' lists all there is")
    if not command.least <= len(following) <= command.most:
        raise InputError(name, "that is too much or too little", f"type it like this: {command.usage}")
    command.run(session, following)


def chosen(name: str, word: str, *known: str) -> str:
    """A word that has to be one of a few."""
    if word.lower() not in known:
        raise InputError(name, f"{shown(word)} isn't understood", f"give one of: {', '.join(known)}")
    return word.lower()


def whole(name: str, word: str, low: int, high: int) -> int:
    """A whole number."""
    bare = word.removeprefix("-")
    number = int(word) if bare.isascii() and bare.isdigit() and len(bare) <= MOST_DIGITS else low - 1
    if not low <= number <= high:
        raise InputError(name, f"{shown(word)} is no such number", f"give one from {low} to {high}")
    return number


# ------------------------------------------------------------------------------------------------- keypad and tokens


def press(session: Session, words: Words) -> None:
    """Press keys without Enter."""
    session.press("".join(words).upper())


def type_slip(session: Session, _words: Words) -> None:
    """Type the next token of the slip."""
    token = session.desk.next_token()
    session.say(f"typing {token.grouped}", "dim")
    response = session.press([Key.CLEAR, *token.digits, Key.ENTER])
    if response is not None and response.outcome is not None and response.outcome.accepted:
        session.desk.taken()


def hand(session: Session, slip: Slip) -> None:
    """Put a slip on the table."""
    session.say(f"Slip (test realm): {slip.title}", "bold")
    for token in slip.tokens:
        session.say(f"    {token.grouped}", "bold cyan")
    session.say("Type the digits as they stand there, or just: type", "dim")


def buy(session: Session, words: Words) -> None:
    """Buy credit."""
    hand(session, session.desk.sell(words[0], session.meter.time))


def office(session: Session, words: Words) -> None:
    """Ask the utility's office for a token that isn't credit."""
    desk, now = session.desk, session.meter.time
    value = words[1] if len(words) > 1 else ""
    match chosen("office", words[0], "clear-tamper", "clear-credit", "limit", "unbalance", "key", "tariff", "test"):
        case "clear-tamper":
            slip = desk.clear_tamper(now)
        case "clear-credit":
            slip = desk.clear_credit(now)
        case "limit":
            slip = desk.set_limit(whole("watts", value, 0, 1_000_000), now)
        case "unbalance":
            slip = desk.set_unbalance(whole("watts", value, 0, 1_000_000), now)
        case "key":
            slip = desk.change_key(desk.key.krn.following(), desk.key.ti, now)
        case "tariff":
            slip = desk.change_key(desk.key.krn, TI(whole("tariff index", value, 0, 99)), now)
        case _:
            slip = desk.test()
    hand(session, slip)


def emergency(session: Session, _words: Words) -> None:
    """Take emergency credit, by whatever way the make has for it."""
    taken = session.meter.take_emergency_credit()
    session.happened(taken + session.settle())
    session.say("Emergency credit taken." if taken else "There is no emergency credit now: it is for low credit.")


def button(session: Session, _words: Words) -> None:
    """Press the button on the meter."""
    pressed = session.meter.press_button()
    session.happened(pressed + session.settle())
    session.say("The button closes the switch again." if pressed else "Nothing happens.")


# ------------------------------------------------------------------------------------------------------ house, wires


def switch(session: Session, words: Words, *, on: bool) -> None:
    """Switch appliances."""
    house = session.house
    for name in words:
        house = house.switch(name.lower(), on=on)
    rebuild(session, house)


def plug(session: Session, words: Words) -> None:
    """Plug an appliance in."""
    name, watts, phase = (*words, "1")[:3]
    watts_wanted = whole("watts", watts, -100_000, 100_000)
    rebuild(session, session.house.plug_in(name.lower(), watts_wanted, whole("phase", phase, 1, 3)))


def rebuild(session: Session, house: House) -> None:
    """Put another house behind the meter, and tell what it makes of it."""
    session.house = house
    session.happened(session.settle())


def power(session: Session, words: Words, *, on: bool) -> None:
    """The mains, or one phase of them."""
    if not words:
        session.happened((session.meter.return_power() if on else session.meter.cut_power()) + session.settle())
        return
    phase = whole("phase", words[0].lower().removeprefix("l"), 1, session.house.phases)
    lost = set(session.house.lost) - {phase} if on else set(session.house.lost) | {phase}
    rebuild(session, replace(session.house, lost=tuple(sorted(lost))))


def sensor(session: Session, tamper: Tamper, *, present: bool) -> None:
    """A tamper sensor."""
    session.happened(session.meter.sense(tamper, present=present) + session.settle())


COVERS: Final = {"terminal": Tamper.TERMINAL_COVER, "meter": Tamper.METER_COVER}


def cover(session: Session, words: Words, *, present: bool) -> None:
    """Open or close a cover."""
    name = words[0] if words and words[0] != "cover" else "terminal"
    sensor(session, COVERS[chosen("cover", name, *COVERS)], present=present)


def magnet(session: Session, words: Words) -> None:
    """Hold a magnet to the meter, or take it away."""
    sensor(session, Tamper.MAGNETIC_FIELD, present=is_on("magnet", words))


def is_on(name: str, words: Words) -> bool:
    """On, unless ``off`` is said."""
    return not words or chosen(name, words[0], "on", "off") == "on"


def bypass(session: Session, words: Words) -> None:
    """Lead half of the current around the meter."""
    rebuild(session, replace(session.house, bypass=is_on("bypass", words)))


def reverse(session: Session, words: Words) -> None:
    """Swap the wires."""
    rebuild(session, replace(session.house, reversed=is_on("reverse", words)))


def neutral(session: Session, words: Words) -> None:
    """Take the neutral off, or put it back."""
    rebuild(session, replace(session.house, neutral=is_on("neutral", words)))


# ------------------------------------------------------------------------------------------------- time, technicians


def wait(session: Session, words: Words) -> None:
    """Let time pass."""
    session.wait(duration("".join(words).lower()))


def clock(session: Session, words: Words) -> None:
    """Set the meter's clock: to the true time, or to another one."""
    text = " ".join(words)
    try:
        when = datetime.fromisoformat(text).replace(tzinfo=UTC) if text else session.meter.time
    except ValueError as error:
        raise InputError("clock", f"{shown(text)} is no moment", "type it like this: clock 2026-03-01 12:00") from error
    session.happened(session.meter.set_clock(when))


def tariff(session: Session, words: Words) -> None:
    """Set new prices: one for all rates, or one for each."""
    now = session.meter.state.tariff
    prices = tuple(number("price", word, CURRENCY_PLACES) for word in words)
    if len(prices) == 1:
        prices *= len(now.prices)
    session.happened(session.meter.set_tariff(replace(now, prices=prices)))


def battery(session: Session, _words: Words) -> None:
    """Put a new battery into the meter."""
    session.happened(session.meter.replace_battery())


LINKS: Final = {
    "cut": LinkState(present=False),
    "back": LinkState(),
    "noisy": LinkState(noise=(Fate.REQUEST_LOST, Fate.ANSWER_LOST, Fate.ANSWER_LOST)),
    "unpair": LinkState(paired=False),
    "pair": LinkState(),
}
"""What can become of the line of a split meter; a noisy one loses the three exchanges that a token is given."""


def link(session: Session, words: Words) -> None:
    """Change the line between keypad unit and meter."""
    if session.meter.config.form is not Form.SPLIT:
        raise InputError("link", "this meter has its keypad built in", "start with: umbane meter --form split")
    session.happened(session.meter.set_link(LINKS[chosen("link", words[0], *LINKS)]))


# ----------------------------------------------------------------------------------------------------- pages, files


def show(page: Callable[[Session], Table]) -> Callable[[Session, Words], None]:
    """A command that prints a page."""
    return lambda session, _words: session.console.print(page(session))


def look(session: Session, _words: Words) -> None:
    """Draw the meter again."""
    session.happened(())


def pack(session: Session, words: Words) -> None:
    """Put the keypad of another make on the meter."""
    session.face = replace(session.face, pack=load_pack(words[0]))
    session.console.print(pages.codes(session))


def save(session: Session, words: Words) -> None:
    """Write the sitting into a file."""
    session.desk.require_here()
    saving.save(session, Path(" ".join(words)))
    session.say("Saved.")


def load(session: Session, words: Words) -> None:
    """Go on with the sitting of a file."""
    saving.load(session, Path(" ".join(words)))
    session.happened(())


def leave(session: Session, _words: Words) -> None:
    """Say goodbye."""
    session.done = True


def show_help(session: Session, words: Words) -> None:
    """List the commands, or one of them."""
    only = {name: COMMANDS[name] for name in COMMANDS if not words or words[0].lower() == name}
    if not only:
        raise InputError("help", f"{shown(words[0])} is not known", "'help' alone lists all there is")
    page = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    group = ""
    for command in only.values():
        page.add_row(command.group if command.group != group else "", command.usage, command.words)
        group = command.group
    session.console.print(page)


FOREVER: Final = 20

COMMANDS: Final[dict[str, Command]] = {
    "press": Command(
        "keypad", "press 1234<", "press keys without Enter: 0-9 * #, < back, C clear, E enter", 1, FOREVER, press
    ),
    "type": Command("keypad", "type", "type the next token of the last slip", 0, 0, type_slip),
    "emergency": Command("keypad", "emergency", "take emergency credit", 0, 0, emergency),
    "button": Command("keypad", "button", "press the button that closes the switch after too many trips", 0, 0, button),
    "buy": Command("shop", "buy 10", "be sold a token (test realm): kWh, money, or a time such as 3d", 1, 1, buy),
    "office": Command(
        "shop",
        "office clear-tamper",
        "or: clear-credit, limit 3000, unbalance 2000, key, tariff 02, test",
        1,
        2,
        office,
    ),
    "slips": Command("shop", "slips", "all tokens handed over", 0, 0, show(pages.slips)),
    "on": Command(
        "house", "on kettle", "switch appliances on: names, or all", 1, FOREVER, lambda s, w: switch(s, w, on=True)
    ),
    "off": Command("house", "off kettle", "and off", 1, FOREVER, lambda s, w: switch(s, w, on=False)),
    "plug": Command("house", "plug iron 1200 2", "one more appliance: name, watts, phase", 2, 3, plug),
    "wait": Command("time", "+1h, +3d, wait 90s", "let time pass", 1, 2, wait),
    "cut": Command("mains", "cut, cut L2", "cut the power, or a phase", 0, 1, lambda s, w: power(s, w, on=False)),
    "return": Command("mains", "return, return L2", "and give it back", 0, 1, lambda s, w: power(s, w, on=True)),
    "open": Command(
        "mischief", "open terminal", "open a cover: terminal or meter", 0, 2, lambda s, w: cover(s, w, present=True)
    ),
    "close": Command("mischief", "close terminal", "and close it", 0, 2, lambda s, w: cover(s, w, present=False)),
    "magnet": Command("mischief", "magnet, magnet off", "hold a magnet to it", 0, 1, magnet),
    "bypass": Command("mischief", "bypass, bypass off", "lead half of the current around it", 0, 1, bypass),
    "reverse": Command("mischief", "reverse, reverse off", "swap its wires", 0, 1, reverse),
    "neutral": Command("mischief", "neutral off, neutral", "take its neutral off", 0, 1, neutral),
    "clock": Command("technician", "clock 2026-03-01 12:00", "set its clock; alone: to the true time", 0, 2, clock),
    "tariff": Command("technician", "tariff 0.30 0.45", "set prices: one for all rates, or one for each", 1, 8, tariff),
    "battery": Command("technician", "battery", "replace its clock's battery", 0, 0, battery),
    "link": Command("technician", "link cut", "or: back, noisy, unpair, pair (split meters)", 1, 1, link),
    "look": Command("look", "look", "draw the meter; Enter alone shows what else its display has", 0, 0, look),
    "codes": Command("look", "codes", "the short codes of this keypad", 0, 0, show(pages.codes)),
    "pack": Command("look", "pack pln", "the short codes of another make", 1, 1, pack),
    "log": Command("look", "log", "the event log", 0, 0, show(pages.log)),
    "registers": Command("look", "registers", "every register and reading", 0, 0, show(pages.registers)),
    "profile": Command("look", "profile", "the load profile", 0, 0, show(pages.profile)),
    "sounds": Command("look", "sounds", "what the sounds mean", 0, 0, show(pages.sounds)),
    "save": Command("file", "save FILE", "write everything into a file", 1, FOREVER, save),
    "load": Command("file", "load FILE", "and go on from there", 1, FOREVER, load),
    "help": Command("help", "help, help buy", "this list, or a line of it", 0, 1, show_help),
    "quit": Command("help", "quit", "leave", 0, 0, leave),
}
"""Every command, in the order of the help."""

ALSO: Final = {"?": "help", "exit": "quit", "q": "quit", "bye": "quit", "hold": "magnet", "t": "type", "h": "help"}
"""Other words for the same."""
