"""Signatures of requests to AWS, byte for byte those of AWS's own library: the signer, and the helper ``aws4``."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from support.soak import runs, seed

from celigo_pandas.handlebars import render
from celigo_pandas.sigv4 import Keys, Scope, authorization, canonical_path, encoded_path, encoded_query, host_of

LETTERS = "aZ09-_.~/ +&=%?#:;,@!$'()*[]{}|^`\"<>\\éß漢😀"
HOSTS = ["bucket.s3.eu-west-1.amazonaws.com", "Example.COM", "127.0.0.1:9000", "[::1]:8000", "example.com:443"]


def text(random: random.Random, most: int) -> str:
    return "".join(random.choice(LETTERS) for _ in range(random.randint(0, most)))


def drawn(random: random.Random) -> dict[str, Any]:
    """One request, in the form in which it goes over the wire."""
    service = random.choice(["s3", "dynamodb", "execute-api", "es"])
    path = encoded_path("/" + text(random, 20))
    query = encoded_query((text(random, 6) or "x", text(random, 8)) for _ in range(random.randint(0, 5)))
    body = text(random, 60).encode()
    headers = {"content-type": "application/json  ; charset=utf-8 ", "x-amz-meta-note": text(random, 12)}
    headers = {name: value for name, value in headers.items() if random.random() < 0.5}
    return {
        "method": random.choice(["GET", "PUT", "POST", "DELETE"]),
        "url": f"{random.choice(['http', 'https'])}://{random.choice(HOSTS)}{path}" + (f"?{query}" if query else ""),
        "headers": headers,
        "body": body,
        "service": service,
        "token": random.choice(["", "lent+token/=="]),
        "path": path,
        "query": query,
    }


def signed_by_aws(request: dict[str, Any], keys: Keys, region: str) -> AWSRequest:
    credentials = Credentials(keys.access_key_id, keys.secret, request["token"] or None)
    made = AWSRequest(request["method"], request["url"], headers=dict(request["headers"]), data=request["body"])
    kind = S3SigV4Auth if request["service"] == "s3" else SigV4Auth
    kind(credentials, request["service"], region).add_auth(made)
    return made


KEYS = Keys("AKIDEXAMPLE", "wJalr/XUtnFEMI+K7MDENG")


@pytest.mark.soak
def test_signature_is_that_of_botocore_byte_for_byte() -> None:
    chance = random.Random(seed("sigv4"))
    for _ in range(runs(400, 20_000)):
        request = drawn(chance)
        theirs = signed_by_aws(request, KEYS, "eu-west-1")
        digest = hashlib.sha256(request["body"]).hexdigest()
        stamp = theirs.headers["X-Amz-Date"]
        headers = {**request["headers"], "host": host_of(request["url"]), "x-amz-date": stamp}
        if request["token"]:
            headers["x-amz-security-token"] = request["token"]
        if request["service"] == "s3":
            headers["x-amz-content-sha256"] = digest

        path = canonical_path(request["path"], request["service"])
        scope = Scope("eu-west-1", request["service"], stamp)
        ours = authorization(request["method"], path, request["query"], headers, digest, KEYS, scope)

        assert ours == theirs.headers["Authorization"], request


@pytest.mark.soak
def test_helper_signs_as_botocore_does() -> None:
    chance = random.Random(seed("aws4"))
    for _ in range(runs(200, 5_000)):
        request = drawn(chance)
        theirs = signed_by_aws(request, KEYS, "us-east-1")
        sent = {name: theirs.headers[name] for name in theirs.headers if name.lower() != "authorization"}
        body = request["body"].decode()
        options = {"method": request["method"], "URI": request["url"], "headers": sent, "body": body}

        template = '{{{aws4 "AKIDEXAMPLE" secret token "us-east-1" service}}}'
        context = {"hmacOptions": options, "secret": KEYS.secret, "token": request["token"]}
        ours = render(template, {**context, "service": request["service"]})

        assert ours == theirs.headers["Authorization"], request


def test_helper_encodes_what_a_template_left_open() -> None:
    """The URL goes out encoded, so it is signed encoded."""
    moment = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    plain = {"method": "GET", "URI": "https://e.com/a b/ü?q=x y", "headers": {"x-amz-date": moment}}
    encoded = {**plain, "URI": f"https://e.com/{quote('a b/ü')}?q=x%20y"}

    first, second = (
        render('{{{aws4 "k" "s" "" "us-east-1" "s3"}}}', {"hmacOptions": options}) for options in (plain, encoded)
    )

    assert first == second


def test_keys_are_not_in_a_repr() -> None:
    assert "hidden" not in repr(Keys("AK", "hidden-secret", "hidden-token"))
