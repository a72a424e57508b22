"""Filters of searches, the warnings where nothing is found, and the columns of a collection."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

import services.search_warnings
import store.search
from tests.support.client import Client

FAQ = (
    "pergunta;resposta;categoria;canal\n"
    "Como pago?;Com Pix.;Pagamento ;site\n"
    "Como troco?;Na loja.;Pagamento\u00a0;loja\n"
    "Como cancelo?;No site.;Paga\u200bmento;\n"
    "Onde fica?;Na praça.;Endereço;loja\n"
)
FAQ += unicodedata.normalize("NFD", "Que horas?;Às nove.;Endereço;site\n")
PAID = {"Como pago?", "Como troco?", "Como cancelo?"}
PLACE = {"Onde fica?", "Que horas?"}


@pytest.fixture
def shop(client: Client) -> Client:
    client.load(FAQ, "/upload?collection=loja")
    return client


def ask(client: Client, filter: Any, **fields: Any) -> Any:
    body = {"question": "pagamento", "limit": 10, "filter": filter, **fields}
    response = client.post("/search", json=body)
    assert response.status_code == 200, response.text
    return response.json


def found(client: Client, filter: Any, **fields: Any) -> set[str]:
    return {hit["question"] for hit in ask(client, filter, **fields)["results"]}


@pytest.mark.parametrize(
    ("filter", "wanted"),
    [
        ({"categoria": "Pagamento"}, PAID),
        ({" categoria\u200b": "\u00a0Pagamento"}, PAID),
        ({"categoria": unicodedata.normalize("NFD", "Endereço")}, PLACE),
        ({"categoria": "pagamento"}, set()),
        ({"categoria": ["Pagamento", "Endereço"]}, PAID | PLACE),
        ({"categoria": ["Endereço", "nada"]}, PLACE),
        ({"categoria": {"not": "Pagamento"}}, PLACE),
        ({"categoria": {"not": ["Pagamento", "Endereço"]}}, set()),
        ({"canal": {"not": "loja"}}, {"Como pago?", "Como cancelo?", "Que horas?"}),
        ({"categoria": "Pagamento", "canal": ["loja", "site"]}, {"Como pago?", "Como troco?"}),
        ({"categoria": "Pagamento", "canal": {"not": "loja"}}, {"Como pago?", "Como cancelo?"}),
        ({"canal": ""}, {"Como cancelo?"}),
        ({"canal": {"not": ""}}, PAID | PLACE - {"Como cancelo?"}),
        ({"nada": ""}, PAID | PLACE),
        ({"nada": {"not": "x"}}, PAID | PLACE),
        ({}, PAID | PLACE),
    ],
)  # fmt: skip
def test_filters_find_what_a_reader_sees(shop: Client, filter: Any, wanted: set[str]) -> None:
    if filter == {"canal": {"not": ""}}:
        wanted = wanted - {"Como cancelo?"}
    assert found(shop, filter) == wanted


@pytest.mark.parametrize(
    "value", [[], {"not": []}, {}, {"nott": "a"}, {"not": {"not": "a"}}, 7, None, [7], ["a"] * 101]
)
def test_a_wrong_filter_is_400_and_names_the_column(client: Client, value: Any) -> None:
    response = client.post("/search", json={"question": "a", "filter": {"categoria": value}})
    assert (response.status_code, response.json["code"]) == (400, "invalid_request")
    assert response.json["fields"][0]["field"].startswith("filter.categoria")


def test_marks_of_the_filter_language_are_text(client: Client) -> None:
    odd = 'a" || $.x == "b \\ \x01 ]){}\n$.'
    client.post("/items", json={"question": "a?", "answer": "b", "metadata": {odd[:5]: odd}})
    assert found(client, {odd[:5]: odd}) == {"a?"}
    assert found(client, {odd[:5]: ["x", odd]}) == {"a?"}
    assert found(client, {odd[:5]: 'x" || "1" == "1'}) == set()


def test_a_changed_item_is_found_by_its_new_values(client: Client) -> None:
    item = client.post(
        "/items", json={"question": "a?", "answer": "b", "metadata": {"tema": "x "}}
    ).json
    assert found(client, {"tema": "x"}) == {"a?"}
    for value in ("y\u200b", "z"):
        body = item | {"metadata": {"tema": value}}
        client.http.put(f"/items/{item['id']}", json=body, auth=("admin", "a test's password"))
        assert found(client, {"tema": value[0]}) == {"a?"}
        assert found(client, {"tema": "x"}) == set()
    client.load("question;answer;tema\na?;b;w \n")
    assert found(client, {"tema": "w"}) == {"a?"}


def test_two_names_that_look_the_same_are_one(client: Client) -> None:
    body = {"question": "a?", "answer": "b", "metadata": {"tema": "x", "te\u200bma": "y"}}
    client.post("/items", json=body)
    assert found(client, {"tema": "x"}) == found(client, {"tema": "y"}) == {"a?"}
    assert found(client, {"tema": "z"}) == set()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"filter": {"categria": "Pagamento"}}, ["column 'categria'", "'categoria'"]),
        ({"filter": {"CATEGORIA": "Pagamento"}}, ["column 'CATEGORIA'", "'categoria'"]),
        ({"filter": {"categoria": "Pagamneto"}}, ["'Pagamneto'", "'categoria'", "'Pagamento'"]),
        ({"filter": {"canal": ["lojas", "sit"]}}, ["'lojas'", "'loja'", "'sit'", "'site'"]),
        ({"filter": {"categoria": "Endereço", "canal": {"not": ["loja", "site"]}}}, ["together"]),
        ({"collection": "lojas"}, ["'lojas'", "'loja'"]),
        ({"collection": ["nenhuma", "LOJA"]}, ["'nenhuma'", "'LOJA'", "'loja'"]),
        ({"collection": "lojas", "filter": {"categoria": "Pagamento"}}, ["'lojas'", "'loja'"]),
    ],
)
def test_what_nothing_has_is_named_with_what_is_near(
    shop: Client, fields: dict[str, Any], said: list[str]
) -> None:
    answer = shop.post("/search", json={"question": "a", **fields}).json
    assert answer["results"] == []
    warnings = " ".join(answer["warnings"])
    assert all(part in warnings for part in said), warnings
    (batch,) = shop.post("/search/batch", json={"queries": [{"question": "a", **fields}]}).json[
        "results"
    ]
    assert batch["warnings"] == answer["warnings"]


def test_a_column_is_missed_where_the_collection_has_none(client: Client) -> None:
    client.load("question,answer\na?,b\n")
    answer = ask(client, {"topic": "payment"}, collection="default")
    assert answer["warnings"] == ["No item that was looked at has a column 'topic'."]


def test_a_value_is_missed_in_a_column_with_many(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.search_warnings, "MOST_VALUES", 2)
    client.load("question,answer,sku\n" + "".join(f"q{n}?,a,SKU-{n % 4}\n" for n in range(8)))
    assert len(ask(client, {"sku": "SKU-3"})["results"]) == 2
    (warning,) = ask(client, {"sku": ["SKU-1x", "sku-2"]})["warnings"][:1]
    assert "'SKU-1x'" in warning
    assert "'SKU-1'" in warning
    looked = []
    has_items = store.search.has_items

    def note(*asked: Any) -> bool:
        looked.append(asked)
        return has_items(*asked)

    monkeypatch.setattr(store.search, "has_items", note)
    many = {f"sku{n}": [f"{n}-{m}" for m in range(100)] for n in range(3)} | {
        "sku": [f"SKU-{n}x" for n in range(100)]
    }
    assert ask(client, many)["results"] == []
    ask(client, {"sku": many["sku"]})
    # Whether anything is kept at all is looked up once for each search.
    assert len(looked) == 2 * (services.search_warnings.MOST_LOOKUPS + 1)
    monkeypatch.undo()
    none = ask(client, {"sku": {"not": [f"SKU-{n}" for n in range(4)]}})
    assert none["warnings"] == ["No item has what the filter asks of 'sku'."]


def test_a_misspelt_name_beside_others_is_named_too(shop: Client) -> None:
    answer = ask(shop, {"categria": {"not": "Pagamento"}})
    assert len(answer["results"]) == 5
    assert "'categoria'" in answer["warnings"][0]
    answer = ask(shop, {"categoria": "Pagamento"}, collection=["loja", "lojs"])
    assert len(answer["results"]) == 3
    assert "'lojs'" in answer["warnings"][0]


@pytest.mark.parametrize(
    "fields",
    [
        {"filter": {"categoria": "Pagamento"}, "max_distance": 0},
        {"filter": {"categoria": "Pagamento"}, "offset": 100},
        {"filter": {"categoria": {"not": "x"}}},
        {"collection": "loja"},
        {},
    ],
)
def test_no_warning_where_the_names_are_right(shop: Client, fields: dict[str, Any]) -> None:
    assert "warnings" not in shop.post("/search", json={"question": "a", **fields}).json


def test_a_collection_lists_its_columns(shop: Client) -> None:
    body = shop.get("/collections/loja").json
    assert (body["name"], body["items"]) == ("loja", 5)
    assert body["updated_at"].endswith("Z")
    assert body["columns"] == [
        {"name": "canal", "values": 2, "common": ["loja", "site"]},
        {"name": "categoria", "values": 2, "common": ["Pagamento", "Endereço"]},
    ]
    assert shop.get("/collections/lojas").status_code == 404
    assert shop.get("/collections/a%00").status_code == 404


def test_a_column_shows_only_its_commonest_short_values(client: Client) -> None:
    rows = "".join(f"q{n};a;{n};{'x' * 300};\n" for n in range(30))
    client.load(f"question;answer;n;long;none\n{rows}last;a;7;b;\n")
    columns = {one["name"]: one for one in client.get("/collections/default").json["columns"]}
    assert columns["n"]["values"] == 30
    assert (len(columns["n"]["common"]), columns["n"]["common"][0]) == (10, "7")
    assert columns["long"] == {"name": "long", "values": 2, "common": ["b"]}
    assert columns["none"] == {"name": "none", "values": 0, "common": []}
