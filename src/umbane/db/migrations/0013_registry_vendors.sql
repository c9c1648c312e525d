-- Who sells, and who works here.
CREATE TABLE registry.vendor (
    utility_id   uuid NOT NULL REFERENCES registry.utility,
    id           uuid NOT NULL,
    code         text NOT NULL,
    name         text NOT NULL,
    credit_limit bigint NOT NULL DEFAULT 0 CHECK (credit_limit >= 0),
    blocked      boolean NOT NULL DEFAULT false,
    added_by     bigint NOT NULL,
    PRIMARY KEY (utility_id, id),
    UNIQUE (utility_id, code)
);

CREATE TABLE registry.terminal (
    utility_id uuid NOT NULL,
    id         uuid NOT NULL,
    vendor_id  uuid NOT NULL,
    code       text NOT NULL,
    blocked    boolean NOT NULL DEFAULT false,
    added_by   bigint NOT NULL,
    PRIMARY KEY (utility_id, id),
    UNIQUE (utility_id, vendor_id, code),
    UNIQUE (utility_id, vendor_id, id),
    FOREIGN KEY (utility_id, vendor_id) REFERENCES registry.vendor (utility_id, id)
);

CREATE TABLE registry.operator (
    utility_id    uuid NOT NULL REFERENCES registry.utility,
    id            uuid NOT NULL,
    name          text NOT NULL,
    full_name     text NOT NULL,
    person        text NOT NULL CHECK (person <> '' AND person = lower(person)),
    vendor_id     uuid,
    roles         text[] NOT NULL,
    password_hash text CHECK (password_hash LIKE '$argon2id$%'),
    totp_secret   bytea,
    blocked       boolean NOT NULL DEFAULT false,
    PRIMARY KEY (utility_id, id),
    UNIQUE (utility_id, name),
    FOREIGN KEY (utility_id, vendor_id) REFERENCES registry.vendor (utility_id, id)
);

CREATE INDEX operator_person ON registry.operator (utility_id, person);

COMMENT ON COLUMN registry.operator.person IS 'a personnel number or a name: all operators with the same one are one person';
COMMENT ON COLUMN registry.operator.totp_secret IS 'sealed: useless without the key of whoever checks the code';
COMMENT ON COLUMN registry.operator.vendor_id IS 'whose till the operator works at; NULL for staff of the utility';

-- A key is 256 random bits, so a plain SHA-256 of it can't be turned back. Only who holds the key can show it.
CREATE TABLE registry.api_key (
    utility_id  uuid NOT NULL,
    id          uuid NOT NULL,
    vendor_id   uuid NOT NULL,
    terminal_id uuid NOT NULL,
    label       text NOT NULL,
    hash        bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    scopes      text[] NOT NULL,
    limits      jsonb NOT NULL,
    issued_at   timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz,
    PRIMARY KEY (utility_id, id),
    FOREIGN KEY (utility_id, vendor_id, terminal_id) REFERENCES registry.terminal (utility_id, vendor_id, id)
);
