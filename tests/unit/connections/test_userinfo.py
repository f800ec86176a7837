"""A password inside a URL is a secret: in answers, in logs, in what is written back."""

from __future__ import annotations

import pytest

from celigo_pandas.documents.connection_documents import mask, masked_secrets, validate_connection
from celigo_pandas.documents.userinfo import masked_url
from celigo_pandas.engine.safety.masking import Redactor, secret_values


def http(base: str) -> dict[str, object]:
    return {"name": "x", "type": "http", "http": {"baseURI": base, "mediaType": "json", "auth": {"type": "custom"}}}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ann:s3cret-one@a.example/x?y=@z", "https://******@a.example/x?y=@z"),
        ("HTTPS://key@a.example", "HTTPS://******@a.example"),
        ("https://a:b@c@host/", "https://******@host/"),
        ("https://a.example/x@y", "https://a.example/x@y"),
        ("https://a.example?mail=a@b", "https://a.example?mail=a@b"),
        ("https://a.example", "https://a.example"),
        ("ann@example.com", "ann@example.com"),
        ("{{connection.settings.base}}/x", "{{connection.settings.base}}/x"),
    ],
)
def test_userinfo_of_a_url_is_masked_and_nothing_else(url: str, shown: str) -> None:
    assert masked_url(url) == shown
    assert mask(http(url))["http"]["baseURI"] == shown  # type: ignore[index]


def test_password_in_a_url_is_masked_wherever_it_turns_up() -> None:
    doc = http("https://ann:s3cret%2Done@a.example/v1")

    assert secret_values(doc) == {"ann:s3cret%2Done", "s3cret%2Done", "s3cret-one"}
    assert Redactor(doc).text("it said s3cret-one at https://a.example/v1") == "it said ****** at https://a.example/v1"


def test_masked_url_is_not_taken_back() -> None:
    doc = mask(http("https://ann:s3cret-one@a.example"))

    assert masked_secrets(doc) == ("http.baseURI",)
    assert [problem.field for problem in validate_connection(doc)] == ["http.baseURI"]
    assert validate_connection(http("https://ann:s3cret-one@a.example")) == []


def test_other_urls_of_a_document_are_masked_too() -> None:
    doc = http("https://a.example")
    doc["http"]["auth"] = {"type": "oauth", "oauth": {"tokenURI": "https://u:pw-of-it@b.example/token"}}  # type: ignore[index]

    assert mask(doc)["http"]["auth"]["oauth"]["tokenURI"] == "https://******@b.example/token"
