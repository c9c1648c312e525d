"""`umbane meter`: what somebody sees who sits down at the keypad of a virtual meter."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from select import select
from signal import SIGINT

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.project.tree import ROOT
from umbane.cli import main
from umbane.cli.meter.commands import ALSO, COMMANDS
from umbane.meter.face import built_in_packs

START = ["--start", "2026-01-05T08:00:00"]
GOODBYE = "Goodbye."


def sit(*lines: str, options: tuple[str, ...] = ()) -> Result:
    """Sit down, type these lines, and go."""
    return CliRunner().invoke(main, ["meter", *START, *options], input="".join(f"{line}\n" for line in lines))


def all_told(*lines: str, options: tuple[str, ...] = ()) -> list[str]:
    """What is printed first and after each of these lines, each as one line without the frame."""
    answer = sit(*lines, options=options)
    assert answer.exit_code == 0, answer.output
    text, goodbye, _ = answer.output.partition(GOODBYE)
    assert goodbye
    return [" ".join(re.sub(r"[│╭╮╰╯┌┐└┘─]", " ", part).split()) for part in text.split("meter> ")]


def told(*lines: str, options: tuple[str, ...] = ()) -> str:
    """What is printed after the last of these lines."""
    return all_told(*lines, options=options)[-1]


def token_on_slip(*lines: str) -> str:
    """The first token that is printed."""
    found = re.search(r"\d{4}( \d{4}){4}", sit(*lines).output)
    assert found is not None
    return found.group()


def test_a_newcomer() -> None:
    """Somebody who follows the first lines buys a token, types it, has light, and sees the credit go down."""
    first, bought, typed, _, later = all_told("buy 10", "type", "on kettle", "+2h")
    assert "credit used up: buy a token" in first
    assert "Slip (test realm): 10 kWh" in bought
    assert "Accepted: 10.0 kWh of electricity." in typed
    assert "It is now Monday 05 January 2026 10:00. Used in this time: 4.120 kWh." in later


def test_a_token_typed_by_hand() -> None:
    """The digits on the slip work when they are typed, with spaces, with dashes, or without."""
    token = token_on_slip("buy 10")
    for typed in (token, token.replace(" ", "-"), token.replace(" ", "")):
        assert "Accepted" in told("buy 10", typed)


def test_a_token_works_once() -> None:
    """The same digits typed again are said to be used."""
    token = token_on_slip("buy 10")
    assert "Already used" in told("buy 10", token, token)


def test_everything_says_that_it_is_a_test() -> None:
    """The picture and every slip say that this is the test realm."""
    text = told("buy 10")
    assert "Slip (test realm): 10 kWh" in text
    assert "test realm" in sit().output.splitlines()[0]


@pytest.mark.parametrize("pack", built_in_packs())
@pytest.mark.parametrize("form", ["single", "three", "split"])
def test_every_form_and_pack(form: str, pack: str) -> None:
    """Every form sits down with every make's short codes, and lists them."""
    assert "Short codes: " in told("codes", options=("--form", form, "--pack", pack))


@pytest.mark.parametrize("ea", ["7", "11"])
@pytest.mark.parametrize(
    ("mode", "amount"), [("units", "12.5"), ("currency", "12.34567"), ("time", "3d"), ("time", "90m")]
)
def test_every_mode(ea: str, mode: str, amount: str) -> None:
    """Energy, money and time can be bought and typed under both ciphers."""
    assert "Accepted" in told(f"buy {amount}", "type", options=("--mode", mode, "--ea", ea))


@pytest.mark.parametrize(
    ("wish", "answer"),
    [
        ("clear-tamper", "tamper condition is forgiven"),
        ("clear-credit", "credit set to zero: all of it"),
        ("limit 3000", "power limit 3000 W"),
        ("unbalance 2000", "phase unbalance limit 2000 W"),
        ("test", "18 readings"),
        ("TEST", "DRN: 00202601019"),
    ],
)
def test_the_office(wish: str, answer: str) -> None:
    """Each token that the office hands out does what it says."""
    assert answer in told(f"office {wish}", "type")


