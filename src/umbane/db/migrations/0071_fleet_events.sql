-- What became of meters, as whoever did it told: rows are added and never changed.
CREATE TABLE fleet.event (
    utility_id       uuid NOT NULL,
    id               uuid NOT NULL,
    message_id       text NOT NULL CHECK (length(message_id) BETWEEN 1 AND 64),
    fingerprint      bytea NOT NULL CHECK (length(fingerprint) = 16),
    kind             text NOT NULL,
    at               timestamptz NOT NULL,
    recorded_at      timestamptz NOT NULL DEFAULT now(),
    by               text NOT NULL CHECK (by <> ''),
    body             jsonb NOT NULL,
    did              jsonb NOT NULL,
    meter_id         uuid NOT NULL,
    other_id         uuid,
    service_point_id uuid,
    left_id          uuid,
    credit           bigint NOT NULL DEFAULT 0 CHECK (credit >= 0),
    terminal_id      uuid,
    model            text,
    faulty           boolean NOT NULL DEFAULT false,
    served           integer CHECK (served >= 0),
    contra_of        uuid,
    changes          bigint[] NOT NULL,
    PRIMARY KEY (utility_id, id),
    UNIQUE (utility_id, message_id),
    UNIQUE (utility_id, contra_of),
    FOREIGN KEY (utility_id, meter_id) REFERENCES registry.meter (utility_id, id),
    FOREIGN KEY (utility_id, other_id) REFERENCES registry.meter (utility_id, id),
    FOREIGN KEY (utility_id, service_point_id) REFERENCES registry.service_point (utility_id, id),
    FOREIGN KEY (utility_id, left_id) REFERENCES registry.service_point (utility_id, id),
    FOREIGN KEY (utility_id, contra_of) REFERENCES fleet.event (utility_id, id),
    CHECK ((credit > 0) <= (terminal_id IS NOT NULL AND other_id IS NOT NULL))
);

CREATE INDEX event_of_meter ON fleet.event (utility_id, meter_id, id);
CREATE INDEX event_of_other ON fleet.event (utility_id, other_id, id) WHERE other_id IS NOT NULL;
CREATE INDEX event_of_place ON fleet.event (utility_id, service_point_id, id) WHERE service_point_id IS NOT NULL;
CREATE INDEX event_of_place_left ON fleet.event (utility_id, left_id, id) WHERE left_id IS NOT NULL;
CREATE INDEX event_with_credit ON fleet.event (utility_id, id) WHERE credit > 0;

COMMENT ON COLUMN fleet.event.message_id IS 'of whoever told it: the same again is the same event';
COMMENT ON COLUMN fleet.event.fingerprint IS 'of the body, to tell a repetition from another event';
COMMENT ON COLUMN fleet.event.at IS 'when it happened; recorded_at is when it was told';
COMMENT ON COLUMN fleet.event.other_id IS 'the meter that took the place of a replaced one';
COMMENT ON COLUMN fleet.event.left_id IS 'the place that a meter left which hangs at another now';
COMMENT ON COLUMN fleet.event.credit IS 'tenths of a kWh to be carried over to the other meter by a token';
COMMENT ON COLUMN fleet.event.served IS 'days that a meter hung which was taken down';
COMMENT ON COLUMN fleet.event.changes IS 'the rows of registry.change in which it is written down';

-- Each try to carry credit over that led to something final. The next one has the next number, and another message id.
CREATE TABLE fleet.carrying (
    utility_id uuid NOT NULL,
    event_id   uuid NOT NULL,
    number     smallint NOT NULL CHECK (number >= 0),
    at         timestamptz NOT NULL DEFAULT now(),
    sale_id    uuid,
    problem    text,
    PRIMARY KEY (utility_id, event_id, number),
    FOREIGN KEY (utility_id, event_id) REFERENCES fleet.event (utility_id, id),
    CHECK ((sale_id IS NULL) <> (problem IS NULL))
);

CREATE UNIQUE INDEX carried_once ON fleet.carrying (utility_id, event_id) WHERE sale_id IS NOT NULL;

CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON fleet.event EXECUTE FUNCTION fleet.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON fleet.carrying EXECUTE FUNCTION fleet.refuse();
