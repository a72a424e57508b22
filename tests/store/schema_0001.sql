-- The whole schema, as of the version at the end. Applied by db.py at every start, under an
-- advisory lock; safe to run again. Later versions come as migrations/NNNN_name.sql, which only
-- add, so that the version before can go on working beside the new one during a rolling change.

CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE IF NOT EXISTS schema_version (
    version    integer PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS collections (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9._-]{1,100}$'),
    -- What was found in the last file: an export gives back its columns, in their order.
    file       jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The models that made the vectors. Vectors of two models are never compared.
CREATE TABLE IF NOT EXISTS models (
    id         smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identity   text NOT NULL UNIQUE,
    -- 4,000 is halfvec's own limit for an index.
    dimension  integer NOT NULL CHECK (dimension BETWEEN 1 AND 4000),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One question with its answer. The key says which row of a later file is the same item: a digest
-- of the file's id (place 0), or of the question, with its place among the different answers.
CREATE TABLE IF NOT EXISTS items (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    item_key      uuid NOT NULL,
    place         integer NOT NULL CHECK (place >= 0),
    external_id   text,
    question_hash uuid NOT NULL,
    answer_hash   uuid NOT NULL,
    question      text NOT NULL CHECK (question <> ''),
    answer        text NOT NULL CHECK (answer <> ''),
    metadata      jsonb NOT NULL DEFAULT '{}',
    -- The order of arrival, which an export keeps: number of the job and row, 32 bits each. Ids
    -- do not have it, as several workers write one job's rows.
    position      bigint NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Unique, so that a repeated write (a lost reply to COMMIT, two workers) can't double an item.
    UNIQUE (collection_id, item_key, place)
);

-- Finds the stored answers to a question when a file's rows are matched with them.
CREATE INDEX IF NOT EXISTS items_question ON items (collection_id, question_hash);

-- Lists and exports a collection in its order.
CREATE INDEX IF NOT EXISTS items_position ON items (collection_id, position, id);

-- Serves the filter of a search: metadata @> {"column": "value"}.
CREATE INDEX IF NOT EXISTS items_metadata ON items USING gin (metadata jsonb_path_ops);

-- Two vectors for each item and model: of the question, and of question and answer together.
-- halfvec without a dimension, since models differ in it; half the space at no visible loss.
CREATE TABLE IF NOT EXISTS vectors (
    item_id       bigint NOT NULL REFERENCES items ON DELETE CASCADE,
    model_id      smallint NOT NULL REFERENCES models,
    kind          text NOT NULL CHECK (kind IN ('question', 'pair')),
    -- The item's own; repeated here so that a search in one collection needs no join.
    collection_id integer NOT NULL,
    embedding     halfvec NOT NULL,
    PRIMARY KEY (item_id, model_id, kind)
);

-- Exact search within a collection reads its vectors only.
CREATE INDEX IF NOT EXISTS vectors_collection ON vectors (collection_id, model_id);

CREATE TABLE IF NOT EXISTS jobs (
    id              uuid PRIMARY KEY,
    -- The order of arrival; jobs of one collection run one after another in it.
    number          bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    status          text NOT NULL
                    CHECK (status IN ('enqueued', 'processing', 'succeeded', 'failed', 'canceled')),
    collection_id   integer REFERENCES collections ON DELETE SET NULL,
    -- The name stays readable when the collection is gone.
    collection      text NOT NULL,
    filename        text,
    mode            text NOT NULL CHECK (mode IN ('upsert', 'replace', 'append')),
    -- Unique: of several uploads at once with one key, the database lets one in.
    idempotency_key text UNIQUE,
    -- What was found in the file: encoding, delimiter, header, columns.
    file            jsonb NOT NULL DEFAULT '{}',
    total           bigint NOT NULL DEFAULT 0,
    inserted        bigint NOT NULL DEFAULT 0,
    updated         bigint NOT NULL DEFAULT 0,
    unchanged       bigint NOT NULL DEFAULT 0,
    rejected        bigint NOT NULL DEFAULT 0,
    deleted         bigint NOT NULL DEFAULT 0,
    -- Rows a second, smoothed, and when it was last brought up to date.
    rate            double precision,
    rate_at         timestamptz,
    error_code      text,
    error           text,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at      timestamptz,
    finished_at     timestamptz,
    -- When a batch of it was last claimed: jobs of different collections take turns by it.
    claimed_at      timestamptz,
    CHECK (inserted + updated + unchanged + rejected <= total),
    CHECK (status <> 'succeeded' OR inserted + updated + unchanged + rejected = total),
    CHECK ((finished_at IS NULL) = (status IN ('enqueued', 'processing')))
);

-- The few unfinished jobs among all that ever were.
CREATE INDEX IF NOT EXISTS jobs_unfinished ON jobs (collection_id, number)
    WHERE status IN ('enqueued', 'processing');

-- The rows of an unfinished job: written with it before the upload is answered, removed at its end.
CREATE TABLE IF NOT EXISTS job_rows (
    -- A job's; not as a foreign key, which would be checked for each of a million rows that come
    -- in the job's own transaction.
    job_id        uuid NOT NULL,
    row_no        bigint NOT NULL,
    line          bigint NOT NULL,
    external_id   text,
    item_key      uuid NOT NULL,
    place         integer NOT NULL DEFAULT 0,
    question_hash uuid NOT NULL,
    answer_hash   uuid NOT NULL,
    question      text NOT NULL,
    answer        text NOT NULL,
    metadata      jsonb NOT NULL,
    -- NULL while the row waits to be embedded.
    outcome       text CHECK (outcome IN ('inserted', 'updated', 'unchanged', 'rejected')),
    -- The claim that holds the row. Only its owner may write the row's results.
    lease_id      uuid,
    leased_until  timestamptz,
    -- Claims so far: a row that kills the process is found by it.
    attempts      smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, row_no)
);

-- Claims take the first waiting rows; rows that were tried before are tried alone, last.
CREATE INDEX IF NOT EXISTS job_rows_waiting ON job_rows (job_id, row_no)
    WHERE outcome IS NULL AND attempts < 2;
CREATE INDEX IF NOT EXISTS job_rows_suspect ON job_rows (job_id, row_no)
    WHERE outcome IS NULL AND attempts >= 2;

-- Vectors between the worker and their item: for one transaction, or until the end of a job with
-- mode replace, whose items appear all at once.
CREATE TABLE IF NOT EXISTS staged_vectors (
    job_id    uuid NOT NULL,
    row_no    bigint NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('question', 'pair')),
    embedding halfvec NOT NULL,
    PRIMARY KEY (job_id, row_no, kind),
    FOREIGN KEY (job_id, row_no) REFERENCES job_rows ON DELETE CASCADE
);

-- Rejected rows, by the line where they begin. They outlive the staged rows.
CREATE TABLE IF NOT EXISTS job_errors (
    number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    job_id uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    line   bigint NOT NULL,
    code   text NOT NULL,
    error  text NOT NULL,
    -- The row itself, so that it can be mended and uploaded again: a list of its fields; of a row
    -- that was staged before it was rejected, an object of id, question, answer, metadata.
    fields jsonb
);

-- By line; a line of JSON can hold several rows.
CREATE INDEX IF NOT EXISTS job_errors_line ON job_errors (job_id, line, number);

INSERT INTO schema_version (version) VALUES (1) ON CONFLICT DO NOTHING;
