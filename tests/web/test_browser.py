"""A real browser: what pages of other sites can make it do here, and whether /docs works in it.

Chromium is found by its usual names; where it is missing, these tests are skipped.
"""

from __future__ import annotations

import base64
import http.server
import json
import os
import shutil
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

from tests.support.service import PASSWORD, USER, ServiceProcess

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is missing: apt-get install chromium"
)

FAQ = "question,answer\nHow do I pay?,By invoice.\n"
# Pages of another site: a form with a file, a form whose text is a CSV, and a script.
PAGES = {
    "/form": """
        <form id=f method=post enctype=multipart/form-data action="{url}/upload?mode=replace">
        <input type=file name=file id=i></form><script>
        const files = new DataTransfer();
        files.items.add(new File(["question,answer\\nHow do I pay?,Evil.\\n"], "f.csv"));
        i.files = files.files; f.submit();</script>""",
    "/plain": """
        <form id=f method=post enctype=text/plain action="{url}/upload?mode=replace">
        <textarea name="question,answer&#10;How do I pay?,Evil. "></textarea></form>
        <script>f.submit();</script>""",
    "/fetch": """
        <script>fetch("{url}/upload?mode=replace", {{
            method: "POST", mode: "no-cors", credentials: "include",
            body: "question,answer\\nHow do I pay?,Evil.\\n"
        }}).finally(() => document.body.append("sent"))</script>""",
    "/frame": """<iframe src="{url}/docs/"></iframe>""",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            # Chromium can't be sandboxed for root.
            args=["--no-sandbox", "--host-resolver-rules=MAP *.example 127.0.0.1"],
        )
        yield browser
        browser.close()


@pytest.fixture
def service(dsn: str, start_service: Any, other_port: int) -> ServiceProcess:
    service: ServiceProcess = start_service(dsn, CORS_ORIGINS=f"http://shop.example:{other_port}")
    return service


@pytest.fixture
def admin(browser: Browser, service: ServiceProcess) -> Iterator[BrowserContext]:
    """A browser whose user has opened /docs, and so is logged in."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://{USER}:{quote(PASSWORD)}@127.0.0.1:{service.port}/docs/")
    # The address must be without the password, or its scripts can't call the service.
    page.goto(f"{service.url}/docs/")
    yield context
    context.close()


@pytest.fixture
def other_port() -> Iterator[int]:
    """The port of other sites, whatever their names."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            path, _, url = self.path.partition("?")
            body = PAGES.get(path, "").format(url=unquote(url)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<body>" + body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def other_site(other_port: int) -> str:
    """The address of another site, which nobody named."""
    return f"http://evil.example:{other_port}"


def stored_answers(service: ServiceProcess) -> list[str]:
    return [item["answer"] for item in service.get("/items")[1]["results"]]


def test_the_page_of_another_site_changes_nothing(
    admin: BrowserContext, service: ServiceProcess, other_site: str
) -> None:
    service.ended(service.load(FAQ)["id"])
    jobs = service.get("/jobs")[1]["total"]
    for way, shown in (("/form", "cross_site"), ("/plain", "cross_site"), ("/fetch", "sent")):
        page = admin.new_page()
        page.goto(f"{other_site}{way}?{service.url}")
        page.wait_for_function("text => document.body?.innerText.includes(text)", arg=shown)
    assert service.get("/jobs")[1]["total"] == jobs
    assert stored_answers(service) == ["By invoice."]


def test_a_page_of_ours_may_change_something(
    admin: BrowserContext, service: ServiceProcess
) -> None:
    """The browser above is logged in, so that only its words about the page's site stop it."""
    status = admin.pages[0].evaluate(
        """csv => fetch("/upload?mode=replace", {
            method: "POST", headers: {"Content-Type": "text/csv"}, body: csv
        }).then(answer => answer.status)""",
        FAQ,
    )
    assert status == 202


# What a page's script does with credentials of its own; a refusal of the browser is a text.
CALL = """async ([url, method, body, headers]) => {
    try {
        const answer = await fetch(url, {method, body: body ?? undefined, headers});
        const read = name => answer.headers.get(name);
        const text = await answer.text();
        return [answer.status, text, read("Location"), read("Retry-After"), read("ETag")];
    } catch (error) {
        return [0, String(error), null, null, null];
    }
}"""


def test_a_named_sites_page_calls_with_credentials_and_another_ones_can_not(
    browser: Browser, service: ServiceProcess, other_port: int
) -> None:
    """Nobody is logged in in this browser."""
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    known = {"Authorization": f"Basic {token}"}
    json_type = {"Content-Type": "application/json"}
    page = browser.new_page()

    def call(method: str, path: str, body: str | None, headers: dict[str, str]) -> Any:
        return page.evaluate(CALL, [service.url + path, method, body, headers])

    page.goto(f"http://shop.example:{other_port}/")
    key = {"Content-Type": "text/csv", "Idempotency-Key": "k"}
    status, _, location, _, _ = call("POST", "/upload", FAQ, known | key)
    assert (status, location.startswith("/jobs/")) == (202, True)
    service.ended(location.removeprefix("/jobs/"))
    status, text, *_ = call("POST", "/search", '{"question": "How do I pay?"}', known | json_type)
    assert (status, "By invoice." in text) == (200, True)
    item = service.get("/items")[1]["results"][0]["id"]
    status, _, _, _, tag = call("GET", f"/items/{item}", None, known)
    assert (status, bool(tag)) == (200, True)
    assert call("DELETE", f"/items/{item}", None, known | {"If-Match": tag})[0] == 200
    status, text, *_ = call("GET", "/items", None, {"Authorization": "Basic eDp5"})
    assert (status, "unauthorized" in text) == (401, True)
    page.goto(f"http://evil.example:{other_port}/")
    for method, body in (("GET", None), ("POST", FAQ)):
        status, text, *_ = call(method, "/items", body, known)
        assert (status, "TypeError" in text) == (0, True)
    page.close()


def test_no_other_site_frames_us(
    admin: BrowserContext, service: ServiceProcess, other_site: str
) -> None:
    page = admin.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{other_site}/frame?{service.url}")
    assert page.frames[1].locator("#swagger-ui").count() == 0
    assert any("frame" in text for text in said), said


def test_the_documentation_works_under_its_policy(
    admin: BrowserContext, service: ServiceProcess
) -> None:
    page = admin.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(error.message))
    page.goto(f"{service.url}/docs/")
    try_adding_an_item(page)
    assert stored_answers(service) == ["So."]
    assert said == []


