"""The route of evaluations: a file of questions with what is expected goes in, a job comes out."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, request

import services.cases
from messages import say_count
from web.auth import EDITORS, auth
from web.context import current_runtime
from web.errors import require
from web.job_schemas import UploadResponse
from web.jobs import describe_job
from web.language import speak
from web.rates import charge_upload
from web.responses import answer_json
from web.schemas import EvaluationOptions
from web.scope import NO_COLLECTION, require_visible
from web.uploads import open_upload, read_options

routes = APIBlueprint("evaluation", __name__, tag="Evaluation")


@routes.post("/evaluate")
@routes.auth_required(auth, roles=EDITORS)
@routes.output(UploadResponse, status_code=202)
@routes.doc(
    summary="Ask a collection a file of questions, to see how well it answers",
    description="The file has the columns `question` and `expected`: an item's id in its file, its "
    "question or its answer; empty or `none` where nothing should be answered. At most 10,000 "
    "questions. It is sent as for an upload. The ended job's `result` has the figures, the misses, "
    "the difference to the collection's last run, and from 20 questions on `fitted` thresholds, "
    "which nothing applies by itself.",
)
def evaluate_collection() -> Response:
    charge_upload()
    runtime = current_runtime()
    with open_upload(request) as file:
        options = read_options(request, EvaluationOptions)
        require_visible(options.collection)
        made = services.cases.request_evaluation(
            runtime.searcher, options.collection, file, options.as_reading()
        )
        job = require(made, NO_COLLECTION)
    runtime.evaluator.wake()
    asked = job.total - job.rejected
    message = speak(say_count("{questions} questions will be asked.", "questions", questions=asked))
    response = answer_json(UploadResponse(message=message, job=describe_job(job)), 202)
    response.headers["Location"] = f"/jobs/{job.id}"
    return response
