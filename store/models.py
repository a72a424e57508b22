"""The models that made the stored vectors."""

from __future__ import annotations

from dataclasses import dataclass

from db import Pool, fetch_row

# A process that measures a model's constants and ends before it is done is given up after so long.
MEASURING_SECONDS = 120.0


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


@dataclass(frozen=True)
class Constants:
    """What a model's cosines mean, measured on questions that have nothing to do with each other.

    `spread` is the standard deviation of their cosines, and `top` the mean of the ten largest of
    each.
    """

    spread: float
    top: float


def get_constants(pool: Pool, model: Model) -> Constants | None:
    """Return the model's constants, or None while they are not measured."""
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT spread, top FROM models WHERE id = %s", (model.id,))
        spread, top = fetch_row(cursor)
    return None if spread is None or top is None else Constants(spread, top)


def set_constants(pool: Pool, model: Model, constants: Constants) -> None:
    """Store what was measured."""
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(
            "UPDATE models SET spread = %s, top = %s WHERE id = %s",
            (constants.spread, constants.top, model.id),
        )


def claim_measuring(pool: Pool, model: Model) -> bool:
    """Return whether the caller may measure the constants: no other process is about it."""
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(
            """
            UPDATE models SET measuring_since = clock_timestamp()
            WHERE id = %(model)s AND spread IS NULL
              -- A time in the future is from before the clock was set back.
              AND (measuring_since IS NULL OR measuring_since NOT BETWEEN
                   clock_timestamp() - make_interval(secs => %(seconds)s) AND clock_timestamp())
            """,
            {"model": model.id, "seconds": MEASURING_SECONDS},
        )
        return cursor.rowcount == 1


def release_measuring(pool: Pool, model: Model) -> None:
    """Let another process measure the constants, because this one can't."""
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("UPDATE models SET measuring_since = NULL WHERE id = %s", (model.id,))


def find_model(pool: Pool, identity: str) -> Model | None:
    """Return the stored model of that name; None where there is none."""
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT id, dimension FROM models WHERE identity = %s", (identity,))
        row = cursor.fetchone()
    return None if row is None else Model(row[0], identity, row[1])


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
