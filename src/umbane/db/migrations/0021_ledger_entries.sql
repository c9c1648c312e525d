-- One row for each event, with its postings in two arrays: as a row for each posting, the books were two and a half times
-- as large and took twice the time of both cores.
CREATE TABLE ledger.entry (
    utility_id  uuid NOT NULL,
    id          uuid NOT NULL,
    at          timestamptz NOT NULL CHECK (at >= '0001-01-01 00:00Z' AND at < '9999-12-31 00:00Z'),
    kind        text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9_.]{0,39}$'),
    accounts    integer[] NOT NULL,
    amounts     bigint[] NOT NULL,
    source_id   uuid,
    hold_id     uuid,
    note        text,
    happened_at timestamptz,
    reverses    uuid,
    PRIMARY KEY (id, utility_id),
    CONSTRAINT one_amount_for_each_account CHECK (
        cardinality(accounts) >= 2 AND cardinality(accounts) = cardinality(amounts)
        AND array_ndims(accounts) = 1 AND array_ndims(amounts) = 1
        AND array_position(accounts, NULL) IS NULL AND array_position(amounts, NULL) IS NULL),
    CONSTRAINT no_empty_posting CHECK (0 <> ALL (amounts)),
    CONSTRAINT amounts_in_range CHECK (1000000000000000 >= ALL (amounts) AND -1000000000000000 <= ALL (amounts)),
    CONSTRAINT late_with_note CHECK (happened_at IS NULL OR happened_at < at AND coalesce(note, '') <> ''),
    CONSTRAINT reversal_with_note CHECK ((kind = 'reversal') = (reverses IS NOT NULL) AND (reverses IS NULL OR coalesce(note, '') <> ''))
);

-- Nobody looks entries up by these, and what PostgreSQL gathers about arrays is dear where rows come in thousands.
ALTER TABLE ledger.entry ALTER COLUMN accounts SET STATISTICS 0, ALTER COLUMN amounts SET STATISTICS 0;

CREATE INDEX entry_at ON ledger.entry (utility_id, at);
CREATE UNIQUE INDEX entry_reversed_once ON ledger.entry (utility_id, reverses) WHERE reverses IS NOT NULL;

COMMENT ON COLUMN ledger.entry.at IS 'when it counts: which period it belongs to';
COMMENT ON COLUMN ledger.entry.happened_at IS 'when it happened, if that lies in a period that was closed already';
COMMENT ON COLUMN ledger.entry.accounts IS 'the accounts of its postings';
COMMENT ON COLUMN ledger.entry.amounts IS 'the amount of each: debits above zero, credits below; the sum is zero in each unit';
COMMENT ON COLUMN ledger.entry.source_id IS 'what it is about (a sale, a deposit), if that has another id than the entry';
COMMENT ON COLUMN ledger.entry.hold_id IS 'the hold that it posts';
COMMENT ON COLUMN ledger.entry.reverses IS 'the entry that it takes back';

-- What an account with an owner needs for a statement of its own: its postings in their order.
CREATE TABLE ledger.line (
    utility_id uuid NOT NULL,
    account    integer NOT NULL,
    at         timestamptz NOT NULL,
    entry_id   uuid NOT NULL,
    amount     bigint NOT NULL
);

CREATE INDEX line_account ON ledger.line (account, at, entry_id);
CREATE INDEX line_at ON ledger.line USING brin (at) WITH (autosummarize = on);

-- ---------------------------------------------------------------------------------------------------------- periods

-- A period that is closed: from where the one before ended up to this instant, which doesn't belong to it.
CREATE TABLE ledger.period (
    utility_id uuid NOT NULL,
    until      timestamptz NOT NULL CHECK (until > '0001-01-01 00:00Z' AND until < '9999-12-31 00:00Z'),
    closed_at  timestamptz NOT NULL CHECK (closed_at >= until),
    note       text,
    PRIMARY KEY (utility_id, until)
);

-- What a closed period added to an account, and what the account stood at when it ended.
CREATE TABLE ledger.period_sum (
    utility_id uuid NOT NULL,
    account    integer NOT NULL,
    until      timestamptz NOT NULL,
    debits     bigint NOT NULL CHECK (debits >= 0),
    credits    bigint NOT NULL CHECK (credits >= 0),
    balance    bigint NOT NULL,
    PRIMARY KEY (utility_id, account, until)
);

