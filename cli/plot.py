"""The plot of an evaluation, as a PNG. It needs matplotlib, which the service does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from messages import say
from web.language import speak

# What becomes of a question, and its colour; the words are those of the figures.
KINDS = {"right": "tab:green", "asked_back": "tab:orange", "passed": "0.75", "wrong": "tab:red"}


def draw(result: dict[str, Any], path: Path) -> None:
    """Write the curve of reliability, and what became of the questions."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    curve, bars = figure.subplots(1, 2)
    _draw_reliability(curve, result["reliability"])
    _draw_decisions(bars, result["decisions"])
    figure.legend(loc="outside lower right", ncols=len(KINDS))
    figure.savefig(path, format="png", dpi=120)


def _draw_reliability(axes: Axes, reliability: list[dict[str, Any]]) -> None:
    parts = [part for part in reliability if part["questions"]]
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    axes.plot([part["confidence"] for part in parts], [part["right"] for part in parts], "o-")
    for part in parts:
        place = (part["confidence"], part["right"])
        axes.annotate(str(part["questions"]), place, (4, 4), textcoords="offset points")
    axes.set(xlim=(0, 1), ylim=(0, 1.05))
    axes.set(xlabel=speak(say("confidence")), ylabel=speak(say("share of right first hits")))


def _draw_decisions(axes: Axes, decisions: dict[str, dict[str, int]]) -> None:
    groups = [speak(say("with an answer")), speak(say("without an answer"))]
    left = [0, 0]
    for kind, colour in KINDS.items():
        counts = [decisions[group][kind] for group in ("with_answer", "without_answer")]
        axes.barh(groups, counts, left=left, color=colour, label=kind)
        left = [before + count for before, count in zip(left, counts, strict=True)]
    axes.set(xlabel=speak(say("questions")))
