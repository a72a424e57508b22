-- Users with passwords, and keys for programs.
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
