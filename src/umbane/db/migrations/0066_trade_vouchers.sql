-- Vouchers: batches of PINs that were printed, which of them count, and what each was used for.
INSERT INTO ledger.kind (kind, nature, guarded, title) VALUES
    ('voucher_expired', 'income', false, 'Vouchers that nobody used');

CREATE TABLE trade.voucher_batch (
    utility_id   uuid NOT NULL,
    number       text NOT NULL CHECK (number ~ '^[A-Za-z0-9][A-Za-z0-9._/-]{0,29}$'),
    vendor_id    uuid NOT NULL,
    terminal_id  uuid NOT NULL,
    denomination bigint NOT NULL CHECK (denomination > 0),
    currency     text NOT NULL,
    count        integer NOT NULL CHECK (count BETWEEN 1 AND 1000000),
    expires_on   date NOT NULL,
    printer      text NOT NULL,
    digest       bytea NOT NULL CHECK (length(digest) = 32),
    made_at      timestamptz NOT NULL,
    made_by      text NOT NULL,
    PRIMARY KEY (utility_id, number),
    FOREIGN KEY (utility_id, vendor_id, terminal_id) REFERENCES registry.terminal (utility_id, vendor_id, id)
);

COMMENT ON COLUMN trade.voucher_batch.vendor_id IS 'whose float is the money of its vouchers';
COMMENT ON COLUMN trade.voucher_batch.terminal_id IS 'through which its vouchers are sold for tokens';
COMMENT ON COLUMN trade.voucher_batch.printer IS 'whose key the file for the printer was sealed to';
COMMENT ON COLUMN trade.voucher_batch.digest IS 'of that file';

-- A PIN has fourteen random digits: a keyed hash of it says nothing without the key, which isn't in the database.
CREATE TABLE trade.voucher (
    utility_id uuid NOT NULL,
    batch      text NOT NULL,
    serial     integer NOT NULL CHECK (serial > 0),
    hash       bytea NOT NULL CHECK (length(hash) = 32),
    state      text NOT NULL DEFAULT 'sealed' CHECK (state IN ('sealed', 'active', 'stopped')),
    PRIMARY KEY (utility_id, batch, serial),
    UNIQUE (utility_id, hash),
    FOREIGN KEY (utility_id, batch) REFERENCES trade.voucher_batch (utility_id, number)
);

CREATE TABLE trade.voucher_act (
    utility_id uuid NOT NULL,
    id         uuid NOT NULL,
    batch      text NOT NULL,
    act        text NOT NULL CHECK (act IN ('activate', 'stop', 'expire')),
    first      integer NOT NULL,
    last       integer NOT NULL CHECK (last >= first),
    amount     bigint NOT NULL CHECK (amount >= 0),
    at         timestamptz NOT NULL,
    by         text NOT NULL,
    reason     text NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (utility_id, id),
    FOREIGN KEY (utility_id, batch) REFERENCES trade.voucher_batch (utility_id, number)
);

CREATE UNIQUE INDEX expires_once ON trade.voucher_act (utility_id, batch) WHERE act = 'expire';

-- A message that uses a voucher. It is tried again under the next number only when a sale was refused.
CREATE TABLE trade.redemption (
    utility_id  uuid NOT NULL,
    batch       text NOT NULL,
    serial      integer NOT NULL,
    attempt     integer NOT NULL CHECK (attempt > 0),
    terminal_id uuid NOT NULL,
    message_id  text NOT NULL,
    meter       text NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (utility_id, batch, serial, attempt),
    UNIQUE (utility_id, terminal_id, message_id),
    FOREIGN KEY (utility_id, batch, serial) REFERENCES trade.voucher (utility_id, batch, serial)
);

CREATE TABLE trade.redemption_end (
    utility_id uuid NOT NULL,
    batch      text NOT NULL,
    serial     integer NOT NULL,
    attempt    integer NOT NULL,
    sale_id    uuid,
    refusal    text,
    at         timestamptz NOT NULL,
    PRIMARY KEY (utility_id, batch, serial, attempt),
    FOREIGN KEY (utility_id, batch, serial, attempt) REFERENCES trade.redemption (utility_id, batch, serial, attempt),
    CHECK ((sale_id IS NULL) <> (refusal IS NULL))
);

CREATE UNIQUE INDEX used_once ON trade.redemption_end (utility_id, batch, serial) WHERE sale_id IS NOT NULL;

-- How often a terminal guessed in vain since it last gave a PIN that there is.
CREATE TABLE trade.pin_guess (
    utility_id  uuid NOT NULL,
    terminal_id uuid NOT NULL,
    failures    integer NOT NULL,
    not_before  timestamptz NOT NULL,
    PRIMARY KEY (utility_id, terminal_id)
);

-- A sealed voucher becomes active, an active one is stopped; nothing goes back.
CREATE FUNCTION trade.guard_voucher() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('sealed', 'active'), ('sealed', 'stopped'), ('active', 'stopped')) THEN
        RAISE EXCEPTION 'a voucher doesn''t go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER moves_on BEFORE UPDATE ON trade.voucher FOR EACH ROW EXECUTE FUNCTION trade.guard_voucher();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON trade.voucher EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.voucher_batch EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.voucher_act EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.redemption EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.redemption_end EXECUTE FUNCTION trade.refuse();

ALTER TABLE trade.voucher ENABLE ALWAYS TRIGGER moves_on;
ALTER TABLE trade.voucher ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.voucher_batch ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.voucher_act ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.redemption ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.redemption_end ENABLE ALWAYS TRIGGER stays;
