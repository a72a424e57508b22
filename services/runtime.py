"""The running parts of one process: started in order, stopped in reverse."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import config
import db
import metrics
import store.models
from config import ConfigError, Settings
from db import DatabaseUnavailable, Pool, SchemaError
from embedders.guard import GuardedModel
from embedders.loading import identify_model, load_model
from embedders.remote import RemoteModel, RemoteOptions
from embeddings import Embedder, EmbeddingService, ModelLoadError
from messages import Message, say
from postgres.programs import EmbeddedPostgresError
from postgres.server import EmbeddedPostgres
from services.calibration import Calibration
from services.checker import Checker
from services.evaluator import Evaluator
from services.failures import Failures
from services.housekeeper import Housekeeper
from services.indexer import Indexer
from services.patience import DatabaseRefuses, wait_for_database
from services.search import Searcher
from services.users import Users
from services.wording import Wordings
from services.workers import Workers
from store.models import Model
from translations.catalogs import Language, translate

logger = logging.getLogger(__name__)

START_ERRORS = (
    ConfigError,
    DatabaseUnavailable,
    EmbeddedPostgresError,
    ModelLoadError,
    SchemaError,
    OSError,
)
# pgvector's HNSW index takes vectors of type halfvec up to this length; the type itself holds more.
MAX_DIMENSION = 4_000
# A database that starts beside the service gets this long to answer.
DATABASE_SECONDS = 30.0


@dataclass(frozen=True)
class Database:
    """The database of the settings: connections, and the embedded server where it is that one."""

    pool: Pool
    postgres: EmbeddedPostgres | None

    def close(self) -> None:
        self.pool.close()
        if self.postgres is not None:
            self.postgres.stop()


@dataclass(frozen=True)
class Runtime:
    """The running parts of one process."""

    users: Users
    pool: Pool
    model: Model
    embeddings: EmbeddingService
    workers: Workers
    indexer: Indexer
    searcher: Searcher
    evaluator: Evaluator
    checker: Checker
    housekeeper: Housekeeper
    postgres: EmbeddedPostgres | None
    process: int

    def find_model(self) -> Model:
        return self.model

    def start_workers(self) -> None:
        """Let them look at the queue: they run already."""
        self.workers.wake()

    def close(self) -> None:
        """Stop everything; the workers finish their batches first. Safe to call again."""
        if os.getpid() != self.process:
            return  # a forked child must not stop its parent's parts
        atexit.unregister(self.close)
        logger.info("Stopping: batches in hand are finished")
        self.housekeeper.stop()
        self.indexer.stop()
        self.evaluator.stop()
        self.searcher.calibration.stop()
        self.workers.stop()
        self.embeddings.close()
        self.pool.close()
        if self.postgres is not None:
            self.postgres.stop()


def open_database(settings: Settings, seconds: float = DATABASE_SECONDS) -> Database:
    """Return the database, with the schema of this version. Raises one of START_ERRORS.

    Wait up to `seconds` for one that the settings name.
    """
    postgres = None
    if settings.database_dsn is None:
        postgres = EmbeddedPostgres.start(settings.data_dir)
    try:
        pool = _open_pool(settings, postgres, seconds)
        _check_encoding(pool)
        db.apply_schema(pool)
    except BaseException:
        if postgres is not None:
            postgres.stop()
        raise
    return Database(pool, postgres)


def find_model(settings: Settings, pool: Pool) -> Model:
    """Return the settings' model as the database knows it, without loading it.

    Raises ModelLoadError, ConfigError.
    """
    if settings.embedding_url is None:
        identity = identify_model(settings.embedding_model)
    else:
        identity = _describe_remote(settings).identity
    # A model that is new has no vectors yet, and so has number 0, which no model gets.
    return store.models.find_model(pool, identity) or Model(0, identity, 0)


def start_runtime(
    settings: Settings,
    embedder: Embedder | None = None,
    *,
    with_users: bool = True,
    database: Database | None = None,
    database_seconds: float = DATABASE_SECONDS,
) -> Runtime:
    """Start what the settings ask for, with `embedder` instead of their model where one is given.

    Take over the `database` that is open already, or open it: wait up to `database_seconds` for one
    that the settings name. Raises one of START_ERRORS, with one line for a person.
    """
    # The logins come first: nothing slow starts where their settings are missing or wrong.
    admins = _admin(settings) if with_users else {}
    failures = Failures(storage_uri=settings.ratelimit_storage_uri)
    database = database or open_database(settings, database_seconds)
    pool = database.pool
    try:
        embeddings = _make_embeddings(settings, embedder)
        model = _register_model(pool, embeddings)
    except BaseException:
        database.close()
        raise
    searcher = _make_searcher(pool, model, embeddings)
    indexer = _make_indexer(settings, pool, model)
    runtime = Runtime(
        users=Users(admins, pool, failures=failures),
        pool=pool,
        model=model,
        embeddings=embeddings,
        workers=_make_workers(settings, pool, model, embeddings, indexer),
        indexer=indexer,
        searcher=searcher,
        evaluator=Evaluator(searcher),
        checker=Checker(searcher),
        housekeeper=Housekeeper(pool, days=settings.job_retention_days),
        postgres=database.postgres,
        process=os.getpid(),
    )
    _start_threads(runtime, settings)
    return runtime


def _admin(settings: Settings) -> dict[str, tuple[str, str]]:
    username, password = settings.credentials()
    return {username: (password, "admin")}


def _choose_dsn(settings: Settings, postgres: EmbeddedPostgres | None) -> Callable[[], str]:
    """Return what tells the address. The embedded server may have another one when it came back."""
    if postgres is not None:
        return lambda: postgres.dsn
    dsn = settings.database_dsn
    assert dsn is not None  # noqa: S101, for the type checker: one of the two is there
    return lambda: dsn


def _open_pool(settings: Settings, postgres: EmbeddedPostgres | None, seconds: float) -> Pool:
    """Return a pool of connections to a database that answers."""
    pool = Pool(_choose_dsn(settings, postgres), settings.db_pool_size)
    try:
        wait_for_database(pool, seconds, config.read_names(settings.database_dsn or ""))
    except DatabaseRefuses as error:
        raise DatabaseUnavailable(
            say(
                "{error} Look at DATABASE_URL, or DB_HOST, DB_PORT, DB_NAME, DB_USER and "
                "DB_PASSWORD: {reason}",
                error=error.message,
                reason=" ".join(str(error.__cause__ or "").split()),
            )
        ) from error
    except DatabaseUnavailable as error:
        if postgres is not None:
            raise
        raise DatabaseUnavailable(
            say(
                "{error} It was asked for {seconds:.0f} seconds at what DATABASE_URL, or "
                "DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD, say: {reason}",
                error=error.message,
                seconds=seconds,
                reason=" ".join(str(error.__cause__ or "").split()),
            )
        ) from error
    return pool


def _check_encoding(pool: Pool) -> None:
    """Raise SchemaError where the database can't hold every text, or takes bytes for characters."""
    with pool.reading() as conn:
        encoding = conn.info.parameter_status("server_encoding")
    if encoding not in (None, "UTF8"):
        raise SchemaError(
            say(
                "The database's encoding is {encoding}, but must be UTF8: make the database with "
                "createdb --encoding UTF8 --template template0.",
                encoding=encoding,
            )
        )


