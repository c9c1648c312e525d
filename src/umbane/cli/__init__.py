"""The command line: a module for each command, loaded when that command is called."""

import sys
from importlib import import_module
from typing import IO, Any

import click

from umbane import __version__
from umbane.errors import UmbaneError

__all__ = ["Commands", "Refusal", "main"]

COMMANDS = {
    "apikeys": "Let programs in: issue, list and revoke their keys.",
    "audit": "Check the log that strangers can check, and collect its heads.",
    "backup": "Write the whole database into one file.",
    "books": "Prove the books, and read them.",
    "conformance": "Run vector files against our implementation of the standard.",
    "db": "Start, stop and look at the database.",
    "demo": "See a made-up town at work, and try it yourself.",
    "fleet": "Say which meters may be used, and record what becomes of each.",
    "jobs": "Look at the jobs in the queue, and try dead ones again.",
    "kmc": "Keep vending keys: ceremonies, custodians, key load files.",
    "meter": "Sit at the keypad of a virtual meter.",
    "module": "Keep vending keys in a process of their own.",
    "people": "Say who signs in, with which roles, password and second factor.",
    "prism": "Let other vending systems use a module of ours.",
    "reconcile": "Hold modules, books and log against each other, token by token.",
    "registry": "Fill the registry from files, and find what is in it.",
    "restore": "Read a backup into an empty database.",
    "serve": "Sell over HTTP, on loopback.",
    "tariff": "Check, quote and explain tariff files.",
    "trade": "Close tills, match deposits, pay commission.",
    "vend": "Sell from a file of purchases to virtual meters.",
}
"""Every command and what it is for: `umbane.cli.<name>` holds it, under the name `command`."""

REFUSED = 2
"""The exit code when what was asked for can't be done; click uses the same for a wrong option."""


class Refusal(click.ClickException):
    """One of our own errors on its way to the person at the terminal, without a traceback."""

    exit_code = REFUSED

    def show(self, file: IO[Any] | None = None) -> None:
        """Say on standard error what is wrong and what would be right."""
        click.echo(f"error: {self.message}", file=file, err=True)


class Commands(click.Group):
    """A group that knows its commands by name and loads none that isn't called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in the order of the alphabet."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, or None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"umbane.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands for `umbane --help` from their names alone."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was called; turn our own errors into words, and leave a reader who left to click."""
        try:
            return super().invoke(ctx)
        except UmbaneError as error:
            raise Refusal(str(error)) from error
        finally:
            if sys.stdout is not None:  # there is none when the shell closed it
                sys.stdout.flush()  # a closed pipe shows here, where click still answers it, and not at the very end


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="umbane", message="%(prog)s %(version)s")
def main() -> None:
    """Prepaid electricity under the Standard Transfer Specification (IEC 62055-41)."""