def test_key_changes() -> None:
    """A key change comes in three tokens under EA07 and in four under EA11, and credit sold after it is accepted."""
    assert "Key changed: tariff index 01, revision 2." in told("office key", "type", "type", "type")
    assert "Key changed: tariff index 07" in told("office tariff 7", *["type"] * 4, options=("--ea", "11"))
    assert "Accepted" in told("office key", "type", "type", "type", "buy 5", "type")


def test_credit_sold_after_a_key_change_needs_it() -> None:
    """Credit that was sold under the new key is wrong until the key-change tokens are typed."""
    assert "Wrong number" in told("office key", "buy 5", "type")


def test_a_token_that_was_not_taken_stays_on_the_slip() -> None:
    """When the keypad can't reach the meter, the same token can be typed later."""
    text = told("buy 5", "link cut", "type", "link back", "type", options=("--form", "split"))
    assert "Accepted: 5.0 kWh" in text


def test_a_noisy_link() -> None:
    """A token whose answers are lost is said to have had no answer, and the second time to be used: it counts once."""
    options = ("--form", "split")
    assert "hears nothing" in told("buy 5", "link noisy", "type", options=options)
    assert "Already used" in told("buy 5", "link noisy", "type", "type", options=options)


@pytest.mark.parametrize(
    ("lines", "happens"),
    [
        (["open terminal"], "tamper detected: terminal cover"),
        (["open meter"], "tamper detected: meter cover"),
        (["open cover"], "TAMPER 2: call your supplier"),
        (["magnet"], "tamper detected: magnetic field"),
        (["buy 1", "type", "bypass", "on kettle"], "tamper detected: bypass"),
        (["buy 1", "type", "reverse"], "tamper detected: reverse energy"),
        (["buy 1", "type", "neutral off"], "tamper detected: neutral missing"),
        (["buy 1", "type", "on solar"], "disconnected: tamper"),
        (["buy 9", "type", "on all", "+20s"], "limit tripped: overload"),
        (["cut"], "power cut"),
        (["cut", "return"], "power back"),
        (["buy 1", "type", "+20h"], "credit used up"),
        (["clock 2026-02-03 04:05"], "clock set"),
        (["clock"], "clock set"),
        (["battery"], "battery replaced"),
        (["tariff 0.30", "registers"], "price 0.3000 per kWh"),
        (["tariff 0.30 0.45", "+10h", "21"], "price: 0.4500 per kWh"),
        (["emergency"], "Emergency credit taken."),
        (["emergency", "emergency"], "There is no emergency credit now"),
        (["98"], "Emergency credit taken"),
        (["99"], "The alarm is silent"),
        (["button"], "Nothing happens."),
        (["office limit 10", "type", "buy 9", "type", "+10m", "button"], "The button closes the switch again."),
        (["magnet", "magnet off", "office clear-tamper", "type"], "forgiven"),
        (["open terminal", "close terminal", "office clear-tamper", "type"], "forgiven"),
    ],
)
def test_what_can_be_done(lines: list[str], happens: str) -> None:
    """Everything that can be done to a meter is told with what came of it."""
    assert happens in told(*lines)


def test_phases() -> None:
    """A phase can be lost and come back in a house that has three."""
    options = ("--form", "three")
    assert "phase lost: L2" in told("cut L2", options=options)
    assert "phases back" in told("cut l2", "return L2", options=options)


def test_a_dark_meter() -> None:
    """Without mains the display is dark and the token waits for better times."""
    assert "There is no power" in told("buy 1", "cut", "type")
    assert "Accepted" in told("buy 1", "cut", "type", "+1h", "return", "type")


def test_keys_without_enter() -> None:
    """Keys can be pressed one by one: they stand on the display, can be taken back, and are forgotten after a while."""
    text = told("press 1234567890<")
    assert "1234 5678 9 " in text
    assert "9 digits" in text
    assert "That has 20" not in told("press 1234", "+1m", "01")
    assert "that key does nothing now" in told("press <")
    assert "credit" in told("press C01E")


def test_enter_alone_shows_the_next_screen() -> None:
    """An empty line is Enter alone: the display shows what else it has."""
    assert "total energy" in told("", "")


