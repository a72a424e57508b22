-- The whole schema, as of the version at the end. db.py applies it to a new database, under an
-- advisory lock, and it is safe to run again. Later versions come as migrations/NNNN_name.sql. They
-- only add, so that the older service can go on working beside the new one during a rolling change.

CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE IF NOT EXISTS schema_version (
    version    integer PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS collections (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9._-]{1,100}$'),
    -- What was found in the last file. An export gives back its columns in their order.
    file       jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The models that made the vectors. Vectors of two models are never compared.
CREATE TABLE IF NOT EXISTS models (
    id         smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identity   text NOT NULL UNIQUE,
    -- pgvector can index a halfvec of at most 4,000 dimensions; the type itself holds 16,000.
    dimension  integer NOT NULL CHECK (dimension BETWEEN 1 AND 4000),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One question with its answer. Key and place say which row of a later file is the same item. The
-- key is a digest of the file's id, with place 0; or of the question, with a place among the
-- different answers to it.
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
    -- The order of arrival, which an export keeps: number of the job and of the row, 32 bits each.
    -- Ids are not in this order, because several workers write the rows of one job.
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
-- halfvec takes half the space of vector at no visible loss. It has no dimension here, because
-- models differ in it.
CREATE TABLE IF NOT EXISTS vectors (
    item_id       bigint NOT NULL REFERENCES items ON DELETE CASCADE,
    model_id      smallint NOT NULL REFERENCES models,
    kind          text NOT NULL CHECK (kind IN ('question', 'pair')),
    -- The item's collection, repeated here so that a search in one collection needs no join.
    collection_id integer NOT NULL,
    embedding     halfvec NOT NULL,
    PRIMARY KEY (item_id, model_id, kind)
);

-- An exact search within a collection reads only its vectors.
CREATE INDEX IF NOT EXISTS vectors_collection ON vectors (collection_id, model_id);

CREATE TABLE IF NOT EXISTS jobs (
    id              uuid PRIMARY KEY,
    -- The order of arrival. Jobs of one collection run one after another in this order.
    number          bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    status          text NOT NULL
                    CHECK (status IN ('enqueued', 'processing', 'succeeded', 'failed', 'canceled')),
    collection_id   integer REFERENCES collections ON DELETE SET NULL,
    -- The name stays readable when the collection is gone.
    collection      text NOT NULL,
    filename        text,
    mode            text NOT NULL CHECK (mode IN ('upsert', 'replace', 'append')),
    -- Unique: if several uploads with one key come at once, the database lets one in.
    idempotency_key text UNIQUE,
    -- What was found in the file: encoding, delimiter, header, columns.
    file            jsonb NOT NULL DEFAULT '{}',
    total           bigint NOT NULL DEFAULT 0,
    inserted        bigint NOT NULL DEFAULT 0,
    updated         bigint NOT NULL DEFAULT 0,
    unchanged       bigint NOT NULL DEFAULT 0,
    rejected        bigint NOT NULL DEFAULT 0,
    deleted         bigint NOT NULL DEFAULT 0,
    -- Rows a second, smoothed, and when that was last computed.
    rate            double precision,
    rate_at         timestamptz,
    error_code      text,
    error           text,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at      timestamptz,
    finished_at     timestamptz,
    -- When a batch of the job was last claimed. By it, jobs of different collections take turns.
    claimed_at      timestamptz,
    -- A digest of what came with the idempotency key: the file's bytes, and the options. A job made
    -- by version 1 of this schema has none.
    idempotency_digest text,
    -- What the job waits for, as a sentence for a person. NULL while it goes on.
    waiting         text,
    CHECK (inserted + updated + unchanged + rejected <= total),
    CHECK (status <> 'succeeded' OR inserted + updated + unchanged + rejected = total),
    CHECK ((finished_at IS NULL) = (status IN ('enqueued', 'processing')))
);

-- The few unfinished jobs among all that ever were.
CREATE INDEX IF NOT EXISTS jobs_unfinished ON jobs (collection_id, number)
    WHERE status IN ('enqueued', 'processing');

-- The rows of an unfinished job. They are written with the job before the upload is answered, and
-- removed when the job ends.
CREATE TABLE IF NOT EXISTS job_rows (
    -- Not a foreign key: it would be checked for each of a million rows, which come in the
    -- transaction of the job itself.
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
    -- The claim that holds the row. Only the worker with this lease may write the row's results.
    lease_id      uuid,
    leased_until  timestamptz,
    -- How often the row was claimed. A row that ends the process is found by this number.
    attempts      smallint NOT NULL DEFAULT 0,
    -- When the lease was given. If that is in the future, the clock was set back, and it is over.
    leased_at     timestamptz,
    PRIMARY KEY (job_id, row_no)
);

-- Claims take the first waiting rows. Rows that were tried twice (SUSPECT_ATTEMPTS in
-- store/claims.py) are tried alone, and last.
CREATE INDEX IF NOT EXISTS job_rows_waiting ON job_rows (job_id, row_no)
    WHERE outcome IS NULL AND attempts < 2;
CREATE INDEX IF NOT EXISTS job_rows_suspect ON job_rows (job_id, row_no)
    WHERE outcome IS NULL AND attempts >= 2;

-- Vectors whose items are not written yet. They stay for one transaction or, for a job with mode
-- replace, until its end, where all its items appear at once.
CREATE TABLE IF NOT EXISTS staged_vectors (
    job_id    uuid NOT NULL,
    row_no    bigint NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('question', 'pair')),
    embedding halfvec NOT NULL,
    PRIMARY KEY (job_id, row_no, kind),
    FOREIGN KEY (job_id, row_no) REFERENCES job_rows ON DELETE CASCADE
);

-- Rejected rows, by the line where they begin. They stay when the staged rows are gone.
CREATE TABLE IF NOT EXISTS job_errors (
    number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    job_id uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    line   bigint NOT NULL,
    code   text NOT NULL,
    error  text NOT NULL,
    -- The row itself, so that it can be mended and uploaded again: a list of its fields or, for a
    -- row that was staged before it was rejected, an object of id, question, answer and metadata.
    fields jsonb
);

-- Sorts them by line. A line of JSON can hold several rows, so the number decides among those.
CREATE INDEX IF NOT EXISTS job_errors_line ON job_errors (job_id, line, number);

INSERT INTO schema_version (version) VALUES (3) ON CONFLICT DO NOTHING;
