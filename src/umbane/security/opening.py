"""Modules of every make, opened and closed. What a make needs is loaded when one is opened: NumPy, for this one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from umbane.security.protocol import SecurityModule
from umbane.security.vault import Vault
from umbane.sts import SAMPLE_TABLES, StaTables

__all__ = ["open_software_module"]


@asynccontextmanager
async def open_software_module(
    name: str, folder: Path, vault: Vault, *, tables: StaTables = SAMPLE_TABLES
) -> AsyncIterator[SecurityModule]:
    """A module in this process, closed at the end; first its journal is checked, and nothing else happens meanwhile.

    Args, errors: as ``umbane.security.software.SoftwareModule``.
    """
    from umbane.security.software import SoftwareModule  # noqa: PLC0415 - only who opens one waits for NumPy

    module = SoftwareModule(name, folder, vault, tables=tables)
    try:
        yield module
    finally:
        module.close()
