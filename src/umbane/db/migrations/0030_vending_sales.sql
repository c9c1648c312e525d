-- Sales: every message with its one outcome, every token with its number in the module that made it. Rows are added and
-- never changed; only `withheld`, a list of what is still to be done, shrinks.
CREATE SCHEMA vending;

CREATE FUNCTION vending.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'what was sold stays';
END $$;

-- Rounding a token up to what its field can say gives energy away.
INSERT INTO ledger.kind (kind, nature, guarded, title) VALUES ('energy_rounding', 'energy', false, 'Energy given by rounding');

CREATE TABLE vending.module (
    id         smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    realm      text NOT NULL CHECK (realm IN ('test', 'production')),
    reconciled bigint NOT NULL DEFAULT 0 CHECK (reconciled >= 0)
);

COMMENT ON COLUMN vending.module.reconciled IS 'tokens below this number of the module''s are all accounted for';

-- What a till asked for, once for ever. A terminal belongs to one vendor, so its id stands for both.
CREATE TABLE vending.message (
    utility_id  uuid NOT NULL,
    terminal_id uuid NOT NULL,
    message_id  text COLLATE "C" NOT NULL CHECK (length(message_id) BETWEEN 1 AND 64),
    id          uuid NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 16),
    at          timestamptz NOT NULL,
    PRIMARY KEY (terminal_id, message_id, utility_id)
);

CREATE INDEX message_in_order ON vending.message (terminal_id, id);

COMMENT ON COLUMN vending.message.id IS 'ours: of the sale or the refusal that answers it';
COMMENT ON COLUMN vending.message.fingerprint IS 'of what was asked, to tell a repetition from another message';

CREATE TABLE vending.refusal (
    utility_id uuid NOT NULL,
    id         uuid NOT NULL,
    code       text NOT NULL,
    problem    text NOT NULL,
    remedy     text NOT NULL,
    minimum    bigint,
    maximum    bigint,
    PRIMARY KEY (id, utility_id)
);

CREATE TABLE vending.sale (
    utility_id     uuid NOT NULL,
    id             uuid NOT NULL,
    at             timestamptz NOT NULL,
    kind           text NOT NULL,
    terminal_id    uuid NOT NULL,
    vendor_id      uuid NOT NULL,
    meter_id       uuid NOT NULL,
    contract_id    uuid,
    currency       text NOT NULL,
    tender         bigint NOT NULL CHECK (tender >= 0),
    units          bigint NOT NULL CHECK (units >= 0),
    free_units     bigint NOT NULL CHECK (free_units >= 0),
    tariff_id      text,
    tariff_version text,
    lines          json NOT NULL,
    warnings       json NOT NULL DEFAULT '[]',
    version        bigint,
    period_start   date,
    purchased      bigint,
    released       boolean NOT NULL,
    before         json,
    staff          text,
    PRIMARY KEY (id, utility_id)
);

CREATE INDEX sale_without_token ON vending.sale (meter_id, id) WHERE kind = 'pay';

-- Nobody looks sales up by these: nothing is to be known of how they are spread.
ALTER TABLE vending.sale ALTER COLUMN lines SET STATISTICS 0, ALTER COLUMN warnings SET STATISTICS 0,
    ALTER COLUMN before SET STATISTICS 0, ALTER COLUMN staff SET STATISTICS 0;

COMMENT ON COLUMN vending.sale.version IS 'of the contract''s state after the sale; period_start and purchased are what it said';
COMMENT ON COLUMN vending.sale.released IS 'whether its digits left with the answer; otherwise see vending.release';
COMMENT ON COLUMN vending.sale.before IS 'the contract''s state before, as long as the sale can be taken back';
COMMENT ON COLUMN vending.sale.staff IS 'who asked and who agreed, for what is no ordinary sale';

