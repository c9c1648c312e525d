"""The trade round the sale: `umbane trade`."""

import click

from umbane.cli.trade_banking import deposits, statement

__all__ = ["command"]


@click.group()
def command() -> None:
    """Do the daily business round the sale: deposits of vendors, and the bank's statements of them."""


command.add_command(deposits)
command.add_command(statement)
