"""The adaptor against httpbin: its auth kinds, redirects, status codes, echoes, encodings, slow answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from support import services
from support.http_calls import Bench, connection
from support.rest_standin import answer_json, serve

from celigo_pandas.engine.adaptors.http.transport import Limits, Transport, TransportFailure
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.safety.reach import Reach

USER = {"username": "amelia", "password": "pass-word-77"}


@pytest.fixture(scope="module")
def httpbin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with services.httpbin(Path(tmp_path_factory.mktemp("httpbin"))) as url:
        yield url


def get(uri: str, **http: Any) -> dict[str, Any]:
    return {"http": {"method": "GET", "relativeURI": uri, **http}}


def test_basic_right_password_answers(httpbin: str) -> None:
    with Bench(connection(httpbin, {"type": "basic", "basic": USER})) as bench:
        assert bench.records(get("/basic-auth/amelia/pass-word-77")) == [{"authenticated": True, "user": "amelia"}]


def test_basic_wrong_password_takes_the_connection_offline(httpbin: str) -> None:
    with Bench(connection(httpbin, {"type": "basic", "basic": {**USER, "password": "wrong-one"}})) as bench:
        failed = bench.failure(get("/basic-auth/amelia/pass-word-77"))

    assert failed.offline
    assert failed.code == "401"
    assert "wrong-one" not in str(failed)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512"])
def test_digest_each_algorithm_answers(httpbin: str, algorithm: str) -> None:
    with Bench(connection(httpbin, {"type": "digest", "basic": USER})) as bench:
        uri = f"/digest-auth/auth/amelia/pass-word-77/{algorithm}"

        assert bench.records(get(uri)) == [{"authenticated": True, "user": "amelia"}]


def test_digest_second_request_needs_no_new_challenge(httpbin: str) -> None:
    with Bench(connection(httpbin, {"type": "digest", "basic": USER})) as bench:
        bench.records(get("/digest-auth/auth/amelia/pass-word-77"))
        bench.log.clear()
        bench.records(get("/digest-auth/auth/amelia/pass-word-77"))

    assert [payload["statusCode"] for kind, payload in bench.log if kind == "response"] == [200]


def test_digest_wrong_password_takes_the_connection_offline(httpbin: str) -> None:
    with Bench(connection(httpbin, {"type": "digest", "basic": {**USER, "password": "nope-nope"}})) as bench:
        failed = bench.failure(get("/digest-auth/auth/amelia/pass-word-77"))

    assert failed.offline


def test_bearer_header_answers(httpbin: str) -> None:
    auth = {"type": "token", "token": {"token": "tok-1234", "location": "header", "headerName": "Authorization"}}
    with Bench(connection(httpbin, auth)) as bench:
        assert bench.records(get("/bearer")) == [{"authenticated": True, "token": "tok-1234"}]


def test_token_in_url_keeps_the_other_arguments(httpbin: str) -> None:
    auth = {"type": "token", "token": {"token": "tok 12&34", "location": "url", "paramName": "key"}}
    with Bench(connection(httpbin, auth)) as bench:
        [record] = bench.records(get("/get?a=1&b=x%20y", response={"resourcePath": "args"}))

    assert record == {"a": "1", "b": "x y", "key": "tok 12&34"}
    assert "tok" not in str(bench.log[0])


@pytest.mark.parametrize(("media", "member"), [("json", "json"), ("urlencoded", "form")])
def test_token_in_body_joins_the_fields(httpbin: str, media: str, member: str) -> None:
    auth = {"type": "token", "token": {"token": "tok-1234", "location": "body", "paramName": "key"}}
    with Bench(connection(httpbin, auth, mediaType=media)) as bench:
        [outcome] = bench.push({"http": {"method": ["POST"], "relativeURI": ["/post"]}}, [{"name": "Ola"}])

    assert outcome["_json"][member] == {"name": "Ola", "key": "tok-1234"}


def test_cookie_login_is_made_once_and_sent_after(httpbin: str) -> None:
    auth = {"type": "cookie", "cookie": {"uri": "/cookies/set?session=abc-123", "method": "GET"}}
    with Bench(connection(httpbin, auth)) as bench:
        first = bench.records(get("/cookies"))
        second = bench.records(get("/cookies"))

    assert first == second == [{"cookies": {"session": "abc-123"}}]
    assert [payload["url"] for kind, payload in bench.log if kind == "request"].count(f"{httpbin}/cookies/set") == 1


def test_custom_headers_read_encrypted_and_unencrypted(httpbin: str) -> None:
    doc = connection(
        httpbin,
        headers=[
            {"name": "X-Key", "value": "{{{connection.http.encrypted.key}}}"},
            {"name": "X-Site", "value": "{{{connection.http.unencrypted.site}}}"},
            {"name": "X-Who", "value": "connection"},
        ],
        encrypted={"key": "hidden-key-9"},
        unencrypted={"site": "oslo"},
    )
    with Bench(doc) as bench:
        [seen] = bench.records(
            get("/headers", headers=[{"name": "x-who", "value": "export"}], response={"resourcePath": "headers"})
        )

    assert (seen["X-Key"], seen["X-Site"], seen["X-Who"]) == ("hidden-key-9", "oslo", "export")
    assert "hidden-key-9" not in str(bench.log)


def test_redirects_are_followed_and_counted(httpbin: str) -> None:
    with Bench(connection(httpbin)) as bench:
        assert bench.records(get("/redirect/3"))[0]["url"].endswith("/get")
        failed = bench.failure(get("/redirect/15"))

    assert failed.code == "too_many_redirects"


def test_redirect_to_a_place_out_of_reach_is_refused(httpbin: str) -> None:
    host = httpbin.removeprefix("http://")
    with Bench(connection(httpbin), reach=Reach(hosts=(host,))) as bench:
        failed = bench.failure(get("/redirect-to?url=http://localhost:1/"))

    assert failed.code == "out_of_reach"


@pytest.mark.parametrize("status", [400, 404, 409, 418, 500, 503])
def test_status_code_of_a_failed_export_is_its_code(httpbin: str, status: int) -> None:
    with Bench(connection(httpbin)) as bench:
        failed = bench.failure(get(f"/status/{status}"))

    assert failed.code == str(status)
    assert not failed.offline


def test_status_403_of_an_export_takes_the_connection_offline(httpbin: str) -> None:
    with Bench(connection(httpbin)) as bench:
        failed = bench.failure(get("/status/403"))

    assert failed.offline


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_answer_is_read(httpbin: str, coding: str) -> None:
    with Bench(connection(httpbin)) as bench:
        assert bench.records(get(f"/{coding}"))[0]["gzipped" if coding == "gzip" else "deflated"] is True


def test_brotli_that_was_not_offered_is_refused(httpbin: str) -> None:
    with Bench(connection(httpbin)) as bench, pytest.raises(SourceFailure, match="only gzip and deflate"):
        bench.records(get("/brotli"))


def test_slow_answer_is_cut_off(httpbin: str) -> None:
    with Bench(connection(httpbin), time_s=0.6) as bench:
        began = time.monotonic()
        failed = bench.failure(get("/delay/5"))

    assert failed.code == "timeout"
    assert time.monotonic() - began < 4.5


def test_dripping_answer_is_cut_off(httpbin: str) -> None:
    # A byte every 0.3 s never lets a read time out; the wall clock must.
    with Bench(connection(httpbin), time_s=1.0) as bench:
        began = time.monotonic()
        failed = bench.failure(get("/drip?duration=9&numbytes=30&delay=0"))

    assert failed.code == "timeout"
    assert time.monotonic() - began < 7


def test_large_answer_is_cut_off(httpbin: str) -> None:
    transport = Transport(Reach(), limits=Limits(size_bytes=10_000))
    request = requests.Request("GET", f"{httpbin}/stream-bytes/50000").prepare()

    with pytest.raises(TransportFailure) as failed:
        transport.send(request, deadline=time.monotonic() + 10)
    transport.close()

    assert failed.value.code == "answer_too_large"


def test_form_and_multipart_bodies_arrive_as_fields(httpbin: str) -> None:
    importing = {"http": {"method": ["POST"], "relativeURI": ["/post"]}}
    record = {"name": "Åse & Co", "tags": ["a", "b"], "n": 1.0}

    forms = []
    for media in ("urlencoded", "form-data"):
        with Bench(connection(httpbin, mediaType=media)) as bench:
            forms.append(bench.push(importing, [record])[0]["_json"]["form"])

    assert forms[0] == forms[1] == {"name": "Åse & Co", "tags": ["a", "b"], "n": "1"}


def test_xml_body_template_arrives_with_its_type(httpbin: str) -> None:
    importing = {
        "http": {
            "method": ["POST"],
            "relativeURI": ["/post"],
            "body": ["<plane><tail>{{{record.tail}}}</tail></plane>"],
            "requestMediaType": "xml",
            "successMediaType": "json",
        }
    }
    with Bench(connection(httpbin)) as bench:
        [outcome] = bench.push(importing, [{"tail": "N1"}])

    assert outcome["_json"]["data"] == "<plane><tail>N1</tail></plane>"
    assert outcome["_json"]["headers"]["Content-Type"] == "application/xml"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_import_methods_reach_the_server(httpbin: str, method: str) -> None:
    importing = {"http": {"method": [method], "relativeURI": ["/anything/{{record.id}}"]}}
    with Bench(connection(httpbin)) as bench:
        [outcome] = bench.push(importing, [{"id": "a/b c"}])

    assert outcome["statusCode"] == 200
    assert outcome["_json"]["method"] == method
    # httpbin shows the decoded path; on the wire the slash of the value was no slash of the path.
    assert bench.log[0][1]["url"] == f"{httpbin}/anything/a%2Fb%20c"
    assert outcome["_json"]["json"] == (None if method == "DELETE" else {"id": "a/b c"})


def test_xml_export_reads_nodes_and_attributes(httpbin: str) -> None:
    with Bench(connection(httpbin)) as bench:
        slides = bench.records(get("/xml", successMediaType="xml", response={"resourcePath": "/slideshow/slide"}))

    assert [slide["title"] for slide in slides] == [["Wake up to WonderWidgets!"], ["Overview"]]
    assert slides[0]["$"] == {"type": "all"}
    # Mixed content: the elements beside the text are kept too.
    assert slides[1]["item"][0] == {"em": ["WonderWidgets"], "_": "Why  are great"}


def test_html_where_json_was_expected_is_a_readable_failure(httpbin: str) -> None:
    with Bench(connection(httpbin)) as bench, pytest.raises(SourceFailure, match="begins with '<!DOCTYPE html>"):
        bench.records(get("/html"))


def test_plain_text_export_is_one_record(httpbin: str) -> None:
    with Bench(connection(httpbin)) as bench:
        [record] = bench.records(get("/robots.txt", successMediaType="plaintext"))

    assert record["text"].startswith("User-agent: *")


def test_ping_without_success_path_takes_any_2xx(httpbin: str) -> None:
    for method, status, code in (("GET", 204, 200), ("HEAD", 200, 200), ("PUT", 201, 200), ("GET", 500, 500)):
        with Bench(connection(httpbin, ping={"relativeURI": f"/status/{status}", "method": method})) as bench:
            assert bench.ping().code == code


def test_ping_without_a_uri_tries_server_and_credentials(httpbin: str) -> None:
    with Bench(connection(httpbin + "/no-such-resource")) as bench:
        assert bench.ping().code == 200
    refused = {"type": "basic", "basic": {**USER, "password": "wrong-one"}}
    with Bench(connection(httpbin + "/basic-auth/amelia/pass-word-77", refused)) as bench:
        assert bench.ping().code == 401
    with Bench(connection("http://127.0.0.1:9")) as bench:
        assert bench.ping().errors[0]["code"] == "unreachable"


def test_ping_compares_success_and_fail_values_as_texts(httpbin: str) -> None:
    def ping(**rules: Any) -> Any:
        body = '{"ok": true, "level": 3}'
        doc = connection(httpbin, ping={"relativeURI": "/post", "method": "POST", "body": body, **rules})
        with Bench(doc) as bench:
            return bench.ping()

    assert ping(successPath="json.ok", successValues=["true"]).code == 200
    assert ping(successPath="json.level", successValues=["3", "4"]).code == 200
    refused = ping(successPath="json.level", successValues=["4"])
    assert refused.code == 401
    assert "not what http.ping expects" in refused.errors[0]["message"]
    assert ping(failPath="json.level", failValues=["3"]).code == 401
    assert ping(failPath="json.level", failValues=["30"]).code == 200


def test_redirect_to_another_origin_drops_every_credential(httpbin: str) -> None:
    with serve(lambda asked: answer_json({"got": "it"})) as other:
        auth = {"type": "token", "token": {"token": "tok-1234-5678", "location": "header"}}
        doc = connection(httpbin, auth, headers=[{"name": "X-Tenant", "value": "tenant-77"}])
        with Bench(doc) as bench:
            [chunk] = bench.chunks(get(f"/redirect-to?url={other.url}/landing"))

        assert chunk.records == [{"got": "it"}]
        assert "another origin" in chunk.errors[0]["message"]
        assert len(other.asked) == 1
        assert "tok-1234" not in other.everything()
        assert "tenant-77" not in other.everything()
