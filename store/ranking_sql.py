"""The SQL that a ranking of items is composed of (store/ranking.py).

Names in braces are filled in when a statement is composed; {query}, {limit} and so on become its
parameters.
"""

from __future__ import annotations

from psycopg2.sql import SQL

ALWAYS = SQL("true")
# The cast and the model are written as in the index, so that the planner can take it. Each cast
# takes a tenth of the time of a comparison, for every vector.
AS_INDEXED, AS_STORED = SQL("v.embedding::halfvec({dimension})"), SQL("v.embedding")
DISTANCES = SQL("""
    SELECT v.item_id, v.kind, v.collection_id, {is_kept} AS kept,
           {embedding} <=> {query} AS distance
    FROM item_vectors v
    WHERE v.model_id = {model}{collection}{filters}
""")
# The type of each filter's value, and its condition on `v`.
FILTERS = {
    "collections": (
        "text[]",
        SQL(" AND v.collection_id = ANY (ARRAY(SELECT id FROM collections WHERE name = ANY ({})))"),
    ),
    # Asked for each vector that the index gives: not of all items beforehand.
    "metadata": (
        "jsonpath",
        SQL(
            " AND (SELECT coalesce(i.visible_metadata, i.metadata) @@ {}"
            " FROM items i WHERE i.id = v.item_id)"
        ),
    ),
    "items": ("bigint[]", SQL(" AND v.item_id = ANY ({})")),
}
# A filter chooses among the nearest of all vectors. If the index went on until it found enough that
# the filter keeps, it would miss many of the nearest ones. The numbers give the order of the items:
# the index has rounded the vectors, so that its order is not quite that of the distances. Before
# PostgreSQL 17 the planner takes an index only where all of ORDER BY is its distance.
INDEXED = SQL("""
    nearest AS MATERIALIZED (
        SELECT v.item_id, v.kind, v.distance, v.n FROM (
            SELECT each.*, row_number() OVER () AS n FROM (
                SELECT * FROM (
                    {distances} ORDER BY distance FETCH FIRST {most} ROWS WITH TIES
                ) each ORDER BY distance, item_id, kind DESC
            ) each
        ) v
        WHERE true{filters} LIMIT {vectors}
    ), indexed AS MATERIALIZED (
        SELECT DISTINCT ON (item_id) item_id, kind, distance, n FROM nearest ORDER BY item_id, n
    )
""")
# A subquery with OFFSET is not inlined, so no index can give its order.
COMPARED = SQL("""
    nearest_compared AS MATERIALIZED (
        SELECT * FROM ({distances} OFFSET 0) each
        ORDER BY distance, item_id, kind DESC LIMIT {vectors}
    ), compared AS MATERIALIZED (
        SELECT DISTINCT ON (item_id) item_id, kind, distance FROM nearest_compared
        ORDER BY item_id, distance, kind DESC
    )
""")
# What an index misses lies hardly nearer than what it gives last. So the nearest vector must be
# much nearer than the last one of a step, and the page's last item somewhat; the rule is that of
# Distance Adaptive Beam Search (Al-Jazzazi and others, 2025). Of those that a filter keeps there
# may be so few that all steps would not fill the page. From PostgreSQL 15 on, the count's run
# condition ends the scan there; before 18, only that of count(*) does. Each window has read a row
# ahead by then, and the first row of the next step would cost the whole of it.
STEPWISE = SQL("""
    nearest AS MATERIALIZED (
        SELECT item_id, kind, distance, kept FROM (
            SELECT each.*, count(*) FILTER (WHERE mod(n + {read_ahead}, {step}) = 0 AND (
                    kept_so_far < enough AND kept_so_far * {most_sparse} < n * enough
                    OR nearest <= distance * ({nearest_share}
                            - {nearest_large} * LEAST(1, candidates / {large})
                            + {nearest_later} * (n / candidates))
                        AND last <= {last_share} * distance
                )) OVER so_far AS ends
            FROM ({looked_at}) each WINDOW so_far AS (ROWS UNBOUNDED PRECEDING)
        ) each WHERE ends < 1
    ), stepwise AS MATERIALIZED (
        SELECT DISTINCT ON (item_id) item_id, kind, distance FROM nearest WHERE kept
        ORDER BY item_id, distance, kind DESC
    )
""")
# Of the candidates so far: how many there are, how near the nearest is, and the one that fills the
# page. Where all are kept, that takes one window less, which is a tenth of the time.
CANDIDATES = SQL("""
    SELECT each.*, row_number() OVER so_far AS n, {vectors_of_item} * {limit} AS enough,
           (SELECT current_setting('conector.candidates')::float8) AS candidates,
           {so_far}
    FROM (
        {distances} ORDER BY distance
        LIMIT LEAST(current_setting('conector.candidates')::integer, {most})
    ) each WINDOW so_far AS (ROWS UNBOUNDED PRECEDING)
""")
ALL_SO_FAR = SQL("""
    row_number() OVER so_far AS kept_so_far, min(distance) OVER so_far AS nearest,
    nth_value(distance, ({vectors_of_item} * {limit})::integer) OVER so_far AS last
""")
KEPT_SO_FAR = SQL("count(*) FILTER (WHERE kept) OVER so_far AS kept_so_far")
NEAREST_KEPT = SQL("""
    SELECT each.*, min(distance) FILTER (WHERE kept) OVER so_far AS nearest,
           min(distance) FILTER (WHERE kept AND kept_so_far = enough) OVER so_far AS last
    FROM ({candidates}) each WINDOW so_far AS (ROWS UNBOUNDED PRECEDING)
""")
RANKED = {
    "stepwise": SQL("""
        WITH {stepwise}, ranked AS (
            SELECT *, row_number() OVER (ORDER BY distance, item_id) AS n FROM stepwise
        ), taken AS (
            SELECT count(*), CASE
                WHEN mod(count(*) + {read_ahead} + 1, {step}) > 0 THEN 'all'
                WHEN count(*) FILTER (WHERE kept) >= {vectors_of_item} * {limit}
                    AND (SELECT distance FROM ranked WHERE n = {limit})
                        <= {last_share} * max(distance) THEN 'clear'
                ELSE 'sparse' END
            FROM nearest
        )
    """),
    "indexed": SQL("""
        WITH {indexed}, ranked AS (SELECT * FROM indexed),
        taken AS (SELECT count(*), 'all' FROM nearest)
    """),
    "compared": SQL("""
        WITH {compared}, ranked AS (
            SELECT *, row_number() OVER (ORDER BY distance, item_id) AS n FROM compared
        ), taken AS (SELECT count(*), 'all' FROM nearest_compared)
    """),
    "both": SQL("""
        WITH {indexed}, {compared}, ranked AS (
            SELECT item_id, kind, distance, n FROM indexed
            UNION ALL
            SELECT item_id, kind, distance, {most} + row_number() OVER (ORDER BY distance, item_id)
            FROM compared c WHERE NOT EXISTS (SELECT FROM indexed i WHERE i.item_id = c.item_id)
        ), taken AS (SELECT count(*), 'all' FROM nearest_compared)
    """),
}
# GREATEST: rounding gives an identical vector a distance just below 0.
# MATERIALIZED: before PostgreSQL 18 a sort costs 10^10 where it is off. In one plan with the joins
# it hides what they cost, so that the planner may read all items for twenty of them.
PAGE = SQL("""
{ranked}, chosen AS MATERIALIZED (
    SELECT * FROM ranked WHERE item_id <> ALL ({without}) ORDER BY n LIMIT {limit} OFFSET {offset}
)
SELECT taken.*, page.* FROM taken LEFT JOIN (
    SELECT i.id, i.question, i.answer, c.name, i.metadata, GREATEST(p.distance, 0),
           split_part(p.kind, ' ', 1),
           CASE WHEN split_part(p.kind, ' ', 1) <> 'pair' THEN coalesce(
               i.alternatives[NULLIF(split_part(p.kind, ' ', 2), '')::integer], i.question) END,
           {question}, {pair}
    FROM chosen p
    JOIN items i ON i.id = p.item_id
    JOIN collections c ON c.id = i.collection_id
    {measured}
) page ON true
""")
# An item's distances, by the vectors of its question's wordings and by those of the pair.
MEASURED = SQL("""
    CROSS JOIN LATERAL (
        SELECT min(v.embedding <=> {query}) FILTER (WHERE NOT starts_with(v.kind, 'pair'))
                   AS question,
               min(v.embedding <=> {query}) FILTER (WHERE starts_with(v.kind, 'pair')) AS pair
        FROM item_vectors v WHERE v.item_id = p.item_id AND v.model_id = {model}
    ) measured
""")

