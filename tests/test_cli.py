"""`flask --app app import` and `search`, on an app that runs."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
from apiflask import APIFlask
from click.testing import Result
from matplotlib.image import imread

from cli.commands import FIGURES, describe_result, import_command
from embeddings import EmbeddingFailed
from messages import cite
from services.runtime import Runtime
from services.search import NOT_MEASURED
from tests.support.client import Client
from turns import EmbedderBusy
from web.schemas import UploadOptions

ROOT = Path(__file__).parents[1]


def run(app: APIFlask, *args: str) -> Result:
    return app.test_cli_runner().invoke(args=args)


def test_a_file_is_imported_and_found(app: APIFlask, client: Client, tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_text("pergunta;resposta\nQuando abre?;Às 9 h.\nSem resposta;\n", "utf-8")
    dry = run(app, "import", str(file), "--dry-run", "--collection", "loja")
    assert dry.exit_code == 0
    assert "2 rows: 1 inserted" in dry.stdout
    assert "nothing was stored" in dry.stdout
    assert client.get("/collections").json["results"] == []

    done = run(app, "import", str(file), "--collection", "loja", "--mode", "replace")
    assert done.exit_code == 0, done.output
    assert "1 inserted, 0 updated, 0 unchanged, 1 rejected" in done.stdout
    assert "line 3: The answer is empty. (empty_answer)" in done.stderr
    assert client.get("/jobs").json["results"][0]["filename"] == "faq.csv"

    found = run(app, "search", "Quando abre?", "--collection", "loja")
    assert "Quando abre?  [loja]" in found.stdout
    assert "Às 9 h." in found.stdout
    assert "Nothing" in run(app, "search", "Quando?", "--collection", "none").stderr


def test_a_file_s_name_may_be_no_utf_8(app: APIFlask, client: Client, tmp_path: Path) -> None:
    file = tmp_path / "faq\udcff.csv"
    file.write_text("question,answer\na,b\n")
    imported = run(app, "import", "--dry-run", str(file))
    assert imported.exit_code == 0, imported.output
    imported = run(app, "import", str(file))
    assert imported.exit_code == 0, imported.output
    assert client.get("/jobs").json["results"][0]["filename"] == "faq?.csv"


def test_a_dry_run_shows_what_the_texts_tell(app: APIFlask, tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    pairs = [("Quando abre?", "Às 9 h."), ("Quando abre?", "Às 10 h."), ("Onde fica?", "TODO")]
    lines = [f"{question};{answer}" for question, answer in pairs]
    file.write_text("\n".join(["pergunta;resposta", *lines]), "utf-8")
    dry = run(app, "import", str(file), "--dry-run").stdout
    assert "(same_question)\n  line 2: Quando abre?\n  line 3: Quando abre?" in dry
    assert "(empty_answer)\n  line 4: Onde fica?" in dry
    many = [f"Pergunta {n}?;TODO" for n in range(25)]
    file.write_text("\n".join(["pergunta;resposta", *many]), "utf-8")
    dry = run(app, "import", str(file), "--dry-run").stdout
    assert dry.count("(empty_answer)") == 20
    assert "… and 5 findings more" in dry


def test_the_import_has_all_options_of_an_upload() -> None:
    options = {one.name for one in import_command.params if isinstance(one, click.Option)}
    assert options == UploadOptions.model_fields.keys()


def test_an_import_reads_other_wordings_and_a_safe_export(app: APIFlask, tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_text("question,answer,frases\nopening,'=1+1,when open\n", "utf-8")
    asked = ("--alternatives-column", "frases", "--spreadsheet-safe")
    assert run(app, "import", str(file), *asked).exit_code == 0
    found = run(app, "search", "when open").stdout
    assert "0.000  opening" in found
    assert " =1+1" in found


def test_what_is_wrong_is_one_line(app: APIFlask, tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_text("name,text\na,b\n")
    refused = run(app, "import", str(file))
    assert refused.exit_code == 1
    assert "faq.csv" in refused.stderr
    assert "missing_column" in refused.stderr
    assert run(app, "import", str(file), "--collection", "a b").exit_code == 2
    assert run(app, "search", "x", "--limit", "0").exit_code == 2
    assert run(app, "import", str(tmp_path / "none.csv")).exit_code == 2


@pytest.mark.parametrize("error", [EmbedderBusy, EmbeddingFailed])
def test_a_search_that_the_model_refuses_is_one_line(
    app: APIFlask,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    error: type[EmbedderBusy | EmbeddingFailed],
) -> None:
    def refuse(texts: object) -> object:
        raise error(cite("The model is sick."))

    runtime: Runtime = app.extensions["conector"]
    monkeypatch.setattr(runtime.embeddings, "embed_queries", refuse)
    done = run(app, "search", "How?")
    assert (done.exit_code, done.stderr) == (1, "Error: The model is sick.\n")


def test_a_search_prints_its_warnings(
    app: APIFlask, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.load("question,answer\nHow do I pay?,By card.\n")
    runtime: Runtime = app.extensions["conector"]
    monkeypatch.setattr(runtime.searcher.calibration, "get_constants", lambda: None)
    done = run(app, "search", "How do I pay?")
    assert done.exit_code == 0
    assert str(NOT_MEASURED) in done.stderr


def test_a_start_that_fails_is_one_line(tmp_path: Path) -> None:
    app = ROOT / "app.py"
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("API_", "DB_", "DATABASE"))}
    run = subprocess.run(
        [sys.executable, "-m", "flask", "--app", str(app), "search", "anything"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert "API_USERNAME" in run.stderr


def test_a_collection_is_evaluated_with_a_status_for_ci(
    app: APIFlask, client: Client, tmp_path: Path
) -> None:
    client.load("id,question,answer\np1,How do I pay?,By card.\np2,Where is it?,There.\n")
    file, plot = tmp_path / "asked.csv", tmp_path / "plot.png"
    file.write_text(
        "question,expected\n" + "How do I pay?,p1\nIs it nice outside?,p1\n" * 10,
        "utf-8",
    )
    done = run(app, "evaluate", str(file), "--min-first", "50", "--max-wrong", "100", "--apply")
    assert done.exit_code == 0, done.output
    assert "first                      0.500" in done.stdout
    assert "fitted: answer from 0." in done.stdout
    foreseen = done.stdout.split("so it would be:\n")[1].splitlines()
    assert foreseen[0].split() == ["with_answer", "10", "0", "10", "0"]
    assert "Applied to default: answer from 0." in done.stdout
    assert client.get("/collections/default/thresholds").json["own"] is True
    low = run(app, "evaluate", str(file), "--min-first", "50.5", "--max-wrong", "-0.5")
    assert low.exit_code == 1
    assert "50.00 % of the first hits are right, not 50.5 %\n" in low.stderr
    assert "answered wrongly, and at most -0.5 % may be\n" in low.stderr

    assert run(app, "evaluate", str(file), "--plot", str(plot)).exit_code == 0
    # Half of the questions are answered right, and half asked back; the legend is below.
    picture = (imread(plot, format="png")[:400, :, :3] * 255).round()
    curve, bars = picture[:, :600], picture[:, 600:]
    assert (curve == (31, 119, 180)).all(axis=-1).any()
    right, asked = (
        (bars == colour).all(axis=-1).sum() for colour in ((44, 160, 44), (255, 127, 14))
    )
    assert 0 < right == pytest.approx(asked, rel=0.01)


def test_a_plot_that_has_no_place_is_told_before_the_work(
    app: APIFlask, client: Client, tmp_path: Path
) -> None:
    file = load_and_ask(client, tmp_path, "How do I pay?,p1\n")
    done = run(app, "evaluate", str(file), "--plot", str(tmp_path / "no" / "p.png"))
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "--plot: there is no folder" in done.stderr
    assert client.get("/jobs?kind=evaluation").json["total"] == 0


def test_a_step_that_fails_after_an_evaluation_skips_no_other(
    app: APIFlask, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(result: dict[str, Any], path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setitem(sys.modules, "cli.plot", SimpleNamespace(draw=fail))
    file = load_and_ask(client, tmp_path, "How do I pay?,p1\n")
    asked = ("--plot", str(tmp_path / "p.png"), "--apply", "--min-first", "101")
    done = run(app, "evaluate", str(file), *asked)
    assert done.exit_code == 1
    plot, applied, limit = done.stderr.splitlines()[-3:]
    assert plot.endswith("p.png was not written: No space left on device")
    assert "too few questions to fit" in applied
    assert "100.00 % of the first hits are right, not 101 %" in limit


def load_and_ask(client: Client, folder: Path, rows: str) -> Path:
    """Store an item, and return a file with rows of a question and what it expects."""
    client.load("id,question,answer\np1,How do I pay?,By card.\n")
    file = folder / "asked.csv"
    file.write_text(f"question,expected\n{rows}", "utf-8")
    return file


def test_a_limit_is_not_kept_where_rows_were_not_tested(
    app: APIFlask, client: Client, tmp_path: Path
) -> None:
    file = load_and_ask(client, tmp_path, "How do I pay?,p1\nWhat?,p8\nWho?,p9\n")
    assert run(app, "evaluate", str(file)).exit_code == 0
    for limit in (("--min-first", "1"), ("--max-wrong", "100")):
        done = run(app, "evaluate", str(file), *limit)
        assert done.exit_code == 1
        *named, last = [
            line for line in done.stderr.splitlines() if "row" in line or "line" in line
        ]
        assert last == "Error: rows rejected, so not tested: 2 of 3"
        assert "unknown_expected" in named[-1]


def test_without_a_right_answer_there_is_no_first_hit(
    app: APIFlask, client: Client, tmp_path: Path
) -> None:
    file = load_and_ask(client, tmp_path, "Is it nice outside?,none\n")
    done = run(app, "evaluate", str(file), "--min-first", "0")
    assert done.exit_code == 1
    assert "no question in the file has an answer" in done.stderr
    assert "%" not in done.stderr.splitlines()[-1]


def test_each_count_of_an_evaluation_stands_below_its_word() -> None:
    """The database returns the members of its JSON in an order of its own."""
    counts = {"right": 1, "wrong": 2, "passed": 4, "asked_back": 3}
    result = dict.fromkeys(FIGURES) | {
        "decisions": {"with_answer": counts},
        "since_last": None,
        "fitted": None,
        "misses": [],
    }
    head, row = list(describe_result(result))[-2:]
    assert head.split() == ["right", "wrong", "asked", "passed"]
    assert row.split() == ["with_answer", "1", "2", "3", "4"]


HEAVY = ("torch", "transformers", "sentence_transformers", "openvino", "tokenizers", "pandas")


@pytest.mark.parametrize(
    ("args", "said", "status"),
    [
        (["import", "none.csv"], "File 'none.csv' does not exist.", 2),
        (["import", "faq.csv", "--collection", "a b"], "collection", 2),
        (["import", "bad.csv"], "missing_column", 1),
        (["import", "faq.csv", "--dry-run"], "1 inserted", 0),
        (["backup", "all.zip"], "Wrote all.zip: 0 items", 0),
        (["backup", "none/all.zip"], "none: no such folder", 1),
        (["restore", "faq.csv"], "faq.csv is no backup of this service", 1),
        (["routes"], "/upload", 0),
        (["keys", "create", "--name", "bot", "--role", "reader"], "cpg_", 0),
        (["--help"], "import", 0),
    ],
    ids=[
        "missing file",
        "wrong option",
        "wrong file",
        "dry run",
        "backup",
        "backup into no folder",
        "restore of no backup",
        "routes",
        "keys",
        "help",
    ],
)
def test_a_command_that_embeds_nothing_loads_no_library_of_models(
    args: list[str], said: str, status: int, dsn: str, tmp_path: Path
) -> None:
    """What takes seconds is never imported; nor is the database asked where nothing needs it."""
    (tmp_path / "faq.csv").write_text("question,answer\nWhen?,At 9.\n")
    (tmp_path / "bad.csv").write_text("name,text\na,b\n")
    program = f"""
