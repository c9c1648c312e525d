-- What was written over the API, by whose key: the same key with the same words gets the same answer, until it is
-- forgotten, the oldest first.
CREATE TABLE api.written (
    utility_id  uuid NOT NULL REFERENCES registry.utility,
    caller_id   uuid NOT NULL,
    key         text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 64),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    at          timestamptz NOT NULL,
    answer      json,
    PRIMARY KEY (utility_id, caller_id, key)
);

CREATE INDEX written_in_order ON api.written (at);

COMMENT ON COLUMN api.written.caller_id IS 'the operator who wrote it';
COMMENT ON COLUMN api.written.fingerprint IS 'SHA-256 of what was asked';
COMMENT ON COLUMN api.written.answer IS 'what was answered; NULL only within the transaction that does what was asked';

-- Proofs of the books that somebody asked for; a job does them.
CREATE TABLE api.proof (
    utility_id  uuid NOT NULL REFERENCES registry.utility,
    id          uuid NOT NULL,
    asked_by    text NOT NULL,
    asked_at    timestamptz NOT NULL,
    finished_at timestamptz,
    findings    json,
    PRIMARY KEY (utility_id, id),
    CHECK ((finished_at IS NULL) = (findings IS NULL))
);

COMMENT ON COLUMN api.proof.findings IS 'what became of each claim, in their order';
