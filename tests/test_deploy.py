"""What deploy/ asks Prometheus for is what the service tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
import yaml

from tests.support.client import Client
from tests.support.metrics import Labels, read_samples
from tests.support.promtool import ALERTS, DEPLOY, run_promtool

DASHBOARD = DEPLOY / "grafana" / "dashboard.json"
# Prometheus adds these itself.
SCRAPED = {"job", "instance"}
KEYWORDS = {"by", "without", "and", "or", "unless", "on", "ignoring", "bool", "offset"}

_SELECTOR = re.compile(r"([a-z_:][a-z0-9_:]*)\s*(\{[^}]*\})?", re.IGNORECASE)
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")

Samples = dict[str, list[tuple[Labels, float]]]


def read_alerts() -> Iterator[tuple[str, str]]:
    for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def read_panels() -> Iterator[tuple[str, str]]:
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']} {target['refId']}", target["expr"]


QUERIES = [*read_alerts(), *read_panels()]


def find_selectors(query: str) -> Iterator[tuple[str, str]]:
    """Yield the metrics of a query, each with its matchers in braces."""
    query = re.sub(r"\[[^\]]*\]|\b\d[\w.]*\b(?![^{]*\})", "", _GROUPING.sub("", query))
    for found in _SELECTOR.finditer(query):
        name, matchers = found.group(1), found.group(2) or ""
        if query[found.end() :].lstrip().startswith("(") and not matchers:
            continue  # a function
        if name not in KEYWORDS:
            yield name, matchers


def find_values(told: list[tuple[Labels, float]], label: str) -> set[str | None]:
    return {labels.get(label) for labels, _ in told}


def find_faults(query: str, samples: Samples) -> list[str]:
    """Return what a query asks for and the service does not tell."""
    faults = []
    known = set(SCRAPED)
    for name, matchers in find_selectors(query):
        told = samples.get(name, [({}, 0.0)] if name == "up" else [])
        labels = SCRAPED.union(*(had for had, _ in told))
        known |= labels
        if not told:
            faults.append(f"no metric {name}")
        for label, operator, value in _MATCHER.findall(matchers):
            if label not in labels:
                faults.append(f"{name} has no label {label}")
            elif operator == "=" and label not in SCRAPED and value not in find_values(told, label):
                faults.append(f"{name} has no {label} {value}")
    grouped = {label.strip() for part in _GROUPING.findall(query) for label in part.split(",")}
    return faults + [f"nothing has the label {label}" for label in sorted(grouped - known)]


@pytest.fixture
def samples(client: Client) -> Samples:
    """All that a service tells that has done some work."""
    client.load("question,answer\na b c,one\nd e f,two\n")
    client.search("a b c")
    client.http.get("/jobs")
    found = read_samples(client.get("/metrics").text)
    # Under `python app.py` the server refuses such a request itself.
    found["conector_http_refused_total"] = [({"status": "401"}, 1.0)]
    return found


def test_every_query_asks_for_what_the_service_tells(samples: Samples) -> None:
    assert len(QUERIES) > 40
    faults = {name: found for name, query in QUERIES if (found := find_faults(query, samples))}
    assert faults == {}


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("rate(conector_nothing[5m])", "no metric conector_nothing"),
        ('conector_jobs{state="x"}', "conector_jobs has no label state"),
        ('conector_jobs{kind="exports"}', "conector_jobs has no kind exports"),
        ("sum by (route, user) (conector_http_requests_total)", "nothing has the label user"),
        ("conector_items / on (le) gone_total > 0.5", "no metric gone_total"),
    ],
)
def test_a_query_for_what_is_not_told_is_found(samples: Samples, query: str, fault: str) -> None:
    assert fault in find_faults(query, samples)


def test_the_dashboard_shows_what_is_worth_an_alert() -> None:
    def names(queries: Iterator[tuple[str, str]]) -> set[str]:
        return {name for _, query in queries for name, _ in find_selectors(query)}

    assert names(read_alerts()) <= names(read_panels())


def test_promtool_takes_the_rules_and_the_configuration() -> None:
    for arguments in (
        ("check", "rules", str(ALERTS)),
        ("check", "config", "--syntax-only", str(DEPLOY / "prometheus" / "prometheus.yml")),
    ):
        checked = run_promtool(*arguments)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "SUCCESS" in checked.stdout


def test_promtool_finds_no_fault_in_the_metrics(client: Client) -> None:
    checked = run_promtool("check", "metrics", text=client.get("/metrics").text)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
