-- What takes the rights of the owner of the tables, for a role that has none of them: whoever works in the database needs no
-- right to make tables, not even for a moment. A role that may make a table may put a trigger on it, and whatever runs within a
-- trigger is taken by the books for one of theirs.
CREATE FUNCTION registry.stage() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CREATE TEMPORARY TABLE staged (
        line integer, meter_id uuid, pan text COLLATE "C", ea smallint, tct smallint, model text, sgc integer, krn smallint,
        ti smallint, kt smallint, base_date smallint, ken smallint, state text, place_id uuid, address text, feeder text,
        transformer text, pole text, phase text, customer_id uuid, contract_id uuid, account text COLLATE "C", customer text,
        phone text, email text, id_number text, language text, tariff text, opened date, customer_state json, words text
    ) ON COMMIT DROP;
    CREATE TEMPORARY TABLE clash (line integer, field text, value text, first integer) ON COMMIT DROP;
    GRANT SELECT, INSERT, DELETE ON pg_temp.staged, pg_temp.clash TO PUBLIC;
END $$;

COMMENT ON FUNCTION registry.stage IS 'makes the tables of an import, which are its own and end with its transaction';

CREATE FUNCTION registry.look_at_stage() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    ANALYZE pg_temp.staged;
END $$;

COMMENT ON FUNCTION registry.look_at_stage IS 'lets PostgreSQL know how much is staged';

CREATE FUNCTION registry.tidy_finder() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM gin_clean_pending_list('registry.finder_words'), gin_clean_pending_list('registry.word_like');
END $$;

COMMENT ON FUNCTION registry.tidy_finder IS
    'sorts what was added to the indexes of the finder into them now, and not while somebody waits for a search';
