-- What filters compare with: metadata as a reader sees it. Adding the column takes no time. Items
-- that are stored already get it in the background (store/visible_metadata.py); until then a filter
-- finds them as it did before, by what is stored.
ALTER TABLE items ADD COLUMN IF NOT EXISTS visible_metadata jsonb;

-- A text as a reader sees it: in NFC, without invisible marks, each run of white space one space,
-- trimmed. texts.py does the same. Longer texts than a search can name stay as they are.
CREATE OR REPLACE FUNCTION visible_text(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        WHEN length(value) > 20000 THEN value
        -- PostgreSQL takes quadratic time for a run of combining marks. No language has such runs.
        WHEN plain ~ ('[' ||
            '\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u0670\u06d6-\u074a' ||
            '\u07eb-\u0954\u09bc-\u0a4d\u0abc-\u0acd\u0b3c-\u0b4d\u0bcd' ||
            '\u0c3c-\u0c56\u0cbc-\u0ccd\u0d3b-\u0d4d\u0dca\u0e38-\u0e4b' ||
            '\u0eb8-\u0ecb\u0f18-\u0fc6\u1037-\u103a\u108d\u135d-\u135f' ||
            '\u1714-\u1734\u17d2-\u17dd\u18a9\u1939-\u193b\u1a17-\u1a18' ||
            '\u1a60-\u1ace\u1b34-\u1bf3\u1c37\u1cd0-\u1cf9\u1dc0-\u1dff' ||
            '\u20d0-\u20f0\u2cef-\u2cf1\u2d7f\u2de0-\u2dff\u302a-\u302f' ||
            '\u3099-\u309a\ua66f-\ua69f\ua6f0-\ua6f1\ua806-\ua82c\ua8c4-\ua953' ||
            '\ua9b3-\ua9c0\uaab0-\uaaf6\uabed\ufb1e\ufe20-\ufe2f\U000101fd' ||
            '\U000102e0\U00010376-\U0001037a\U00010a0d-\U00010a3f' ||
            '\U00010ae5-\U00010ae6\U00010d24-\U00010d27\U00010eab-\U00010eac' ||
            '\U00010f46-\U00010f85\U00011046-\U000110ba\U00011100-\U00011173' ||
            '\U000111c0-\U000111ca\U00011235-\U00011236\U000112e9-\U000112ea' ||
            '\U0001133b-\U00011374\U00011442-\U0001145e\U000114c2-\U000114c3' ||
            '\U000115bf-\U000115c0\U0001163f\U000116b6-\U000116b7\U0001172b' ||
            '\U00011839-\U0001183a\U0001193d-\U00011943\U000119e0' ||
            '\U00011a34-\U00011a47\U00011a99\U00011c3f\U00011d42-\U00011d45' ||
            '\U00011d97\U00016af0-\U00016b36\U00016ff0-\U00016ff1\U0001bc9e' ||
            '\U0001d165-\U0001d1ad\U0001d242-\U0001d244\U0001e000-\U0001e02a' ||
            '\U0001e130-\U0001e136\U0001e2ae-\U0001e2ef\U0001e8d0-\U0001e8d6' ||
            '\U0001e944-\U0001e94a'
            || ']{31}') THEN plain
        ELSE normalize(plain, NFC)
    END
    FROM (
        SELECT btrim(regexp_replace(regexp_replace(value,
            '[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]', '', 'g'),
            '[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f'
            '\u3000]+', ' ', 'g'), ' ') AS plain
    ) shown
$$;

-- The names and values of metadata as a reader sees them, NULL where that is what is stored. Two
-- names that look the same become one, with the values of both.
CREATE OR REPLACE FUNCTION visible_metadata(stored jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        -- Text of ASCII without odd spaces needs no second look. Only UTF8 has other text.
        WHEN stored::text !~ '[^ -~]|" | "[:,}]|  |\\[bfnrtu]' THEN NULL
        WHEN getdatabaseencoding() <> 'UTF8' THEN NULL
        ELSE (
            SELECT NULLIF(jsonb_object_agg(name, CASE jsonb_array_length(texts)
                                                 WHEN 1 THEN texts -> 0 ELSE texts END), stored)
            FROM (SELECT visible_text(key) AS name, jsonb_agg(visible_text(value)) AS texts
                  FROM jsonb_each_text(stored) GROUP BY 1) columns)
    END
$$;

CREATE OR REPLACE FUNCTION set_visible_metadata() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.visible_metadata := visible_metadata(NEW.metadata);
    RETURN NEW;
END
$$;

-- A trigger, so that it is right whatever version of the service writes the item.
CREATE OR REPLACE TRIGGER items_visible_metadata BEFORE INSERT OR UPDATE OF metadata ON items
    FOR EACH ROW EXECUTE FUNCTION set_visible_metadata();

-- Serves the filter of a search where names or values look otherwise than they are stored.
CREATE INDEX IF NOT EXISTS items_visible_metadata
    ON items USING gin (visible_metadata jsonb_path_ops) WHERE visible_metadata IS NOT NULL;

-- Items whose values in a newer column are still to be computed: those from next_id to last_id.
CREATE TABLE IF NOT EXISTS backfills (
    name    text PRIMARY KEY,
    next_id bigint NOT NULL,
    last_id bigint NOT NULL
);

INSERT INTO backfills
SELECT 'visible_metadata', 0, max(id) FROM items HAVING max(id) IS NOT NULL
ON CONFLICT DO NOTHING;
