"""The service: its parts put together into one app, and the program `python app.py` that runs it.

Any WSGI server can run `create_app()`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from apiflask import APIFlask
from werkzeug.middleware.proxy_fix import ProxyFix

import config
import web.checks
import web.collections
import web.documentation
import web.evaluation
import web.health
import web.items
import web.jobs
import web.keys
import web.metrics
import web.pages
import web.recorder
import web.search
import web.thresholds
import web.uploads
import web.users
from cli.accounts import keys_command, users_command
from cli.backup import backup_command, restore_command
from cli.commands import (
    evaluate_command,
    import_command,
    report_in_one_line,
    runs_command,
    search_command,
)
from cli.spoken import announce_in_one_line, describe_failure
from config import VERSION, Settings
from embeddings import Embedder
from messages import cite, say
from services.deferred import Deferred
from services.logs import is_started, start_logging
from services.process import end_on_signals
from services.runtime import DATABASE_SECONDS, START_ERRORS, Runtime, start_runtime
from translations.catalogs import translate
from web.auth import guard_the_rest
from web.cors import allow_sites
from web.cross_site import refuse_cross_site
from web.decoding import FormRequest
from web.errors import register_error_handlers
from web.headers import protect
from web.language import name_language
from web.openapi import DESCRIPTION, TITLE, complete_spec
from web.rates import limit_rates
from web.server import check_address, serve
from web.validation import bound_body

PARTS = (
    web.health,
    web.search,
    web.uploads,
    web.jobs,
    web.items,
    web.collections,
    web.checks,
    web.evaluation,
    web.thresholds,
    web.metrics,
    web.keys,
    web.users,
    web.pages,
)
COMMANDS = (
    import_command,
    search_command,
    evaluate_command,
    backup_command,
    restore_command,
    users_command,
    keys_command,
)


def create_app(
    settings: Settings | None = None,
    embedder: Embedder | None = None,
    *,
    database_seconds: float = DATABASE_SECONDS,
) -> APIFlask:
    """Return the app with all its parts running, for any WSGI server.

    Without `settings`, read them from the environment and `.env`. `embedder` stands in for the
    settings' model. Wait up to `database_seconds` for a database that the settings name. Within a
    flask command, the parts start when it needs them. Raises ConfigError when credentials are
    missing, and what `start_runtime` raises.
    """
    with report_in_one_line():
        read = settings is None
        settings = settings or config.read_settings(config.environment())
        if read and not runs_command() and not is_started():
            start_logging(settings.log_level, settings.log_format)
        if runs_command():
            settings.credentials()  # they are asked for, as where the service starts
            parts = Deferred(
                settings, embedder, report_in_one_line, database_seconds, announce_in_one_line
            )
            return build_app(settings, parts)
        runtime = start_runtime(settings, embedder, database_seconds=database_seconds)
        return build_app(settings, runtime)


def build_app(settings: Settings, parts: Runtime | Deferred) -> APIFlask:
    """Return the app in front of the parts."""
    app = APIFlask(
        __name__,
        title=TITLE,
        version=VERSION,
        docs_path=None,
        json_errors=False,
        static_folder=None,  # type: ignore[arg-type]  # web/pages.py has the page's files
    )
    app.config.update(
        # werkzeug refuses a file that is as large as this.
        MAX_CONTENT_LENGTH=settings.max_upload_bytes + 1,
        MAX_FORM_PARTS=1_000,
        LANGUAGE=settings.language,
        SITES=frozenset(settings.cors_origins),
        DATA_DIR=settings.data_dir,
        METRICS_ACCESS=settings.metrics_access,
        METRICS_NETWORKS=settings.metrics_networks,
        API_USERNAME=settings.api_username,
        VALIDATION_ERROR_STATUS_CODE=400,
        OPENAPI_VERSION="3.1.0",
        # The first request would name the address for all others.
        AUTO_SERVERS=False,
        DESCRIPTION=DESCRIPTION,
    )
    app.request_class = FormRequest
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.spec_processor(complete_spec)
    app.extensions["conector"] = parts
    register_error_handlers(app)
    web.recorder.record_requests(app)
    app.before_request(bound_body)
    app.before_request(refuse_cross_site)
    app.before_request(guard_the_rest)
    app.after_request(protect)
    app.after_request(name_language)
    limit_rates(app, settings)
    allow_sites(app, settings.cors_origins)
    app.register_blueprint(web.documentation.routes)
    for part in PARTS:
        app.register_blueprint(part.routes)
    for command in COMMANDS:
        app.cli.add_command(command)
    if settings.trusted_proxies:
        _trust_proxies(app, settings.trusted_proxies)
    return app


def _trust_proxies(app: APIFlask, proxies: int) -> None:
    """Take the client's address, scheme and host from what the last `proxies` proxies forward."""
    app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
        app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
    )


def main(database_seconds: float = DATABASE_SECONDS) -> int:
    """Run the service until a signal; return the exit status. Errors of the start are one line."""
    end_on_signals()
    try:
        environ = config.environment()
        generated = None
        if "API_USERNAME" not in environ and "API_PASSWORD" not in environ:
            generated = username, password = config.new_credentials()
            environ |= {"API_USERNAME": username, "API_PASSWORD": password}
        settings = config.read_settings(environ)
        start_logging(settings.log_level, settings.log_format)
        check_address(settings.host, settings.port)
        app = create_app(settings, database_seconds=database_seconds)
        if generated is not None:
            # Kept only now: a start that fails leaves no password behind.
            config.keep_credentials(*generated)
    except START_ERRORS as error:
        sys.stderr.write(f"{describe_failure(error)}\n")
        return 1
    sys.stdout.write(_describe_start(settings, generated))
    sys.stdout.flush()
    try:
        serve(app, settings)
    finally:
        app.extensions["conector"].close()
    return 0


def _describe_start(settings: Settings, generated: tuple[str, str] | None) -> str:
    """Return where the service listens, generated credentials, and two curl lines to copy."""
    url = f"http://{settings.host}:{settings.port}"
    lines = [say("{title} listens on {url} (documentation: {url}/docs)", title=TITLE, url=url)]
    if generated is not None:
        username, password = generated
        user = f"{username}:{password}"
        lines.append(
            say(
                "Made for you and kept in .env: user {user}, password {password}",
                user=username,
                password=password,
            )
        )
    elif {"API_USERNAME", "API_PASSWORD"} <= os.environ.keys():
        user = "$API_USERNAME:$API_PASSWORD"
    else:
        user = "$(. ./.env; echo $API_USERNAME:$API_PASSWORD)"
    sample = Path(__file__).parent / "samples" / "faq_pt.csv"
    if sample.is_relative_to(Path.cwd()):
        sample = sample.relative_to(Path.cwd())
    lines += [
        say("Try it:"),
        cite(f'  curl -u "{user}" -F file=@{sample} {url}/upload'),
        cite(f'  curl -u "{user}" -d "question=Como rastreio meu pedido?" {url}/search'),
    ]
    return "".join(f"{translate(line, settings.language)}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
