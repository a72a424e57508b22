"""The models that made the stored vectors."""

from __future__ import annotations

from dataclasses import dataclass

from db import Pool, fetch_row


@dataclass(frozen=True)
class Model:
    """A model that is stored."""

    id: int
    identity: str
    dimension: int


def register_model(pool: Pool, identity: str, dimension: int) -> Model:
    """Return the model of that name, and store it if it is new.

    Raises ValueError where the stored model of that name has another dimension.
    """
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(
            "INSERT INTO models (identity, dimension) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (identity, dimension),
        )
        cursor.execute("SELECT id, dimension FROM models WHERE identity = %s", (identity,))
        model_id, stored = fetch_row(cursor)
    if stored != dimension:
        raise ValueError(f"the model {identity} is stored with {stored} dimensions: {dimension}")
    return Model(model_id, identity, dimension)


def count_items_without_vectors(pool: Pool, model: Model) -> tuple[int, list[str]]:
    """Count the items without vectors of `model`, and name the other models that made vectors."""
    with pool.reading(seconds=60.0) as conn, conn.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM items i WHERE NOT EXISTS (
                SELECT FROM item_vectors v WHERE v.item_id = i.id AND v.model_id = %s)
            """,
            (model.id,),
        )
        missing = int(fetch_row(cursor)[0])
        if not missing:
            return 0, []
        cursor.execute(
            """
            SELECT m.identity FROM models m
            WHERE m.id <> %s AND EXISTS (SELECT FROM item_vectors v WHERE v.model_id = m.id)
            ORDER BY m.id
            """,
            (model.id,),
        )
        return missing, [identity for (identity,) in cursor.fetchall()]