def _make_embeddings(settings: Settings, embedder: Embedder | None) -> EmbeddingService:
    """Return the service of `embedder`, or else of the model that the settings name."""
    began = time.monotonic()
    remote = embedder is None and settings.embedding_url is not None
    guarded = GuardedModel(embedder) if embedder is not None else _load_guarded(settings)
    logger.info(
        "The model %s runs by %s: %d dimensions, loaded in %.1f s",
        guarded.identity,
        guarded.backend,
        guarded.dimension,
        time.monotonic() - began,
    )
    return EmbeddingService(guarded, cache_size=settings.query_cache_size, parallel=remote)


def _load_guarded(settings: Settings) -> GuardedModel:
    """Return the model of the server at EMBEDDING_URL, or else a model in this process."""
    if settings.embedding_url is None:
        return GuardedModel(
            load_model(settings.embedding_model, settings.embedding_backend, settings.model_folder)
        )
    model = RemoteModel(_describe_remote(settings))
    return GuardedModel(model, reference=model.reference)


def _describe_remote(settings: Settings) -> RemoteOptions:
    if settings.embedding_model is None:
        raise ConfigError(say("EMBEDDING_URL is set: name the server's model by EMBEDDING_MODEL."))
    return RemoteOptions(
        url=settings.embedding_url or "",
        model=settings.embedding_model,
        api_key=settings.embedding_api_key,
        query_prompt=settings.embedding_query_prompt,
        passage_prompt=settings.embedding_passage_prompt,
        input_types=settings.embedding_input_types,
    )


