-- What takes several people, at a till or at a desk: what exactly was asked, and who agreed or refused. Rows are added and never
-- changed.
CREATE TABLE api.approval (
    utility_id  uuid NOT NULL,
    id          uuid NOT NULL,
    terminal_id uuid,
    vendor_id   uuid,
    message_id  text COLLATE "C" NOT NULL CHECK (length(message_id) BETWEEN 1 AND 64),
    ordinal     integer NOT NULL CHECK (ordinal >= 0),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 16),
    meter       text CHECK (length(meter) = 18),
    action      text NOT NULL,
    asked       json NOT NULL,
    reason      text NOT NULL,
    evidence    text NOT NULL,
    operator_id uuid NOT NULL,
    at          timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL CHECK (expires_at > at),
    PRIMARY KEY (utility_id, id),
    UNIQUE (utility_id, terminal_id, message_id, ordinal),
    FOREIGN KEY (utility_id, vendor_id, terminal_id) REFERENCES registry.terminal (utility_id, vendor_id, id),
    FOREIGN KEY (utility_id, operator_id) REFERENCES registry.operator (utility_id, id),
    CONSTRAINT at_a_till_or_a_desk
        CHECK ((terminal_id IS NULL) = (vendor_id IS NULL) AND (terminal_id IS NULL) = (meter IS NULL))
);

CREATE UNIQUE INDEX approval_key ON api.approval (utility_id, operator_id, message_id, ordinal) WHERE terminal_id IS NULL;
CREATE INDEX approval_open ON api.approval (utility_id, expires_at);

COMMENT ON COLUMN api.approval.terminal_id IS 'NULL for what is done at a desk; message_id is its Idempotency-Key then';
COMMENT ON COLUMN api.approval.evidence IS 'where others can see that the reason is true';
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

-- What was done at a desk, in the transaction that did it; of an order its message says that.
CREATE TABLE api.deed (
    utility_id  uuid NOT NULL,
    approval_id uuid NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (utility_id, approval_id),
    FOREIGN KEY (utility_id, approval_id) REFERENCES api.approval (utility_id, id)
);

-- Somebody does what they asked for although nobody agreed.
CREATE TABLE api.emergency (
    utility_id  uuid NOT NULL,
    approval_id uuid NOT NULL,
    reason      text NOT NULL CHECK (reason <> ''),
    at          timestamptz NOT NULL,
    PRIMARY KEY (utility_id, approval_id),
    FOREIGN KEY (utility_id, approval_id) REFERENCES api.approval (utility_id, id)
);

-- What others have to look at, because nobody could say no before.
CREATE TABLE api.alarm (
    utility_id  uuid NOT NULL REFERENCES registry.utility,
    id          uuid NOT NULL,
    at          timestamptz NOT NULL,
    kind        text NOT NULL,
    by          text NOT NULL CHECK (by <> ''),
    words       text NOT NULL,
    approval_id uuid,
    PRIMARY KEY (utility_id, id),
    FOREIGN KEY (utility_id, approval_id) REFERENCES api.approval (utility_id, id)
);

CREATE TABLE api.alarm_answer (
    utility_id  uuid NOT NULL,
    alarm_id    uuid NOT NULL,
    operator_id uuid NOT NULL,
    words       text NOT NULL CHECK (words <> ''),
    at          timestamptz NOT NULL,
    PRIMARY KEY (utility_id, alarm_id),
    FOREIGN KEY (utility_id, alarm_id) REFERENCES api.alarm (utility_id, id),
    FOREIGN KEY (utility_id, operator_id) REFERENCES registry.operator (utility_id, id)
);

COMMENT ON TABLE api.alarm_answer IS 'another person looked at it; until then it is open';

-- Not "another operator" but "another person", and each person once.
CREATE FUNCTION api.guard_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who text := (SELECT person FROM registry.operator o WHERE o.utility_id = NEW.utility_id AND o.id = NEW.operator_id);
BEGIN
    IF NOT EXISTS (
        SELECT FROM api.approval a JOIN registry.operator o ON o.utility_id = a.utility_id AND o.id = a.operator_id
        WHERE a.utility_id = NEW.utility_id AND a.id = NEW.approval_id AND o.person <> who
            AND NEW.at >= a.at AND NEW.at < a.expires_at
    ) THEN
        RAISE EXCEPTION 'approval % is one''s own, or over', NEW.approval_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (
        SELECT FROM api.decision d JOIN registry.operator o ON o.utility_id = d.utility_id AND o.id = d.operator_id
        WHERE d.utility_id = NEW.utility_id AND d.approval_id = NEW.approval_id AND o.person = who
    ) THEN
        RAISE EXCEPTION 'the same person decided on approval % before', NEW.approval_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- Whoever did something at the server under their own name doesn't answer the alarm about it at a desk.
CREATE FUNCTION api.guard_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM api.alarm a
        JOIN registry.operator raised ON raised.utility_id = a.utility_id
            AND a.by IN ('operator:' || raised.name, 'cli:' || raised.name)
        JOIN registry.operator who ON who.utility_id = a.utility_id AND who.id = NEW.operator_id
        WHERE a.utility_id = NEW.utility_id AND a.id = NEW.alarm_id AND raised.person = who.person
    ) THEN
        RAISE EXCEPTION 'alarm % is one''s own', NEW.alarm_id USING ERRCODE = 'restrict_violation';
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
CREATE TRIGGER another BEFORE INSERT ON api.alarm_answer FOR EACH ROW EXECUTE FUNCTION api.guard_answer();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON api.deed EXECUTE FUNCTION api.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON api.emergency EXECUTE FUNCTION api.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON api.alarm EXECUTE FUNCTION api.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON api.alarm_answer EXECUTE FUNCTION api.refuse();

-- The utility's own webhooks are told of alarms.
CREATE FUNCTION api.tell_alarm() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO db.job (name, payload, enqueued_at, due_at)
    SELECT 'webhook.alarm', jsonb_build_object('utility', a.utility_id, 'webhook', w.id, 'alarm', a.id), now(), now()
    FROM raised a JOIN api.webhook w ON w.utility_id = a.utility_id AND w.vendor_id IS NULL;
    RETURN NULL;
END $$;

CREATE TRIGGER tell AFTER INSERT ON api.alarm
    REFERENCING NEW TABLE AS raised FOR EACH STATEMENT EXECUTE FUNCTION api.tell_alarm();
