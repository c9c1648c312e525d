-- Entries of the books that are no sale's stand in the log as well. Those from before that are named here once.
CREATE TABLE audit.untold (
    utility_id uuid NOT NULL,
    id         uuid NOT NULL,
    PRIMARY KEY (id, utility_id)
);

INSERT INTO audit.untold (utility_id, id)
SELECT e.utility_id, e.id FROM ledger.entry e
WHERE NOT EXISTS (SELECT FROM vending.sale s WHERE s.utility_id = e.utility_id AND s.id = e.id);

CREATE TRIGGER stays BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON audit.untold EXECUTE FUNCTION audit.refuse();
ALTER TABLE audit.untold ENABLE ALWAYS TRIGGER stays;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON audit.untold FROM CURRENT_USER;

-- Whoever did something at the server under their own name doesn't answer the alarm about it at a desk.
CREATE OR REPLACE FUNCTION api.guard_answer() RETURNS trigger LANGUAGE plpgsql AS $$
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
