-- Models of meters, what shows that they may be used, and what a utility makes of it. What was shown is added to and never changed.
CREATE SCHEMA fleet;

CREATE FUNCTION fleet.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'what was recorded stays';
END $$;

CREATE TABLE fleet.model (
    utility_id    uuid NOT NULL REFERENCES registry.utility,
    name          text NOT NULL,
    maker         text NOT NULL,
    code          text COLLATE "C" NOT NULL CHECK (code ~ '^[0-9]{2}([0-9]{2})?$'),
    form          text NOT NULL CHECK (form IN ('integrated', 'din_rail', 'pole', 'bs')),
    phases        smallint NOT NULL CHECK (phases IN (1, 3)),
    volts         integer NOT NULL CHECK (volts > 0),
    amperes       integer NOT NULL CHECK (amperes > 0),
    communication text,
    PRIMARY KEY (utility_id, name)
);

COMMENT ON COLUMN fleet.model.name IS 'as registry.meter.model has it';
COMMENT ON COLUMN fleet.model.code IS 'of the manufacturer, as meter numbers begin with it';

CREATE TABLE fleet.evidence (
    utility_id  uuid NOT NULL,
    model       text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('sts_certificate', 'national_approval', 'surge_report', 'ip_report',
                                              'warranty', 'battery_life')),
    number      text NOT NULL,
    issuer      text NOT NULL,
    valid_from  date NOT NULL,
    valid_until date CHECK (valid_until >= valid_from),
    firmware    text[] NOT NULL,
    months      smallint CHECK (months > 0),
    words       text,
    sha256      text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    by          text NOT NULL CHECK (by <> ''),
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (utility_id, model, kind, number),
    FOREIGN KEY (utility_id, model) REFERENCES fleet.model (utility_id, name),
    CHECK ((months IS NOT NULL) = (kind IN ('warranty', 'battery_life')))
);

COMMENT ON COLUMN fleet.evidence.firmware IS 'versions that it covers; none for all';
COMMENT ON COLUMN fleet.evidence.months IS 'how long a meter''s warranty or battery lasts';
COMMENT ON COLUMN fleet.evidence.sha256 IS 'of the document''s file, wherever that is kept';

CREATE TABLE fleet.withdrawal (
    utility_id uuid NOT NULL,
    model      text NOT NULL,
    kind       text NOT NULL,
    number     text NOT NULL,
    since      date NOT NULL,
    reason     text NOT NULL,
    by         text NOT NULL CHECK (by <> ''),
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (utility_id, model, kind, number),
    FOREIGN KEY (utility_id, model, kind, number) REFERENCES fleet.evidence (utility_id, model, kind, number)
);

-- The last one of a utility counts.
CREATE TABLE fleet.policy (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id uuid NOT NULL REFERENCES registry.utility,
    document   jsonb NOT NULL,
    reason     text NOT NULL,
    by         text NOT NULL CHECK (by <> ''),
    at         timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX policy_of ON fleet.policy (utility_id, id);

-- What is known of one meter beyond the registry.
CREATE TABLE fleet.unit (
    utility_id uuid NOT NULL,
    meter_id   uuid NOT NULL,
    firmware   text,
    delivered  date,
    installed  date,
    battery    date,
    PRIMARY KEY (utility_id, meter_id),
    FOREIGN KEY (utility_id, meter_id) REFERENCES registry.meter (utility_id, id)
);

COMMENT ON COLUMN fleet.unit.installed IS 'the day it was hung where it hangs; for one that hangs nowhere the day it last was';
COMMENT ON COLUMN fleet.unit.battery IS 'the day its battery was changed; NULL for the one that it came with';

CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON fleet.model EXECUTE FUNCTION fleet.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON fleet.evidence EXECUTE FUNCTION fleet.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON fleet.withdrawal EXECUTE FUNCTION fleet.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON fleet.policy EXECUTE FUNCTION fleet.refuse();
