"""A model for tests of the queue, and vectors for those of the search."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import store.models
from db import Pool
from store.models import Model
from tests.support.queue import DIMENSION
from tests.support.vectors import make_vectors


@pytest.fixture
def model(pool: Pool) -> Model:
    return store.models.register_model(pool, "hash-32", DIMENSION)


@pytest.fixture
def vectors() -> NDArray[np.float32]:
    return make_vectors()