def open_operation(page: Page, group: str, name: str) -> Locator:
    """Return an operation's part of the page, ready to be tried."""
    block = page.locator(f"#operations-{group}-{name}")
    block.locator("button.opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    return block


def execute(block: Locator) -> str:
    """Send what is filled in; return the status that the page shows."""
    block.get_by_role("button", name="Execute").click()
    status = block.locator(".live-responses-table tbody .response-col_status").first
    return status.inner_text().strip()


def try_adding_an_item(page: Page) -> None:
    """Do as a person who tries POST /items on the page."""
    block = open_operation(page, "Items", "add_item")
    block.locator("textarea.body-param__text").fill('{"question": "How?", "answer": "So."}')
    assert execute(block) == "201"
    if "SCREENSHOT" in os.environ:
        page.screenshot(path=os.environ["SCREENSHOT"], full_page=True)


def test_an_upload_and_a_search_can_be_tried_as_they_are_filled_in(
    admin: BrowserContext, service: ServiceProcess
) -> None:
    """A newcomer chooses a file and changes nothing else."""
    page = admin.new_page()
    page.goto(f"{service.url}/docs/")
    upload = open_operation(page, "Upload", "upload_file")
    upload.locator("input[type=file]").set_input_files(
        {"name": "faq.csv", "mimeType": "text/csv", "buffer": FAQ.encode()}
    )
    assert execute(upload) == "202"
    job = service.get("/jobs")[1]["results"][0]
    assert service.ended(job["id"])["rows"]["inserted"] == 1
    search = open_operation(page, "Search", "search")
    assert json.loads(search.locator("textarea.body-param__text").input_value())["question"]
    assert execute(search) == "200"
    assert "By invoice." in search.locator(".live-responses-table").inner_text()
    search.locator("select.content-type").first.select_option("application/x-www-form-urlencoded")
    assert execute(search) == "200"
    assert "By invoice." in search.locator(".live-responses-table").inner_text()
