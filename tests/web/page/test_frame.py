"""The frame of the page: who sees what, in which language, and how a browser keeps it."""

from __future__ import annotations

import gzip
import re

from tests.support.client import Client
from web.assets import FOLDER, read_assets

TYPES = {
    "main.js": "text/javascript",
    "vendor/preact.mjs": "text/javascript",
    "css/base.css": "text/css",
    "words.pt.json": "application/json",
    "sample/faq_pt.csv": "text/csv",
    "icon.svg": "image/svg+xml",
}


def find_files(page: str) -> set[str]:
    return set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))


def test_it_needs_a_login(client: Client) -> None:
    answer = client.http.get("/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_its_policy_allows_its_own_files_alone(client: Client) -> None:
    page = client.get("/?q=x")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "data:" not in policy
    assert not re.search(r"\sstyle=|\son\w+=", page.text)


def test_its_files_are_there_and_kept_for_long(client: Client) -> None:
    for address in find_files(client.get("/").text):
        answer = client.http.get(address)
        assert answer.status_code == 200, address
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_has_its_type_and_goes_compressed(client: Client) -> None:
    for name, kind in TYPES.items():
        address = read_assets().address(name)
        plain = client.http.get(address)
        zipped = client.http.get(address, headers={"Accept-Encoding": "gzip"})
        assert plain.mimetype == kind
        if "Content-Encoding" in zipped.headers:
            assert gzip.decompress(zipped.data) == plain.data
            assert zipped.headers["ETag"] != plain.headers["ETag"]
        else:
            assert len(plain.data) < 500
        again = client.http.get(address, headers={"If-None-Match": plain.headers["ETag"]})
        assert again.status_code == 304


def test_the_page_goes_compressed(client: Client) -> None:
    plain = client.get("/")
    zipped = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(zipped.data) == plain.data
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_a_page_of_another_version_gets_files_that_it_does_not_keep(client: Client) -> None:
    answer = client.http.get("/static/another/main.js")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


def test_no_other_file_is_there(client: Client) -> None:
    for name in ("../pages.py", "%2e%2e/pages.py", "nothing.js", "vendor"):
        assert client.http.get(f"/static/x/{name}").status_code == 404, name


def test_every_file_of_the_folder_is_served() -> None:
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.*")}
    there -= {name for name in there if "LICENSE" in name}
    assert there <= read_assets().files.keys()


def test_its_language_is_the_chosen_one_or_the_browsers(client: Client) -> None:
    def read(accepted: str, chosen: str = "") -> str:
        client.http.set_cookie("language", chosen)
        page: str = client.get("/", headers={"Accept-Language": accepted}).text
        assert ("Perguntar" in page) != ("Ask" in page)
        return page

    assert '<html lang="pt-BR"' in read("pt-BR")
    assert '<html lang="en"' in read("de, en;q=0.5")
    assert '<html lang="en"' in read("pt", chosen="en")
    assert '<html lang="pt-BR"' in read("pt", chosen='"><script>')


def test_its_theme_is_the_chosen_one(client: Client) -> None:
    client.http.set_cookie("theme", "pink")
    assert "data-theme" not in client.get("/").text
    client.http.set_cookie("theme", "dark")
    assert 'data-theme="dark"' in client.get("/").text
