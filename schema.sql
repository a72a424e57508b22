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
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Its own thresholds of a decision (store/thresholds.py), if somebody set them.
    decision   jsonb
);

-- The models that made the vectors. Vectors of two models are never compared.
CREATE TABLE IF NOT EXISTS models (
    id         smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identity   text NOT NULL UNIQUE,
    -- pgvector can index a halfvec of at most 4,000 dimensions; the type itself holds 16,000.
    dimension  integer NOT NULL CHECK (dimension BETWEEN 1 AND 4000),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- What its distances mean (services/calibration.py). NULL until that is measured.
    spread     double precision,
    top        double precision,
    -- When a process began to measure them.
    measuring_since timestamptz
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
    -- The metadata as a reader sees it, where that differs: filters compare with it.
    visible_metadata jsonb,
    -- Other wordings of the question, in the order of their vectors.
    alternatives  text[] NOT NULL DEFAULT '{}',
    -- Unique, so that a repeated write (a lost reply to COMMIT, two workers) can't double an item.
    UNIQUE (collection_id, item_key, place)
);

-- Finds the stored answers to a question when a file's rows are matched with them.
CREATE INDEX IF NOT EXISTS items_question ON items (collection_id, question_hash);

-- Lists and exports a collection in its order.
CREATE INDEX IF NOT EXISTS items_position ON items (collection_id, position, id);

-- Serves the filter of a search: metadata @> {"column": "value"}.
CREATE INDEX IF NOT EXISTS items_metadata ON items USING gin (metadata jsonb_path_ops);

