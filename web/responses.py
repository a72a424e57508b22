"""A large answer as a file, so that who reads it slowly holds no thread and no connection.

The server sends the file beside its other work (PEP 3333, wsgi.file_wrapper: waitress from its main
loop, gunicorn by sendfile).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable

from flask import Response, request
from werkzeug.wsgi import wrap_file


def spooled_csv(pieces: Iterable[bytes], name: str) -> Response:
    """Return the pieces as a CSV to be saved under a name; memory stays constant."""
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
