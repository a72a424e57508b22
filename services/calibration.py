"""What a model's distances mean: two constants, measured on general questions of our own.

The questions (data/background.txt, Portuguese and English) have nothing to do with each other. The
cosines between them as questions and them as stored texts show how near a model puts unrelated
texts. So no labels are needed, and the constants belong to the model alone. They stand in its row
in the database. For a new model, one process measures them, in a thread of its own, behind the
searches. Those of the bundled model are known beforehand.
"""

from __future__ import annotations

import logging
import threading
from functools import cache
from pathlib import Path

import numpy as np

import embedders.bundled
import store.models
from db import DatabaseUnavailable, Pool
from embeddings import EmbeddingService, FloatArray
from store.models import Constants, Model
from turns import EmbedderBusy

logger = logging.getLogger(__name__)

BACKGROUND = Path(__file__).with_name("data") / "background.txt"
# `top` is the mean of so many of the largest cosines of each question.
NEAREST = 10
# Two texts of a model that tells nothing apart would have the same cosine everywhere.
LEAST_SPREAD = 1e-6
# By the id of a model. On another processor they differ by less than 1 %.
KNOWN = {embedders.bundled.IDENTITY: Constants(spread=0.03421, top=0.83848)}
# How long a search waits for the constants of a new model, the first time.
PATIENCE_SECONDS = 2.0
# How often a process looks whether another one has measured them, and tries again after an error.
LOOK_SECONDS = 1.0
RETRY_SECONDS = 10.0


@cache
def read_background() -> list[str]:
    """Return the general questions."""
    return BACKGROUND.read_text("utf-8").splitlines()


def compute_constants(queries: FloatArray, passages: FloatArray) -> Constants:
    """Return the constants from the same texts' vectors, shape (texts, dimension) each.

    A text is not compared with itself.
    """
    cosines = queries.astype(np.float64) @ passages.T.astype(np.float64)
    others = cosines[~np.eye(len(cosines), dtype=bool)].reshape(len(cosines), -1)
    largest = np.sort(others, axis=1)[:, -NEAREST:]
    return Constants(max(float(others.std()), LEAST_SPREAD), float(largest.mean()))


class Calibration:
    """Knows a model's constants, or measures them in a thread. `start` it after the start."""

    def __init__(self, pool: Pool, model: Model, embeddings: EmbeddingService) -> None:
        self._pool = pool
        self._model = model
        self._embeddings = embeddings
        self._constants = KNOWN.get(model.identity)
        self._known = threading.Event()
        self._stopping = threading.Event()
        self._patience = PATIENCE_SECONDS
        self._thread = threading.Thread(target=self._run, name="calibration", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Measure no more; a call of the model that runs may end."""
        self._stopping.set()

    def get_constants(self) -> Constants | None:
        """Return the constants, or None while they are not measured.

        The first caller of a new model waits for them for PATIENCE_SECONDS.
        """
        if self._constants is None:
            self._known.wait(self._patience)
            self._patience = 0.0
        return self._constants

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._step():
                    return
                self._stopping.wait(LOOK_SECONDS)
            except (DatabaseUnavailable, EmbedderBusy) as error:
                logger.debug("The model's constants are not measured yet: %s", error)
                self._stopping.wait(LOOK_SECONDS)
            except Exception:
                logger.exception("The model's constants can't be measured; it is tried again")
                self._stopping.wait(RETRY_SECONDS)

    def _step(self) -> bool:
        """Look for the constants, or measure them; return whether they are known."""
        stored = store.models.get_constants(self._pool, self._model)
        if stored is not None:
            self._set(stored)
        elif self._constants is not None:
            store.models.set_constants(self._pool, self._model, self._constants)
            self._set(self._constants)
        elif store.models.claim_measuring(self._pool, self._model):
            self._measure()
        return self._known.is_set()

    def _measure(self) -> None:
        try:
            constants = measure_constants(self._embeddings)
            store.models.set_constants(self._pool, self._model, constants)
        except BaseException:
            store.models.release_measuring(self._pool, self._model)
            raise
        logger.info("The constants of the model %s are measured: %s", self._model, constants)
        self._set(constants)

    def _set(self, constants: Constants) -> None:
        self._constants = constants
        self._known.set()


def measure_constants(embeddings: EmbeddingService) -> Constants:
    """Embed the general questions, twice each, and return the constants.

    Raises EmbedderBusy, and ValueError where the model fails on one of the questions.
    """
    texts = read_background()
    queries = embeddings.embed_queries_aside(texts)
    passages = [one for one in embeddings.embed_passages(texts) if one is not None]
    if len(passages) < len(texts):
        raise ValueError("the model fails on some of the background questions")
    return compute_constants(queries, np.stack(passages))