def _register_model(pool: Pool, embeddings: EmbeddingService) -> Model:
    """Return the model as the database knows it; warn of items that it made no vectors of."""
    if not 1 <= embeddings.dimension <= MAX_DIMENSION:
        raise ConfigError(
            say(
                "EMBEDDING_MODEL makes vectors of {dimension} dimensions, but pgvector's "
                "halfvec holds at most {most}: choose another model.",
                dimension=embeddings.dimension,
                most=MAX_DIMENSION,
            )
        )
    try:
        model = store.models.register_model(pool, embeddings.identity, embeddings.dimension)
    except ValueError as error:
        raise ConfigError(
            say(
                "EMBEDDING_MODEL makes vectors of {dimension} dimensions, but the database "
                "holds vectors of another dimension by a model of that name: name another model.",
                dimension=embeddings.dimension,
            )
        ) from error
    missing, others = store.models.count_items_without_vectors(pool, model)
    if missing:
        logger.warning(
            "%d stored items have no vectors of the model %s, and searches won't find them "
            "(made by: %s). Start with that model, or upload their files again.",
            missing,
            model.identity,
            ", ".join(others) or "no model",
        )
    return model


def _make_workers(
    settings: Settings, pool: Pool, model: Model, embeddings: EmbeddingService, indexer: Indexer
) -> Workers:
    return Workers(
        pool,
        model,
        embeddings,
        threads=settings.worker_threads,
        lease_seconds=settings.lease_seconds,
        on_change=indexer.wake,
    )


def _make_searcher(pool: Pool, model: Model, embeddings: EmbeddingService) -> Searcher:
    calibration = Calibration(pool, model, embeddings)
    return Searcher(pool, model, embeddings, calibration, Wordings())


def _make_indexer(settings: Settings, pool: Pool, model: Model) -> Indexer:
    return Indexer(
        pool,
        model,
        # Each item has two vectors.
        min_vectors=2 * settings.index_min_items,
        memory_mb=settings.index_build_mb,
    )


def _end_process(language: Language, reason: Message) -> None:
    """End at once with one line: without its database the process can do nothing.

    Whoever started it sees the status, and may start it again.
    """
    ended = say("Conector PGVector ends: {reason}", reason=reason)
    sys.stderr.write(f"{translate(ended, language)}\n")
    sys.stderr.flush()
    os._exit(1)


def _start_threads(runtime: Runtime, settings: Settings) -> None:
    # Registered before the threads start, so that they are stopped and joined however the process
    # ends.
    atexit.register(runtime.close)
    if runtime.postgres is not None:
        runtime.postgres.watch(partial(_end_process, settings.language))
    runtime.workers.start()
    if settings.worker_threads:
        runtime.indexer.start()
        runtime.housekeeper.start()
        runtime.evaluator.start()
    runtime.searcher.calibration.start()
    metrics.count_process()
    logger.info(
        "Started: process %d, %d worker threads, %s PostgreSQL",
        runtime.process,
        settings.worker_threads,
        "its own" if runtime.postgres is None else "the embedded",
    )
