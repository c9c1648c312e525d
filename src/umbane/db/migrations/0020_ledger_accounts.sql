-- The books: who owes whom, in money and in energy. An amount above zero is a debit, one below zero a credit.
--
-- Facts are written once: kind, account, credit_limit, entry, line, period, period_sum are never changed, and a hold only
-- ends. What is kept up to date beside them (balance) is kept by triggers on those facts and by nothing else.
CREATE SCHEMA ledger;

CREATE FUNCTION ledger.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'UL001', HINT = 'what is booked stays: correct it by a contra entry';
END $$;

COMMENT ON FUNCTION ledger.refuse IS 'guards what must stay as it was written';

-- ------------------------------------------------------------------------------------------------------------ kinds

CREATE TABLE ledger.kind (
    kind    text PRIMARY KEY CHECK (kind ~ '^[a-z][a-z0-9_]*$'),
    nature  text NOT NULL CHECK (nature IN ('asset', 'liability', 'equity', 'income', 'expense', 'energy')),
    guarded boolean NOT NULL DEFAULT false,
    title   text NOT NULL
);

COMMENT ON COLUMN ledger.kind.guarded IS 'whether accounts of this kind have an owner and a credit limit that they never exceed';

INSERT INTO ledger.kind (kind, nature, guarded, title) VALUES
    ('cash',              'asset',     false, 'Money received'),
    ('vendor_receivable', 'asset',     false, 'Owed by vendors'),
    ('arrears',           'asset',     false, 'Owed by customers'),
    ('vendor_float',      'liability', true,  'Floats of vendors'),
    ('customer_credit',   'liability', false, 'Credit of customers'),
    ('tax',               'liability', false, 'Taxes collected'),
    ('opening',           'equity',    false, 'Taken over from elsewhere'),
    ('revenue_energy',    'income',    false, 'Energy sold'),
    ('revenue_charge',    'income',    false, 'Charges'),
    ('revenue_surcharge', 'income',    false, 'Surcharges'),
    ('rounding',          'income',    false, 'Rounding'),
    ('commission',        'expense',   false, 'Commission of vendors'),
    ('loss',              'expense',   false, 'Losses'),
    ('energy_tokens',     'energy',    false, 'Energy in tokens'),
    ('energy_sold',       'energy',    false, 'Energy sold'),
    ('energy_free',       'energy',    false, 'Energy given free'),
    ('energy_replaced',   'energy',    false, 'Energy replaced');

-- --------------------------------------------------------------------------------------------------------- accounts

CREATE TABLE ledger.account (
    utility_id uuid NOT NULL,
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL REFERENCES ledger.kind,
    owner_id   uuid NOT NULL,
    name       text NOT NULL DEFAULT '',
    unit       text NOT NULL CHECK (unit ~ '^[A-Z]{3}$' OR unit = 'kWh'),
    CONSTRAINT account_key UNIQUE (utility_id, owner_id, kind, name, unit)
);

COMMENT ON COLUMN ledger.account.owner_id IS 'the vendor, contract or till it belongs to; the utility itself for an account of the house';
COMMENT ON COLUMN ledger.account.name IS 'which tax, charge or debt, where a kind has several';
COMMENT ON COLUMN ledger.account.unit IS 'a currency of ISO 4217, counted in minor units; or kWh, counted in tenths';

-- What a guarded account has used. Its row is locked by whoever spends, until they commit; no other account has one.
CREATE TABLE ledger.balance (
    utility_id   uuid NOT NULL,
    account      integer PRIMARY KEY,
    posted       bigint NOT NULL DEFAULT 0,
    held         bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    credit_limit bigint NOT NULL DEFAULT 0 CHECK (credit_limit >= 0),
    CONSTRAINT within_limit CHECK (posted + held <= credit_limit)
) WITH (fillfactor = 50);

COMMENT ON COLUMN ledger.balance.posted IS 'the sum of its postings: what its owner owes; below zero, what was paid in advance';
COMMENT ON COLUMN ledger.balance.held IS 'the sum of its holds that are pending';

CREATE FUNCTION ledger.guard_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bare record;
BEGIN
    SELECT n.* INTO bare FROM new AS n JOIN ledger.kind AS k USING (kind) WHERE k.guarded AND n.owner_id = n.utility_id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'an account of kind % needs an owner', bare.kind USING ERRCODE = 'UL003';
    END IF;
    INSERT INTO ledger.balance (utility_id, account)
    SELECT n.utility_id, n.id FROM new AS n JOIN ledger.kind AS k USING (kind) WHERE k.guarded;
    RETURN NULL;
END $$;

CREATE TRIGGER guard AFTER INSERT ON ledger.account REFERENCING NEW TABLE AS new
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.guard_accounts();

-- ---------------------------------------------------------------------------------------------------- credit limits

CREATE TABLE ledger.credit_limit (
    utility_id uuid NOT NULL,
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account    integer NOT NULL,
    at         timestamptz NOT NULL,
    amount     bigint NOT NULL CHECK (amount BETWEEN 0 AND 10::numeric ^ 15),
    note       text NOT NULL CHECK (note <> '')
);

