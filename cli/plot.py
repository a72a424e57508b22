"""The plot of an evaluation, as a PNG. It needs matplotlib, which the service does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure


def draw(result: dict[str, Any], path: Path) -> None:
    """Write the curve of reliability, and what became of the questions."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    curve, bars = figure.subplots(1, 2)
    parts = [one for one in result["reliability"] if one["questions"]]
    curve.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    curve.plot([one["confidence"] for one in parts], [one["right"] for one in parts], marker="o")
    for one in parts:
        curve.annotate(str(one["questions"]), (one["confidence"], one["right"]))
    curve.set(xlabel="confidence", ylabel="share right", xlim=(0, 1), ylim=(0, 1))
    left = [0, 0]
    for kind in ("right", "asked_back", "passed", "wrong"):
        counts = [group[kind] for group in result["decisions"].values()]
        bars.barh(["with answer", "without answer"], counts, left=left, label=kind)
        left = [a + b for a, b in zip(left, counts, strict=True)]
    bars.set(xlabel="questions")
    bars.legend()
    figure.savefig(path, format="png", dpi=120)
