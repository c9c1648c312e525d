"""`umbane fleet`: models of meters, what is shown of them, what ends soon, and what becomes of meters."""

import click

from umbane.cli.fleet_events import carry, events, history, place, tell
from umbane.cli.fleet_models import add, enforce, evidence, foresight, models, policy, suppliers, units, withdraw

__all__ = ["command"]


@click.group()
def command() -> None:
    """Say which meters may be used, foresee what ends, and record what becomes of each.

    \b
    umbane fleet add models.yaml          models with their papers
    umbane fleet models                   how each stands today
    umbane fleet enforce                  block what may not be sold to, and lift what may again
    umbane fleet foresight --days 90      what ends in that time
    umbane fleet tell events.yaml         what happened to meters
    umbane fleet history 00001011014      and what a meter was at any instant
    """  # noqa: D301 - click's mark for lines that stay as they are


for _command in (
    add, carry, enforce, events, evidence, foresight, history, models, place, policy, suppliers, tell, units, withdraw,
):  # fmt: skip
    command.add_command(_command)
