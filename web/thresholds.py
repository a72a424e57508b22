"""The routes of a collection's own thresholds: read, set, take away."""

from __future__ import annotations

from dataclasses import asdict

from apiflask import APIBlueprint
from flask import Response

import store.thresholds
from services.confidence import DEFAULT_THRESHOLDS
from store.thresholds import Thresholds
from web.auth import EDITORS, auth
from web.context import current_runtime
from web.responses import answer_json
from web.schemas import CollectionThresholds, ThresholdsRequest
from web.scope import no_collection, require_visible

routes = APIBlueprint("thresholds", __name__, tag="Collections")


@routes.get("/collections/<name>/thresholds")
@routes.auth_required(auth)
@routes.output(CollectionThresholds)
@routes.doc(
    summary="From which confidence on a search in this collection answers, or passes",
    description="They count where a search names this collection alone.",
)
def show_thresholds(name: str) -> Response:
    require_visible(name)
    found, own = store.thresholds.get_thresholds(current_runtime().pool, name)
    if not found:
        raise no_collection()
    return _answer(own)


@routes.put("/collections/<name>/thresholds")
@routes.auth_required(auth, roles=EDITORS)
@routes.input(ThresholdsRequest, location="json", arg_name="asked")
@routes.output(CollectionThresholds)
@routes.doc(
    summary="Give the collection its own thresholds",
    description="The result of an evaluation has fitted ones as `fitted`.",
)
def set_thresholds(name: str, asked: ThresholdsRequest) -> Response:
    own = Thresholds(answer=asked.answer, none=asked.none, constant=asked.constant)
    return _change(name, own)


@routes.delete("/collections/<name>/thresholds")
@routes.auth_required(auth, roles=EDITORS)
@routes.output(CollectionThresholds)
@routes.doc(
    summary="Return to the default thresholds",
    description="The answer has them, as a GET has them from now on.",
)
def reset_thresholds(name: str) -> Response:
    return _change(name, None)


def _change(name: str, own: Thresholds | None) -> Response:
    require_visible(name)
    if not store.thresholds.set_thresholds(current_runtime().pool, name, own):
        raise no_collection()
    return _answer(own)


def _answer(own: Thresholds | None) -> Response:
    used = own or DEFAULT_THRESHOLDS
    return answer_json(CollectionThresholds(**asdict(used), own=own is not None))
