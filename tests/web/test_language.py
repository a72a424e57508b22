"""The language of answers: what Accept-Language prefers, or else the service's own."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from apiflask import APIFlask

import store.sentences
import store.waiting
from app import build_app
from config import Settings
from db import Pool
from messages import say
from tests.support.client import PASSWORD, USER, Client
from translations.catalogs import Language
from web.language import choose_language, read_language
from web.refusals import busy, too_large, unauthorized

PORTUGUESE = {"Accept-Language": "pt-BR,pt;q=0.9,en;q=0.5"}
AWAY = say("The embedding server can't be reached.")
FAQ = "pergunta;resposta\nQuando abre?;Às 9 h.\n"


@pytest.mark.parametrize(
    ("accepted", "default", "language"),
    [
        (None, "en", "en"),
        (None, "pt", "pt"),
        ("pt-BR", "en", "pt"),
        ("pt-PT, en;q=0.8", "en", "pt"),
        ("en-US,en;q=0.9", "pt", "en"),
        ("de, pt;q=0.3", "en", "pt"),
        ("de-DE", "pt", "pt"),
        ("*", "pt", "pt"),
        ("pt;q=0, en", "pt", "en"),
        ("\xff;;q=x", "en", "en"),
    ],
)
def test_the_preferred_language_is_chosen(
    accepted: str | None, default: Language, language: Language
) -> None:
    assert choose_language(accepted, default) == language


def _workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["name", "text"])
    book.active.append(["a", "b"])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _multipart(**parts: Any) -> dict[str, Any]:
    return {"data": parts, "content_type": "multipart/form-data"}


def _raw(body: str | bytes, type: str = "text/csv") -> dict[str, Any]:
    return {"data": body, "content_type": type}


SEARCH, UPLOAD, ITEM = "/search", "/upload", "/items"
WRONG: list[tuple[str, str, dict[str, Any], str]] = [
    ("GET", "/nothing", {}, "Não há nada neste endereço"),
    ("PATCH", SEARCH, {}, "Este endereço não aceita esse método"),
    ("GET", "/jobs/00000000-0000-0000-0000-000000000000", {}, "Essa tarefa não existe."),
    ("GET", "/items/999", {}, "Esse item não existe."),
    ("DELETE", "/collections/none", {}, "Essa coleção não existe."),
    ("POST", SEARCH, {"json": {}}, "question: campo obrigatório."),
    ("POST", SEARCH, {"json": {"question": " "}}, "question: precisa conter algo"),
    ("POST", SEARCH, {"json": {"question": 3}}, "question: o valor precisa ser um texto."),
    (
        "POST",
        SEARCH,
        {"json": {"question": "a", "limit": 0, "max_distance": 3}},
        "limit: o valor precisa ser maior ou igual a 1; max_distance: o valor precisa ser menor "
        "ou igual a 2.",
    ),
    ("POST", SEARCH, {"json": {"question": "a" * 100_000}}, "question: o texto pode ter no máximo"),
    ("POST", SEARCH, {"json": {"question": "a", "quest": 1}}, "quest: este campo não existe aqui"),
    (
        "POST",
        SEARCH,
        {"json": {"question": "a", "collection": []}},
        "a lista precisa ter no mínimo",
    ),
    (
        "POST",
        SEARCH,
        {"json": {"question": "a", "collection": "a b"}},
        "de 1 a 100 letras sem acento",
    ),
    (
        "POST",
        SEARCH,
        {"json": {"question": "a", "filter": {str(n): "" for n in range(60)}}},
        "o objeto pode ter no máximo 50 campos",
    ),
    ("POST", SEARCH, {"json": {"question": "a", "filter": "x"}}, "precisa ser um objeto JSON"),
    *(
        (
            "POST",
            "/keys",
            {"json": {"name": "a", "role": "reader", "expires_at": time}},
            "expires_at: precisa ser uma data com hora e distância de UTC, como 2031-12-31T2",
        )
        for time in ("ontem", "2099-01-01", "2099-01-01T00:00:00", 5)
    ),
    ("POST", SEARCH, _raw("{", "application/json"), "O corpo não é JSON válido: o texto acaba no"),
    ("POST", SEARCH, _raw('{"a": 1,}', "application/json"), "há uma vírgula a mais na linha 1"),
    ("POST", SEARCH, _raw("x", "text/html"), "Content-Type do corpo: text/html. Envie-o como"),
    ("POST", SEARCH, _raw(b'{"a":"\xe9"}', "application/json"), "O byte 6 do corpo (0xE9)"),
    ("POST", "/search/batch", {"json": {"queries": [0] * 1_001}}, "tem 1.001 membros; são aceitos"),
    (
        "GET",
        "/items?text=" + "x" * 10_001,
        {},
        "text: o texto pode ter no máximo 10.000 caracteres.",
    ),
    ("POST", f"{UPLOAD}?sheet=", _raw("a"), "sheet: o texto não pode estar vazio."),
    ("GET", "/jobs?limit=x", {}, "limit: o valor precisa ser um número inteiro, só com"),
    ("GET", "/jobs?status=x", {}, "status: o valor precisa ser 'enqueued', 'processing', "),
    ("GET", "/jobs?status=%ff", {}, "O endereço, campo status: o byte 0 (0xFF) do valor não é"),
    ("POST", UPLOAD, _raw(""), "O arquivo está vazio: não tem cabeçalho nem linhas."),
    ("POST", UPLOAD, _raw("pergunta,resposta\n"), "O arquivo tem um cabeçalho, mas nenhuma linha"),
    ("POST", UPLOAD, _raw("name,text\na,b\n"), "Não foram encontradas as colunas da pergunta"),
    (
        "POST",
        f"{UPLOAD}?question_column=7&answer_column=2",
        _raw("a,b,c\n1,2,3\n"),
        "A coluna 7 foi pedida, mas as linhas têm 3 colunas.",
    ),
    ("POST", f"{UPLOAD}?encoding=klingon", _raw(FAQ), "encoding='klingon' não é uma codificação"),
    ("POST", f"{UPLOAD}?delimiter=ab", _raw(FAQ), "delimiter='ab': informe um só caractere"),
    ("POST", f"{UPLOAD}?mode=x", _raw(FAQ), "mode: o valor precisa ser 'upsert', 'replace' ou"),
    ("POST", f"{UPLOAD}?sheet=x", _raw(FAQ), "sheet= serve para planilhas"),
    ("POST", f"{UPLOAD}?mode=append&mode=append", _raw(FAQ), "mode: informado 2 vezes."),
    ("POST", UPLOAD, _raw(b"%PDF-1.4"), "O arquivo é um documento PDF, um formato que o serviço"),
    (
        "POST",
        UPLOAD,
        _raw('[{"pergunta": "a"'),
        "O JSON está malformado na linha 1, coluna 18: ",
    ),
    ("POST", UPLOAD, _raw("- q: a\n  a: b\n c"), "O YAML está malformado na linha"),
    ("POST", UPLOAD, _raw(_workbook()), "Não foram encontradas as colunas da pergunta e da resp"),
    (
        "POST",
        UPLOAD,
        _raw("x", "text/html"),
        "Content-Type do corpo: text/html. Envie o arquivo",
    ),
    ("POST", UPLOAD, _multipart(file="x"), "A parte `file` é um texto, e não um arquivo"),
    (
        "POST",
        UPLOAD,
        _multipart(other=(io.BytesIO(b"x"), "a.csv")),
        "O que veio: 0 partes com o nome `file` e other.",
    ),
    (
        "POST",
        UPLOAD,
        _raw(FAQ) | {"headers": {"Idempotency-Key": "\t"}},
        "O Idempotency-Key prec",
    ),
    ("POST", UPLOAD, _raw(FAQ) | {"headers": {"Content-Encoding": "gzip"}}, "O corpo está compact"),
    (
        "POST",
        UPLOAD,
        _raw(FAQ) | {"headers": {"Origin": "http://evil"}},
        "A requisição veio da página",
    ),
    ("POST", ITEM, {"json": {"question": "a", "answer": "\0"}}, "answer: não pode conter o caract"),
]


@pytest.mark.parametrize(
    ("method", "path", "sent", "sentence"), WRONG, ids=[f"{w[1]} {w[3]}"[:60] for w in WRONG]
)
def test_an_error_speaks_the_callers_language_and_is_else_the_same(
    client: Client, method: str, path: str, sent: dict[str, Any], sentence: str
) -> None:
    def ask(**language: str) -> Any:
        one = {**sent, "headers": sent.get("headers", {}) | language}
        if "data" in one and isinstance(one["data"], dict):
            # The files of a form are closed when it was sent.
            one["data"] = {
                name: (io.BytesIO(part[0].getvalue()), part[1]) if isinstance(part, tuple) else part
                for name, part in one["data"].items()
            }
        return client.http.open(path, method=method, auth=(USER, PASSWORD), **one)

    english, portuguese = ask(), ask(**PORTUGUESE)
    assert sentence in portuguese.json["error"]
    assert portuguese.headers["Content-Language"] == "pt"
    assert "Accept-Language" in portuguese.headers["Vary"]
    assert english.headers["Content-Language"] == "en"
    assert english.status_code == portuguese.status_code
    bodies = [english.json, portuguese.json]
    errors = [body.pop("error") for body in bodies]
    assert errors[0] != errors[1]
    for fields in zip(*(body.get("fields", ()) for body in bodies), strict=True):
        said = [field.pop("error") for field in fields]
        assert said[0] != said[1]
    assert bodies[0] == bodies[1]


def test_who_is_not_known_reads_it_too(client: Client) -> None:
    answer = client.http.get("/jobs", headers=PORTUGUESE)
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["error"].startswith("Falta o usuário, a senha ou a chave")


def test_a_job_speaks_each_readers_language(client: Client) -> None:
    job = client.load("id;pergunta;resposta\n1;a;b\n1;c;d\n2;;x\n3;e;\n")
    path = f"/jobs/{job['id']}/errors"
    english, portuguese = client.get(path), client.get(path, headers=PORTUGUESE)
    assert [row["error"] for row in english.json["results"]] == [
        "The id 1 comes again in line 3, and the last row with an id counts: give each row an id "
        "of its own.",
        "The question is empty.",
        "The answer is empty.",
    ]
    assert [row["error"] for row in portuguese.json["results"]] == [
        "O id 1 aparece de novo na linha 3, e vale a última linha com um id: dê a cada linha seu "
        "próprio id.",
        "A pergunta está vazia.",
        "A resposta está vazia.",
    ]
    codes = [[row["code"] for row in one.json["results"]] for one in (english, portuguese)]
    assert codes[0] == codes[1]
    assert portuguese.headers["Content-Language"] == "pt"


def test_a_failed_job_and_its_upload_speak_it(client: Client) -> None:
    answer = client.upload("pergunta;resposta\na;\n", headers=PORTUGUESE)
    assert answer.json["message"] == "0 linhas foram guardadas e serão transformadas em vetores."
    job = client.ended(answer.json["job"]["id"])
    assert job["error"]["error"].startswith("Every row of the file was rejected")
    spoken = client.get(f"/jobs/{job['id']}", headers=PORTUGUESE).json["error"]
    assert spoken["error"].startswith("Todas as linhas do arquivo foram recusadas, e a coleção")
    assert "empty_answer (1)" in spoken["error"]
    assert spoken["code"] == "all_rejected"
    (listed,) = client.get("/jobs", headers=PORTUGUESE).json["results"]
    assert listed["error"] == spoken


def test_a_dry_run_speaks_it(client: Client) -> None:
    path = "/upload?dry_run=true"
    answer = client.upload("pergunta;resposta\na;b\nc;\n", path, headers=PORTUGUESE).json
    assert answer["message"] == (
        "Nada foi guardado: de 2 linhas, 1 seriam inseridas, 0 atualizadas, 0 deixadas como estão "
        "e 1 recusadas."
    )
    assert answer["preview"]["errors"][0]["error"] == "A resposta está vazia."
    lost = client.upload("pergunta;resposta\nc;\n", path, headers=PORTUGUESE).json
    assert "O envio falharia: Todas as linhas do arquivo foram recusadas" in lost["message"]


def test_rows_of_a_workbook_are_rejected_in_it(client: Client) -> None:
    """Their rejections come from a child process."""
    book = openpyxl.Workbook()
    for row in (["pergunta", "resposta"], ["a", "b"], ["c", "#REF!"]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    path = "/upload?dry_run=true"
    answer = client.upload(file.getvalue(), path, headers=PORTUGUESE).json
    (error,) = answer["preview"]["errors"]
    assert error["error"] == "A resposta está vazia. A célula B3 mostra o erro #REF!."


def test_lines_of_json_are_rejected_in_it(client: Client) -> None:
    lines = '{"pergunta": "a", "resposta": "b"}\n[1]\n{"pergunta": [], "resposta": "b"}\n'
    path = "/upload?dry_run=true"
    answer = client.upload(lines, path, headers=PORTUGUESE).json
    assert [row["error"] for row in answer["preview"]["errors"]] == [
        "A linha não é um objeto JSON.",
        "O campo 'pergunta' está vazio.",
    ]


def test_what_a_job_waits_for_is_said_in_it(client: Client, pool: Pool, app: APIFlask) -> None:
    app.extensions["conector"].workers.stop()
    job = client.upload(FAQ).json["job"]["id"]
    store.waiting.note_waiting(pool, AWAY)
    assert client.get(f"/jobs/{job}").json["waiting"] == AWAY
    spoken = client.get(f"/jobs/{job}", headers=PORTUGUESE).json["waiting"]
    assert spoken == "Não foi possível falar com o servidor de vetores."


def test_what_an_older_version_stored_stays_english(client: Client, pool: Pool) -> None:
    job = client.load("pergunta;resposta\na;\n")["id"]
    with pool.transaction() as conn, conn.cursor() as cur:
        # One that knows the new columns no more than that.
        cur.execute("UPDATE job_errors SET error_parts = NULL")
        cur.execute("UPDATE jobs SET error = 'Other words.'")
    assert client.get(f"/jobs/{job}", headers=PORTUGUESE).json["error"]["error"] == "Other words."
    (row,) = client.get(f"/jobs/{job}/errors", headers=PORTUGUESE).json["results"]
    assert row["error"] == "The answer is empty."


def test_a_value_that_jsonb_can_not_hold_leaves_the_sentence_english(
    client: Client, pool: Pool
) -> None:
    assert store.sentences.dump_parts(say("Its {name!r} is empty.", name="\0")) is None
    assert store.sentences.dump_parts(say("Its {name!r} is empty.", name="\ud800")) is None
    lines = '{"pergunta": "a", "resposta": "b"}\n{"pergunta\\u0000": [], "resposta": "b"}\n'
    assert client.upload(lines).status_code in (202, 422)


def test_parts_that_are_not_ready_are_named_in_it(app: APIFlask) -> None:
    runtime = app.extensions["conector"]
    away = Pool("postgresql://127.0.0.1:1/none", 1)
    app.extensions["conector"] = replace(runtime, pool=away)
    answer = app.test_client().get("/readyz", headers=PORTUGUESE)
    app.extensions["conector"] = runtime
    assert answer.json is not None
    assert answer.json["parts"]["database"] == "Não foi possível falar com o PostgreSQL."


def test_the_setting_holds_where_a_request_asks_for_nothing(
    app: APIFlask, settings: Settings
) -> None:
    spoken = settings.model_copy(update={"language": "pt"})
    client = Client(build_app(spoken, app.extensions["conector"]).test_client())
    assert client.get("/items/9").json["error"] == "Esse item não existe."
    english = client.get("/items/9", headers={"Accept-Language": "en-GB"})
    assert english.json["error"] == "There is no such item."
    assert client.get("/items/9", headers={"Accept-Language": "de"}).json["error"][:4] == "Esse"


def test_an_answer_without_a_sentence_names_no_language(client: Client) -> None:
    answer = client.get("/jobs", headers=PORTUGUESE)
    assert "Content-Language" not in answer.headers


def test_refusals_of_the_server_speak_it() -> None:
    headers = [(b"host", b"a"), (b"accept-language", b"pt-BR"), (b"accept-language", b"en;q=0.1")]
    assert read_language(headers, "en") == "pt"
    assert read_language(headers[:1], "pt") == "pt"
    for refused in (
        unauthorized(),
        too_large(7),
        busy(say("Too many questions wait for the model.")),
    ):
        english, portuguese = (json.loads(refused.body(one)) for one in ("en", "pt"))
        assert english["code"] == portuguese["code"]
        assert english["error"] == str(refused)
        assert portuguese["error"] != english["error"]
        whole = refused.as_bytes("pt")
        assert b"Content-Language: pt\r\n" in whole
        body = whole.partition(b"\r\n\r\n")[2]
        assert b"Content-Length: %d\r\n" % len(body) in whole


def test_warnings_of_a_search_speak_it(client: Client) -> None:
    client.load(
        "pergunta;resposta;categoria\nQuando abre?;Às 9 h.;loja\n", "/upload?collection=faq"
    )
    asked = {"question": "a", "collection": ["faq", "faqs"], "filter": {"categria": "loja"}}
    answer = client.post("/search", json=asked, headers=PORTUGUESE)
    assert answer.json["warnings"][-2:] == [
        "Nenhuma coleção com o nome 'faqs' tem itens. Parecidos: 'faq'.",
        "Nenhum dos itens examinados tem a coluna 'categria'. Parecidos: 'categoria'.",
    ]
    assert answer.headers["Content-Language"] == "pt"


def test_rejected_rows_as_csv_give_their_reasons_in_it(client: Client) -> None:
    job = client.load("pergunta;resposta\na;b\nc;\n")["id"]
    accept = {"Accept": "text/csv"}
    answer = client.get(f"/jobs/{job}/errors", headers=PORTUGUESE | accept)
    assert "c;;3;A resposta está vazia." in answer.text
    assert answer.headers["Content-Language"] == "pt"
    assert "c;;3;The answer is empty." in client.get(f"/jobs/{job}/errors", headers=accept).text
