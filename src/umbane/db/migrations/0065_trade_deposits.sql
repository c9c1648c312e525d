-- What vendors pay into the bank: slips that announce it, statements that show it, and what became of every entry of them.
CREATE TABLE trade.bank_account (
    utility_id uuid NOT NULL REFERENCES registry.utility,
    number     text NOT NULL CHECK (number ~ '^[A-Z0-9][A-Z0-9./-]{0,69}$'),
    currency   text NOT NULL,
    title      text NOT NULL,
    added_at   timestamptz NOT NULL,
    added_by   text NOT NULL,
    PRIMARY KEY (utility_id, number)
);

-- By what a vendor is known to the bank: words in the text of a payment, or the account that it comes from.
CREATE TABLE trade.payer (
    utility_id uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('reference', 'account')),
    value      text NOT NULL CHECK (value <> ''),
    vendor_id  uuid NOT NULL,
    added_at   timestamptz NOT NULL,
    added_by   text NOT NULL,
    PRIMARY KEY (utility_id, kind, value),
    FOREIGN KEY (utility_id, vendor_id) REFERENCES registry.vendor (utility_id, id)
);

CREATE TABLE trade.slip (
    utility_id   uuid NOT NULL,
    id           uuid NOT NULL,
    number       text NOT NULL,
    vendor_id    uuid NOT NULL,
    amount       bigint NOT NULL CHECK (amount > 0),
    paid_on      date NOT NULL,
    batch        text,
    announced_at timestamptz NOT NULL,
    announced_by text NOT NULL,
    PRIMARY KEY (utility_id, id),
    UNIQUE (utility_id, number),
    FOREIGN KEY (utility_id, vendor_id) REFERENCES registry.vendor (utility_id, id)
);

COMMENT ON COLUMN trade.slip.batch IS 'the bank batch whose money it was, as whoever announced it calls it';

CREATE TABLE trade.slip_withdrawn (
    utility_id uuid NOT NULL,
    slip_id    uuid NOT NULL,
    at         timestamptz NOT NULL,
    by         text NOT NULL,
    reason     text NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (utility_id, slip_id),
    FOREIGN KEY (utility_id, slip_id) REFERENCES trade.slip (utility_id, id)
);

-- The digest is of all that a statement says: the same one again is known by it.
CREATE TABLE trade.statement (
    utility_id uuid NOT NULL,
    id         uuid NOT NULL,
    account    text NOT NULL,
    name       text NOT NULL,
    sequence   bigint,
    opened_on  date NOT NULL,
    opening    bigint NOT NULL,
    closed_on  date NOT NULL CHECK (closed_on >= opened_on),
    closing    bigint NOT NULL,
    digest     bytea NOT NULL CHECK (length(digest) = 32),
    read_at    timestamptz NOT NULL,
    read_by    text NOT NULL,
    PRIMARY KEY (utility_id, id),
    UNIQUE (utility_id, account, digest),
    FOREIGN KEY (utility_id, account) REFERENCES trade.bank_account (utility_id, number)
);

-- Each is here once, whichever statement brought it first.
CREATE TABLE trade.bank_entry (
    utility_id    uuid NOT NULL,
    account       text NOT NULL,
    identity      text NOT NULL,
    statement_id  uuid NOT NULL,
    reference     text NOT NULL,
    given         text NOT NULL,
    booked        date NOT NULL,
    valued        date NOT NULL,
    amount        bigint NOT NULL,
    reversal      boolean NOT NULL,
    text          text NOT NULL,
    party_name    text NOT NULL,
    party_account text NOT NULL,
    PRIMARY KEY (utility_id, account, identity),
    FOREIGN KEY (utility_id, statement_id) REFERENCES trade.statement (utility_id, id)
);

-- What became of an entry, once and for ever: a deposit, the taking back of one, or nothing that concerns a vendor.
CREATE TABLE trade.decision (
    utility_id uuid NOT NULL,
    account    text NOT NULL,
    identity   text NOT NULL,
    rule       text NOT NULL CHECK (rule <> ''),
    vendor_id  uuid,
    slip_id    uuid,
    takes_back text,
    entry_id   uuid,
    at         timestamptz NOT NULL,
    by         text NOT NULL,
    reason     text,
    PRIMARY KEY (utility_id, account, identity),
    UNIQUE (utility_id, slip_id),
    UNIQUE (utility_id, entry_id),
    UNIQUE (utility_id, account, takes_back),
    FOREIGN KEY (utility_id, account, identity) REFERENCES trade.bank_entry (utility_id, account, identity),
    FOREIGN KEY (utility_id, account, takes_back) REFERENCES trade.decision (utility_id, account, identity),
    FOREIGN KEY (utility_id, slip_id) REFERENCES trade.slip (utility_id, id),
    FOREIGN KEY (utility_id, vendor_id) REFERENCES registry.vendor (utility_id, id),
    CHECK ((vendor_id IS NULL) = (entry_id IS NULL)),
    CHECK (vendor_id IS NOT NULL OR coalesce(reason, '') <> '')
);

COMMENT ON COLUMN trade.decision.vendor_id IS 'NULL for what was set aside: no vendor''s money';
COMMENT ON COLUMN trade.decision.entry_id IS 'of the books';

CREATE TABLE trade.proposal (
    utility_id uuid NOT NULL,
    id         uuid NOT NULL,
    account    text NOT NULL,
    identity   text NOT NULL,
    vendor_id  uuid,
    reason     text NOT NULL CHECK (reason <> ''),
    at         timestamptz NOT NULL,
    by         text NOT NULL,
    PRIMARY KEY (utility_id, id),
    FOREIGN KEY (utility_id, account, identity) REFERENCES trade.bank_entry (utility_id, account, identity),
    FOREIGN KEY (utility_id, vendor_id) REFERENCES registry.vendor (utility_id, id)
);

CREATE TABLE trade.agreement (
    utility_id  uuid NOT NULL,
    proposal_id uuid NOT NULL,
    by          text NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (utility_id, proposal_id, by),
    FOREIGN KEY (utility_id, proposal_id) REFERENCES trade.proposal (utility_id, id)
);

CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.bank_account EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.payer EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.slip EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.slip_withdrawn EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.statement EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.bank_entry EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.decision EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.proposal EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.agreement EXECUTE FUNCTION trade.refuse();

ALTER TABLE trade.bank_account ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.payer ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.slip ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.slip_withdrawn ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.statement ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.bank_entry ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.decision ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.proposal ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.agreement ENABLE ALWAYS TRIGGER stays;
