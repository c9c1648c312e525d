-- Orders that take several people: what exactly was asked, and who agreed or refused. Rows are added and never changed.
CREATE TABLE api.approval (
    utility_id  uuid NOT NULL,
    id          uuid NOT NULL,
    terminal_id uuid NOT NULL,
    vendor_id   uuid NOT NULL,
    message_id  text COLLATE "C" NOT NULL CHECK (length(message_id) BETWEEN 1 AND 64),
    ordinal     integer NOT NULL CHECK (ordinal >= 0),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 16),
    meter       text NOT NULL CHECK (length(meter) = 18),
    action      text NOT NULL,
    asked       json NOT NULL,
    reason      text NOT NULL,
    operator_id uuid NOT NULL,
    at          timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL CHECK (expires_at > at),
    PRIMARY KEY (utility_id, id),
    UNIQUE (utility_id, terminal_id, message_id, ordinal),
    FOREIGN KEY (utility_id, vendor_id, terminal_id) REFERENCES registry.terminal (utility_id, vendor_id, id),
    FOREIGN KEY (utility_id, operator_id) REFERENCES registry.operator (utility_id, id)
);

CREATE INDEX approval_open ON api.approval (utility_id, expires_at);

COMMENT ON COLUMN api.approval.ordinal IS '0, and one more each time that it had expired and was asked for again';
COMMENT ON COLUMN api.approval.fingerprint IS 'of the message that may be sent when all agree, and of no other';
COMMENT ON COLUMN api.approval.asked IS 'the order as it came';
COMMENT ON COLUMN api.approval.operator_id IS 'who asked';

CREATE TABLE api.decision (
    utility_id  uuid NOT NULL,
    approval_id uuid NOT NULL,
    operator_id uuid NOT NULL,
    agreed      boolean NOT NULL,
    reason      text NOT NULL CHECK (agreed OR reason <> ''),
    at          timestamptz NOT NULL,
    PRIMARY KEY (utility_id, approval_id, operator_id),
    FOREIGN KEY (utility_id, approval_id) REFERENCES api.approval (utility_id, id),
    FOREIGN KEY (utility_id, operator_id) REFERENCES registry.operator (utility_id, id)
);

COMMENT ON TABLE api.decision IS 'each person decides once, and nobody on what they asked for themselves';

CREATE FUNCTION api.guard_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM api.approval a WHERE a.utility_id = NEW.utility_id AND a.id = NEW.approval_id
            AND a.operator_id <> NEW.operator_id AND NEW.at >= a.at AND NEW.at < a.expires_at
    ) THEN
        RAISE EXCEPTION 'approval % is one''s own, or over', NEW.approval_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION api.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'what was asked and decided stays';
END $$;

CREATE TRIGGER another BEFORE INSERT ON api.decision FOR EACH ROW EXECUTE FUNCTION api.guard_decision();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON api.approval EXECUTE FUNCTION api.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON api.decision EXECUTE FUNCTION api.refuse();
