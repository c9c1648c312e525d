-- Meters and their keys. A sale locks a meter and changes nothing in its row.
CREATE TABLE registry.meter (
    utility_id        uuid NOT NULL,
    id                uuid NOT NULL,
    pan               text COLLATE "C" NOT NULL CHECK (pan ~ '^(600727[0-9]{12}|0000[0-9]{14})$'),
    drn               text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
        CASE WHEN left(pan, 4) = '0000' THEN substr(pan, 5, 13) ELSE substr(pan, 7, 11) END
    ) STORED,
    model             text,
    ea                smallint NOT NULL CHECK (ea IN (7, 11)),
    tct               smallint NOT NULL CHECK (tct IN (1, 2, 7, 8)),
    sgc               integer NOT NULL,
    krn               smallint NOT NULL CHECK (krn BETWEEN 1 AND 9),
    ti                smallint NOT NULL CHECK (ti BETWEEN 0 AND 99),
    kt                smallint NOT NULL CHECK (kt BETWEEN 0 AND 3),
    base_date         smallint NOT NULL CHECK (base_date IN (1993, 2014, 2035)),
    ken               smallint NOT NULL CHECK (ken BETWEEN 0 AND 255),
    key_phase         text NOT NULL DEFAULT 'settled' CHECK (key_phase IN ('settled', 'planned', 'issued')),
    pending_sgc       integer,
    pending_krn       smallint CHECK (pending_krn BETWEEN 1 AND 9),
    pending_ti        smallint CHECK (pending_ti BETWEEN 0 AND 99),
    pending_kt        smallint CHECK (pending_kt BETWEEN 0 AND 3),
    pending_base_date smallint CHECK (pending_base_date IN (1993, 2014, 2035)),
    pending_ken       smallint CHECK (pending_ken BETWEEN 0 AND 255),
    last_minute       integer CHECK (last_minute >= 0),
    state             text NOT NULL CHECK (state IN ('stocked', 'installed', 'blocked', 'removed', 'scrapped')),
    service_point_id  uuid,
    contract_id       uuid,
    added_by          bigint NOT NULL,
    PRIMARY KEY (utility_id, id),
    UNIQUE (utility_id, pan),
    FOREIGN KEY (utility_id, sgc) REFERENCES registry.supply_group (utility_id, sgc),
    FOREIGN KEY (utility_id, pending_sgc) REFERENCES registry.supply_group (utility_id, sgc),
    FOREIGN KEY (utility_id, service_point_id) REFERENCES registry.service_point (utility_id, id),
    FOREIGN KEY (utility_id, contract_id, service_point_id)
        REFERENCES registry.contract (utility_id, id, service_point_id),
    CONSTRAINT where_it_hangs CHECK ((service_point_id IS NOT NULL) = (state IN ('installed', 'blocked'))),
    CONSTRAINT who_pays CHECK (contract_id IS NULL OR service_point_id IS NOT NULL),
    CONSTRAINT what_is_pending CHECK (
        num_nonnulls(pending_sgc, pending_krn, pending_ti, pending_kt, pending_base_date, pending_ken)
        = CASE key_phase WHEN 'settled' THEN 0 ELSE 6 END
    )
);

CREATE INDEX meter_last_digits ON registry.meter (utility_id, reverse(drn));
CREATE INDEX meter_place ON registry.meter (utility_id, service_point_id);
CREATE INDEX meter_pending ON registry.meter (utility_id, key_phase) WHERE key_phase <> 'settled';

COMMENT ON COLUMN registry.meter.last_minute IS
    'the last TID that it had when it was taken over, counted from 1993 whatever the base date; later ones are with the tokens';
COMMENT ON COLUMN registry.meter.contract_id IS 'who pays now; NULL for a vacant place';

-- What may become of a meter. The same table stands in registry.models; a test tries every pair on both.
CREATE FUNCTION registry.guard_meter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (
        ('stocked', 'installed'), ('stocked', 'scrapped'),
        ('installed', 'blocked'), ('installed', 'removed'),
        ('blocked', 'installed'), ('blocked', 'removed'),
        ('removed', 'stocked'), ('removed', 'installed'), ('removed', 'scrapped')
    ) THEN
        RAISE EXCEPTION 'meter % can''t go from % to %', OLD.pan, OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER legal_state BEFORE UPDATE OF state ON registry.meter
    FOR EACH ROW EXECUTE FUNCTION registry.guard_meter();

-- Every key that a meter had or was to have, for ever.
CREATE TABLE registry.key_event (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id uuid NOT NULL,
    meter_id   uuid NOT NULL,
    at         timestamptz NOT NULL,
    by         text NOT NULL CHECK (by <> ''),
    event      text NOT NULL CHECK (event IN ('planned', 'issued', 'settled', 'abandoned')),
    sgc        integer NOT NULL,
    krn        smallint NOT NULL,
    ti         smallint NOT NULL,
    kt         smallint NOT NULL,
    base_date  smallint NOT NULL,
    ken        smallint NOT NULL,
    words      text NOT NULL,
    FOREIGN KEY (utility_id, meter_id) REFERENCES registry.meter (utility_id, id)
);

CREATE INDEX key_event_of ON registry.key_event (utility_id, meter_id, id);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON registry.key_event
    FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change();

COMMENT ON COLUMN registry.key_event.words IS 'the evidence, or the reason';
