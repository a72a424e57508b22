"""A client that calls as an admin, or with a key, and waits for jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from werkzeug.datastructures import Authorization

USER, PASSWORD = "admin", "a test's password"


def eventually(fits: Callable[[], bool], seconds: float = 60) -> None:
    """Return once it fits."""
    deadline = time.monotonic() + seconds
    while not fits():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.02)


class Client:
    """Calls as an admin, or with a key where one is given, and waits for jobs."""

    def __init__(self, http: FlaskClient, key: str | None = None) -> None:
        self.http = http
        self._auth: Any = (USER, PASSWORD) if key is None else Authorization("bearer", token=key)

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.http.get(path, auth=self._auth, buffered=True, **kwargs)

    def post(self, path: str, **kwargs: Any) -> Any:
        return self.http.post(path, auth=self._auth, **kwargs)

    def call(self, method: str, path: str, **kwargs: Any) -> Any:
        return self.http.open(path, method=method, auth=self._auth, buffered=True, **kwargs)

    def make_key(self, role: str = "reader", **fields: Any) -> dict[str, Any]:
        """Make a key, and return what the service said of it."""
        response = self.post("/keys", json={"name": "program", "role": role, **fields})
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json
        return made

    def upload(self, csv: str | bytes, path: str = "/upload", **kwargs: Any) -> Any:
        data = csv.encode() if isinstance(csv, str) else csv
        return self.post(path, data=data, content_type="text/csv", **kwargs)

    def load(self, csv: str | bytes, path: str = "/upload", **kwargs: Any) -> dict[str, Any]:
        """Upload, wait for the job's end, return the job."""
        response = self.upload(csv, path, **kwargs)
        assert response.status_code == 202, response.text
        return self.ended(response.json["job"]["id"])

    def ended(self, job_id: str, seconds: float = 120) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job: dict[str, Any] = self.get(f"/jobs/{job_id}").json
            if job["status"] not in ("enqueued", "processing"):
                return job
            time.sleep(0.02)
        raise AssertionError(f"the job did not end within {seconds} s: {job}")

    def search(self, question: str, **fields: Any) -> list[dict[str, Any]]:
        response = self.post("/search", json={"question": question, **fields})
        assert response.status_code == 200, response.text
        results: list[dict[str, Any]] = response.json["results"]
        return results