-- Written when all sums of a closed period are there.
CREATE TABLE ledger.period_summed (
    utility_id uuid NOT NULL,
    until      timestamptz NOT NULL,
    accounts   bigint NOT NULL,
    PRIMARY KEY (utility_id, until)
);

CREATE FUNCTION ledger.negated(amounts bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE
    RETURN (SELECT array_agg(-a.amount ORDER BY a.place) FROM unnest(amounts) WITH ORDINALITY AS a (amount, place));

-- Whoever books shares this lock, whoever closes a period has it alone: so nothing is booked into a period while, or after,
-- it is closed. Two utilities that meet in the same number wait for each other and nothing worse.
CREATE FUNCTION ledger.lock_number(utility uuid) RETURNS integer LANGUAGE sql IMMUTABLE
    RETURN ('x' || right(utility::text, 8))::bit(32)::integer;

CREATE FUNCTION ledger.open_from(utility uuid) RETURNS timestamptz LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'books are kept in transactions that are read committed' USING ERRCODE = 'UL006';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(1279607882, ledger.lock_number(utility));
    RETURN coalesce((SELECT max(until) FROM ledger.period WHERE utility_id = utility), '0001-01-01 00:00Z');
END $$;

COMMENT ON FUNCTION ledger.open_from IS 'from when the books are open; they stay so until the transaction ends';

CREATE FUNCTION ledger.opening(
    utility uuid, guarded integer[], owners uuid[], kinds text[], names text[], units text[],
    OUT opened timestamptz, OUT standings bigint[], OUT accounts integer[]
) LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    opened := ledger.open_from(utility);
    standings := ARRAY (
        SELECT ARRAY[b.account, b.posted, b.held, b.credit_limit] FROM ledger.balance AS b
        WHERE b.utility_id = utility AND b.account = ANY (guarded));
    IF cardinality(owners) > 0 THEN
        accounts := ARRAY (
            SELECT a.id FROM unnest(owners, kinds, names, units) WITH ORDINALITY AS k (owner, kind, name, unit, place)
            LEFT JOIN ledger.account AS a
                ON a.utility_id = utility AND a.owner_id = k.owner AND a.kind = k.kind AND a.name = k.name AND a.unit = k.unit
            ORDER BY k.place);
    END IF;
END $$;

COMMENT ON FUNCTION ledger.opening IS
    'opens the books: from when, where guarded accounts stand, and the numbers of accounts, none for one that is not there';

CREATE FUNCTION ledger.close_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(1279607882, ledger.lock_number(NEW.utility_id));
    SELECT max(until) INTO last FROM ledger.period WHERE utility_id = NEW.utility_id;
    IF NEW.until <= last THEN
        RAISE EXCEPTION 'the books are closed until % already', last USING ERRCODE = 'UL006', DETAIL = last;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER in_order BEFORE INSERT ON ledger.period FOR EACH ROW EXECUTE FUNCTION ledger.close_in_order();

-- ------------------------------------------------------------------------------------------------------------- booking

-- Accounts are found by their index, whatever PostgreSQL believes of a table that was small when it last looked.
CREATE FUNCTION ledger.book() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    used      integer[];
    holds     boolean;
    reversals boolean;
    wrong     record;
BEGIN
    SELECT array_agg(DISTINCT u.account), bool_or(n.hold_id IS NOT NULL), bool_or(n.reverses IS NOT NULL)
    INTO used, holds, reversals FROM new AS n CROSS JOIN LATERAL unnest(n.accounts) AS u (account);
    SELECT n.id, o.opened INTO wrong
    FROM new AS n JOIN (
        SELECT u.utility_id, ledger.open_from(u.utility_id) AS opened FROM (SELECT DISTINCT utility_id FROM new) AS u
    ) AS o USING (utility_id)
    WHERE n.at < o.opened LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % is dated before the books are open, which is from %', wrong.id, wrong.opened
            USING ERRCODE = 'UL006', DETAIL = wrong.id;
    END IF;

    -- Everybody locks in the order of accounts, before anything of theirs changes.
    PERFORM FROM ledger.balance WHERE account = ANY (used) ORDER BY account FOR NO KEY UPDATE;
    IF holds THEN
        UPDATE ledger.hold AS h SET state = 'posted', ended_at = n.at, entry_id = n.id FROM new AS n
        WHERE h.utility_id = n.utility_id AND h.id = n.hold_id AND h.state = 'pending' AND h.account = ANY (n.accounts);
        SELECT n.id, n.hold_id INTO wrong
        FROM new AS n LEFT JOIN ledger.hold AS h ON h.utility_id = n.utility_id AND h.id = n.hold_id AND h.entry_id = n.id
        WHERE n.hold_id IS NOT NULL AND h.id IS NULL LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % can''t post hold %: it isn''t pending on an account of the entry', wrong.id, wrong.hold_id
                USING ERRCODE = 'UL004', DETAIL = wrong.hold_id;
        END IF;
    END IF;

    WITH known AS MATERIALIZED (
        SELECT a.utility_id, a.id, a.unit, a.owner_id <> a.utility_id AS owned, b.account IS NOT NULL AS guarded
        FROM ledger.account AS a LEFT JOIN ledger.balance AS b ON b.account = a.id WHERE a.id = ANY (used)
    ), posting AS MATERIALIZED (
        SELECT p.*, k.unit, k.owned, k.guarded
        FROM (SELECT utility_id, id, at, unnest(accounts) AS account, unnest(amounts) AS amount FROM new) AS p
        LEFT JOIN known AS k ON k.id = p.account AND k.utility_id = p.utility_id
    ), lined AS (
        INSERT INTO ledger.line (utility_id, account, at, entry_id, amount)
        SELECT utility_id, account, at, id, amount FROM posting WHERE owned
    ), moved AS (
        UPDATE ledger.balance AS b SET posted = b.posted + m.amount
        FROM (SELECT account, sum(amount)::bigint AS amount FROM posting WHERE guarded GROUP BY account) AS m
        WHERE b.account = m.account
    )
    SELECT id, unit, min(account) AS account, sum(amount) AS total INTO wrong
    FROM posting GROUP BY id, unit HAVING unit IS NULL OR sum(amount) <> 0
    ORDER BY unit NULLS FIRST, id LIMIT 1;
    IF FOUND AND wrong.unit IS NULL THEN
        RAISE EXCEPTION 'entry % names account %, which its utility doesn''t have', wrong.id, wrong.account
            USING ERRCODE = 'UL003', DETAIL = wrong.id;
    ELSIF FOUND THEN
        RAISE EXCEPTION 'the % of entry % sum to %, not to zero', wrong.unit, wrong.id, wrong.total
            USING ERRCODE = 'UL002', DETAIL = wrong.id;
    END IF;

    IF reversals THEN
        SELECT n.id, n.reverses INTO wrong
        FROM new AS n LEFT JOIN ledger.entry AS e ON e.utility_id = n.utility_id AND e.id = n.reverses
        WHERE n.reverses IS NOT NULL AND (
            e.id IS NULL OR e.reverses IS NOT NULL OR e.accounts <> n.accounts OR e.amounts <> ledger.negated(n.amounts)
        ) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % isn''t the contra entry of %', wrong.id, wrong.reverses
                USING ERRCODE = 'UL005', DETAIL = wrong.reverses;
        END IF;
    END IF;
    RETURN NULL;
END $$;

COMMENT ON FUNCTION ledger.book IS 'checks new entries, all at once, and keeps lines, holds and balances';

CREATE TRIGGER book AFTER INSERT ON ledger.entry REFERENCING NEW TABLE AS new
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.book();

-- ------------------------------------------------------------------------------------------------ what nobody changes

CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.entry EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.line EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.period EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.period_sum EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.period_summed EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER kept_by_triggers BEFORE INSERT ON ledger.line
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ledger.refuse();

ALTER TABLE ledger.entry ENABLE ALWAYS TRIGGER stays;
ALTER TABLE ledger.line ENABLE ALWAYS TRIGGER stays;
ALTER TABLE ledger.line ENABLE ALWAYS TRIGGER kept_by_triggers;
ALTER TABLE ledger.period ENABLE ALWAYS TRIGGER stays;
ALTER TABLE ledger.period_sum ENABLE ALWAYS TRIGGER stays;
ALTER TABLE ledger.period_summed ENABLE ALWAYS TRIGGER stays;

REVOKE UPDATE, DELETE, TRUNCATE
ON ledger.entry, ledger.line, ledger.period, ledger.period_sum, ledger.period_summed FROM CURRENT_USER;
