-- Customers, the places they are supplied at, and the contracts that join the two.
CREATE TABLE registry.customer (
    utility_id uuid NOT NULL REFERENCES registry.utility,
    id         uuid NOT NULL,
    name       text NOT NULL,
    phone      text,
    email      text,
    id_number  text,
    language   text,
    added_by   bigint NOT NULL,
    PRIMARY KEY (utility_id, id)
);

CREATE TABLE registry.service_point (
    utility_id  uuid NOT NULL REFERENCES registry.utility,
    id          uuid NOT NULL,
    address     text NOT NULL,
    feeder      text,
    transformer text,
    pole        text,
    phase       text CHECK (phase IN ('L1', 'L2', 'L3', 'L123')),
    added_by    bigint NOT NULL,
    PRIMARY KEY (utility_id, id)
);

CREATE INDEX service_point_network ON registry.service_point (utility_id, feeder, transformer);

-- A sale rewrites state and version and no column that an index looks at, in a page with room for it.
CREATE TABLE registry.contract (
    utility_id       uuid NOT NULL,
    id               uuid NOT NULL,
    customer_id      uuid NOT NULL,
    service_point_id uuid NOT NULL,
    account_no       text NOT NULL,
    tariff_id        text NOT NULL,
    opened           date NOT NULL,
    closed           date CHECK (closed >= opened),
    state            json NOT NULL DEFAULT '{}',
    version          bigint NOT NULL DEFAULT 0,
    added_by         bigint NOT NULL,
    PRIMARY KEY (utility_id, id),
    UNIQUE (utility_id, account_no),
    UNIQUE (utility_id, service_point_id, id),
    FOREIGN KEY (utility_id, customer_id) REFERENCES registry.customer (utility_id, id),
    FOREIGN KEY (utility_id, service_point_id) REFERENCES registry.service_point (utility_id, id),
    FOREIGN KEY (utility_id, tariff_id) REFERENCES registry.tariff (utility_id, id)
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX one_contract_a_place ON registry.contract (utility_id, service_point_id) WHERE closed IS NULL;
CREATE INDEX contract_customer ON registry.contract (utility_id, customer_id);

COMMENT ON COLUMN registry.contract.state IS 'what the next price depends on (pricing.CustomerState), defaults left out';
COMMENT ON COLUMN registry.contract.version IS 'grows by one whenever state changes';
