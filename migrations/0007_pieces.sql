-- The pieces of a long pair say what the pair's text was. When that changes they go, also if a
-- service changes it that knows nothing of them. BEFORE, so that the same statement can write the
-- new ones.
CREATE OR REPLACE FUNCTION delete_outdated_pieces() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM item_vectors WHERE item_id = NEW.id AND kind LIKE 'pair %';
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER items_delete_outdated_pieces
    BEFORE UPDATE ON items FOR EACH ROW
    WHEN ((OLD.question_hash, OLD.answer_hash) IS DISTINCT FROM
          (NEW.question_hash, NEW.answer_hash))
    EXECUTE FUNCTION delete_outdated_pieces();
