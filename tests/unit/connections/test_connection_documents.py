"""Connection documents against the table of cases, and what the masks guarantee."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Any

import pytest
from support.forms import connection_cases

from celigo_pandas.documents.connection_documents import (
    mask,
    masked_secrets,
    secret_paths,
    validate_connection,
    wanted_fields,
)
from celigo_pandas.documents.connection_fields import COMMON, FIELDS, TYPES, fields_for
from celigo_pandas.documents.secret import MASK, Secret

CASES = connection_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_connection_case_has_the_expected_problem_paths(case: dict[str, Any]) -> None:
    before = copy.deepcopy(case["document"])

    problems = validate_connection(case["document"])

    assert sorted(str(problem.field) for problem in problems) == case["expected"]
    assert case["document"] == before


def test_connection_cases_cover_every_type_with_and_without_problems() -> None:
    for kind in TYPES:
        outcomes = {bool(case["expected"]) for case in CASES if case["type"] == kind}
        assert outcomes == {True, False}, kind


def test_validate_names_the_vendor_codes() -> None:
    oracle = {"name": "n", "type": "rdbms", "rdbms": {"type": "oracle"}}
    netsuite = {"name": "n", "type": "netsuite", "netsuite": {"authType": "basic"}}

    assert {p.field: p.code for p in validate_connection(oracle)}["_agentId"] == "agent_mode_only"
    assert [p.code for p in validate_connection(netsuite)] == ["netsuite_wsdl_tba_mandatory"]
    assert [p.code for p in validate_connection({"name": "n", "type": "s3"})] == ["missing_required_field"]
    assert [p.code for p in validate_connection({"name": "n", "type": "x"})] == ["invalid_field"]


def test_validate_missing_field_says_what_the_documentation_prints() -> None:
    doc = {"name": "n", "type": "rdbms", "rdbms": {"type": "snowflake", "host": "h", "database": "d", "user": "u",
                                                   "snowflake": {"authType": "keyPair"}}}  # fmt: skip

    [problem] = validate_connection(doc)

    assert problem.message == "Expected field: key to be present."
    assert problem.field == "rdbms.key"


@pytest.mark.parametrize("doc", [None, [], "text", 3])
def test_validate_of_something_else_than_an_object_is_one_problem(doc: object) -> None:
    assert [problem.code for problem in validate_connection(doc)] == ["invalid_field"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_mask_hides_every_secret_and_nothing_else(case: dict[str, Any]) -> None:
    document = case["document"]

    masked = mask(document)

    paths = secret_paths(document)
    assert masked_secrets(masked) == paths
    assert mask(masked) == masked
    assert _without(masked, paths) == _without(document, paths)


def test_mask_replaces_the_encrypted_object_by_the_text() -> None:
    doc = {"name": "n", "type": "http", "http": {"encrypted": {"apiKey": "canary"}}}

    assert mask(doc)["http"]["encrypted"] == MASK
    assert doc["http"]["encrypted"] == {"apiKey": "canary"}


def test_mask_covers_whatever_an_as2_document_encrypts() -> None:
    doc = {"name": "n", "type": "as2", "as2": {"encrypted": {"userPrivateKey": "canary", "later": "canary"}}}

    assert "canary" not in str(mask(doc))


def test_secret_of_a_block_that_does_not_apply_is_a_secret_still() -> None:
    doc = {"name": "n", "type": "s3", "http": {"auth": {"type": "custom", "basic": {"password": "canary"}}}}

    assert secret_paths(doc) == ("http.auth.basic.password",)


def test_validate_of_secrets_shows_none_of_them() -> None:
    doc = {
        "name": "n",
        "type": "http",
        "http": {"baseURI": "https://x.example", "mediaType": "json", "encrypted": "canary-1",
                 "auth": {"type": "token", "token": {"token": {"nested": "canary-2"}, "location": "header"}}},
    }  # fmt: skip

    problems = validate_connection(doc)

    assert sorted(str(problem.field) for problem in problems) == ["http.auth.token.token", "http.encrypted"]
    assert "canary" not in repr(problems)


def test_validate_takes_a_secret_object_as_its_text() -> None:
    doc = {"name": "n", "type": "s3", "s3": {"accessKeyId": "a", "secretAccessKey": Secret("canary")}}
    empty = {"name": "n", "type": "s3", "s3": {"accessKeyId": "a", "secretAccessKey": Secret("")}}

    assert validate_connection(doc) == []
    assert mask(doc)["s3"]["secretAccessKey"] == MASK
    assert [problem.field for problem in validate_connection(empty)] == ["s3.secretAccessKey"]


def test_validate_with_masks_takes_stored_secrets_as_given() -> None:
    doc = {"name": "n", "type": "s3", "s3": {"accessKeyId": "a", "secretAccessKey": MASK}}

    assert validate_connection(doc, masks=True) == []
    assert [problem.field for problem in validate_connection(doc)] == ["s3.secretAccessKey"]


def test_wanted_fields_are_what_the_form_asks_for_and_the_api_does_not() -> None:
    doc = {"name": "n", "type": "ftp", "ftp": {"type": "sftp", "hostURI": "h", "username": "u"}}

    assert wanted_fields(doc) == ["ftp.password"]
    doc["ftp"]["authKey"] = "pem"  # type: ignore[index]
    assert wanted_fields(doc) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_fields_for_a_document_name_each_path_once(case: dict[str, Any]) -> None:
    paths = [row.path for row in fields_for(case["document"])]

    assert len(paths) == len(set(paths))
    assert paths[:2] == ["name", "type"]


def test_rows_of_one_path_agree_on_what_it_is() -> None:
    for rows in FIELDS.values():
        kinds: dict[str, str] = {}
        for row in (*COMMON, *rows):
            assert kinds.setdefault(row.path, row.kind) == row.kind, row.path
            assert row.label
            assert not (row.secret and row.default)


def test_secret_inside_a_document_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps({"s3": {"secretAccessKey": Secret("canary")}})


def _without(doc: dict[str, Any], paths: tuple[str, ...]) -> dict[str, Any]:
    rest = copy.deepcopy(doc)
    for path in paths:
        *parents, last = path.split(".")
        holder: Any = rest
        for step in parents:
            holder = holder[step]
        del holder[last]
    return rest


_PUBLISHED = """
http: formType type auth.token.refreshTokenLocation auth.oauth.type auth.oauth.skipOauthValidations
 auth.oauth.oauth2RedirectUrl auth.failures auth.skipFollowAuthorizationHeader _httpConnectorId _httpConnectorApiId
 _httpConnectorVersionId isRest useNewAuthFailSchema
