-- What people search by: a row for each customer and contract, with all words about them, folded to a-z and 0-9 so that
-- trigrams work under any locale; and the vocabulary of each utility, in which a word that was typed wrongly is looked up.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE registry.finder (
    utility_id  uuid NOT NULL,
    customer_id uuid NOT NULL,
    contract_id uuid,
    words       text[] COLLATE "C" NOT NULL,
    UNIQUE NULLS NOT DISTINCT (utility_id, customer_id, contract_id)
);

CREATE INDEX finder_words ON registry.finder USING gin (words);

-- Words with a letter in them. They are added and never taken away: one that nobody has any more finds nobody.
CREATE TABLE registry.word (
    utility_id uuid NOT NULL REFERENCES registry.utility,
    word       text COLLATE "C" NOT NULL,
    PRIMARY KEY (utility_id, word)
);

CREATE INDEX word_like ON registry.word USING gin (word gin_trgm_ops);