-- A text as a reader sees it: in NFC, without invisible marks, each run of white space one space,
-- trimmed. texts.py does the same. Longer texts than a search can name stay as they are.
CREATE OR REPLACE FUNCTION visible_text(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        WHEN length(value) > 20000 THEN value
        -- PostgreSQL takes quadratic time for a run of combining marks. No language has such runs.
        WHEN plain ~ ('[' ||
            '\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u0670\u06d6-\u074a' ||
            '\u07eb-\u0954\u09bc-\u0a4d\u0abc-\u0acd\u0b3c-\u0b4d\u0bcd' ||
            '\u0c3c-\u0c56\u0cbc-\u0ccd\u0d3b-\u0d4d\u0dca\u0e38-\u0e4b' ||
            '\u0eb8-\u0ecb\u0f18-\u0fc6\u1037-\u103a\u108d\u135d-\u135f' ||
            '\u1714-\u1734\u17d2-\u17dd\u18a9\u1939-\u193b\u1a17-\u1a18' ||
            '\u1a60-\u1ace\u1b34-\u1bf3\u1c37\u1cd0-\u1cf9\u1dc0-\u1dff' ||
            '\u20d0-\u20f0\u2cef-\u2cf1\u2d7f\u2de0-\u2dff\u302a-\u302f' ||
            '\u3099-\u309a\ua66f-\ua69f\ua6f0-\ua6f1\ua806-\ua82c\ua8c4-\ua953' ||
            '\ua9b3-\ua9c0\uaab0-\uaaf6\uabed\ufb1e\ufe20-\ufe2f\U000101fd' ||
            '\U000102e0\U00010376-\U0001037a\U00010a0d-\U00010a3f' ||
            '\U00010ae5-\U00010ae6\U00010d24-\U00010d27\U00010eab-\U00010eac' ||
            '\U00010f46-\U00010f85\U00011046-\U000110ba\U00011100-\U00011173' ||
            '\U000111c0-\U000111ca\U00011235-\U00011236\U000112e9-\U000112ea' ||
            '\U0001133b-\U00011374\U00011442-\U0001145e\U000114c2-\U000114c3' ||
            '\U000115bf-\U000115c0\U0001163f\U000116b6-\U000116b7\U0001172b' ||
            '\U00011839-\U0001183a\U0001193d-\U00011943\U000119e0' ||
            '\U00011a34-\U00011a47\U00011a99\U00011c3f\U00011d42-\U00011d45' ||
            '\U00011d97\U00016af0-\U00016b36\U00016ff0-\U00016ff1\U0001bc9e' ||
            '\U0001d165-\U0001d1ad\U0001d242-\U0001d244\U0001e000-\U0001e02a' ||
            '\U0001e130-\U0001e136\U0001e2ae-\U0001e2ef\U0001e8d0-\U0001e8d6' ||
            '\U0001e944-\U0001e94a'
            || ']{31}') THEN plain
        ELSE normalize(plain, NFC)
    END
    FROM (
        SELECT btrim(regexp_replace(regexp_replace(value,
            '[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]', '', 'g'),
            '[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f'
            '\u3000]+', ' ', 'g'), ' ') AS plain
    ) shown
$$;

-- The names and values of metadata as a reader sees them, NULL where that is what is stored. Two
-- names that look the same become one, with the values of both.
CREATE OR REPLACE FUNCTION visible_metadata(stored jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        -- Text of ASCII without odd spaces needs no second look. Only UTF8 has other text.
        WHEN stored::text !~ '[^ -~]|" | "[:,}]|  |\\[bfnrtu]' THEN NULL
        WHEN getdatabaseencoding() <> 'UTF8' THEN NULL
        ELSE (
            SELECT NULLIF(jsonb_object_agg(name, CASE jsonb_array_length(texts)
                                                 WHEN 1 THEN texts -> 0 ELSE texts END), stored)
            FROM (SELECT visible_text(key) AS name, jsonb_agg(visible_text(value)) AS texts
                  FROM jsonb_each_text(stored) GROUP BY 1) columns)
    END
$$;

CREATE OR REPLACE FUNCTION set_visible_metadata() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.visible_metadata := visible_metadata(NEW.metadata);
    RETURN NEW;
END
$$;

-- A trigger, so that it is right whatever version of the service writes the item.
CREATE OR REPLACE TRIGGER items_visible_metadata BEFORE INSERT OR UPDATE OF metadata ON items
    FOR EACH ROW EXECUTE FUNCTION set_visible_metadata();

-- Serves the filter of a search where names or values look otherwise than they are stored.
CREATE INDEX IF NOT EXISTS items_visible_metadata
    ON items USING gin (visible_metadata jsonb_path_ops) WHERE visible_metadata IS NOT NULL;

-- Items whose values in a newer column are still to be computed: those from next_id to last_id.
CREATE TABLE IF NOT EXISTS backfills (
    name    text PRIMARY KEY,
    next_id bigint NOT NULL,
    last_id bigint NOT NULL
);

-- The vectors of an item, of each model: `question`, `pair` (question and answer together), and
-- `alternative 1` and so on, in the order of items.alternatives. Where a pair is longer than the
-- model's window, `pair` is of the whole, and `pair 1` and so on are of its pieces. halfvec takes
-- half the space of vector at no visible loss. It has no dimension here, because models differ in
-- it.
CREATE TABLE IF NOT EXISTS item_vectors (
    item_id       bigint NOT NULL REFERENCES items ON DELETE CASCADE,
    model_id      smallint NOT NULL REFERENCES models,
    kind          text NOT NULL
                  CHECK (kind IN ('question', 'pair') OR kind ~ '^(alternative|pair) [1-9][0-9]{0,3}$'),
    -- The item's collection, repeated here so that a search in one collection needs no join.
    collection_id integer NOT NULL,
    embedding     halfvec NOT NULL,
    -- The number is in `kind`, and no column of its own, because an older service beside this one
    -- writes ON CONFLICT (item_id, model_id, kind).
    PRIMARY KEY (item_id, model_id, kind)
);

-- An exact search within a collection reads only its vectors.
CREATE INDEX IF NOT EXISTS item_vectors_collection ON item_vectors (collection_id, model_id);

-- What a service of version 3 reads and writes: it knows no other kinds, and fails on them.
CREATE OR REPLACE VIEW vectors AS
SELECT item_id, model_id, kind, collection_id, embedding FROM item_vectors
WHERE kind IN ('question', 'pair');

-- The pieces of a long pair say what the pair's text was. When that changes they go, also if a
-- service changes it that knows nothing of them. BEFORE, so that the same statement can write the
-- new ones.
CREATE OR REPLACE FUNCTION delete_outdated_pieces() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM item_vectors WHERE item_id = NEW.id AND kind LIKE 'pair %';
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER items_delete_outdated_pieces
    BEFORE UPDATE ON items FOR EACH ROW
    WHEN ((OLD.question_hash, OLD.answer_hash) IS DISTINCT FROM
          (NEW.question_hash, NEW.answer_hash))
    EXECUTE FUNCTION delete_outdated_pieces();

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
    -- An evaluation asks a collection questions. It has no collection_id: jobs of a collection run
    -- one after another, and an evaluation changes nothing.
    kind            text NOT NULL DEFAULT 'import' CHECK (kind IN ('import', 'evaluation')),
    -- What the sentences `error` and `waiting` are made of, for readers of other languages.
    error_parts     jsonb,
    waiting_parts   jsonb,
    -- The id of the request that brought the job, for the lines of the log.
    request_id      text,
    CHECK (inserted + updated + unchanged + rejected <= total),
    CHECK (status <> 'succeeded' OR inserted + updated + unchanged + rejected = total),
    CHECK ((finished_at IS NULL) = (status IN ('enqueued', 'processing')))
);

-- The questions of an evaluation, and how they were answered.
CREATE TABLE IF NOT EXISTS evaluations (
    job_id       uuid PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    -- The questions, until the job has ended.
    cases        jsonb,
    result       jsonb,
    -- What became of each question, to be compared with the next run.
    outcomes     jsonb,
    lease_id     uuid,
    leased_until timestamptz,
    attempts     smallint NOT NULL DEFAULT 0
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
    -- NULL where the file says nothing of other wordings: then the item keeps its own.
    alternatives  text[],
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
    kind      text NOT NULL
              CHECK (kind IN ('question', 'pair') OR kind ~ '^(alternative|pair) [1-9][0-9]{0,3}$'),
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
    fields jsonb,
    -- What the sentence `error` is made of, for readers of other languages.
    error_parts jsonb
);

-- Sorts them by line. A line of JSON can hold several rows, so the number decides among those.
CREATE INDEX IF NOT EXISTS job_errors_line ON job_errors (job_id, line, number);

-- Users with passwords; the one of API_USERNAME is not among them.
CREATE TABLE IF NOT EXISTS users (
    name          text PRIMARY KEY CHECK (name <> ''),
    -- scrypt with a salt of its own, as werkzeug writes it.
    password_hash text NOT NULL,
    role          text NOT NULL CHECK (role IN ('reader', 'editor', 'admin')),
    -- The names of the collections that alone may be seen; NULL for all. A name may come before its
    -- collection, so it is no reference.
    collections   text[] CHECK (cardinality(collections) > 0),
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Keys for programs.
CREATE TABLE IF NOT EXISTS keys (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Not unique: while a key is exchanged, the old one and the new one have one name.
    name         text NOT NULL CHECK (name <> ''),
    role         text NOT NULL CHECK (role IN ('reader', 'editor', 'admin')),
    collections  text[] CHECK (cardinality(collections) > 0),
    -- The beginning of the key, by which a person knows it again.
    prefix       text NOT NULL,
    -- SHA-256 of the key (services/keys.py says why that is enough).
    digest       bytea NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Written at most once a minute.
    last_used_at timestamptz,
    expires_at   timestamptz
);

-- Finds the jobs whose time is over (store/retention.py), and those of a collection's evaluations.
CREATE INDEX IF NOT EXISTS jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_evaluations ON jobs (collection, number)
    WHERE kind = 'evaluation' AND status = 'succeeded';

INSERT INTO schema_version (version) VALUES (11) ON CONFLICT DO NOTHING;