mcp: http.auth.token.refreshTokenLocation http.auth.oauth.type http.auth.oauth.skipOauthValidations
 http.auth.oauth.oauth2RedirectUrl http.auth.oauth.oauth1.consumerKey http.auth.oauth.oauth1.consumerSecret
 http.auth.oauth.oauth1.accessToken http.auth.oauth.oauth1.tokenSecret http.auth.oauth.oauth1.signatureMethod
 http.auth.oauth.oauth1.consumerPrivateKey http.auth.oauth.oauth1.realm
netsuite: entityId tokenName email requestLevelCredentials useSsoLogin dataCenterURLs.restDomain
 dataCenterURLs.webservicesDomain dataCenterURLs.systemDomain accountName roleName applicationId
 concurrencyLevelRESTlet concurrencyLevelWebServices
salesforce: packagedOAuth
ftp: pgpKeyAlgorithm pgpSignAndVerify tradingPartner _tpConnectorId
as2: _tpConnectorId contentBasedFlowRouter._scriptId contentBasedFlowRouter.function preventCanonicalization
van: _tpConnectorId contentBasedFlowRouter._scriptId contentBasedFlowRouter.function preventCanonicalization
rest: skipOauthValidations isHTTPProxy info oauth.type oauth.grantType oauth.authURI oauth.tokenURI
 oauth.skipOauthValidations oauth.scope oauth.scopeDelimiter oauth.clientId oauth.clientSecret oauth.username
 oauth.password oauth.clientCredentialsLocation oauth.accessTokenPath oauth.accessTokenHeaders oauth.accessTokenBody
 oauth.oauth2RedirectUrl oauth.useIClientFields oauth.pkceCodeVerifier
"""
"""Members of the vendor's published schemas that are rare in documents, and so easily left out of the table."""


@pytest.mark.parametrize(
    ("kind", "member"),
    [(kind, member) for kind, members in re.findall(r"(\w+): ((?:\S+\s+)+?)(?=\w+: |\Z)", _PUBLISHED)
     for member in members.split()],
)  # fmt: skip
def test_published_member_has_a_row(kind: str, member: str) -> None:
    assert f"{kind}.{member}" in {row.path for row in FIELDS[kind]}


def test_published_defaults_are_in_the_table() -> None:
    defaults = {row.path: row.default for rows in FIELDS.values() for row in rows if row.default is not None}

    expected = {
        "salesforce.oauth2FlowType": "refreshToken",
        "salesforce.sandbox": False,
        "http.auth.token.refreshMethod": "POST",
        "http.auth.token.refreshMediaType": "urlencoded",
        "http.auth.oauth.grantType": "authorizecode",
        "rest.refreshTokenMediaType": "json",
        "netsuite.wsdlVersion": "latest",
        "http.concurrencyLevel": 25,
        "rest.concurrencyLevel": 5,
        "ftp.concurrencyLevel": 1,
    }
    assert {path: defaults.get(path) for path in expected} == expected