# ef_search: the index may be gone in this moment.
# iterative_scan: the next candidates of an index come in no right order, so only steps take them.
# scan_mem_multiplier, max_scan_tuples: the number of candidates is the limit. Among 200,000 vectors
# 1,000 of them take up to 4 MB, the default of work_mem, and 20,000 tuples; these bounds are for
# the further ones, and for rows that are gone.
# enable_sort: off, so that the index is taken wherever there is one, for any page.
# plan_cache_mode: the plan of a prepared ranking is made once.
# conector.candidates: how many a stepwise ranking takes, if MOST_FILTERED is not less. The larger
# an index, the more; above {large}, the number grows more slowly.
SETTINGS = SQL("""
SELECT set_config('hnsw.ef_search', ({at_once})::text, true),
       set_config('hnsw.iterative_scan', {scan}, true),
       set_config('hnsw.max_scan_tuples', '100000', true),
       set_config('hnsw.scan_mem_multiplier', '8', true),
       set_config('conector.candidates', enough::text, true),
       set_config('enable_sort', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true)
FROM (SELECT CASE WHEN size IS NULL THEN {without_index} ELSE {step} * ceil(
          LEAST({most}, GREATEST(
              {least}, LEAST({large}, size / {per_candidate}), size / {per_further}
          ))::float8 / {step}
      ) END::integer AS enough
      FROM pg_relation_size(to_regclass({index})) size) c
""")
