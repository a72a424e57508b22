"""How a dry run shows what the texts of a file's rows tell."""

from __future__ import annotations

import click

from messages import say, say_count
from services.checks import Finding
from services.row_check import RowsCheck
from web.language import speak

# So many findings are printed, and so much of a question.
SHOWN_FINDINGS = 20
SHOWN_CHARS = 70


def print_findings(check: RowsCheck) -> None:
    """Print the findings, the most severe first: what was found, then its lines."""
    for finding in check.findings[:SHOWN_FINDINGS]:
        _print_finding(finding)
    more = check.total - min(SHOWN_FINDINGS, len(check.findings))
    if more > 0:
        click.echo(speak(say_count("… and {more} findings more", "more", more=more)))


def _print_finding(finding: Finding) -> None:
    found = say(
        "{severity}: {message} ({kind})",
        severity=finding.severity,
        message=finding.message,
        kind=finding.kind,
    )
    click.echo(speak(found))
    for entry in finding.named:
        question = " ".join(entry.question.split())[:SHOWN_CHARS]
        click.echo(speak(say("  line {line}: {question}", line=entry.number, question=question)))
