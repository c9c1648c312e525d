-- How often somebody may ask, whichever process they ask: each process takes some requests at a time, ahead of their use.
-- What is in it is worth nothing after a crash, so it isn't logged.
CREATE UNLOGGED TABLE api.rate (
    name    text COLLATE "C" PRIMARY KEY,
    free_at timestamptz NOT NULL
);

COMMENT ON COLUMN api.rate.free_at IS 'when everything that was taken would have been asked at an even pace';

CREATE FUNCTION api.lease(
    who text, gap float8, burst float8, most integer, OUT requests integer, OUT wait float8
) LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz;
    ahead  float8;
BEGIN
    INSERT INTO api.rate VALUES (who, clock_timestamp()) ON CONFLICT DO NOTHING;
    PERFORM FROM api.rate WHERE name = who FOR UPDATE;
    moment := clock_timestamp();
    SELECT greatest(0, extract(epoch FROM free_at - moment)) INTO ahead FROM api.rate WHERE name = who;
    requests := CASE WHEN ahead > burst THEN 0 ELSE least(most, floor((burst - ahead) / gap)::integer + 1) END;
    wait := greatest(0, ahead - burst);
    UPDATE api.rate SET free_at = moment + make_interval(secs => ahead + requests * gap) WHERE name = who AND requests > 0;
END $$;

COMMENT ON FUNCTION api.lease IS 'takes up to so many requests, one each gap seconds, and burst seconds of them at once';
