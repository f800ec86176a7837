from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from celigo_pandas.engine.masking import Redactor, secret_values

CANARY = 'cän"a/r+y=%<'
DOC = {
    "name": "x",
    "type": "http",
    "http": {
        "baseURI": "https://a.example",
        "mediaType": "json",
        "auth": {"type": "token", "token": {"token": CANARY, "location": "header"}},
        "encrypted": {"one": "s3cret-two", "nested": {"deep": "s3cret-three"}},
    },
}


def test_masking_secret_values_are_found_wherever_the_document_hides_them() -> None:
    assert secret_values(DOC) == {CANARY, "s3cret-two", "s3cret-three"}


@pytest.mark.parametrize(
    "form",
    [
        CANARY,
        json.dumps(CANARY)[1:-1],
        json.dumps(CANARY, ensure_ascii=False)[1:-1],
        quote(CANARY),
        quote(CANARY, safe=""),
        quote_plus(CANARY),
        "cän&quot;a/r+y=%&lt;",
        'cän"a/r+y=%&lt;',
        base64.b64encode(f"user:{CANARY}".encode()).decode(),
        base64.b64encode(f"u:{CANARY}".encode()).decode(),
        base64.b64encode(f"us:{CANARY}:end".encode()).decode(),
        base64.urlsafe_b64encode(CANARY.encode()).decode(),
        CANARY.encode().hex(),
    ],
)
def test_masking_secret_is_replaced_in_every_form(form: str) -> None:
    text = Redactor(DOC).text(f"before {form} after")

    assert form not in text
    assert "******" in text
    assert text.startswith("before ")
    assert text.endswith(" after")


def test_masking_values_and_keys_of_json_are_searched() -> None:
    value = {"a": [f"x{CANARY}y", 1, None], CANARY: {"b": ("s3cret-two",)}}

    assert Redactor(DOC).value(value) == {"a": ["x******y", 1, None], "******": {"b": ["******"]}}


def test_masking_short_secret_does_not_blot_out_text() -> None:
    doc = {"type": "rdbms", "rdbms": {"type": "mysql", "password": "a"}}

    assert Redactor(doc).text("a banana") == "a banana"
