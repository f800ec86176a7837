"""Ways in which a document, or a service, could bring a secret into an answer or a log in a form of its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from support.engine import EngineProcess
from support.rest_standin import Answer, Asked, answer_json, serve

DEBUG = "2099-01-01T00:00:00.000Z"
SECRET = "Zq7wKvTopXjPdRt9"
AWKWARD = "aB/cd+ef==Gh&ij"
BLANKS = "two  blanks  inside"


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as process:
        yield process


def http(url: str, auth: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    block = {"baseURI": url, "mediaType": "json", "auth": auth or {"type": "custom"}, **more}
    return {"name": "h", "type": "http", "debugDate": DEBUG, "http": block}


def get(uri: str = "/", **more: Any) -> dict[str, Any]:
    return {"http": {"method": "GET", "relativeURI": uri, **more}}


def key(template: str) -> str:
    return template.replace("KEY", "connection.http.encrypted.key")


PEEKS = [
    "{{uppercase KEY}}",
    "{{lowercase KEY}}",
    "{{substring KEY 0 8}}.{{substring KEY 8 16}}",
    "{{replace KEY 'Top' '-'}}",
    "{{base64Encode (uppercase KEY)}}",
    "{{jsonParse (uppercase KEY)}}",
    "{{regexMatch 'x' (join '' '(' KEY) 0}}",
    "{{#each (split KEY 'T')}}/{{this}}{{/each}}",
    "{{#if KEY}}/{{substring KEY 0 9}}/{{substring KEY 9 16}}{{/if}}",
    "{{#with connection.http.encrypted}}{{uppercase key}}{{/with}}",
]


def assert_no_piece(text: str, *, secret: str = SECRET, length: int = 5) -> None:
    """Fail if any run of `length` characters of the secret is in the text, in either case."""
    lower = text.lower()
    found = [secret[at : at + length] for at in range(len(secret) - length + 1)]
    assert not [piece for piece in found if piece.lower() in lower], text


@pytest.mark.parametrize("place", ["uri", "header", "export body", "import body", "paging", "lookup"])
@pytest.mark.parametrize("template", [key(peek) for peek in PEEKS])
def test_template_brings_no_piece_of_a_secret_into_errors_and_logs(
    engine: EngineProcess, place: str, template: str
) -> None:
    with serve(lambda asked: answer_json([{"id": 1}])) as server:
        id = engine.connection(http(server.url, encrypted={"key": SECRET}))
        record = {"data": [{"a": 1}]}
        lookup = {"name": "l", "method": "GET", "relativeURI": f"/look?{template}", "extract": "id"}
        mapping = {"fields": [{"generate": "g", "extract": "a", "lookupName": "l"}]}
        path, body = {
            "uri": ("export", {"export": get(f"/x{template}")}),
            "header": ("export", {"export": get(headers=[{"name": "X-Key", "value": template}])}),
            "export body": ("export/pages", {"export": get(method="POST", body=template)}),
            "import body": ("import", {"import": {"http": {"method": ["POST"], "body": [template]}}, **record}),
            "paging": ("export", {"export": get(paging={"method": "relativeuri", "relativeURI": f"/p{template}"})}),
            "lookup": ("import/map", {"import": {"mapping": mapping, "lookups": [lookup]}, **record}),
        }[place]
        answer = engine.call("POST", f"/connections/{id}/{path}", body)
        debug = engine.call("GET", f"/connections/{id}/debug").text

    assert answer.status_code in (200, 422)
    assert_no_piece(answer.text)
    assert_no_piece(debug)
    assert_no_piece(engine.log())


def test_template_over_a_secret_is_sent_whole_and_logged_with_a_mask(engine: EngineProcess) -> None:
    with serve(lambda asked: answer_json([])) as server:
        id = engine.connection(http(server.url, encrypted={"key": SECRET}))
        template = key("/x?k={{uppercase KEY}}&n={{random 'uuid'}}")
        engine.call("POST", f"/connections/{id}/export", {"export": get(template)})
        debug = engine.call("GET", f"/connections/{id}/debug").text

    target = server.asked[0].target
    assert target.startswith("/x?k=ZQ7WKVTOPXJPDRT9&n=")
    # The log differs from what was sent by the mask alone, though it was rendered a second time.
    assert target.replace("ZQ7WKVTOPXJPDRT9", "******") in debug


def test_next_page_beside_a_secret_is_logged_without_it(engine: EngineProcess) -> None:
    def answer(asked: Asked) -> Answer:
        links = {"link": "two"} if asked.path.endswith("one") else {}
        return answer_json({"data": [{"id": 1}], **links})

    with serve(answer) as server:
        id = engine.connection(http(server.url, encrypted={"key": SECRET}))
        uri = key("/{{substring KEY 0 8}}-{{substring KEY 8 16}}/one")
        export = get(uri, paging={"method": "url", "path": "link"}, response={"resourcePath": "data"})
        answered = engine.call("POST", f"/connections/{id}/export/pages", {"export": export})
        debug = engine.call("GET", f"/connections/{id}/debug").text

    assert answered.status_code == 200, answered.text
    assert [asked.path.rpartition("/")[2] for asked in server.asked] == ["one", "two"]
    assert "/two" in debug
    assert_no_piece(debug, length=8)


def test_secret_is_masked_before_a_text_is_cut_or_squeezed(engine: EngineProcess) -> None:
    def answer(asked: Asked) -> Answer:
        json_type = {"Content-Type": "application/json"}
        return {
            "/long": answer_json({"message": "x" * 489 + AWKWARD}, 500),
            "/nested": answer_json({"one": {"two": "x" * 480 + AWKWARD}, "three": 3}, 500),
            "/blanks": answer_json({"message": f"you sent {BLANKS}"}, 500),
            "/begins": (200, {}, b"<html>" + b"x" * 42 + AWKWARD.encode()),
            "/debug": (200, json_type, b"[]" + b" " * (100_000 - 14) + AWKWARD.encode()),
            "/slashes": (200, json_type, b'[{"e":"%s"}]' % AWKWARD.replace("/", "\\/").encode()),
            "/html-safe": (200, json_type, b'[{"e":"aB/cd+ef\\u003d\\u003DGh\\u0026ij"}]'),
            "/lower": (200, json_type, b'[{"e":"aB%2fcd%2bef%3d%3dGh%26ij"}]'),
            "/hex": (200, json_type, b'[{"e":"%s"}]' % AWKWARD.encode().hex().upper().encode()),
        }[asked.path]

    with serve(answer) as server:
        id = engine.connection(http(server.url, encrypted={"a": AWKWARD, "b": BLANKS}))
        texts = []
        for path in ("long", "nested", "blanks", "begins", "debug", "slashes", "html-safe", "lower", "hex"):
            for route in ("export", "export/pages"):
                texts.append(engine.call("POST", f"/connections/{id}/{route}", {"export": get(f"/{path}")}).text)
            document = {"http": {"method": ["POST"], "relativeURI": [f"/{path}"]}}
            texts.append(engine.call("POST", f"/connections/{id}/import", {"import": document, "data": [{}]}).text)
        texts.append(engine.call("GET", f"/connections/{id}/debug").text)

    for text in texts:
        for piece in ("aB/", "aB%2", "aB\\", "==Gh", "Gh&", "Gh%26", "Gh\\u", "two  blanks", "two blanks", "61422F"):
            assert piece not in text
    assert sum("******" in text for text in texts) > 20


TOKEN_AUTH = {
    "type": "token",
    "token": {
        "token": "OLD-TOKEN-12345",
        "location": "header",
        "refreshMethod": "POST",
        "refreshRelativeURI": "/token",
        "refreshTokenPath": "access_token",
    },
}
COOKIE_AUTH = {"type": "cookie", "cookie": {"uri": "/login", "method": "POST", "body": "{}"}}
JWT_AUTH = {
    "type": "jwtbearer",
    "jwt": {"signatureMethod": "hmac-sha256", "secret": "a-secret-for-signing-that-is-long", "payload": {"sub": "me"}},
}
BASIC_AUTH = {"type": "basic", "basic": {"username": "somebody", "password": "a pass word"}}


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (TOKEN_AUTH, "Authorization"),
        (COOKIE_AUTH, "Cookie"),
        (JWT_AUTH, "Authorization"),
        (BASIC_AUTH, "Authorization"),
    ],
)
def test_credentials_that_arise_while_running_are_masked_in_records_and_logs(
    engine: EngineProcess, auth: dict[str, Any], header: str
) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "/token":
            return answer_json({"access_token": "FRESH-TOKEN-abcdef"})
        if asked.path == "/login":
            return answer_json({}, headers={"Set-Cookie": "sid=SESSION-COOKIE-01; Path=/"})
        sent = asked.headers.get(header) or ""
        if "OLD" in sent:
            return answer_json({}, 401)
        return answer_json([{"echo": sent, "cut": sent.rpartition(" ")[2].rpartition("=")[2], sent: 1}])

    texts = []
    for _ in range(2):
        with serve(answer) as server:
            id = engine.connection(http(server.url, auth))
            for path in ("export", "export/pages"):
                texts.append(engine.call("POST", f"/connections/{id}/{path}", {"export": get("/d")}).text)
            document = {"http": {"method": ["POST"], "relativeURI": ["/d"]}}
            texts.append(engine.call("POST", f"/connections/{id}/import", {"import": document, "data": [{}]}).text)
            texts.append(engine.call("GET", f"/connections/{id}/debug").text)
            sent = {asked.headers.get(header) for asked in server.asked if asked.path == "/d"} - {None}
        credentials = [value.rpartition(" ")[2].removeprefix("sid=") for value in sent if "OLD" not in value]
        assert credentials
        for text in texts:
            for credential in (*credentials, "FRESH-TOKEN", "SESSION-COOKIE", "OLD-TOKEN"):
                assert credential not in text
    assert any('"echo":"******' in text or '"echo":"sid=******' in text for text in texts), texts


def test_answer_of_a_service_that_repeats_a_number_for_a_password_stays_json(engine: EngineProcess) -> None:
    with serve(lambda asked: answer_json([{"id": 12345678, "dataURIs": "dataURIs"}])) as server:
        auth = {"type": "basic", "basic": {"username": "u", "password": "12345678"}}
        id = engine.connection(http(server.url, auth, encrypted={"b": "dataURIs"}))
        page = engine.call("POST", f"/connections/{id}/export/pages", {"export": get()}).json()
        once = engine.call("POST", f"/connections/{id}/export", {"export": get()}).json()
        document = {"http": {"method": ["POST"], "relativeURI": ["/"]}}
        results = engine.call("POST", f"/connections/{id}/import", {"import": document, "data": [{}]}).json()

    masked = {"id": "******", "******": "******"}
    assert page["data"] == once["data"] == [masked]
    assert page["dataURIs"] == once["dataURIs"] == [None]
    assert results[0]["_json"] == [masked]


def test_renewed_token_stays_with_the_document_it_was_asked_for_under(engine: EngineProcess) -> None:
    asked_for, go = threading.Event(), threading.Event()

    def old(asked: Asked) -> Answer:
        if asked.path != "/token":
            return answer_json({}, 401)
        asked_for.set()
        go.wait(20)
        return answer_json({"access_token": "TOKEN-OF-THE-OLD-SYSTEM"})

    def auth(token: str) -> dict[str, Any]:
        return {"type": "token", "token": {**TOKEN_AUTH["token"], "token": token}}

    answers: list[Any] = []
    with serve(old) as first, serve(lambda asked: answer_json([{}])) as second:
        id = engine.connection(http(first.url, auth("expired-token")))

        def run() -> None:
            answers.append(engine.call("POST", f"/connections/{id}/export", {"export": get("/d")}))

        thread = threading.Thread(target=run)
        thread.start()
        assert asked_for.wait(20)
        replaced = engine.call("PUT", f"/connections/{id}", http(second.url, auth("token-of-the-new-one")))
        go.set()
        thread.join(20)
        after = engine.call("POST", f"/connections/{id}/export", {"export": get("/d")})

    assert replaced.status_code == 200
    assert [asked.headers["Authorization"] for asked in second.asked] == ["Bearer token-of-the-new-one"]
    assert json.loads(answers[0].text)["errors"][0]["code"] == "connection_changed"
    assert after.status_code == 200
    assert engine.call("GET", f"/connections/{id}").json()["offline"] is False


def test_patch_while_calls_run_neither_stops_them_nor_brings_a_connection_on_line(engine: EngineProcess) -> None:
    def answer(asked: Asked) -> Answer:
        time.sleep(0.05)
        return answer_json([{"n": asked.query["n"]}] if int(asked.query["n"]) < 20 else [])

    def patch(id: str) -> None:
        operation = {"op": "replace", "path": "/name", "value": f"n{time.monotonic_ns()}"}
        assert engine.call("PATCH", f"/connections/{id}", [operation]).status_code == 204

    with serve(answer) as server, serve(lambda asked: answer_json({}, 401)) as refusing:
        id = engine.connection(http(server.url))
        export = {"pageSize": 1, **get("/?n={{export.http.paging.page}}", paging={"method": "page"})}
        read = 0
        for page in engine.pages(id, export):
            read += len(page["data"])
            patch(id)
        other = engine.connection(http(refusing.url, BASIC_AUTH))
        engine.call("POST", f"/connections/{other}/export", {"export": get()})
        patch(other)

    assert read == 20
    assert engine.call("GET", f"/connections/{other}").json()["offline"] is True
