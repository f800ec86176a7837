from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from celigo_pandas.engine.safety.masking import Redactor, mask_values, secret_values

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


def test_masking_values_of_json_are_searched_and_its_members_keep_their_names() -> None:
    value = {"a": [f"x{CANARY}y", 1, None], "s3cret-two": {"b": ("s3cret-two",)}}

    assert Redactor(DOC).value(value) == {"a": ["x******y", 1, None], "s3cret-two": {"b": ["******"]}}


def test_masking_answer_stays_json_and_keeps_the_names_of_the_api() -> None:
    redactor = Redactor({"type": "http", "http": {"encrypted": {"a": "12345678", "b": "dataURIs", "c": "statusCode"}}})
    page = b'{"data":[{"id":12345678,"other":123456789,"dataURIs":"12345678"}],"dataURIs":[null]'
    results = b'[{"statusCode":200,"_json":{"statusCode":"statusCode"}}]'

    assert json.loads(redactor.page(page) + b"}") == {
        "data": [{"id": "******", "other": 123456789, "******": "******"}],
        "dataURIs": [None],
    }
    assert json.loads(redactor.json(results)) == [{"statusCode": 200, "_json": {"******": "******"}}]


@pytest.mark.parametrize("secret", ["aB/cd+ef==Gh&ij", "two  blanks in it", "back\\\\slash\"'s", "-----\nkey\n-----"])
def test_masking_escapes_are_found_however_they_are_mixed(secret: str) -> None:
    redactor = Redactor({"type": "http", "http": {"encrypted": {"a": secret}}})
    html_safe = "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in secret)
    forms = [
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        json.dumps(json.dumps(json.dumps(secret)))[7:-7],
        html_safe,
        "".join(c if c.isalnum() else f"\\u{ord(c):04X}" for c in secret),
        "".join(c if c.isalnum() else quote(c, safe="").lower() for c in secret),
        "".join(c if c.isalnum() else f"&#x{ord(c):X};" for c in secret),
        "".join(c if c.isalnum() else f"&#{ord(c)};" for c in secret),
        secret.encode().hex().upper(),
        repr(secret)[1:-1],
    ]

    for form in forms:
        assert redactor.text(f"<{form}>") == "<******>", form
        encoded = json.dumps([{"e": f"<{form}>"}]).encode()
        assert json.loads(redactor.json(encoded)) == [{"e": "<******>"}], form


def test_masking_learned_credentials_are_searched_too_and_the_oldest_of_single_requests_forgotten() -> None:
    redactor = Redactor(DOC)
    redactor.learn(["fresh-token-1"])
    redactor.learn((f"signature-{number:04}" for number in range(300)), passing=True)

    assert redactor.text(f"{CANARY} fresh-token-1 signature-0299") == "****** ****** ******"
    assert redactor.text("signature-0000") == "signature-0000"


def test_masking_shape_is_kept_for_templates() -> None:
    doc = {"name": "x", "type": "http", "http": {"encrypted": {"one": "s3cret", "deep": {"two": ["s3cret"]}}, "a": [1]}}

    assert mask_values(doc) == {
        "name": "x",
        "type": "http",
        "http": {"encrypted": {"one": "******", "deep": {"two": ["******"]}}, "a": [1]},
    }


def test_masking_short_secret_does_not_blot_out_text() -> None:
    doc = {"type": "rdbms", "rdbms": {"type": "mysql", "password": "a"}}

    assert Redactor(doc).text("a banana") == "a banana"
