"""Each alert of deploy/ fires when its thing happens, and not before: promtool plays series."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.promtool import ALERTS, run_promtool

MINUTES = 90
# The metrics of an alert as they come minute by minute, in promtool's words (start+step): where all
# is well, and where it is not.
SERIES: dict[str, list[tuple[str, str, str]]] = {
    "ConectorDown": [('up{job="conector"}', "1", "0")],
    "ConectorDatabaseDown": [("conector_database_up", "1", "0")],
    "ConectorErrors": [
        ('conector_http_requests_total{route="/items",status="200"}', "0+96", "0+94"),
        ('conector_http_requests_total{route="/items",status="503"}', "0+4", "0+6"),
    ],
    "ConectorSlowSearches": [
        (f'conector_http_request_duration_seconds_bucket{{route="/search",le="{le}"}}', good, bad)
        for le, good, bad in (("0.5", "0+96", "0+94"), ("1.0", "0+100", "0+100"))
    ]
    + [
        (
            'conector_http_request_duration_seconds_bucket{route="/search",le="+Inf"}',
            "0+100",
            "0+100",
        )
    ],
    "ConectorModelFails": [('conector_embedding_failures_total{kind="query"}', "0+1", "0+2")],
    "ConectorQueueWaits": [('conector_oldest_job_age_seconds{status="enqueued"}', "1800", "1801")],
    "ConectorJobTakesLong": [
        ('conector_oldest_job_age_seconds{status="processing"}', "21600", "21601")
    ],
    "ConectorRowsRejected": [
        ('conector_rows_done_total{outcome="inserted"}', "0+91", "0+89"),
        ('conector_rows_done_total{outcome="rejected"}', "0+9", "0+11"),
    ],
    "ConectorPoolExhausted": [("conector_db_pool_exhausted_total", "7", "0+1")],
    "ConectorPoolNearlyFull": [
        ("conector_db_pool_used", "21", "22"),
        ("conector_db_pool_size", "24", "24"),
    ],
    "ConectorDiskFull": [
        ("conector_disk_free_bytes", "11", "9"),
        ("conector_disk_bytes", "100", "100"),
    ],
    "ConectorTableBloated": [
        (f'conector_table_{what}{{table="items"}}', good, bad)
        for what, good, bad in (
            ("dead_rows", "9", "11"),
            ("live_rows", "10", "10"),
            ("bytes", "3e8", "3e8"),
            ("index_bytes", "3e8", "3e8"),
        )
    ],
    "ConectorIndexInvalid": [('conector_indexes{state="invalid"}', "0", "1")],
    "ConectorLoginsThrottled": [("conector_logins_throttled_total", "5", "0+1")],
}


def make_series(values: str) -> str:
    return f"{values}x{MINUTES}" if "+" in values else f"{values}+0x{MINUTES}"


def play(state: int, expected: list[str]) -> dict[str, Any]:
    """Return a test of promtool: with the series in this state, these alerts fire."""
    return {
        "interval": "1m",
        "input_series": [
            {"series": one[0], "values": make_series(one[state])}
            for series in SERIES.values()
            for one in series
        ],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": f"{MINUTES}m",
                "exp_samples": [
                    {"labels": f'{{alertname="{name}"}}', "value": 1} for name in expected
                ],
            }
        ],
    }


@pytest.mark.parametrize(("state", "expected"), [(1, []), (2, list(SERIES))], ids=["well", "ill"])
def test_the_alerts_fire_when_it_happened(state: int, expected: list[str], tmp_path: Path) -> None:
    file = tmp_path / "played.yml"
    rules = {"rule_files": [str(ALERTS)], "evaluation_interval": "1m"}
    file.write_text(yaml.safe_dump(rules | {"tests": [play(state, expected)]}), "utf-8")
    played = run_promtool("test", "rules", str(file))
    assert played.returncode == 0, played.stdout + played.stderr


def test_every_alert_is_played() -> None:
    (group,) = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    assert [rule["alert"] for rule in group["rules"]] == list(SERIES)
