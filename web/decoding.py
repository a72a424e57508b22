"""The text of a request: JSON in the encoding that it declares, forms and addresses in UTF-8.

What can't be read is refused by a sentence that says where, instead of being replaced by marks.
"""

from __future__ import annotations

import codecs
from contextlib import ExitStack
from typing import IO, Any
from urllib.parse import unquote_to_bytes

import flask
from werkzeug.datastructures import MultiDict
from werkzeug.formparser import FormDataParser

from files.encoding import find_codec
from messages import Message, say
from web.errors import ApiError, invalid_request, unsupported_media_type

# A form or an address may have so many fields; werkzeug bounds the parts of a multipart body.
MAX_FIELDS = 1_000
MAX_SHOWN = 200
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode_json(request: flask.Request) -> str:
    """Return the text of a body of JSON. Raises ApiError (400, 415).

    A BOM says in which encoding it is, else the Content-Type's charset, else it is UTF-8.
    """
    body = request.get_data()
    start, name = next(((len(bom), name) for bom, name in _BOMS if body.startswith(bom)), (0, None))
    name = name or request.mimetype_params.get("charset") or "utf-8"
    codec = find_codec(name)
    if codec is None:
        raise unsupported_media_type(
            say("The Content-Type's charset {name!r} is not known: send UTF-8.", name=name[:40])
        )
    try:
        return body[start:].decode(codec)
    except UnicodeDecodeError as error:
        raise _explain_undecodable(body, start + error.start, codec) from error


def _explain_undecodable(body: bytes, at: int, codec: str) -> ApiError:
    return ApiError(
        400,
        "malformed_json",
        say(
            "Byte {at} of the body (0x{value:02X}) is not {codec}, in line "
            "{line}: send UTF-8, or say in the Content-Type which charset it is "
            "(application/json; charset=iso-8859-1).",
            at=at,
            value=body[at],
            codec=codec,
            line=body.count(10, 0, at) + 1,
        ),
        details={"byte": at, "encoding": codec},
    )


def require_utf8(encoded: bytes, what: Message) -> None:
    """Raise ApiError (400) unless fields as they are sent, `a=b&c=d`, are UTF-8 and not too many.

    `what` names their place at the beginning of a sentence.
    """
    fields = encoded.split(b"&", MAX_FIELDS)
    if len(fields) > MAX_FIELDS:
        raise invalid_request(
            say("{what} has more than {most:,} fields.", what=what, most=MAX_FIELDS)
        )
    for field in fields:
        name, _, value = (unquote_to_bytes(part) for part in field.partition(b"="))
        for part in (name, value):
            try:
                part.decode()
            except UnicodeDecodeError as error:
                where: dict[str, str | int] = {
                    "what": what,
                    "field": name[:MAX_SHOWN].decode("utf-8", "replace"),
                    "start": error.start,
                    "value": part[error.start],
                }
                raise invalid_request(
                    say(
                        "{what}, field {field}: byte {start} (0x{value:02X}) of its value is not "
                        "UTF-8: send UTF-8.",
                        **where,
                    )
                    if part is value
                    else say(
                        "{what}, field {field}: byte {start} (0x{value:02X}) of its name is not "
                        "UTF-8: send UTF-8.",
                        **where,
                    )
                ) from error


class _FormParser(FormDataParser):
    """Reads forms. werkzeug itself takes a multipart body that it can't read for an empty one."""

    def parse(self, stream: IO[bytes], mimetype: str, *args: Any, **kwargs: Any) -> Any:
        self.silent = False
        with ExitStack() as opened:
            make_file = self.stream_factory
            self.stream_factory = lambda *a, **k: opened.enter_context(make_file(*a, **k))
            try:
                parsed = super().parse(stream, mimetype, *args, **kwargs)
            except UnicodeDecodeError as error:
                raise _explain_header(error) from error
            except ValueError as error:
                raise _malformed(
                    say(
                        "The multipart body can't be read: its boundary, or its end, is missing or "
                        "wrong."
                    )
                ) from error
            if mimetype == "multipart/form-data":
                _require_readable(parsed[1])
            # The files of a form that is read are closed with the request.
            opened.pop_all()
        return parsed


def _explain_header(error: UnicodeDecodeError) -> ApiError:
    header = error.object[:MAX_SHOWN].decode("ascii", "backslashreplace")
    return _malformed(
        say(
            "A part's header is not UTF-8 at its byte {start}: {header} Send names in UTF-8 "
            "(curl -F 'file=@faq.csv;filename=faq.csv').",
            start=error.start,
            header=header,
        )
    )


def _malformed(error: Message) -> ApiError:
    return ApiError(400, "malformed_request", error)


def _require_readable(form: MultiDict[str, str]) -> None:
    """Raise ApiError (400) where werkzeug has put marks for bytes that are not UTF-8."""
    for name, value in form.items(multi=True):
        if "\ufffd" in value:
            raise invalid_request(
                say("{name}: the part is not UTF-8: send UTF-8.", name=name[:MAX_SHOWN])
            )


class FormRequest(flask.Request):
    """A request whose form is read, or refused by a sentence that says why."""

    form_data_parser_class = _FormParser
