-- What a model's distances mean, and who measures it; a collection's own thresholds.
ALTER TABLE models ADD COLUMN IF NOT EXISTS spread double precision;
ALTER TABLE models ADD COLUMN IF NOT EXISTS top double precision;
ALTER TABLE models ADD COLUMN IF NOT EXISTS measuring_since timestamptz;
ALTER TABLE collections ADD COLUMN IF NOT EXISTS decision jsonb;

-- A file of questions that a collection is asked, to see how well it answers. Such a job has no
-- collection_id: jobs of a collection run one after another, and this one changes nothing.
ALTER TABLE jobs ADD COLUMN IF NOT EXISTS kind text NOT NULL DEFAULT 'import'
    CHECK (kind IN ('import', 'evaluation'));
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
