"""What vendors pay in, by the references by which their banks know it."""

from uuid import UUID, uuid5

__all__ = ["payment_id"]


def payment_id(utility_id: UUID, vendor_id: UUID, reference: str) -> UUID:
    """The id of a payment: always the same for the same, so that none is booked twice, whoever books it."""
    return uuid5(utility_id, f"deposit/{vendor_id}/{reference}")