-- The digits are money until they are typed in.
CREATE TABLE vending.token (
    utility_id uuid NOT NULL,
    sale_id    uuid NOT NULL,
    ordinal    smallint NOT NULL,
    module     smallint NOT NULL,
    number     bigint NOT NULL CHECK (number >= 0),
    request_id uuid NOT NULL,
    meter_id   uuid NOT NULL,
    kind       text NOT NULL,
    units      bigint NOT NULL CHECK (units >= 0),
    minute     integer,
    sgc        integer NOT NULL,
    krn        smallint NOT NULL,
    kt         smallint NOT NULL,
    ti         smallint NOT NULL,
    digits     bytea NOT NULL CHECK (length(digits) = 9),
    PRIMARY KEY (sale_id, ordinal, utility_id)
);

CREATE UNIQUE INDEX token_number ON vending.token (module, number, utility_id);
CREATE UNIQUE INDEX token_minute ON vending.token (meter_id, minute, utility_id);

COMMENT ON COLUMN vending.token.number IS 'which token of its module''s life it is';
COMMENT ON COLUMN vending.token.units IS 'tenths of a kWh that the meter will add';
COMMENT ON COLUMN vending.token.minute IS 'its TID, counted from 1993 whatever the base date; none repeats for a meter';
COMMENT ON COLUMN vending.token.digits IS 'the 66 bits of its 20 digits';

-- Tokens that a module made and no sale has: never shown to anybody. A repetition of the message takes them, if they fit.
CREATE TABLE vending.withheld (
    module     smallint NOT NULL,
    number     bigint NOT NULL,
    made       smallint NOT NULL CHECK (made BETWEEN 1 AND 4),
    request_id uuid NOT NULL,
    signature  text NOT NULL,
    tid        integer,
    digits     bytea[] NOT NULL CHECK (cardinality(digits) = made),
    since      timestamptz NOT NULL,
    PRIMARY KEY (module, number)
);

CREATE INDEX withheld_request ON vending.withheld (request_id);

COMMENT ON COLUMN vending.withheld.number IS 'of the first of them, if one request made several';
COMMENT ON COLUMN vending.withheld.signature IS 'what they say, TID apart, and to which meter under which key';

-- The last TID of what was sold to each of these meters. By the index, whatever PostgreSQL believes of a table that was empty
-- when it last looked.
CREATE FUNCTION vending.last_minutes(utility uuid, meters uuid[]) RETURNS integer[] LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
BEGIN
    RETURN ARRAY (
        SELECT (SELECT t.minute FROM vending.token t
                WHERE t.utility_id = utility AND t.meter_id = m.id AND t.minute IS NOT NULL
                ORDER BY t.minute DESC LIMIT 1)
        FROM unnest(meters) WITH ORDINALITY AS m (id, place) ORDER BY m.place);
END $$;

-- What is found is of the moment after the lock: each statement of a function sees what is committed when it begins.
CREATE FUNCTION vending.begin_making(
    utility uuid, locks integer, number integer, meters uuid[],
    OUT withheld boolean, OUT minutes integer[]
) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(locks, number);
    withheld := EXISTS (SELECT FROM vending.withheld);
    minutes := vending.last_minutes(utility, meters);
END $$;

COMMENT ON FUNCTION vending.begin_making IS
    'says that tokens of a module will be booked; are any withheld, and which TIDs came last?';

-- Free units, once for an account and a month.
CREATE TABLE vending.free_claim (
    utility_id  uuid NOT NULL,
    contract_id uuid NOT NULL,
    month       integer NOT NULL,
    sale_id     uuid NOT NULL,
    PRIMARY KEY (utility_id, contract_id, month)
);

COMMENT ON COLUMN vending.free_claim.month IS 'months of the year 0 and on, counted from the day on which the account''s months begin';

-- Digits that left the house after their sale: from then on it can't be taken back.
CREATE TABLE vending.release (
    utility_id uuid NOT NULL,
    sale_id    uuid NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (utility_id, sale_id)
);

CREATE TABLE vending.reversal (
    utility_id  uuid NOT NULL,
    sale_id     uuid NOT NULL,
    entry_id    uuid NOT NULL,
    at          timestamptz NOT NULL,
    contract_id uuid NOT NULL,
    version     bigint NOT NULL,
    PRIMARY KEY (utility_id, sale_id)
);

CREATE INDEX reversal_of_contract ON vending.reversal (contract_id, version);