@pytest.mark.parametrize(
    ("page", "holds"),
    [
        ("log", "token accepted"),
        ("registers", "credit: electricity 9.9 kWh"),
        ("profile", "####"),
        ("slips", "10 kWh"),
        ("sounds", "rejected"),
        ("codes", "silence the alarm"),
        ("help", "take emergency credit"),
        ("help buy", "buy 10"),
        ("look", "supply on"),
        ("pack hexing-bd", "take emergency credit"),
    ],
)
def test_pages(page: str, holds: str) -> None:
    """Every page shows what happened so far."""
    assert holds in told("buy 10", "type", "+1h", page)


def test_the_meter_of_another_make() -> None:
    """After `pack` the codes of that make are answered, and ours no more."""
    assert "voltage: 230 V" in told("pack hexing-id", "807")
    assert "no short code" in told("pack hexing-id", "07")


def test_an_appliance_of_ones_own() -> None:
    """An appliance that was plugged in draws what it says."""
    assert "1260 W in use" in told("buy 1", "type", "plug iron 1200", "on iron")
    assert "1700 W in use" in told("buy 1", "type", "plug kettle 1640", "on KETTLE")
    assert "60 W in use" in told("buy 1", "type", "on tv", "off tv")


def test_many_events_are_cut_short() -> None:
    """A long time with much in it shows the first events and where the others are."""
    assert "and 5 more: see log" in told("office limit 10", "type", "buy 9", "type", "+1h")


@pytest.mark.parametrize("amount", ["3", "d", "0d", "-1d", "3x", "1.5d", "９d", "9999999d", "999999d"])
def test_times_that_are_not_sold(amount: str) -> None:
    """A time without its unit, of nothing, or too long for a token, is refused."""
    text = told(f"buy {amount}", options=("--mode", "time"))
    assert "isn't understood" in text or "Amount" in text


def test_a_house_is_full_some_day() -> None:
    """There is an end to the appliances that can be plugged in."""
    assert "the house is full" in told(*(f"plug n{number} 9" for number in range(33)))


def test_a_clock_that_was_lost() -> None:
    """The event log says where it doesn't know the time."""
    assert "clock lost" in told("cut", "+2000d", "return", "log")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("foo", "'foo' is not known"),
        ("buz 3", "did you mean buy?"),
        ("buy", "type it like this: buy 10"),
        ("buy 1 2", "type it like this"),
        ("buy x", "isn't understood"),
        ("buy -5", "isn't understood"),
        ("buy 0", "isn't understood"),
        ("buy nan", "isn't understood"),
        ("buy 1e999999999", "isn't understood"),
        ("buy 0.05", "isn't understood"),
        ("buy 99999999", "Amount"),
        ("buy １０", "Slip"),
        ("office", "type it like this"),
        ("office cake", "give one of"),
        ("office limit", "is no such number"),
        ("office limit -1", "is no such number"),
        ("office limit 9999999999", "is no such number"),
        ("office tariff 100", "is no such number"),
        ("on", "type it like this"),
        ("on toaster", "there is no 'toaster'"),
        ("plug 9 9", "is no name"),
        ("plug all 9", "is no name"),
        ("plug iron 0", "out of range"),
        ("plug iron 1e3", "is no such number"),
        ("plug iron 100 2", "isn't there"),
        ("+", "is no length of time"),
        ("+x", "is no length of time"),
        ("+0s", "too long or nothing"),
        ("+9999999w", "too long or nothing"),
        ("+1.5h", "is no length of time"),
        ("wait", "type it like this"),
        ("cut L2", "is no such number"),
        ("open sesame", "give one of"),
        ("magnet maybe", "give one of"),
        ("tariff free", "isn't understood"),
        ("tariff 1 2 3", "give no more rates"),
        ("clock yesterday", "is no moment"),
        ("clock 1850-01-01", "clock"),
        ("link cut", "has its keypad built in"),
        ("press xyz", "there is no key"),
        ("pack nobody", "can't be read"),
        ("type", "there is no token left"),
        ("load /nowhere/at/all", "can't be read"),
        ("save /nowhere/at/all", "can't be written"),
        ("help me", "'me' is not known"),
        ("999", "is no short code"),
        ("12345678901234567890", "Wrong number"),
        ("99999999999999999999", "That isn't a token"),
        ("123456789012345678901", "Wrong number"),
        ("\x1b[2J\x07", "is not known"),
        ("x" * 5000, "is not known"),
    ],
)
def test_nothing_typed_wrong_ends_it(line: str, answer: str) -> None:
    """Whatever is typed wrong is answered in words, and the next line is read."""
    _, said, then = all_told(line, "look")
    assert answer in said
    assert "supply off" in then