import sys
from flask.cli import main
sys.argv = ["flask", "--app", {str(ROOT / "app.py")!r}, *{args!r}]
try:
    main()
except SystemExit as end:
    status = end.code or 0
print("loaded:", [name for name in {HEAVY!r} if name in sys.modules])
sys.exit(status)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"DATABASE_URL": dsn, "API_USERNAME": "a", "API_PASSWORD": "b"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_a_wrong_database_is_one_line(dsn: str, tmp_path: Path) -> None:
    wrong = urlsplit(dsn)._replace(path="/no_such_database").geturl()
    (tmp_path / "faq.csv").write_text("question,answer\nWhen?,At 9.\n")
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", str(ROOT / "app.py"), "import", "faq.csv"],
        cwd=tmp_path,
        env=os.environ | {"DATABASE_URL": wrong, "API_USERNAME": "a", "API_PASSWORD": "b"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "refuses the connection" in done.stderr


def test_commands_speak_the_services_language(app: APIFlask, tmp_path: Path) -> None:
    app.config["LANGUAGE"] = "pt"
    file = tmp_path / "faq.csv"
    file.write_text("pergunta;resposta\nQuando abre?;Às 9 h.\nSem resposta;\n", "utf-8")
    dry = run(app, "import", str(file), "--dry-run")
    assert "2 linhas: 1 inseridas, 0 atualizadas, 0 inalteradas, 1 recusadas, 0 apa" in dry.stdout
    assert "(foi uma simulação: nada foi guardado)" in dry.stdout
    assert "linha 3: A resposta está vazia. (empty_answer)" in dry.stderr
    assert "Não há nada guardado ali." in run(app, "search", "Quando?").stderr
    assert "limit: o valor precisa ser maior" in run(app, "search", "x", "--limit", "0").stderr
    file.write_text("")
    assert "faq.csv: O arquivo está vazio" in run(app, "import", str(file)).stderr


def test_help_and_a_start_that_fails_speak_it(
    app: APIFlask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "pt_BR:pt:en")
    shown = run(app, "search", "--help").stdout
    assert "Mostra os pares guardados" in shown
    assert "Uma ou várias; todas, se nenhuma for dada." in shown
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("API_", "DB_", "DATABASE"))}
    root = Path(__file__).parents[1]
    for program, said in (("app.py", "PORT é 'x'"), ("worker.py", "PORT é 'x'")):
        ended = subprocess.run(
            [sys.executable, str(root / program)], cwd=tmp_path, env=environ | {"PORT": "x"},
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert ended.returncode == 1
        assert "não pode iniciar" in ended.stderr
        assert f"{said}, mas precisa ser um número inteiro." in ended.stderr
        assert ended.stderr.count("\n") == 1
