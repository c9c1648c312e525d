"""The desk of a ceremony at a terminal."""

import sys
from hmac import compare_digest
from pathlib import Path
from typing import Final

import click

from umbane.errors import InputError
from umbane.keycentre import Share, qr_lines, sheet

__all__ = ["TerminalDesk", "hardened", "require_memory"]

CLEAR: Final = "\x1b[2J\x1b[3J\x1b[H"
"""Empty the screen, and what could be scrolled back to."""
INDENT: Final = "    "
ATTEMPTS: Final = 3
SHORTEST: Final = 6
"""Letters of the word with which somebody confirms."""
MOUNTS: Final = Path("/proc/self/mounts")
IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})


class TerminalDesk:
    """People around one terminal.

    Args:
        sheets: a folder for pages to be printed, which lies in memory; None if shares are written down by hand.
        centre: what stands on them.
    """

    def __init__(self, sheets: Path | None = None, centre: str = "") -> None:
        self.sheets, self.centre = sheets, centre
        self.words: dict[str, str] = {}
        """With which those who confirm do so, in this ceremony."""

    def say(self, *lines: str) -> None:
        """Print it, after an empty line."""
        click.echo("\n" + "\n".join(lines))

    def confirm(self, person: str, question: str) -> bool:
        """Whether somebody types their word, and not no; nobody else can, who hasn't seen it."""
        if person not in self.words:
            self.words[person] = self.new_word(person)
        for _ in range(ATTEMPTS):
            answer = self.secret(person, f"{question} Type your word, or no")
            if answer.strip().casefold() == "no":
                return False
            if compare_digest(answer.encode(), self.words[person].encode()):
                click.echo(f"  {person} confirms.")
                return True
            click.echo(f"  That isn't the word of {person}.")
        return False

    def new_word(self, person: str) -> str:
        """The word that somebody chooses for this ceremony: nobody else's, and not one that is typed by accident."""
        click.echo(
            f"\n  {person}, choose a word with which you confirm, for this ceremony only. Nobody else may see it."
        )
        while True:
            word = self.secret(person, f"your word, of {SHORTEST} letters or more")
            if len(word) < SHORTEST or word in self.words.values():
                click.echo("  It is too short, or somebody else's: another one, please.")
            elif self.secret(person, "the same again") == word:
                return word
            else:
                click.echo("  That was something else.")

    def secret(self, person: str, question: str) -> str:
        """Ask without showing what is typed."""
        return str(click.prompt(f"  {person}: {question} (nothing is shown)", hide_input=True))

    def hand_over(self, custodian: str, share: Share) -> None:
        """Let one person see a share, and clear the screen behind them, whatever happens."""
        click.echo(f"\nNow everybody but {custodian} looks away.")
        self.pause(f"{custodian}, press Enter when nobody else sees the screen")
        try:
            self.show(custodian, share)
        finally:
            click.echo(CLEAR, nl=False)
        click.echo("The screen is clear. Everybody may look again.")

    def show(self, custodian: str, share: Share) -> None:
        """Show it until they have it."""
        click.echo(CLEAR, nl=False)
        click.echo(f"The share of {custodian}. Write down these words, line by line, with the numbers:\n")
        for number, line in enumerate(share.lines(), 1):
            click.echo(f"{INDENT}{number}. {line}")
        click.echo("\nThe same as a code, for a device that is never online:\n")
        for line in qr_lines(share):
            click.echo(INDENT + line)
        if self.sheets:
            self.print_sheet(self.sheets / "share.html", custodian, share)
        self.pause(f"\n{custodian}, compare your paper with the screen once more, then press Enter")

    def print_sheet(self, page: Path, custodian: str, share: Share) -> None:
        """Leave a page to be printed where nothing stays, until it was, or something went wrong."""
        text = sheet(share, custodian, self.centre).encode()
        try:
            file = page.open("xb")
        except OSError as error:
            raise InputError("--sheets", f"{page} can't be made ({error.strerror})", "clear that folder") from error
        try:
            with file:
                page.chmod(0o600)
                file.write(text)
            self.pause(f"\n{custodian}, print {page} and take the paper, then press Enter")
        finally:
            with page.open("r+b") as again:
                again.write(bytes(len(text)))
            page.unlink()

    def pause(self, text: str) -> None:
        """Wait for Enter."""
        click.prompt(text, default="", show_default=False, prompt_suffix=". ")


def require_memory(folder: Path, mounts: str) -> None:
    """Refuse a folder that isn't known to lie in memory: from a disk a page can be had back.

    Args:
        folder: where pages will lie.
        mounts: what the system has where, as ``/proc/self/mounts`` says it.

    Raises:
        InputError: it lies on a disk, or nobody knows.
    """
    places = {
        Path(where.encode().decode("unicode_escape")): kind
        for _, where, kind, *_ in map(str.split, mounts.splitlines())
    }
    real = folder.resolve()
    kind = next((places[it] for it in (real, *real.parents) if it in places), "nothing known")
    if kind not in IN_MEMORY:
        raise InputError("--sheets", f"{folder} isn't in memory: it is on {kind}", "name one that is, such as /dev/shm")


def hardened() -> None:
    """Keep this process's memory to itself, as far as the system lets us, and say what it doesn't."""
    if not sys.stdin.isatty():
        click.echo("note: this isn't a terminal, so the process isn't hardened: good for trials only", err=True)
        return
    from umbane.security.process.hardening import harden

    for problem in harden().lacking():
        click.echo(f"note: {problem}", err=True)
