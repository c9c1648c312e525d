-- Sessions that can be listed and ended one by one, and that end by themselves when nobody uses them.
ALTER TABLE api.session
    ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN agent text NOT NULL DEFAULT '',
    ADD COLUMN ended_by text;

CREATE INDEX session_open ON api.session (utility_id, operator_id) WHERE ended_at IS NULL;

COMMENT ON COLUMN api.session.seen_at IS 'when it was last used, to the minute';
COMMENT ON COLUMN api.session.agent IS 'from which address it was opened';

-- Failures are counted by name, whether anybody has that name or not: so nobody learns which names there are.
CREATE TABLE api.attempt (
    name       bytea PRIMARY KEY CHECK (length(name) = 32),
    failures   integer NOT NULL CHECK (failures > 0),
    not_before timestamptz NOT NULL,
    at         timestamptz NOT NULL
);

CREATE INDEX attempt_in_order ON api.attempt (at);

COMMENT ON COLUMN api.attempt.name IS 'SHA-256 of the utility and the name, as somebody typed them';
COMMENT ON COLUMN api.attempt.failures IS 'in a row; counted before a try is made';

ALTER TABLE api.sign_in DROP COLUMN failures, DROP COLUMN not_before;

-- Whoever is told of sales is told of those that are taken back.
CREATE FUNCTION api.tell_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO db.job (name, payload, enqueued_at, due_at)
    SELECT 'webhook.reversal', jsonb_build_object('utility', r.utility_id, 'webhook', w.id, 'sale', r.sale_id), now(), now()
    FROM taken r JOIN vending.sale s ON s.utility_id = r.utility_id AND s.id = r.sale_id
    JOIN api.webhook w ON w.utility_id = s.utility_id AND (w.vendor_id IS NULL OR w.vendor_id = s.vendor_id);
    RETURN NULL;
END $$;

CREATE TRIGGER tell AFTER INSERT ON vending.reversal
    REFERENCING NEW TABLE AS taken FOR EACH STATEMENT EXECUTE FUNCTION api.tell_reversal();
