"""The bodies of answers as HTTP sends them: JSON, and large CSVs from a file.

A reader that is slow at a large answer holds no thread and no connection: the server sends the file
beside its other work (PEP 3333, wsgi.file_wrapper: waitress from its main loop, gunicorn by
sendfile).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol
from urllib.parse import urlencode

from flask import Response, request
from pydantic import BaseModel
from werkzeug.wsgi import wrap_file


class Page(Protocol):
    """The part of a list that a request asks for."""

    limit: int
    offset: int


def answer_json(body: BaseModel, status: int = 200) -> Response:
    """Return a body as JSON."""
    return Response(body.model_dump_json(), status=status, mimetype="application/json")


def answer_page(
    body: type[BaseModel], results: Sequence[BaseModel], total: int, page: Page
) -> Response:
    """Return the results of one page of a list that has `total` in all."""
    return answer_json(body(results=results, total=total, limit=page.limit, offset=page.offset))


def answer_csv(pieces: Iterable[bytes], name: str) -> Response:
    """Return the pieces as a CSV that is saved under `name`. Memory stays constant."""
    file = tempfile.TemporaryFile()  # noqa: SIM115, the response closes it
    try:
        for piece in pieces:
            file.write(piece)
        length = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    response = Response(
        wrap_file(request.environ, file), mimetype="text/csv", direct_passthrough=True
    )
    response.call_on_close(file.close)
    response.content_length = length
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def name_options(response: Response, options: Mapping[str, str]) -> None:
    """Say by which options an upload of the answer's file is read as it is meant."""
    if options:
        response.headers["Upload-Options"] = urlencode(options)
