"""The whole main job on samples/: start the service, upload, wait, ask, stop. Run by `make demo`.

The service runs as its users run it, `python app.py`, on a free port. What it stores is in the
collection `demo`, which is deleted at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from local_service import Client, LocalServiceError, Service, has_ended

SAMPLE = Path(__file__).parent / "samples" / "faq_pt.csv"
QUESTIONS = (
    "Como acompanho minha encomenda?",
    "Perdi o acesso porque não lembro a senha",
    "Can I get my money back?",
)


def upload(service: Service) -> None:
    """Upload the sample and show the progress of its job up to the end."""
    job = service.upload(SAMPLE.read_bytes(), "?collection=demo&mode=replace")
    with tqdm(total=job["rows"]["total"], unit=" rows", desc=SAMPLE.name) as bar:

        def show(job: Mapping[str, Any]) -> bool:
            bar.update(job["rows"]["done"] - bar.n)
            return has_ended(job)

        job = service.wait_for_job(job["id"], fits=show)
    if job["status"] != "succeeded":
        raise LocalServiceError(f"The job {job['status']}: {job['error']}")


def ask(client: Client, question: str) -> None:
    """Search, and print the nearest pair."""
    answer = client.search(question, collection="demo", limit=1)
    best = answer["results"][0]
    print(f"\n? {question}")
    print(f"= {best['question']}  (distance {best['distance']:.3f}, {answer['took_ms']:.0f} ms)")
    print(f"  {best['answer']}")


def main() -> None:
    print("Starting the service; the first start converts the model and takes up to a minute …")
    service = Service(settings={"LOG_LEVEL": "WARNING"})
    try:
        service.wait_until_ready()
        upload(service)
        client = service.client()
        for question in QUESTIONS:
            ask(client, question)
        client.call("DELETE", "/collections/demo")
    except LocalServiceError as error:
        raise SystemExit(str(error)) from error
    finally:
        service.stop()


if __name__ == "__main__":
    main()
