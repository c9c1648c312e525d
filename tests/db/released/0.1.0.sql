--
-- PostgreSQL database dump
--


-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: db; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA db;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: job; Type: TABLE; Schema: db; Owner: -
--

CREATE TABLE db.job (
    id bigint NOT NULL,
    name text NOT NULL,
    payload jsonb NOT NULL,
    enqueued_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    worker text,
    problem text
);


--
-- Name: COLUMN job.worker; Type: COMMENT; Schema: db; Owner: -
--

COMMENT ON COLUMN db.job.worker IS 'who has it; NULL while it waits';


--
-- Name: COLUMN job.problem; Type: COMMENT; Schema: db; Owner: -
--

COMMENT ON COLUMN db.job.problem IS 'why the last attempt failed';


--
-- Name: job_id_seq; Type: SEQUENCE; Schema: db; Owner: -
--

ALTER TABLE db.job ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME db.job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: job_outcome; Type: TABLE; Schema: db; Owner: -
--

CREATE TABLE db.job_outcome (
    id bigint NOT NULL,
    name text NOT NULL,
    payload jsonb NOT NULL,
    enqueued_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    attempts integer NOT NULL,
    done boolean NOT NULL,
    problem text,
    retried_as bigint,
    CONSTRAINT job_outcome_check CHECK ((done = (problem IS NULL))),
    CONSTRAINT job_outcome_check1 CHECK (((retried_as IS NULL) OR (NOT done)))
);


--
-- Name: TABLE job_outcome; Type: COMMENT; Schema: db; Owner: -
--

COMMENT ON TABLE db.job_outcome IS 'done, or dead: given up after its last attempt';


--
-- Name: COLUMN job_outcome.retried_as; Type: COMMENT; Schema: db; Owner: -
--

COMMENT ON COLUMN db.job_outcome.retried_as IS 'the job that a dead one was enqueued again as';


--
-- Name: migration; Type: TABLE; Schema: db; Owner: -
--

CREATE TABLE db.migration (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    version text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Data for Name: job; Type: TABLE DATA; Schema: db; Owner: -
--

INSERT INTO db.job OVERRIDING SYSTEM VALUE VALUES (1, 'test.kept', '{"letters": "é''\\\n"}', '2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00', 0, NULL, NULL);
INSERT INTO db.job OVERRIDING SYSTEM VALUE VALUES (2, 'test.kept', '{}', '2026-01-01 00:00:00+00', '2027-01-01 00:00:00+00', 0, NULL, NULL);


--
-- Data for Name: job_outcome; Type: TABLE DATA; Schema: db; Owner: -
--



--
-- Data for Name: migration; Type: TABLE DATA; Schema: db; Owner: -
--

INSERT INTO db.migration VALUES (1, '0001_db_jobs.sql', '5817a32304cfccc158e9f30e57fc17d4c74923c02f254fee04a2e8d22b88c6f9', '0.1.0', '2026-11-20 08:22:52.254857+00');


--
-- Name: job_id_seq; Type: SEQUENCE SET; Schema: db; Owner: -
--

SELECT pg_catalog.setval('db.job_id_seq', 2, true);


--
-- Name: job_outcome job_outcome_pkey; Type: CONSTRAINT; Schema: db; Owner: -
--

ALTER TABLE ONLY db.job_outcome
    ADD CONSTRAINT job_outcome_pkey PRIMARY KEY (id);


--
-- Name: job job_pkey; Type: CONSTRAINT; Schema: db; Owner: -
--

ALTER TABLE ONLY db.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (id);


--
-- Name: migration migration_pkey; Type: CONSTRAINT; Schema: db; Owner: -
--

ALTER TABLE ONLY db.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (number);


--
-- Name: job_due; Type: INDEX; Schema: db; Owner: -
--

CREATE INDEX job_due ON db.job USING btree (name, due_at, id);


--
-- Name: job_outcome_dead; Type: INDEX; Schema: db; Owner: -
--

CREATE INDEX job_outcome_dead ON db.job_outcome USING btree (id) WHERE ((NOT done) AND (retried_as IS NULL));


--
-- Name: job_outcome_finished; Type: INDEX; Schema: db; Owner: -
--

CREATE INDEX job_outcome_finished ON db.job_outcome USING brin (finished_at);


--
-- PostgreSQL database dump complete
--


