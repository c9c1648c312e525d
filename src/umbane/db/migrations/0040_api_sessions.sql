-- People who are signed in, and how often somebody failed to. Sessions can be listed and ended one by one, and end by themselves
-- when nobody uses them.
CREATE SCHEMA api;

CREATE TABLE api.session (
    hash        bytea PRIMARY KEY CHECK (length(hash) = 32),
    id          uuid NOT NULL UNIQUE,
    utility_id  uuid NOT NULL,
    operator_id uuid NOT NULL,
    opened_at   timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    ended_by    text,
    agent       text NOT NULL,
    FOREIGN KEY (utility_id, operator_id) REFERENCES registry.operator (utility_id, id)
);

CREATE INDEX session_open ON api.session (utility_id, operator_id) WHERE ended_at IS NULL;

COMMENT ON COLUMN api.session.hash IS 'SHA-256 of the token that was shown once';
COMMENT ON COLUMN api.session.seen_at IS 'when it was last used, to the minute';
COMMENT ON COLUMN api.session.agent IS 'from which address it was opened';

CREATE TABLE api.sign_in (
    utility_id  uuid NOT NULL,
    operator_id uuid NOT NULL,
    last_step   bigint NOT NULL,
    PRIMARY KEY (utility_id, operator_id),
    FOREIGN KEY (utility_id, operator_id) REFERENCES registry.operator (utility_id, id)
);

COMMENT ON COLUMN api.sign_in.last_step IS 'of the last code that let somebody in: no code does twice';

-- Failures are counted by name, whether anybody has that name or not: so nobody learns which names there are.
CREATE TABLE api.attempt (
    name       bytea PRIMARY KEY CHECK (length(name) = 32),
    failures   integer NOT NULL CHECK (failures > 0),
    not_before timestamptz NOT NULL,
    at         timestamptz NOT NULL
);

CREATE INDEX attempt_in_order ON api.attempt (at);

COMMENT ON COLUMN api.attempt.name IS 'SHA-256 of the utility and the name, as somebody typed them';
COMMENT ON COLUMN api.attempt.failures IS 'in a row; counted before a try is made';
