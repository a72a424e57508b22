"""What the service is made of, started in order and stopped in reverse."""

from __future__ import annotations

import atexit
import logging
import os
from dataclasses import dataclass

from flask import current_app

import db
import store.models
from config import ConfigError, Settings
from db import DatabaseUnavailable, Pool, SchemaError
from embedders.remote import RemoteModel, RemoteOptions
from embedders.sentence import ModelLoadError, load_model
from embeddings import Embedder, EmbeddingService
from postgres.server import EmbeddedPostgres, EmbeddedPostgresError
from services.indexer import Indexer
from services.users import Users
from services.workers import Workers
from store.models import Model

logger = logging.getLogger(__name__)

START_ERRORS = (
    ConfigError,
    DatabaseUnavailable,
    EmbeddedPostgresError,
    ModelLoadError,
    SchemaError,
    OSError,
)
# halfvec's limit.
MAX_DIMENSION = 4_000
# How long a database of one's own may take to come up beside the service.
DATABASE_SECONDS = 30.0


@dataclass(frozen=True)
class Runtime:
    """The running parts of one process."""

    settings: Settings
    users: Users
    pool: Pool
    model: Model
    embeddings: EmbeddingService
    workers: Workers
    indexer: Indexer
    postgres: EmbeddedPostgres | None
    process: int

    def close(self, seconds: float = 10.0) -> None:
        """Stop everything; batches in hand get `seconds` to finish. Safe to call again."""
        if os.getpid() != self.process:
            return  # a forked child must not stop its parent's parts
        self.indexer.stop()
        self.workers.stop(seconds)
        self.embeddings.close()
        self.pool.close()
        if self.postgres is not None:
            self.postgres.stop()


def current_runtime() -> Runtime:
    """Return the services of the app that answers the current request."""
    runtime: Runtime = current_app.extensions["conector"]
    return runtime


def start_runtime(
    settings: Settings, embedder: Embedder | None = None, *, web: bool = True
) -> Runtime:
    """Start what the settings ask for, with `embedder` instead of their model where given.

    Without `web` there are no users. Raises one of START_ERRORS, with one line for a person.
    """
    users = dict([_admin(settings)]) if web else {}
    postgres = None
    if settings.database_dsn is None:
        postgres = EmbeddedPostgres.start(settings.data_dir)
    try:
        pool = Pool(settings.database_dsn or postgres.dsn, settings.db_pool_size)  # type: ignore[union-attr]
        _wait_for_database(pool, settings)
        db.apply_schema(pool)
        embedder = embedder or _embedder(settings)
        embeddings = EmbeddingService(embedder, cache_size=settings.query_cache_size)
        model = _register(pool, embeddings)
    except BaseException:
        if postgres is not None:
            postgres.stop()
        raise
    workers = Workers(
        pool,
        model,
        embeddings,
        threads=settings.worker_threads,
        lease_seconds=settings.lease_seconds,
    )
    runtime = Runtime(
        settings=settings,
        users=Users(users),
        pool=pool,
        model=model,
        embeddings=embeddings,
        workers=workers,
        # Each item has two vectors.
        indexer=Indexer(
            pool,
            model,
            min_vectors=2 * settings.index_min_items,
            memory_mb=settings.index_build_mb,
        ),
        postgres=postgres,
        process=os.getpid(),
    )
    # Before the threads start: whatever ends the process, they are stopped and joined.
    atexit.register(runtime.close)
    workers.start()
    if settings.worker_threads:
        runtime.indexer.start()
    return runtime


def _wait_for_database(pool: Pool, settings: Settings) -> None:
    try:
        db.wait_for(pool, DATABASE_SECONDS)
    except DatabaseUnavailable as error:
        if settings.database_dsn is None:
            raise
        raise DatabaseUnavailable(
            f"{error} It was asked for {DATABASE_SECONDS:.0f} seconds at what DATABASE_URL, or "
            "DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD, say: "
            + " ".join(str(error.__cause__ or "").split())
        ) from error


def _admin(settings: Settings) -> tuple[str, tuple[str, str]]:
    username, password = settings.credentials()
    return username, (password, "admin")


def _embedder(settings: Settings) -> Embedder:
    """Return the server's model where there is one, else a model of this process."""
    if settings.embedding_url is None:
        return load_model(settings.embedding_model, settings.embedding_backend, settings.data_dir)
    if settings.embedding_model is None:
        raise ConfigError("EMBEDDING_URL is set: name the server's model by EMBEDDING_MODEL.")
    return RemoteModel(
        RemoteOptions(
            url=settings.embedding_url,
            model=settings.embedding_model,
            api_key=settings.embedding_api_key,
            query_prompt=settings.embedding_query_prompt,
            passage_prompt=settings.embedding_passage_prompt,
            input_types=settings.embedding_input_types,
        )
    )


def _register(pool: Pool, embeddings: EmbeddingService) -> Model:
    if not 1 <= embeddings.dimension <= MAX_DIMENSION:
        raise ConfigError(
            f"EMBEDDING_MODEL makes vectors of {embeddings.dimension} dimensions, but pgvector's "
            f"halfvec holds at most {MAX_DIMENSION}: choose another model."
        )
    try:
        model = store.models.register_model(pool, embeddings.identity, embeddings.dimension)
    except ValueError as error:
        raise ConfigError(
            f"EMBEDDING_MODEL makes vectors of {embeddings.dimension} dimensions, but the database "
            "holds vectors of another dimension by a model of that name: name another model."
        ) from error
    missing, others = store.models.items_without_vectors(pool, model)
    if missing:
        logger.warning(
            "%d stored items have no vectors of the model %s, and searches won't find them "
            "(made by: %s). Start with that model, or upload their files again.",
            missing,
            model.identity,
            ", ".join(others) or "no model",
        )
    return model
