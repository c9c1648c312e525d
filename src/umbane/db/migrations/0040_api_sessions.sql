-- People who are signed in, and how often somebody failed to.
CREATE SCHEMA api;

CREATE TABLE api.session (
    hash        bytea PRIMARY KEY CHECK (length(hash) = 32),
    utility_id  uuid NOT NULL,
    operator_id uuid NOT NULL,
    opened_at   timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    FOREIGN KEY (utility_id, operator_id) REFERENCES registry.operator (utility_id, id)
);

COMMENT ON COLUMN api.session.hash IS 'SHA-256 of the token that was shown once';

CREATE TABLE api.sign_in (
    utility_id  uuid NOT NULL,
    operator_id uuid NOT NULL,
    failures    integer NOT NULL DEFAULT 0,
    not_before  timestamptz NOT NULL,
    last_step   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (utility_id, operator_id),
    FOREIGN KEY (utility_id, operator_id) REFERENCES registry.operator (utility_id, id)
);

COMMENT ON COLUMN api.sign_in.failures IS 'in a row; counted before a try is made';
COMMENT ON COLUMN api.sign_in.last_step IS 'of the last code that let somebody in: no code does twice';
