"""Items, beside jobs of their collection."""

from __future__ import annotations

import pytest

import store.items
from db import DatabaseUnavailable, Pool
from store.models import Model
from tests.support.queue import claim, start, write


def test_an_item_is_not_written_while_a_job_begins_or_ends(pool: Pool, model: Model) -> None:
    start(pool, model, 1)
    write(pool, model, claim(pool))
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT FROM collections FOR NO KEY UPDATE")
        with pytest.raises(DatabaseUnavailable, match="job"):
            store.items.delete_item(pool, 1)
