-- What people search by: a row for each customer and contract, all words about them in one text, folded to a-z and 0-9 so that
-- trigrams work under any locale.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE registry.finder (
    utility_id  uuid NOT NULL,
    customer_id uuid NOT NULL,
    contract_id uuid,
    words       text COLLATE "C" NOT NULL,
    UNIQUE NULLS NOT DISTINCT (utility_id, customer_id, contract_id),
    FOREIGN KEY (utility_id, customer_id) REFERENCES registry.customer (utility_id, id),
    FOREIGN KEY (utility_id, contract_id) REFERENCES registry.contract (utility_id, id)
);

CREATE INDEX finder_words ON registry.finder USING gin (words gin_trgm_ops) WITH (gin_pending_list_limit = 16384);
