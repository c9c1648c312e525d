"""The trade round the sale: `umbane trade`."""

import click

from umbane.cli.trade_banking import deposits, statement
from umbane.cli.trade_tills import batch, shift, totals
from umbane.cli.trade_vendors import accrue, owed, pay, scheme, vendor_statement
from umbane.cli.trade_vouchers import vouchers

__all__ = ["command"]


@click.group()
def command() -> None:
    """Do the daily business round the sale: tills, the bank, and what vendors earn."""


for _command in (deposits, statement, batch, shift, totals, accrue, owed, pay, scheme, vendor_statement, vouchers):
    command.add_command(_command)
