"""A client that calls as an admin and waits for jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

USER, PASSWORD = "admin", "a test's password"


def eventually(fits: Callable[[], bool], seconds: float = 30) -> None:
    """Return once it fits."""
    deadline = time.monotonic() + seconds
    while not fits():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.02)


class Client:
    """Calls as an admin, and waits for jobs."""

    def __init__(self, http: FlaskClient) -> None:
        self.http = http

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.http.get(path, auth=(USER, PASSWORD), buffered=True, **kwargs)

    def post(self, path: str, **kwargs: Any) -> Any:
        return self.http.post(path, auth=(USER, PASSWORD), **kwargs)

    def upload(self, csv: str | bytes, path: str = "/upload", **kwargs: Any) -> Any:
        data = csv.encode() if isinstance(csv, str) else csv
        return self.post(path, data=data, content_type="text/csv", **kwargs)

    def load(self, csv: str | bytes, path: str = "/upload", **kwargs: Any) -> dict[str, Any]:
        """Upload, wait for the job's end, return the job."""
        response = self.upload(csv, path, **kwargs)
        assert response.status_code == 202, response.text
        return self.ended(response.json["job"]["id"])

    def ended(self, job_id: str, seconds: float = 30) -> dict[str, Any]:
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