@settings(max_examples=25)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=30),
            st.builds("{} {}".format, st.sampled_from([*COMMANDS, *ALSO]), st.text(max_size=8)),
            st.sampled_from(["buy 10", "type", "+1h", "on all", "cut", "return", "office key", "99", "98", "magnet"]),
        ).filter(lambda line: not line.strip().lower().startswith(("save", "load", "pack"))),
        max_size=8,
    )
)
def test_no_line_raises(lines: list[str]) -> None:
    """No lines of any kind, in any order, end in anything but a goodbye."""
    answer = sit(*lines)
    assert answer.exception is None
    assert GOODBYE in answer.output


def test_saving_and_going_on(tmp_path: Path) -> None:
    """A saved sitting goes on as it was: credit, time, appliances, short codes, last tokens, keys, identifiers."""
    file = tmp_path / "meter.json"
    told("pack pln", "office key", *["type"] * 3, "buy 10", "type", "on kettle", "bypass", "+1h", f"save {file}")
    text = sit("54", "registers", options=("--load", str(file))).output
    for wanted in ("last token: ", "key revision and type   KRN 2", "TAMPER 16", "05 Jan 2026 09:00"):
        assert wanted in text
    assert "Accepted" in told("buy 5", "type", options=("--load", str(file)))
    assert "TAMPER 16" in told(f"load {file}")


def test_a_saved_file_holds_no_key(tmp_path: Path) -> None:
    """The file says which key of the test realm it is, not what it is."""
    file = tmp_path / "meter.json"
    told("buy 10", "type", f"save {file}")
    saved = json.loads(file.read_text(encoding="utf-8"))
    assert saved["meter"]["key_bits"] is None
    assert "value" not in saved["meter"]["state"]["key"]
    assert saved["meter_key"] == {"ea": 7, "krn": 1, "ti": 1}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b" " * 2_000_001,
        b'{"format": "umbane.keypad", "version": 1}',
        b'{"format": "umbane.keypad", "version": 2}',
    ],
)
def test_a_file_that_is_none(tmp_path: Path, content: bytes) -> None:
    """A file that isn't a saved sitting is refused in words: at the prompt one goes on, as an option it ends with 2."""
    file = tmp_path / "meter.json"
    file.write_bytes(content)
    assert "give a file that 'save' wrote" in told(f"load {file}") or "name a file that 'save' wrote" in told(
        f"load {file}"
    )
    assert sit(options=("--load", str(file))).exit_code == 2


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("pan",), "600727000000000009"),
        (("pan",), "nothing"),
        (("meter_key", "krn"), 3),
        (("meter_key", "ea"), 9),
        (("seller_key", "ti"), 100),
        (("pack",), "nobody"),
        (("last_tid",), -1),
        (("house", "lost"), [4]),
        (("house", "appliances"), [{"name": "x", "watts": 10**9, "phase": 1, "on": True}]),
        (("recent",), [{"digits": "x"}]),
        (("meter", "config", "paid_by"), []),
        (("meter",), {}),
        (("meter", "state"), None),
        (("extra",), 1),
    ],
)
def test_a_file_that_was_changed(tmp_path: Path, path: tuple[str, ...], value: object) -> None:
    """A saved sitting that was tampered with is refused, and the present one stays."""
    file = tmp_path / "meter.json"
    told(f"save {file}")
    saved = json.loads(file.read_text(encoding="utf-8"))
    place = saved
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    file.write_text(json.dumps(saved), encoding="utf-8")
    text = told("buy 10", "type", f"load {file}", "registers")
    assert "credit: electricity 10.0 kWh" in text


