"""An Internet of our own: every name leads to one address."""

__all__ = ["ADDRESS", "somewhere"]

ADDRESS = "93.184.215.14"


async def somewhere(_name: str, _port: int) -> list[str]:
    """Where every name leads."""
    return [ADDRESS]
