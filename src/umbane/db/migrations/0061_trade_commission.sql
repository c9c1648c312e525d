-- What vendors earn: by which scheme, since when, and what was booked of it.
INSERT INTO ledger.kind (kind, nature, guarded, title) VALUES
    ('commission_payable', 'liability', false, 'Commission owed to vendors'),
    ('commission_tax',     'asset',     false, 'Tax on commission');

CREATE TABLE trade.scheme_version (
    utility_id   uuid NOT NULL REFERENCES registry.utility,
    scheme_id    text NOT NULL,
    version      text NOT NULL,
    document     text NOT NULL,
    sha256       text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    valid_from   date NOT NULL,
    valid_until  date CHECK (valid_until >= valid_from),
    added_at     timestamptz NOT NULL,
    added_by     text NOT NULL CHECK (added_by <> ''),
    activated_at timestamptz,
    activated_by text,
    PRIMARY KEY (utility_id, scheme_id, version),
    CHECK ((activated_at IS NULL) = (activated_by IS NULL)),
    CONSTRAINT one_version_a_day EXCLUDE USING gist (
        utility_id WITH =, scheme_id WITH =, daterange(valid_from, valid_until, '[]') WITH &&
    ) WHERE (activated_at IS NOT NULL)
);

COMMENT ON COLUMN trade.scheme_version.valid_until IS 'the document''s own, or the day before the version that followed it';

-- What a version says stays as it was proposed, and so does that it is active; only an end may be set.
CREATE TRIGGER keep_text BEFORE UPDATE OF utility_id, scheme_id, version, document, sha256, valid_from, added_at, added_by
    ON trade.scheme_version FOR EACH ROW EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER keep_active BEFORE UPDATE OF activated_at, activated_by ON trade.scheme_version
    FOR EACH ROW WHEN (OLD.activated_at IS NOT NULL) EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON trade.scheme_version EXECUTE FUNCTION trade.refuse();

-- By which scheme a vendor earns from a day on. Of two that begin on the same day the later one holds.
CREATE TABLE trade.term (
    utility_id uuid NOT NULL,
    vendor_id  uuid NOT NULL,
    since      date NOT NULL,
    id         bigint GENERATED ALWAYS AS IDENTITY,
    scheme_id  text,
    at         timestamptz NOT NULL,
    by         text NOT NULL CHECK (by <> ''),
    reason     text NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (utility_id, vendor_id, since, id),
    FOREIGN KEY (utility_id, vendor_id) REFERENCES registry.vendor (utility_id, id)
);

COMMENT ON COLUMN trade.term.scheme_id IS 'NULL where nothing is earned any more';

CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.term EXECUTE FUNCTION trade.refuse();

-- What a vendor has earned in a period, as it was reckoned: first when the period was over, then again when sales of it had
-- been taken back. The books have what each adds to the one before.
CREATE TABLE trade.accrual (
    utility_id  uuid NOT NULL,
    vendor_id   uuid NOT NULL,
    first       date NOT NULL,
    ordinal     smallint NOT NULL CHECK (ordinal >= 0),
    after       date NOT NULL CHECK (after > first),
    since       timestamptz NOT NULL,
    until       timestamptz NOT NULL CHECK (until > since),
    scheme_id   text NOT NULL,
    version     text NOT NULL,
    sales       bigint NOT NULL CHECK (sales >= 0),
    tender      bigint NOT NULL CHECK (tender >= 0),
    net         bigint NOT NULL CHECK (net >= 0),
    debt        bigint NOT NULL CHECK (debt >= 0),
    free_tokens bigint NOT NULL CHECK (free_tokens >= 0),
    units       bigint NOT NULL CHECK (units >= 0),
    taken_back  bigint NOT NULL CHECK (taken_back >= 0),
    lines       json NOT NULL,
    commission  bigint NOT NULL CHECK (commission >= 0),
    tax         bigint NOT NULL CHECK (tax >= 0),
    entry_id    uuid,
    at          timestamptz NOT NULL,
    by          text NOT NULL CHECK (by <> ''),
    PRIMARY KEY (utility_id, vendor_id, first, ordinal),
    UNIQUE (utility_id, entry_id),
    FOREIGN KEY (utility_id, vendor_id) REFERENCES registry.vendor (utility_id, id),
    FOREIGN KEY (utility_id, scheme_id, version) REFERENCES trade.scheme_version (utility_id, scheme_id, version),
    CONSTRAINT earned_once EXCLUDE USING gist (
        utility_id WITH =, vendor_id WITH =, daterange(first, after) WITH &&
    ) WHERE (ordinal = 0)
);

CREATE INDEX accrual_since ON trade.accrual (utility_id, vendor_id, since) WHERE ordinal = 0;

COMMENT ON COLUMN trade.accrual.after IS 'the first day that doesn''t belong to it';
COMMENT ON COLUMN trade.accrual.taken_back IS 'how many of its sales were known to be';
COMMENT ON COLUMN trade.accrual.entry_id IS 'what books the difference to the ordinal before; NULL where there is none';

CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.accrual EXECUTE FUNCTION trade.refuse();

ALTER TABLE trade.scheme_version ENABLE ALWAYS TRIGGER keep_text;
ALTER TABLE trade.scheme_version ENABLE ALWAYS TRIGGER keep_active;
ALTER TABLE trade.scheme_version ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.term ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.accrual ENABLE ALWAYS TRIGGER stays;
