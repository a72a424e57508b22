"""How common a code is in a collection."""

from __future__ import annotations

from collections.abc import Sequence

from db import Pool

# So many of a collection's items show how common a code is. Their keys are digests, so the first
# ones by key are a sample without a choice.
SAMPLE_ITEMS = 400
SAMPLE_CHARS = 5_000


def count_codes(pool: Pool, collection: str, codes: Sequence[str]) -> tuple[dict[str, int], int]:
    """Return in how many items of a sample of the collection each code stands, and its size.

    A code is letters and digits in lower case; marks inside it do not count.
    """
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(
            _COUNT_CODES,
            {
                "collection": collection,
                "codes": list(codes),
                "patterns": [_compose_pattern(code) for code in codes],
                "items": SAMPLE_ITEMS,
                "chars": SAMPLE_CHARS,
            },
        )
        rows = cur.fetchall()
    return {code: count for code, count, _ in rows}, rows[0][2] if rows else 0


def _compose_pattern(code: str) -> str:
    """Return PostgreSQL's regular expression of a code, with the marks that it may have inside.

    They are those of `split_words` (services/wording.py): E-1042 is e1042, 1.042 is 1042, and
    12/2024 is two numbers.
    """
    # A number is none where it goes on after letters.
    start, marks = (r"(?<![a-z]\d*[-./])", "[.,]") if code[0].isdigit() else ("", "[-./]")
    inside = "".join(f"{marks}?{char}" if char.isdigit() else char for char in code[1:])
    return rf"{start}\m{code[0]}{inside}\M(?!{marks}\d)"


_COUNT_CODES = r"""
WITH sample AS MATERIALIZED (
    SELECT lower(question || ' ' || left(answer, %(chars)s)) AS text
    FROM items WHERE collection_id = (SELECT id FROM collections WHERE name = %(collection)s)
    ORDER BY item_key, place LIMIT %(items)s
)
-- A regular expression takes much longer than strpos, which spares nearly all texts it.
SELECT code, (SELECT count(*) FROM sample
              WHERE strpos(translate(text, '-./,', ''), code) > 0 AND text ~ pattern),
       (SELECT count(*) FROM sample)
FROM unnest(%(codes)s, %(patterns)s) c (code, pattern)
"""
