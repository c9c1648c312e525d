-- Jobs that wait, or that a worker has taken. To take one moves due_at to the end of the lease: when the worker dies, the
-- job comes due again by itself.
CREATE TABLE db.job (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL,
    payload     jsonb NOT NULL,
    enqueued_at timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    attempts    integer NOT NULL DEFAULT 0,
    worker      text,
    problem     text
);

CREATE INDEX job_due ON db.job (name, due_at, id);

COMMENT ON COLUMN db.job.worker IS 'who has it; NULL while it waits';
COMMENT ON COLUMN db.job.problem IS 'why the last attempt failed';

-- What became of a job: one row, written once.
CREATE TABLE db.job_outcome (
    id          bigint PRIMARY KEY,
    name        text NOT NULL,
    payload     jsonb NOT NULL,
    enqueued_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    attempts    integer NOT NULL,
    done        boolean NOT NULL,
    problem     text,
    retried_as  bigint,
    CHECK (done = (problem IS NULL)),
    CHECK (retried_as IS NULL OR NOT done)
);

CREATE INDEX job_outcome_dead ON db.job_outcome (id) WHERE NOT done AND retried_as IS NULL;

CREATE INDEX job_outcome_finished ON db.job_outcome USING brin (finished_at);

COMMENT ON TABLE db.job_outcome IS 'done, or dead: given up after its last attempt';
COMMENT ON COLUMN db.job_outcome.retried_as IS 'the job that a dead one was enqueued again as';
