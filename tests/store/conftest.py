"""A model for tests of the queue."""

from __future__ import annotations

import pytest

import store.models
from db import Pool
from store.models import Model
from tests.support.queue import DIMENSION


@pytest.fixture
def model(pool: Pool) -> Model:
    return store.models.register_model(pool, "hash-32", DIMENSION)
