-- The id of the request that brought a job, for the lines of the log.
ALTER TABLE jobs ADD COLUMN IF NOT EXISTS request_id text;
