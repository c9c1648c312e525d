-- Who wants to hear of sales. The jobs that tell them are written in the transaction of the sale itself.
CREATE TABLE api.webhook (
    utility_id uuid NOT NULL REFERENCES registry.utility,
    id         uuid NOT NULL,
    vendor_id  uuid,
    url        text NOT NULL CHECK (url LIKE 'https://%' AND length(url) <= 500),
    secret     bytea NOT NULL,
    made_at    timestamptz NOT NULL,
    PRIMARY KEY (utility_id, id),
    FOREIGN KEY (utility_id, vendor_id) REFERENCES registry.vendor (utility_id, id)
);

COMMENT ON COLUMN api.webhook.vendor_id IS 'only the sales of this vendor; NULL for all';
COMMENT ON COLUMN api.webhook.secret IS 'sealed: what is sent is signed with it';

CREATE FUNCTION api.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO db.job (name, payload, enqueued_at, due_at)
    SELECT 'webhook.sale', jsonb_build_object('utility', s.utility_id, 'webhook', w.id, 'sale', s.id), now(), now()
    FROM sold s JOIN api.webhook w ON w.utility_id = s.utility_id AND (w.vendor_id IS NULL OR w.vendor_id = s.vendor_id);
    RETURN NULL;
END $$;

CREATE TRIGGER tell AFTER INSERT ON vending.sale
    REFERENCING NEW TABLE AS sold FOR EACH STATEMENT EXECUTE FUNCTION api.tell();

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