COMMENT ON COLUMN vending.reversal.version IS 'of the contract''s state after the sale; few sales are taken back, and only these are looked for so';

-- Nobody gives out and takes back the same sale: both lock it first, and each looks for the other.
CREATE FUNCTION vending.guard_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1987208552, ('x' || right(NEW.sale_id::text, 8))::bit(32)::integer);
    IF TG_TABLE_NAME = 'release' AND EXISTS (
        SELECT FROM vending.reversal r WHERE r.utility_id = NEW.utility_id AND r.sale_id = NEW.sale_id
    ) OR TG_TABLE_NAME = 'reversal' AND (
        EXISTS (SELECT FROM vending.release r WHERE r.utility_id = NEW.utility_id AND r.sale_id = NEW.sale_id)
        OR EXISTS (SELECT FROM vending.sale s WHERE s.utility_id = NEW.utility_id AND s.id = NEW.sale_id AND s.released)
    ) THEN
        RAISE EXCEPTION 'sale % ended the other way', NEW.sale_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER one_end BEFORE INSERT ON vending.release FOR EACH ROW EXECUTE FUNCTION vending.guard_end();
CREATE TRIGGER one_end BEFORE INSERT ON vending.reversal FOR EACH ROW EXECUTE FUNCTION vending.guard_end();

-- What a module outside of the process is asked in one call: committed before it is asked, whatever becomes of the sales. It
-- goes when they are booked, or when what was made for them is withheld.
CREATE TABLE vending.intent (
    id         uuid PRIMARY KEY,
    module     smallint NOT NULL,
    at         timestamptz NOT NULL,
    requests   uuid[] NOT NULL,
    signatures text[] NOT NULL CHECK (cardinality(signatures) = cardinality(requests))
);

COMMENT ON COLUMN vending.intent.signatures IS 'what the tokens say, and to which meter under which key';

CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON vending.message EXECUTE FUNCTION vending.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON vending.refusal EXECUTE FUNCTION vending.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON vending.sale EXECUTE FUNCTION vending.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON vending.token EXECUTE FUNCTION vending.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR TRUNCATE ON vending.free_claim EXECUTE FUNCTION vending.refuse();

-- Free units that nobody saw are still due.
CREATE FUNCTION vending.guard_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM vending.reversal r WHERE r.utility_id = OLD.utility_id AND r.sale_id = OLD.sale_id) THEN
        RAISE EXCEPTION 'sale % stands, and with it its free units', OLD.sale_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER only_reversed BEFORE DELETE ON vending.free_claim FOR EACH ROW EXECUTE FUNCTION vending.guard_claim();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON vending.release EXECUTE FUNCTION vending.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON vending.reversal EXECUTE FUNCTION vending.refuse();

-- What a module made is accounted for further and further, and the module stays the same.
CREATE TRIGGER moves_on BEFORE UPDATE ON vending.module FOR EACH ROW
    WHEN (NEW.reconciled < OLD.reconciled OR (NEW.id, NEW.name, NEW.realm) IS DISTINCT FROM (OLD.id, OLD.name, OLD.realm))
    EXECUTE FUNCTION vending.refuse();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON vending.module EXECUTE FUNCTION vending.refuse();

-- Even where the triggers of a replica are switched off.
ALTER TABLE vending.module ENABLE ALWAYS TRIGGER moves_on;
ALTER TABLE vending.module ENABLE ALWAYS TRIGGER stays;
ALTER TABLE vending.message ENABLE ALWAYS TRIGGER stays;
ALTER TABLE vending.refusal ENABLE ALWAYS TRIGGER stays;
ALTER TABLE vending.sale ENABLE ALWAYS TRIGGER stays;
ALTER TABLE vending.token ENABLE ALWAYS TRIGGER stays;
ALTER TABLE vending.free_claim ENABLE ALWAYS TRIGGER stays;
ALTER TABLE vending.free_claim ENABLE ALWAYS TRIGGER only_reversed;
ALTER TABLE vending.release ENABLE ALWAYS TRIGGER stays;
ALTER TABLE vending.reversal ENABLE ALWAYS TRIGGER stays;
