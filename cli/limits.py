"""What the figures of an evaluation must reach for the command to end well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from messages import Message, say
from store.jobs import Job
from web.language import speak


@dataclass(frozen=True)
class Limits:
    """The least share of right first hits and the largest of wrong answers, in percent."""

    min_first: float | None
    max_wrong: float | None

    def require(self, result: dict[str, Any], job: Job) -> None:
        """End the command with status 1, and a line for each limit that is not kept."""
        broken = [*map(speak, self._find_broken(result, job))]
        if broken:
            raise click.ClickException("\n".join(broken))

    def _find_broken(self, result: dict[str, Any], job: Job) -> Iterator[Message]:
        if self.min_first is None and self.max_wrong is None:
            return
        # The figures are of the other rows alone, which may be few and easy ones.
        if job.rejected:
            yield say(
                "rows rejected, so not tested: {rejected} of {total}",
                rejected=job.rejected,
                total=job.total,
            )
        if self.min_first is not None:
            yield from _judge_first(result["first"], self.min_first)
        if self.max_wrong is not None:
            yield from _judge_wrong(result["wrong"], self.max_wrong)


def _judge_first(share: float | None, least: float) -> Iterator[Message]:
    if share is None:
        yield say("no question in the file has an answer, so there is no first hit to be right")
        return
    first = _as_percent(share)
    if first < least:
        yield say(
            "{first:.2f} % of the first hits are right, not {least:g} %", first=first, least=least
        )


def _judge_wrong(share: float, most: float) -> Iterator[Message]:
    wrong = _as_percent(share)
    if wrong > most:
        yield say(
            "{wrong:.2f} % of the questions were answered wrongly, and at most {most:g} % may be",
            wrong=wrong,
            most=most,
        )


def _as_percent(share: float) -> float:
    """Return a share in percent, to the two decimals that it has: 100 * 0.57 is less than 57."""
    return round(100 * share, 2)
