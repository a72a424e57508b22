"""Examples of what is sent and answered, by the names of the models that they are of."""

from __future__ import annotations

from typing import Any

CSV = "id,question,answer,topic\n1,How do I pay?,By card or by invoice.,payment\n"
_TIME = "2026-11-02T09:30:00Z"
_JOB_ID = "0b0ff1a5-2f0c-4c2b-9d2e-6a1f4f9c1f11"
_ITEM_ID = 17

_PAIR: dict[str, Any] = {
    "question": "How do I pay?",
    "alternatives": ["Which ways of paying are there?"],
    "answer": "By card or by invoice.",
    "metadata": {"topic": "payment"},
}
_ITEM = {
    "id": _ITEM_ID,
    "external_id": "1",
    **_PAIR,
    "collection": "shop",
    "created_at": _TIME,
    "updated_at": _TIME,
}
_RESULT = {
    "id": _ITEM_ID,
    "question": _PAIR["question"],
    "answer": _PAIR["answer"],
    "collection": "shop",
    "distance": 0.08,
    "score": 0.92,
    "matched": "question",
    "matched_text": _PAIR["question"],
    "metadata": _PAIR["metadata"],
}
_THRESHOLDS = {"answer": 0.6, "none": 0.2}
# Such as finds something in a collection of any name.
_SEARCH = {"question": "Can I pay by invoice?", "limit": 3}
_FOUND = {
    "question": _SEARCH["question"],
    "search_id": "6d1b9b1e-6f0f-4a52-8a57-64a3b0f5c3d2",
    "decision": "answer",
    "confidence": 0.93,
    "thresholds": _THRESHOLDS,
    "best": _RESULT,
    "results": [_RESULT],
    "took_ms": 12.4,
}
_JOB: dict[str, Any] = {
    "id": _JOB_ID,
    "status": "succeeded",
    "kind": "import",
    "collection": "shop",
    "filename": "faq.csv",
    "mode": "upsert",
    "created_at": _TIME,
    "started_at": _TIME,
    "finished_at": "2026-11-02T09:30:04Z",
    "rows": {
        "total": 3,
        "done": 3,
        "inserted": 2,
        "updated": 0,
        "unchanged": 0,
        "rejected": 1,
        "deleted": 0,
    },
    "progress": 1.0,
    "rows_per_second": 120.5,
    "eta_seconds": 0.0,
    "waiting": None,
    "error": None,
    "file": {"format": "csv", "encoding": "utf-8", "delimiter": ","},
}
_ENQUEUED = _JOB | {
    "status": "enqueued",
    "started_at": None,
    "finished_at": None,
    "rows": _JOB["rows"] | {"done": 1, "inserted": 0},
    "progress": 0.3333,
    "rows_per_second": None,
    "eta_seconds": None,
}
_REJECTED = {"line": 4, "code": "empty_answer", "error": "The answer is empty."}
_COLLECTION = {"name": "shop", "items": 2, "updated_at": _TIME}
_CHECKED = {
    "id": _ITEM_ID,
    "external_id": "1",
    "question": _PAIR["question"],
    "alternatives": [],
    "answer": _PAIR["answer"],
}
_USER = {
    "name": "ana",
    "role": "editor",
    "collections": None,
    "created_at": _TIME,
    "changed_at": _TIME,
}
_KEY = {
    "id": 3,
    "name": "chatbot",
    "role": "reader",
    "collections": ["shop"],
    "prefix": "cpg_4f7Qx2",
    "created_at": _TIME,
    "last_used_at": None,
    "expires_at": None,
}
_PAGE = {"total": 1, "limit": 20, "offset": 0}

EXAMPLES: dict[str, Any] = {
    "SearchRequest": _SEARCH,
    "SearchForm": _SEARCH,
    "BatchRequest": {"queries": [_SEARCH, {"question": "Where is my parcel?"}]},
    "ItemRequest": _PAIR | {"collection": "shop"},
    "ItemChange": _PAIR,
    "ItemPatch": {"answer": "By card, by invoice or in cash."},
    "ThresholdsRequest": _THRESHOLDS | {"constant": 0.0},
    "HealthResponse": {"status": "ok", "version": "0.1.0"},
    "ReadyResponse": {
        "status": "ok",
        "parts": {"database": "ok", "model": "ok", "workers": "ok"},
    },
    "SearchResponse": _FOUND,
    "BatchResponse": {"results": [_FOUND]},
    "ItemBody": _ITEM,
    "ItemsResponse": {"results": [_ITEM], **_PAGE},
    "UploadResponse": {"message": "2 rows are stored and will be embedded.", "job": _ENQUEUED},
    "DryRunResponse": {
        "message": "Nothing was stored: of 3 rows 2 would be inserted, 0 updated, 0 left unchanged "
        "and 1 rejected.",
        "job": _JOB | {"id": None},
        "preview": {
            "format": "csv",
            "encoding": "utf-8",
            "delimiter": ",",
            "header_line": 1,
            "columns": ["id", "question", "answer", "topic"],
            "question_column": "question",
            "answer_column": "answer",
            "id_column": "id",
            "rows": [
                {
                    "line": 2,
                    "id": "1",
                    "question": _PAIR["question"],
                    "answer": _PAIR["answer"],
                    "metadata": _PAIR["metadata"],
                }
            ],
            "errors": [_REJECTED],
        },
        "check": {"results": [], "total": 0, "checked": 2},
    },
    "JobBody": _JOB,
    "JobsResponse": {"results": [_JOB], **_PAGE},
    "ErrorsResponse": {"results": [_REJECTED], **_PAGE, "limit": 100},
    "CollectionsResponse": {"results": [_COLLECTION]},
    "CollectionDetails": _COLLECTION
    | {"columns": [{"name": "topic", "values": 1, "common": ["payment"]}]},
    "CollectionThresholds": _THRESHOLDS | {"constant": 0.0, "own": False},
    "UserRequest": {"name": "ana", "password": "a password of ten or more", "role": "editor"},
    "PasswordRequest": {"password": "another password of hers"},
    "UserBody": _USER,
    "UsersResponse": {"results": [_USER]},
    "KeyRequest": {"name": "chatbot", "role": "reader", "collections": ["shop"]},
    "KeyBody": _KEY,
    "NewKeyBody": _KEY | {"key": "cpg_…"},
    "KeysResponse": {"results": [_KEY]},
    "DeletedResponse": {"deleted": 1},
    "CheckResponse": {
        "results": [
            {
                "kind": "cut_off_answer",
                "severity": "low",
                "message": "The answer looks cut off.",
                "items": [_CHECKED],
            }
        ],
        **_PAGE,
        "limit": 100,
        "items": 2,
        "checked": 2,
        "counts": {"cut_off_answer": 1},
    },
}

# What is sent beside a file, and the file.
UPLOAD_FORM = {"file": CSV, "collection": "shop", "mode": "upsert"}
EVALUATION_CSV = "question,expected\nCan I pay by invoice?,1\n"
EVALUATION_FORM = {"file": EVALUATION_CSV, "collection": "shop"}
METRICS = """\
# HELP conector_items Items.
# TYPE conector_items gauge
conector_items 40.0
"""
