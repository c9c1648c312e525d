"""What is true of deposits and vouchers that are in order, for `books prove`."""

from typing import Final

from umbane.ledger import Claim
from umbane.vending.claims import whole

__all__ = ["BANKING"]

DEPOSITS: Final = """
SELECT * FROM (
    SELECT 'trade.decision', e.account || ' ' || e.identity,
        'is ' || e.amount || ' at the bank, and ' || -b.amount || ' of its vendor''s in the books'
    FROM trade.decision d
    JOIN trade.bank_entry e ON e.utility_id = d.utility_id AND e.account = d.account AND e.identity = d.identity
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(p.amount), 0) AS amount
        FROM ledger.entry l CROSS JOIN LATERAL unnest(l.accounts, l.amounts) AS p (account, amount)
        JOIN ledger.account a ON a.id = p.account AND a.owner_id = d.vendor_id
            AND a.kind IN ('vendor_float', 'vendor_receivable')
        WHERE l.utility_id = d.utility_id AND l.id = d.entry_id
    ) AS b WHERE d.entry_id IS NOT NULL AND b.amount <> -e.amount
    UNION ALL
    SELECT 'ledger.entry', l.id::text, 'takes back a deposit for nothing that the bank took back'
    FROM ledger.account a JOIN ledger.line n ON n.account = a.id
    JOIN ledger.entry l ON l.utility_id = n.utility_id AND l.id = n.entry_id
    WHERE a.kind IN ('vendor_float', 'vendor_receivable') AND l.kind = 'deposit.charge_back'
        AND NOT EXISTS (SELECT FROM trade.decision d WHERE d.utility_id = l.utility_id AND d.entry_id = l.id)
) AS looked (at, key, problem) ORDER BY at, key LIMIT 1"""

VOUCHERS: Final = """
SELECT * FROM (
    SELECT 'trade.redemption_end', e.batch || '/' || e.serial, CASE
        WHEN s.id IS NULL THEN 'was used for a sale that there isn''t'
        ELSE 'is worth ' || b.denomination || ', and was used for a sale of ' || s.tender || ' through '
            || CASE WHEN s.terminal_id = b.terminal_id THEN 'its' ELSE 'another' END || ' terminal' END
    FROM trade.redemption_end e
    JOIN trade.voucher_batch b ON b.utility_id = e.utility_id AND b.number = e.batch
    LEFT JOIN vending.sale s ON s.utility_id = e.utility_id AND s.id = e.sale_id
    WHERE e.sale_id IS NOT NULL AND (s.tender, s.terminal_id) IS DISTINCT FROM (b.denomination, b.terminal_id)
    UNION ALL
    SELECT 'registry.vendor', v.code, 'owes ' || owed.amount || ' for vouchers, and its float has ' || f.amount
    FROM (
        SELECT b.utility_id, b.vendor_id, b.currency, sum(
            (SELECT coalesce(sum(CASE act WHEN 'expire' THEN -amount ELSE amount END), 0) FROM trade.voucher_act a
                WHERE a.utility_id = b.utility_id AND a.batch = b.number)
            - b.denomination * (SELECT count(*) FROM trade.redemption_end e
                JOIN vending.sale s ON s.utility_id = e.utility_id AND s.id = e.sale_id
                LEFT JOIN vending.reversal r ON r.utility_id = s.utility_id AND r.sale_id = s.id
                WHERE e.utility_id = b.utility_id AND e.batch = b.number AND r.sale_id IS NULL)
        ) AS amount FROM trade.voucher_batch b GROUP BY b.utility_id, b.vendor_id, b.currency
    ) AS owed JOIN registry.vendor v ON v.utility_id = owed.utility_id AND v.id = owed.vendor_id
    CROSS JOIN LATERAL (
        SELECT coalesce(-sum(n.amount), 0) AS amount FROM ledger.account a JOIN ledger.line n ON n.account = a.id
        WHERE a.utility_id = v.utility_id AND a.owner_id = v.id AND a.kind = 'vendor_float' AND a.unit = owed.currency
    ) AS f WHERE owed.amount <> f.amount AND NOT EXISTS (
        SELECT FROM trade.redemption r LEFT JOIN trade.redemption_end e USING (utility_id, batch, serial, attempt)
        JOIN trade.voucher_batch b ON b.utility_id = r.utility_id AND b.number = r.batch
        WHERE b.utility_id = v.utility_id AND b.vendor_id = v.id AND e.at IS NULL)
) AS looked (at, key, problem) ORDER BY at DESC, key LIMIT 1"""

BANKING: Final = (
    Claim("deposits", "What the bank shows as a vendor's is booked as that.", whole(DEPOSITS, "trade.decision")),
    Claim(
        "vouchers", "A used voucher is a sale, and floats have what others are worth.", whole(VOUCHERS, "trade.voucher")
    ),
)
"""What is claimed of deposits and vouchers."""
