-- Finds the jobs whose time is over (store/retention.py), and those of a collection's evaluations.
CREATE INDEX IF NOT EXISTS jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_evaluations ON jobs (collection, number)
    WHERE kind = 'evaluation' AND status = 'succeeded';

-- What imports write and remove. Autovacuum comes sooner than by default, for a process without
-- workers does not vacuum (store/vacuuming.py).
ALTER TABLE items SET (autovacuum_vacuum_scale_factor = 0.1);
ALTER TABLE item_vectors SET (autovacuum_vacuum_scale_factor = 0.1);
ALTER TABLE job_rows SET (autovacuum_vacuum_scale_factor = 0.1);
ALTER TABLE staged_vectors SET (autovacuum_vacuum_scale_factor = 0.1);
