-- An item's other wordings, and any number of vectors for each item (store/vectors.py).
ALTER TABLE items ADD COLUMN IF NOT EXISTS alternatives text[] NOT NULL DEFAULT '{}';
ALTER TABLE job_rows ADD COLUMN IF NOT EXISTS alternatives text[];

ALTER TABLE staged_vectors DROP CONSTRAINT staged_vectors_kind_check;
ALTER TABLE staged_vectors ADD CONSTRAINT staged_vectors_kind_check
    CHECK (kind IN ('question', 'pair') OR kind ~ '^(alternative|pair) [1-9][0-9]{0,3}$');

-- An older service reads two kinds of vectors, answers a search with an error where it finds
-- another kind, and writes a vector ON CONFLICT (item_id, model_id, kind). So the table keeps its
-- key and gets another name, and the old name shows what that service knows.
ALTER TABLE vectors RENAME TO item_vectors;
ALTER INDEX vectors_collection RENAME TO item_vectors_collection;
ALTER TABLE item_vectors DROP CONSTRAINT vectors_kind_check;
ALTER TABLE item_vectors ADD CONSTRAINT item_vectors_kind_check
    CHECK (kind IN ('question', 'pair') OR kind ~ '^(alternative|pair) [1-9][0-9]{0,3}$');
-- From PostgreSQL 18 on, NOT NULL is a constraint with a name, too.
DO $$
DECLARE
    old name;
BEGIN
    FOR old IN SELECT conname FROM pg_constraint
               WHERE conrelid = 'item_vectors'::regclass AND conname LIKE 'vectors%' LOOP
        EXECUTE format('ALTER TABLE item_vectors RENAME CONSTRAINT %I TO %I', old, 'item_' || old);
    END LOOP;
END
$$;

CREATE VIEW vectors AS
SELECT item_id, model_id, kind, collection_id, embedding FROM item_vectors
WHERE kind IN ('question', 'pair');
