"""The desk of a ceremony at a terminal."""

import sys
from pathlib import Path

import click

from umbane.keycentre import Share, qr_lines, sheet

__all__ = ["TerminalDesk", "hardened"]

CLEAR = "\x1b[2J\x1b[3J\x1b[H"
"""Empty the screen, and what could be scrolled back to."""
INDENT = "    "


class TerminalDesk:
    """People around one terminal.

    Args:
        sheets: a folder for pages to be printed, which lies in memory; None if shares are written down by hand.
        centre: what stands on them.
    """

    def __init__(self, sheets: Path | None = None, centre: str = "") -> None:
        self.sheets, self.centre = sheets, centre

    def say(self, *lines: str) -> None:
        """Print it, after an empty line."""
        click.echo("\n" + "\n".join(lines))

    def confirm(self, person: str, question: str) -> bool:
        """Ask until somebody types yes or no."""
        while True:
            answer = str(click.prompt(f"  {person}: {question} Type yes or no")).strip().casefold()
            if answer in {"yes", "no"}:
                return answer == "yes"
            click.echo("  The whole word, please.")

    def secret(self, person: str, question: str) -> str:
        """Ask without showing what is typed."""
        return str(click.prompt(f"  {person}: {question} (nothing is shown)", hide_input=True))

    def hand_over(self, custodian: str, share: Share) -> None:
        """Let one person see a share, and clear the screen behind them."""
        click.echo(f"\nNow everybody but {custodian} looks away.")
        self.pause(f"{custodian}, press Enter when nobody else sees the screen")
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
        click.echo(CLEAR, nl=False)
        click.echo("The screen is clear. Everybody may look again.")

    def print_sheet(self, page: Path, custodian: str, share: Share) -> None:
        """Leave a page to be printed where nothing stays, until it was."""
        text = sheet(share, custodian, self.centre).encode()
        with page.open("xb") as file:
            page.chmod(0o600)
            file.write(text)
        self.pause(f"\n{custodian}, print {page} and take the paper, then press Enter")
        with page.open("r+b") as file:
            file.write(bytes(len(text)))
        page.unlink()

    def pause(self, text: str) -> None:
        """Wait for Enter."""
        click.prompt(text, default="", show_default=False, prompt_suffix=". ")


def hardened() -> None:
    """Keep this process's memory to itself, as far as the system lets us, and say what it doesn't."""
    if not sys.stdin.isatty():
        click.echo("note: this isn't a terminal, so the process isn't hardened: good for trials only", err=True)
        return
    from umbane.security.process.hardening import harden

    for problem in harden().lacking():
        click.echo(f"note: {problem}", err=True)
