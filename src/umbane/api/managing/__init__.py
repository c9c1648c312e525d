"""What the utility's own people do over the API: look after the registry, the books and the queue of jobs.

- `customers`, `contracts`, `meters`, `keychanges`, `campaigns`, `imports`, `vendors`, `floats`, `tariffs`, `keys`,
  `operators`, `policy`, `changes`: the registry
- `books`, `debts`, `proofs`: the books; `jobs`: the queue
- `writing`: once for each key, held to an edition; `paging`: pages
"""

from typing import Final

from umbane.api.managing import (
    books,
    campaigns,
    changes,
    contracts,
    customers,
    debts,
    floats,
    imports,
    jobs,
    keychanges,
    keys,
    meters,
    operators,
    policy,
    proofs,
    tariffs,
    vendors,
)

__all__ = ["OPERATIONS"]

OPERATIONS: Final = (
    *customers.OPERATIONS, *contracts.OPERATIONS, *imports.OPERATIONS, *meters.OPERATIONS, *keychanges.OPERATIONS,
    *campaigns.OPERATIONS, *vendors.OPERATIONS, *floats.OPERATIONS, *tariffs.OPERATIONS, *keys.OPERATIONS,
    *operators.OPERATIONS, *policy.OPERATIONS, *changes.OPERATIONS, *books.OPERATIONS, *debts.OPERATIONS,
    *proofs.OPERATIONS, *jobs.OPERATIONS,
)  # fmt: skip
