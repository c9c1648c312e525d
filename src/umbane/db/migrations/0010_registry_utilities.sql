-- Utilities, and what a sale in one goes by: supply groups, key revisions, tariffs. Everything of a utility carries its id first in
-- its key, also where it points to something else, so that nothing of one can ever hang on another.
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE SCHEMA registry;

-- Who changed what: rows are added and never touched again.
CREATE TABLE registry.change (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id uuid NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    by         text NOT NULL CHECK (by <> ''),
    action     text NOT NULL,
    object     uuid,
    details    jsonb NOT NULL
);

CREATE INDEX change_of ON registry.change (utility_id, object, id);

COMMENT ON COLUMN registry.change.object IS 'what was changed; NULL when many things were added at once: their added_by names this row';

CREATE FUNCTION registry.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON registry.change
    FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change();

CREATE TABLE registry.utility (
    id        uuid PRIMARY KEY,
    code      text NOT NULL UNIQUE CHECK (code ~ '^[a-z][a-z0-9-]{1,29}$'),
    name      text NOT NULL,
    currency  text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    time_zone text NOT NULL,
    languages text[] NOT NULL CHECK (cardinality(languages) > 0),
    policy    jsonb NOT NULL,
    edition   integer NOT NULL DEFAULT 1
);

COMMENT ON COLUMN registry.utility.edition IS 'grows with every change of what a sale goes by: policy, keys, tariffs';

CREATE TABLE registry.supply_group (
    utility_id uuid NOT NULL REFERENCES registry.utility,
    sgc        integer NOT NULL CHECK (sgc BETWEEN 0 AND 999999),
    name       text NOT NULL,
    realm      text NOT NULL CHECK (realm IN ('test', 'production')),
    PRIMARY KEY (utility_id, sgc),
    UNIQUE (utility_id, sgc, realm)
);

-- A vending key by its name in a security module. Its bits are never here.
CREATE TABLE registry.key_revision (
    utility_id   uuid NOT NULL,
    sgc          integer NOT NULL,
    kt           smallint NOT NULL CHECK (kt BETWEEN 1 AND 3),
    krn          smallint NOT NULL CHECK (krn BETWEEN 1 AND 9),
    dkga         smallint NOT NULL CHECK (dkga IN (2, 4)),
    base_date    smallint NOT NULL CHECK (base_date IN (1993, 2014, 2035)),
    ken          smallint NOT NULL CHECK (ken BETWEEN 0 AND 255),
    realm        text NOT NULL,
    module_key   text NOT NULL,
    active_from  timestamptz NOT NULL,
    active_until timestamptz CHECK (active_until > active_from),
    PRIMARY KEY (utility_id, sgc, kt, krn),
    FOREIGN KEY (utility_id, sgc, realm) REFERENCES registry.supply_group (utility_id, sgc, realm)
);

CREATE TABLE registry.tariff (
    utility_id uuid NOT NULL REFERENCES registry.utility,
    id         text NOT NULL,
    PRIMARY KEY (utility_id, id)
);

CREATE TABLE registry.tariff_version (
    utility_id   uuid NOT NULL,
    tariff_id    text NOT NULL,
    version      text NOT NULL,
    title        text NOT NULL,
    document     text NOT NULL,
    sha256       text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    valid_from   date NOT NULL,
    valid_until  date CHECK (valid_until >= valid_from),
    added_at     timestamptz NOT NULL DEFAULT now(),
    added_by     text NOT NULL,
    activated_at timestamptz,
    activated_by text,
    PRIMARY KEY (utility_id, tariff_id, version),
    FOREIGN KEY (utility_id, tariff_id) REFERENCES registry.tariff (utility_id, id),
    CHECK ((activated_at IS NULL) = (activated_by IS NULL)),
    CONSTRAINT one_price_a_day EXCLUDE USING gist (
        utility_id WITH =, tariff_id WITH =, daterange(valid_from, valid_until, '[]') WITH &&
    ) WHERE (activated_at IS NOT NULL)
);

COMMENT ON COLUMN registry.tariff_version.valid_until IS 'the document''s own, or the day before the version that followed it';

CREATE FUNCTION registry.guard_tariff() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the text of tariff % % is what customers were told', OLD.tariff_id, OLD.version
        USING ERRCODE = 'restrict_violation';
END
$$;

-- What an active version says, and that it is active, stays; only an end may be set.
CREATE TRIGGER keep_text BEFORE UPDATE OF document, sha256, valid_from, activated_at ON registry.tariff_version
    FOR EACH ROW WHEN (OLD.activated_at IS NOT NULL) EXECUTE FUNCTION registry.guard_tariff();
CREATE TRIGGER keep_active BEFORE DELETE ON registry.tariff_version
    FOR EACH ROW WHEN (OLD.activated_at IS NOT NULL) EXECUTE FUNCTION registry.guard_tariff();
