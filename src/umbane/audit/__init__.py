"""A log that strangers can check: a Merkle tree (RFC 9162) of everything that matters, with signed heads and proofs.

- `hashing`, `tree`, `proofs`: the tree; `entries`, `sales`: what is in it; `heads`: who signs it; `collecting`: who
  else keeps heads; `export`: all of it as a file; `receipts`: one entry of it. These know of no database, no clock and
  no chance
- `keyfile`: the key that signs, in a file
- `store`, `sequencing`, `looking`: the log in PostgreSQL
"""

from umbane.audit.collecting import Collected, collect, parse_heads
from umbane.audit.entries import SALT_BYTES, Fact, canonical, moment, seal, sealed_in
from umbane.audit.errors import AlteredError, AuditError, ExportError, ForkError, HeadKeyError, UnknownEntryError
from umbane.audit.export import Verified, exported, hidden, verify_export
from umbane.audit.hashing import leaf_hash, node_hash
from umbane.audit.heads import Head, HeadKeys, Signer, parse_head, require_next
from umbane.audit.keyfile import head_keys, make_signer, read_head_keys, read_signer, signer_at, signer_from
from umbane.audit.looking import Entry, Inclusion, consistency_proof, inclusion_proof, sale_entry, some_entries
from umbane.audit.proofs import verify_consistency, verify_inclusion
from umbane.audit.receipts import Receipt, parse_receipt
from umbane.audit.sales import SaleEntries
from umbane.audit.sequencing import LONGEST_WAIT, sequence
from umbane.audit.store import append, entries_from, heads_after, last_head, log_rows
from umbane.audit.tree import Tree

__all__ = [
    "LONGEST_WAIT",
    "SALT_BYTES",
    "AlteredError",
    "AuditError",
    "Collected",
    "Entry",
    "ExportError",
    "Fact",
    "ForkError",
    "Head",
    "HeadKeyError",
    "HeadKeys",
    "Inclusion",
    "Receipt",
    "SaleEntries",
    "Signer",
    "Tree",
    "UnknownEntryError",
    "Verified",
    "append",
    "canonical",
    "collect",
    "consistency_proof",
    "entries_from",
    "exported",
    "head_keys",
    "heads_after",
    "hidden",
    "inclusion_proof",
    "last_head",
    "leaf_hash",
    "log_rows",
    "make_signer",
    "moment",
    "node_hash",
    "parse_head",
    "parse_heads",
    "parse_receipt",
    "read_head_keys",
    "read_signer",
    "require_next",
    "sale_entry",
    "seal",
    "sealed_in",
    "sequence",
    "signer_at",
    "signer_from",
    "some_entries",
    "verify_consistency",
    "verify_export",
    "verify_inclusion",
]
