"""Where the plot of an evaluation goes, and what draws it; the library is optional."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import click

from messages import say
from web.language import speak

Draw: TypeAlias = Callable[[dict[str, Any]], None]


def prepare_plot(path: Path) -> Draw:
    """Return what draws a result into the file.

    What would fail is found before the work. Ends the command if there is no library, or if the
    file can't be written.
    """
    folder = path.parent
    if not folder.is_dir():
        missing = say("--plot: there is no folder {folder}", folder=str(folder))
        raise click.ClickException(speak(missing))
    if not os.access(path if path.exists() else folder, os.W_OK):
        locked = say("--plot: {file} can't be written: permission denied", file=str(path))
        raise click.ClickException(speak(locked))
    try:
        draw = importlib.import_module("cli.plot").draw
    except ImportError as error:
        needs = say("--plot needs matplotlib: pip install matplotlib")
        raise click.ClickException(speak(needs)) from error

    def draw_there(result: dict[str, Any]) -> None:
        try:
            draw(result, path)
        except OSError as error:
            reason = error.strerror or str(error)
            failed = say("--plot: {file} was not written: {reason}", file=str(path), reason=reason)
            raise click.ClickException(speak(failed)) from error

    return draw_there
