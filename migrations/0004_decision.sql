-- What a model's distances mean, and who measures it; a collection's own thresholds.
ALTER TABLE models ADD COLUMN IF NOT EXISTS spread double precision;
ALTER TABLE models ADD COLUMN IF NOT EXISTS top double precision;
ALTER TABLE models ADD COLUMN IF NOT EXISTS measuring_since timestamptz;
ALTER TABLE collections ADD COLUMN IF NOT EXISTS decision jsonb;