@pytest.mark.parametrize(
    "options",
    [
        ["--form", "round"],
        ["--ea", "9"],
        ["--mode", "barter"],
        ["--pack", "nobody"],
        ["--start", "now"],
        ["--start", "0001-01-01"],
        ["--start", "2013-12-31"],
        ["--start", "2045-01-01"],
        ["--start", "9999-12-31"],
    ],
)
def test_wrong_options(options: list[str]) -> None:
    """A wrong option ends with 2 before anybody sits down."""
    assert CliRunner().invoke(main, ["meter", *options]).exit_code == 2


def test_without_a_start_it_is_now() -> None:
    """Without --start the meter is switched on now."""
    assert GOODBYE in CliRunner().invoke(main, ["meter"], input="").output


UMBANE = [sys.executable, "-m", "umbane", "meter", *START]


def test_quit() -> None:
    """`quit` ends it, and what follows isn't read."""
    assert "kWh of electricity" not in sit("quit", "buy 1", "type").output


def test_bytes_that_are_no_text() -> None:
    """Bytes that are no UTF-8 on standard input are answered like any other nonsense."""
    answer = subprocess.run(UMBANE, cwd=ROOT / "src", input=b"\xff\xfe\x00\nlook\n", capture_output=True, check=True)
    assert b"Goodbye" in answer.stdout


def test_a_terminal_without_unicode() -> None:
    """On a terminal that knows only ASCII everything is drawn with what it has."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    command = "buy 10\ntype\nsounds\n"
    answer = subprocess.run(
        UMBANE, cwd=ROOT / "src", input=command.encode(), capture_output=True, check=True, env=environment
    )
    assert answer.stderr == b""
    assert answer.stdout.isascii()


def test_without_standard_input() -> None:
    """When the shell closed standard input, the meter shows itself and says goodbye."""
    command = f'exec "{sys.executable}" -m umbane meter <&-'
    answer = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT / "src", capture_output=True, check=True)
    assert b"Goodbye" in answer.stdout


@pytest.mark.parametrize("key", ["Ctrl-D", "Ctrl-C"])
def test_leaving_a_terminal(key: str) -> None:
    """At a terminal, Ctrl-D and Ctrl-C both leave with a goodbye and no traceback."""
    terminal, its_end = os.openpty()
    with subprocess.Popen(UMBANE, cwd=ROOT / "src", stdin=its_end, stdout=its_end, stderr=its_end) as process:
        os.close(its_end)
        seen = read_until(terminal, b"meter> ")
        os.write(terminal, b"buy 10\r")
        seen += read_until(terminal, b"just: type.*meter> ")
        try:
            assert left(process, lambda: press(key, terminal, process)) == 0
            seen += read_until(terminal, b"the standard is")
        finally:
            process.kill()
    os.close(terminal)
    assert b"Slip" in seen
    assert b"the standard is." in seen
    assert b"Traceback" not in seen


PATIENCE = 60


def press(key: str, terminal: int, process: subprocess.Popen[bytes]) -> None:
    """Press a key that ends a sitting; for Ctrl-C, do what the terminal driver makes of it."""
    if key == "Ctrl-D":
        os.write(terminal, b"\x04")
    else:
        process.send_signal(SIGINT)


def left(process: subprocess.Popen[bytes], leave: Callable[[], None]) -> int:
    """The exit code of a program that is asked to leave; again every second, as people do.

    A signal that comes between the prompt and the wait for a key is only seen when the next one comes.
    """
    for _ in range(PATIENCE):
        leave()
        try:
            return process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            continue
    pytest.fail("the program didn't leave")


def read_until(terminal: int, wanted: bytes) -> bytes:
    """What a terminal shows until these bytes come; less when they don't."""
    seen = b""
    while not re.search(wanted, seen, re.DOTALL) and select([terminal], [], [], PATIENCE)[0]:
        try:
            seen += os.read(terminal, 4096)
        except OSError:  # the program has left
            break
    return seen
