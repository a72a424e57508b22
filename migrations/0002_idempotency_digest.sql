-- A digest of what came with the idempotency key: the file's bytes, and the options. Jobs that were
-- made before have none, and any upload with their key counts as the same.
ALTER TABLE jobs ADD COLUMN IF NOT EXISTS idempotency_digest text;
