-- The trade round the sale. What is written here stays, as the books do: what was wrong is put right by something more.
CREATE SCHEMA trade;

CREATE FUNCTION trade.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'what was counted, earned or banked stays';
END $$;
