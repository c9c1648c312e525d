-- The log: what happened, as entries of a Merkle tree. Rows are added in the transaction of what they tell, in batches. Later a
-- batch gets its place in the tree, once; nothing else of it ever changes.
CREATE SCHEMA audit;

CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'what is in the log stays';
END $$;

CREATE TABLE audit.batch (
    at      timestamptz NOT NULL,
    id      bigint GENERATED ALWAYS AS IDENTITY,
    leaves  integer NOT NULL CHECK (leaves > 0),
    entries bytea NOT NULL,
    salts   bytea NOT NULL CHECK (length(salts) % 16 = 0),
    first   bigint CHECK (first >= 0),
    PRIMARY KEY (at, id)
);

CREATE UNIQUE INDEX batch_in_order ON audit.batch (first) WHERE first IS NOT NULL;
CREATE INDEX batch_waiting ON audit.batch (id) WHERE first IS NULL;

COMMENT ON COLUMN audit.batch.at IS 'of what the entries tell: a sale is found by its moment';
COMMENT ON COLUMN audit.batch.leaves IS 'how many entries';
COMMENT ON COLUMN audit.batch.entries IS 'a line of ASCII each';
COMMENT ON COLUMN audit.batch.salts IS '16 bytes for each value that is sealed in the entries, in their order; never exported';
COMMENT ON COLUMN audit.batch.first IS 'the place of the first entry in the tree; NULL while it waits for one';

CREATE FUNCTION audit.gets_its_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR OLD.first IS NOT NULL OR NEW.first IS NULL
        OR (NEW.at, NEW.id, NEW.leaves, NEW.entries, NEW.salts)
            IS DISTINCT FROM (OLD.at, OLD.id, OLD.leaves, OLD.entries, OLD.salts) THEN
        RAISE EXCEPTION '% of %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', HINT = 'a batch gets its place once, and nothing else of it changes';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER gets_its_place BEFORE UPDATE ON audit.batch FOR EACH ROW EXECUTE FUNCTION audit.gets_its_place();
CREATE TRIGGER waits_first BEFORE INSERT ON audit.batch FOR EACH ROW
    WHEN (NEW.first IS NOT NULL) EXECUTE FUNCTION audit.gets_its_place();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON audit.batch EXECUTE FUNCTION audit.refuse();

-- What of the tree never changes: 256 hashes beside one another, and the root above them.
CREATE TABLE audit.tile (
    level  smallint NOT NULL CHECK (level >= 0),
    number bigint NOT NULL CHECK (number >= 0),
    root   bytea NOT NULL CHECK (length(root) = 32),
    hashes bytea NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (level, number)
);

COMMENT ON COLUMN audit.tile.level IS '0 for leaves; the hashes of the next level are the roots of the tiles of this one';

CREATE TABLE audit.head (
    size      bigint NOT NULL CHECK (size > 0),
    at        timestamptz NOT NULL,
    root      bytea NOT NULL CHECK (length(root) = 32),
    key       text NOT NULL,
    signature bytea NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (size, at)
);

COMMENT ON COLUMN audit.head.key IS 'the id of the key that signed it';

CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.tile EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.head EXECUTE FUNCTION audit.refuse();

-- Even where the triggers of a replica are switched off.
ALTER TABLE audit.batch ENABLE ALWAYS TRIGGER gets_its_place;
ALTER TABLE audit.batch ENABLE ALWAYS TRIGGER waits_first;
ALTER TABLE audit.batch ENABLE ALWAYS TRIGGER stays;
ALTER TABLE audit.tile ENABLE ALWAYS TRIGGER stays;
ALTER TABLE audit.head ENABLE ALWAYS TRIGGER stays;

REVOKE DELETE, TRUNCATE ON audit.batch FROM CURRENT_USER;
REVOKE UPDATE, DELETE, TRUNCATE ON audit.tile, audit.head FROM CURRENT_USER;
