"""The route of the metrics, as Prometheus reads them.

| who asks | answer |
|---|---|
| from a network of METRICS_NETWORKS | 200, without a login |
| nobody who is known | 401 |
| a user or key below the role METRICS_ACCESS | 403 |
| a user or key that is limited to collections | 403: the numbers are of all collections together |
| any other one | 200 |
"""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, current_app, request
from prometheus_client.exposition import choose_encoder

from config import VERSION
from messages import say
from metrics import open_registry
from services.access import list_roles_from
from services.stored_facts import Build, ProcessFacts, StoredFacts
from web.auth import auth, current_caller, forbidden, is_in_networks
from web.context import current_runtime

routes = APIBlueprint("metrics", __name__, tag="Operations")


@routes.get("/metrics")
@routes.auth_required(auth, optional=True)  # type: ignore[arg-type]
@routes.doc(
    summary="Numbers of the running service, for Prometheus",
    description="In the text format of Prometheus, or as OpenMetrics where `Accept` asks for it. "
    "It needs the role that METRICS_ACCESS names (admin, by default) and a user or key that is not "
    "limited to collections; addresses of METRICS_NETWORKS need no login.",
)
def show_metrics() -> Response:
    if not is_in_networks(request.remote_addr, current_app.config["METRICS_NETWORKS"]):
        refused = _refuse()
        if refused is not None:
            return refused
    runtime = current_runtime()
    build = Build(VERSION, current_app.config["DATA_DIR"])
    registry = open_registry(StoredFacts(runtime.pool), ProcessFacts(runtime, build))
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type)


def _refuse() -> Response | None:
    """Return the answer to somebody who may not read the metrics, or None."""
    caller = current_caller()
    if caller is None:
        refused: Response = auth.auth_error_callback(401)
        return refused
    least = current_app.config["METRICS_ACCESS"]
    if caller.collections is None and caller.role in list_roles_from(least):
        return None
    reason = say("The metrics need the role {role}, limited to no collections.", role=least)
    return forbidden(reason).response()
