"""What is true of the trade that is in order, for `books prove`: commission, shifts, batches."""

from typing import Final

from umbane.ledger import Claim
from umbane.vending.claims import stride, whole

__all__ = ["TRADE"]

EARNED: Final = """
SELECT * FROM (
    SELECT 'trade.accrual', v.code || ' ' || a.first, CASE WHEN a.step <> 1 THEN 'lacks what was reckoned before it'
        ELSE 'adds ' || a.commission || ' and ' || a.tax || ' of tax, but ' || b.commission || ' and ' || b.tax
            || ' are booked, and ' || b.payable || ' for the vendor' END
    FROM (
        SELECT utility_id, vendor_id, first, entry_id,
            commission - coalesce(lag(commission) OVER earlier, 0) AS commission,
            tax - coalesce(lag(tax) OVER earlier, 0) AS tax, ordinal - coalesce(lag(ordinal) OVER earlier, -1) AS step
        FROM trade.accrual WINDOW earlier AS (PARTITION BY utility_id, vendor_id, first ORDER BY ordinal)
    ) a JOIN registry.vendor v ON v.utility_id = a.utility_id AND v.id = a.vendor_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(p.amount) FILTER (WHERE c.kind = 'commission'), 0) AS commission,
            coalesce(sum(p.amount) FILTER (WHERE c.kind = 'commission_tax'), 0) AS tax,
            coalesce(-sum(p.amount) FILTER (
                WHERE c.kind = 'commission_payable' AND c.owner_id = a.vendor_id), 0) AS payable
        FROM ledger.entry e CROSS JOIN LATERAL unnest(e.accounts, e.amounts) AS p (account, amount)
        JOIN ledger.account c ON c.id = p.account WHERE e.utility_id = a.utility_id AND e.id = a.entry_id
    ) b
    WHERE a.step <> 1 OR (a.commission, a.tax, a.commission + a.tax) <> (b.commission, b.tax, b.payable)
    UNION ALL
    SELECT 'ledger.entry', e.id::text, 'books commission that nobody reckoned'
    FROM ledger.account c JOIN ledger.line l ON l.account = c.id
    JOIN ledger.entry e ON e.utility_id = l.utility_id AND e.id = l.entry_id
    WHERE c.kind = 'commission_payable' AND e.kind = 'commission'
        AND NOT EXISTS (SELECT FROM trade.accrual a WHERE a.utility_id = e.utility_id AND a.entry_id = e.id)
) AS looked (at, key, problem) ORDER BY at, key LIMIT 1"""

SHIFTS: Final = """
SELECT 'trade.shift', t.code || ' ' || s.number, CASE
    WHEN sold.strange THEN 'has a sale of another terminal'
    WHEN (sold.count, sold.money) <> (told.count, told.money)
        THEN 'sold for ' || sold.money || ', but says that it took ' || told.money
    WHEN e.expected <> s.cash_float + told.money
        THEN 'should come to ' || s.cash_float + told.money || ', and not to ' || e.expected
    ELSE 'counted ' || found.money || ', and says ' || e.counted END
FROM trade.shift_end e JOIN trade.shift s ON s.utility_id = e.utility_id AND s.id = e.shift_id
JOIN registry.terminal t ON t.utility_id = s.utility_id AND t.id = s.terminal_id
CROSS JOIN LATERAL (
    SELECT count(*) AS count, coalesce(bool_or(i.terminal_id <> s.terminal_id), false) AS strange,
        coalesce(sum(CASE WHEN x.taken_back THEN -i.tender WHEN i.at >= s.opened_at THEN i.tender END), 0) AS money
    FROM trade.shift_sale x JOIN vending.sale i ON i.utility_id = x.utility_id AND i.id = x.sale_id
    WHERE x.utility_id = s.utility_id AND x.shift_id = s.id
) AS sold CROSS JOIN LATERAL (
    SELECT coalesce(sum(k.sales + k.taken_back), 0) AS count,
        coalesce(sum(k.tender) FILTER (WHERE NOT k.early), 0) AS money
    FROM trade.shift_total k WHERE k.utility_id = s.utility_id AND k.shift_id = s.id
) AS told CROSS JOIN LATERAL (
    SELECT coalesce(sum(c.amount), 0) AS money FROM trade.shift_count c
    WHERE c.utility_id = s.utility_id AND c.shift_id = s.id
) AS found
WHERE sold.strange OR (sold.count, sold.money) <> (told.count, told.money)
    OR e.expected <> s.cash_float + told.money OR e.counted <> found.money
ORDER BY 2 LIMIT 1"""

# A sale was committed within an hour, so whichever shift was opened later than that, and has ended, has seen it.
IN_ONE: Final = """
SELECT 'vending.sale', s.id, 'is in no shift, although one of its terminal has ended since'
FROM vending.sale s
WHERE s.utility_id = $1 AND s.id > $2 AND s.id <= $3 AND EXISTS (
    SELECT FROM trade.shift f WHERE f.utility_id = s.utility_id AND f.terminal_id = s.terminal_id
        AND f.number = 1 AND f.opened_at <= s.at
) AND EXISTS (
    SELECT FROM trade.shift l JOIN trade.shift_end e ON e.utility_id = l.utility_id AND e.shift_id = l.id
    WHERE l.utility_id = s.utility_id AND l.terminal_id = s.terminal_id AND l.opened_at > s.at + interval '1 hour'
) AND 0 = (
    SELECT count(*) FROM trade.shift_sale x
    WHERE x.utility_id = s.utility_id AND x.sale_id = s.id AND NOT x.taken_back
) ORDER BY s.id LIMIT 1"""

BATCHES: Final = """
SELECT 'trade.batch', b.kind || ' ' || b.number,
    'says ' || b.members || ' with ' || b.counted || ', and has ' || m.count || ' with ' || m.counted
FROM trade.batch b CROSS JOIN LATERAL (
    SELECT count(*) AS count, coalesce(sum(coalesce(e.expected - s.cash_float, i.expected)), 0) AS expected,
        coalesce(sum(coalesce(e.counted - s.cash_float, i.counted)), 0) AS counted
    FROM trade.batch_member x
    LEFT JOIN trade.shift s ON b.kind = 'sales' AND s.utility_id = x.utility_id AND s.id = x.member_id
    LEFT JOIN trade.shift_end e ON e.utility_id = s.utility_id AND e.shift_id = s.id
    LEFT JOIN trade.batch i ON b.kind = 'bank' AND i.utility_id = x.utility_id AND i.id = x.member_id
    WHERE x.utility_id = b.utility_id AND x.batch_id = b.id
) AS m
WHERE (b.members, b.expected, b.counted) <> (m.count, m.expected, m.counted) ORDER BY 2 LIMIT 1"""

TRADE: Final = (
    Claim("commission", "What was reckoned of commission is booked, and nothing else.", whole(EARNED, "trade.accrual")),
    Claim("shifts", "Every shift that has ended comes to what it sold.", whole(SHIFTS, "trade.shift_end")),
    Claim("in one shift", "From the first shift on every sale of a terminal is in one.", stride(IN_ONE)),
    Claim("batches", "Every batch comes to what is in it.", whole(BATCHES, "trade.batch")),
)
"""What the trade claims of its books."""
