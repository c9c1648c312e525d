-- Shifts of cashiers. A sale is sold at a terminal; which shift has it is written down when a shift ends: it takes all sales
-- of its terminal that no shift before it has. So a sale costs nothing more, and from the first shift of a terminal on every
-- sale is in exactly one, however late it was committed.
CREATE TABLE trade.shift (
    utility_id  uuid NOT NULL,
    id          uuid NOT NULL,
    terminal_id uuid NOT NULL,
    number      integer NOT NULL CHECK (number >= 1),
    operator_id uuid NOT NULL,
    cash_float  bigint NOT NULL CHECK (cash_float BETWEEN 0 AND 10::numeric ^ 15),
    opened_at   timestamptz NOT NULL,
    opened_by   text NOT NULL CHECK (opened_by <> ''),
    PRIMARY KEY (utility_id, id),
    UNIQUE (utility_id, terminal_id, number),
    FOREIGN KEY (utility_id, terminal_id) REFERENCES registry.terminal (utility_id, id),
    FOREIGN KEY (utility_id, operator_id) REFERENCES registry.operator (utility_id, id)
);

COMMENT ON COLUMN trade.shift.number IS 'the shifts of a terminal are counted from 1';
COMMENT ON COLUMN trade.shift.cash_float IS 'the money in the drawer when it was opened';

CREATE TABLE trade.shift_sale (
    utility_id uuid NOT NULL,
    sale_id    uuid NOT NULL,
    taken_back boolean NOT NULL,
    shift_id   uuid NOT NULL,
    PRIMARY KEY (sale_id, taken_back, utility_id)
);

CREATE INDEX shift_sale_of ON trade.shift_sale (shift_id);

COMMENT ON COLUMN trade.shift_sale.taken_back IS 'whether this is the sale or its end: they may be in two shifts';

-- What they come to, by kinds.
CREATE TABLE trade.shift_total (
    utility_id uuid NOT NULL,
    shift_id   uuid NOT NULL,
    kind       text NOT NULL,
    early      boolean NOT NULL,
    sales      bigint NOT NULL CHECK (sales >= 0),
    taken_back bigint NOT NULL CHECK (taken_back >= 0),
    tender     bigint NOT NULL,
    units      bigint NOT NULL,
    free_units bigint NOT NULL,
    PRIMARY KEY (utility_id, shift_id, kind, early)
);

COMMENT ON COLUMN trade.shift_total.early IS 'whether they were sold before the shift was opened: then nobody expects their money in its drawer';

CREATE TABLE trade.shift_count (
    utility_id uuid NOT NULL,
    shift_id   uuid NOT NULL,
    pay_type   text NOT NULL CHECK (pay_type ~ '^[a-z][a-z_]{0,19}$'),
    amount     bigint NOT NULL CHECK (amount BETWEEN 0 AND 10::numeric ^ 15),
    PRIMARY KEY (utility_id, shift_id, pay_type)
);

CREATE TABLE trade.shift_end (
    utility_id uuid NOT NULL,
    shift_id   uuid NOT NULL,
    at         timestamptz NOT NULL,
    by         text NOT NULL CHECK (by <> ''),
    expected   bigint NOT NULL,
    counted    bigint NOT NULL CHECK (counted >= 0),
    reason     text,
    PRIMARY KEY (utility_id, shift_id),
    FOREIGN KEY (utility_id, shift_id) REFERENCES trade.shift (utility_id, id),
    CONSTRAINT difference_with_reason CHECK (expected = counted OR coalesce(reason, '') <> '')
);

-- How many sales are taken back is small, and when they were is asked at the end of every shift.
CREATE INDEX reversal_at ON vending.reversal (utility_id, at);

CREATE FUNCTION trade.guard_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number > 1 AND NOT EXISTS (
        SELECT FROM trade.shift s JOIN trade.shift_end e ON e.utility_id = s.utility_id AND e.shift_id = s.id
        WHERE s.utility_id = NEW.utility_id AND s.terminal_id = NEW.terminal_id AND s.number = NEW.number - 1
    ) THEN
        RAISE EXCEPTION 'the shift before % of terminal % has not ended', NEW.number, NEW.terminal_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION trade.guard_ended() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ended uuid;
BEGIN
    SELECT n.shift_id INTO ended FROM new n
    JOIN trade.shift_end e ON e.utility_id = n.utility_id AND e.shift_id = n.shift_id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'shift % has ended', ended USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER in_order BEFORE INSERT ON trade.shift FOR EACH ROW EXECUTE FUNCTION trade.guard_order();
CREATE TRIGGER not_ended AFTER INSERT ON trade.shift_sale REFERENCING NEW TABLE AS new
    FOR EACH STATEMENT EXECUTE FUNCTION trade.guard_ended();
CREATE TRIGGER not_ended AFTER INSERT ON trade.shift_total REFERENCING NEW TABLE AS new
    FOR EACH STATEMENT EXECUTE FUNCTION trade.guard_ended();
CREATE TRIGGER not_ended AFTER INSERT ON trade.shift_count REFERENCING NEW TABLE AS new
    FOR EACH STATEMENT EXECUTE FUNCTION trade.guard_ended();

CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.shift EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.shift_sale EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.shift_total EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.shift_count EXECUTE FUNCTION trade.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade.shift_end EXECUTE FUNCTION trade.refuse();

ALTER TABLE trade.shift ENABLE ALWAYS TRIGGER in_order;
ALTER TABLE trade.shift ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.shift_sale ENABLE ALWAYS TRIGGER not_ended;
ALTER TABLE trade.shift_sale ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.shift_total ENABLE ALWAYS TRIGGER not_ended;
ALTER TABLE trade.shift_total ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.shift_count ENABLE ALWAYS TRIGGER not_ended;
ALTER TABLE trade.shift_count ENABLE ALWAYS TRIGGER stays;
ALTER TABLE trade.shift_end ENABLE ALWAYS TRIGGER stays;
