-- Finds the jobs whose time is over (store/retention.py), and those of a collection's evaluations.
CREATE INDEX IF NOT EXISTS jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_evaluations ON jobs (collection, number)
    WHERE kind = 'evaluation' AND status = 'succeeded';
