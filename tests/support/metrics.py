"""The output of /metrics, read by the library's own parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

Labels = dict[str, str]


def read_samples(text: str) -> dict[str, list[tuple[Labels, float]]]:
    """Return {name: [(labels, value)]} of all samples."""
    found: dict[str, list[tuple[Labels, float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def read_value(text: str, name: str, **labels: str) -> float:
    """Return the sum of the samples of that name that have these labels; 0 without one."""
    return sum(
        value for had, value in read_samples(text).get(name, []) if labels.items() <= had.items()
    )
