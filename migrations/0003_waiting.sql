-- What a job waits for, and when each claim of a row began (store/waiting.py, store/claims.py).
ALTER TABLE jobs ADD COLUMN IF NOT EXISTS waiting text;
ALTER TABLE job_rows ADD COLUMN IF NOT EXISTS leased_at timestamptz;
