"""What the utility's own people do over the API: look after the registry, the books and the queue of jobs.

- `customers`, `contracts`, `meters`, `keychanges`, `imports`, `vendors`, `floats`, `tariffs`, `staff`: the registry
- `books`, `proofs`: the books; `jobs`: the queue
- `writing`: once for each key, held to an edition; `paging`: pages
"""

from typing import Final

from umbane.api.managing import (
    books,
    contracts,
    customers,
    floats,
    imports,
    jobs,
    keychanges,
    meters,
    proofs,
    staff,
    tariffs,
    vendors,
)

__all__ = ["OPERATIONS"]

OPERATIONS: Final = (
    *customers.OPERATIONS, *contracts.OPERATIONS, *imports.OPERATIONS, *meters.OPERATIONS, *keychanges.OPERATIONS,
    *vendors.OPERATIONS, *floats.OPERATIONS, *tariffs.OPERATIONS, *staff.OPERATIONS, *books.OPERATIONS,
    *proofs.OPERATIONS, *jobs.OPERATIONS,
)  # fmt: skip
