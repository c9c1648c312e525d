"""`umbane audit`: the log that strangers can check."""

from umbane.cli.audit.commands import command

__all__ = ["command"]
