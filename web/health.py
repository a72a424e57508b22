"""The routes of operations: whether the process answers, and whether all that it needs is there."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

import db
from config import VERSION
from db import DatabaseUnavailable
from embeddings import EmbeddingFailed
from messages import say
from services.runtime import Runtime
from services.workers import STUCK_SECONDS
from turns import EmbedderBusy
from web.context import current_runtime
from web.errors import RETRY_SECONDS
from web.language import speak
from web.responses import answer_json
from web.schemas import HealthResponse, ReadyResponse

routes = APIBlueprint("health", __name__, tag="Operations")


@routes.get("/health")
@routes.output(HealthResponse)
@routes.doc(
    summary="Whether the process answers",
    description="Says nothing of the database and the model: `/readyz` does.",
)
def check_health() -> Response:
    return answer_json(HealthResponse(status="ok", version=VERSION))


@routes.get("/livez")
@routes.output(HealthResponse)
@routes.doc(
    summary="Whether the process answers, for an orchestrator",
    description="If it does not answer for long, start the process anew.",
)
def check_liveness() -> Response:
    return answer_json(HealthResponse(status="ok", version=VERSION))


@routes.get("/readyz")
@routes.output(ReadyResponse)
@routes.doc(
    summary="Whether everything that a request needs is there",
    description="While a part is not ready, the answer is 503, and requests should go elsewhere.",
)
def check_readiness() -> Response:
    parts = check_parts(current_runtime())
    ready = all(state == "ok" for state in parts.values())
    body = ReadyResponse(status="ok" if ready else "not_ready", parts=parts)
    response = answer_json(body, 200 if ready else 503)
    if not ready:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def check_parts(runtime: Runtime) -> dict[str, str]:
    """Return the state of each part: "ok", or what is wrong with it."""
    parts = {"database": _check_database(runtime), "model": "ok", "workers": "ok"}
    try:
        runtime.embeddings.check()
    except (EmbedderBusy, EmbeddingFailed) as error:
        parts["model"] = speak(error.message)
    silent = runtime.workers.stuck_seconds()
    if silent > STUCK_SECONDS:
        silence = say("the model gave them nothing for {seconds:.0f} seconds", seconds=silent)
        parts["workers"] = speak(silence)
    return parts


def _check_database(runtime: Runtime) -> str:
    trouble = None if runtime.postgres is None else runtime.postgres.trouble
    try:
        db.ping(runtime.pool)
    except DatabaseUnavailable as error:
        return speak(trouble or error.message)
    return "ok"
