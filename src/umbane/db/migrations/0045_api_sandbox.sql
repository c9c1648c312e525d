-- Virtual meters of utilities whose keys are of the test realm: what was sold can be typed in.
CREATE TABLE api.sandbox_meter (
    utility_id uuid NOT NULL,
    meter_id   uuid NOT NULL,
    sgc        integer NOT NULL,
    krn        smallint NOT NULL,
    ti         smallint NOT NULL,
    kt         smallint NOT NULL,
    base_date  smallint NOT NULL,
    ken        smallint NOT NULL,
    snapshot   json NOT NULL,
    version    bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (utility_id, meter_id),
    FOREIGN KEY (utility_id, meter_id) REFERENCES registry.meter (utility_id, id)
);

COMMENT ON TABLE api.sandbox_meter IS 'simulated: no meter in the field';
COMMENT ON COLUMN api.sandbox_meter.krn IS 'of the key that is in the virtual meter, whatever the registry expects';
COMMENT ON COLUMN api.sandbox_meter.snapshot IS 'the meter without the bits of its key';
COMMENT ON COLUMN api.sandbox_meter.version IS 'grows with every change, so that nobody writes over another''s';
