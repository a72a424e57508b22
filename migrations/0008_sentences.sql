-- What stored sentences are made of, so that each reader gets them in their language
-- (store/sentences.py).
ALTER TABLE jobs ADD COLUMN IF NOT EXISTS error_parts jsonb;
ALTER TABLE jobs ADD COLUMN IF NOT EXISTS waiting_parts jsonb;
ALTER TABLE job_errors ADD COLUMN IF NOT EXISTS error_parts jsonb;