CREATE INDEX credit_limit_account ON ledger.credit_limit (account, id);

COMMENT ON TABLE ledger.credit_limit IS 'every credit limit that was ever set; the last one holds';

CREATE FUNCTION ledger.set_credit_limits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change record;
BEGIN
    FOR change IN SELECT DISTINCT ON (account) * FROM new ORDER BY account, id DESC LOOP
        UPDATE ledger.balance SET credit_limit = change.amount
        WHERE account = change.account AND utility_id = change.utility_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'account % has no credit limit', change.account
                USING ERRCODE = 'UL003', DETAIL = change.account;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER keep_balance AFTER INSERT ON ledger.credit_limit REFERENCING NEW TABLE AS new
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.set_credit_limits();

-- ------------------------------------------------------------------------------------------------------------ holds

-- Money that is set aside on a guarded account, until it is posted or voided.
CREATE TABLE ledger.hold (
    utility_id uuid NOT NULL,
    id         uuid NOT NULL,
    account    integer NOT NULL,
    amount     bigint NOT NULL CHECK (amount BETWEEN 1 AND 10::numeric ^ 15),
    at         timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > at),
    state      text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'posted', 'voided')),
    ended_at   timestamptz,
    entry_id   uuid,
    note       text,
    PRIMARY KEY (utility_id, id),
    CHECK ((state = 'pending') = (ended_at IS NULL)),
    CHECK ((state = 'posted') = (entry_id IS NOT NULL)),
    CHECK ((state = 'voided') = (coalesce(note, '') <> ''))
) WITH (fillfactor = 80);

CREATE INDEX hold_pending ON ledger.hold (utility_id, expires_at) WHERE state = 'pending';
CREATE INDEX hold_held ON ledger.hold (account) WHERE state = 'pending';

CREATE FUNCTION ledger.add_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change record;
BEGIN
    FOR change IN SELECT utility_id, account, sum(amount)::bigint AS amount, bool_and(state = 'pending') AS pending
        FROM new GROUP BY utility_id, account ORDER BY account LOOP
        UPDATE ledger.balance SET held = held + change.amount
        WHERE account = change.account AND utility_id = change.utility_id AND change.pending;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'account % takes no such hold', change.account USING ERRCODE = 'UL003', DETAIL = change.account;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger.end_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM ledger.balance WHERE account IN (SELECT account FROM ended) ORDER BY account FOR NO KEY UPDATE;
    UPDATE ledger.balance AS b SET held = held - e.amount
    FROM (SELECT account, sum(amount)::bigint AS amount FROM ended GROUP BY account) AS e WHERE b.account = e.account;
    RETURN NULL;
END $$;

CREATE TRIGGER keep_balance AFTER INSERT ON ledger.hold REFERENCING NEW TABLE AS new
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.add_holds();
CREATE TRIGGER keep_balance_after AFTER UPDATE ON ledger.hold REFERENCING OLD TABLE AS ended
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.end_holds();

-- A hold ends once, and is posted by nothing but an entry that names it (see 0021).
CREATE TRIGGER ends_once BEFORE UPDATE ON ledger.hold FOR EACH ROW
    WHEN (OLD.state <> 'pending' OR NEW.state = 'pending' OR NEW.state = 'posted' AND pg_trigger_depth() = 0
          OR (NEW.utility_id, NEW.id, NEW.account, NEW.amount, NEW.at, NEW.expires_at)
             IS DISTINCT FROM (OLD.utility_id, OLD.id, OLD.account, OLD.amount, OLD.at, OLD.expires_at))
    EXECUTE FUNCTION ledger.refuse();

-- ------------------------------------------------------------------------------------------------ what nobody changes

CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.kind EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.account EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.credit_limit EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON ledger.hold EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON ledger.balance EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER kept_by_triggers BEFORE INSERT OR UPDATE ON ledger.balance
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ledger.refuse();

-- Even where the triggers of a replica are switched off.
ALTER TABLE ledger.kind ENABLE ALWAYS TRIGGER stays;
ALTER TABLE ledger.account ENABLE ALWAYS TRIGGER stays;
ALTER TABLE ledger.credit_limit ENABLE ALWAYS TRIGGER stays;
ALTER TABLE ledger.hold ENABLE ALWAYS TRIGGER stays;
ALTER TABLE ledger.hold ENABLE ALWAYS TRIGGER ends_once;
ALTER TABLE ledger.balance ENABLE ALWAYS TRIGGER stays;
ALTER TABLE ledger.balance ENABLE ALWAYS TRIGGER kept_by_triggers;

REVOKE UPDATE, DELETE, TRUNCATE ON ledger.account, ledger.credit_limit FROM CURRENT_USER;
REVOKE DELETE, TRUNCATE ON ledger.kind, ledger.hold, ledger.balance FROM CURRENT_USER;
