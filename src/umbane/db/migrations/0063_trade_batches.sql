-- What tills took on its way to the bank: shifts in sales batches, sales batches in bank batches. A batch is whole when it is
-- made, and stays. One that was wrong is made void, which sets what was in it free for another.
CREATE TABLE trade.batch (
    utility_id uuid NOT NULL REFERENCES registry.utility,
    id         uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('sales', 'bank')),
    number     text NOT NULL CHECK (number <> ''),
    members    integer NOT NULL CHECK (members > 0),
    expected   bigint NOT NULL,
    counted    bigint NOT NULL,
    at         timestamptz NOT NULL,
    by         text NOT NULL CHECK (by <> ''),
    PRIMARY KEY (utility_id, id),
    UNIQUE (utility_id, kind, number)
);

COMMENT ON COLUMN trade.batch.expected IS 'what was taken by the books, without the floats that stay in the drawers';
COMMENT ON COLUMN trade.batch.counted IS 'what was counted, without those floats';

CREATE TABLE trade.batch_member (
    utility_id uuid NOT NULL,
    member_id  uuid NOT NULL,
    attempt    smallint NOT NULL CHECK (attempt >= 0),
    batch_id   uuid NOT NULL,
    PRIMARY KEY (utility_id, member_id, attempt),
    FOREIGN KEY (utility_id, batch_id) REFERENCES trade.batch (utility_id, id)
);

CREATE INDEX batch_member_of ON trade.batch_member (utility_id, batch_id);

COMMENT ON COLUMN trade.batch_member.attempt IS 'in how many batches it was before, all of them void';

CREATE TABLE trade.batch_void (
    utility_id uuid NOT NULL,
    batch_id   uuid NOT NULL,
    at         timestamptz NOT NULL,
    by         text NOT NULL CHECK (by <> ''),
    reason     text NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (utility_id, batch_id),
    FOREIGN KEY (utility_id, batch_id) REFERENCES trade.batch (utility_id, id)
);

CREATE FUNCTION trade.guard_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.attempt > 0 AND NOT EXISTS (
        SELECT FROM trade.batch_member m JOIN trade.batch_void v ON v.utility_id = m.utility_id AND v.batch_id = m.batch_id
        WHERE m.utility_id = NEW.utility_id AND m.member_id = NEW.member_id AND m.attempt = NEW.attempt - 1
    ) THEN
        RAISE EXCEPTION '% is in a batch that stands', NEW.member_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER once BEFORE INSERT ON trade.batch_member FOR EACH ROW EXECUTE FUNCTION trade.guard_member();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.batch EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.batch_member EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.batch_void EXECUTE FUNCTION trade.refuse();

ALTER TABLE trade.batch ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.batch_member ENABLE ALWAYS TRIGGER once;
ALTER TABLE trade.batch_member ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.batch_void ENABLE ALWAYS TRIGGER stays;
