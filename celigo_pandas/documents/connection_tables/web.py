"""Fields of ``http``, ``rest`` (legacy) and ``mcp`` connections."""

from __future__ import annotations

from dataclasses import replace

from celigo_pandas.documents.connection_field import Clause, has, lacks, one_of
from celigo_pandas.documents.connection_field import ConnectionField as F
from celigo_pandas.documents.connection_tables.shared import AUTH, LIMITS, MORE, PING, free_form, levels, reference
from celigo_pandas.documents.connection_tables.token_fields import oauth1, oauth2, token

__all__ = ["HTTP", "MCP", "REST"]

_HMAC_JWT = ("hmac-sha256", "hmac-sha384", "hmac-sha512")
_KEY_JWT = ("rsa-sha256", "rsa-sha384", "rsa-sha512", "es256", "es384", "es512", "ps256", "ps384", "ps512")
_AMAZON = ("Amazon-SP-API", "Amazon-Hybrid", "vendor_central")
_MEDIA = ("json", "xml", "urlencoded", "form-data", "plaintext")


def _http_auth() -> tuple[F, ...]:
    auth = "http.auth"

    def on(*types: str) -> tuple[Clause, ...]:
        return (one_of(f"{auth}.type", *types),)

    basic, jwt, cookie = on("basic", "digest", "wsse"), on("jwtbearer"), on("cookie")
    by_secret = one_of(f"{auth}.jwt.signatureMethod", *_HMAC_JWT)
    by_key = one_of(f"{auth}.jwt.signatureMethod", *_KEY_JWT)
    rows = (
        F(f"{auth}.type", "Authentication", "choice", accepts=("jwt", "specific"),
          choices=("basic", "digest", "wsse", "token", "oauth", "oauth1", "cookie", "jwtbearer", "custom")),
        F(f"{auth}.basic.username", "User name", when=basic, required=True),
        F(f"{auth}.basic.password", "Password", "secret", when=basic, wanted=True),
        F(f"{auth}.token.headerName", "Header", default="X-WSSE", when=on("wsse")),
        *token(auth, on("token")),
        *oauth2(auth, on("oauth"), "http._iClientId"),
        *oauth1(auth, on("oauth1")),
        F(f"{auth}.cookie.uri", "Login URL", when=cookie, required=True),
        F(f"{auth}.cookie.method", "Login method", "choice", choices=("GET", "POST"), when=cookie, wanted=True),
        F(f"{auth}.cookie.body", "Login body", multiline=True, when=(*cookie, one_of(f"{auth}.cookie.method", "POST"))),
        F(f"{auth}.cookie.successStatusCode", "Login succeeds with", "number", when=cookie),
        F(f"{auth}.jwt.signatureMethod", "Signature", "choice", choices=(*_HMAC_JWT, *_KEY_JWT), when=jwt,
          required=True),
        F(f"{auth}.jwt.payload", "Claims", "json", help="Object of claims: iss, sub, aud, exp …", when=jwt,
          required=True),
        F(f"{auth}.jwt.headers", "Token headers", "json", when=jwt),
        F(f"{auth}.jwt.secret", "Secret", "secret", when=(*jwt, by_secret), required=True),
        F(f"{auth}.jwt.isSecretBase64Encoded", "Secret is base64", "boolean", when=(*jwt, by_secret)),
        F(f"{auth}.jwt.privateKey", "Private key", "secret", when=(*jwt, by_key), required=True, multiline=True),
        F(f"{auth}.jwt.token", "Ready-made token", "secret", when=jwt),
        F(f"{auth}.failStatusCode", "Authentication failed with", "number", help="Status; triggers a refresh."),
        F(f"{auth}.failures", "Authentication failed with any of", "json", help="List of {statusCode}."),
        F(f"{auth}.failPath", "Failure path", help="Where an answer of 200 tells of a failure."),
        F(f"{auth}.failValues", "Failure values", "texts", when=(has(f"{auth}.failPath"),)),
        F(f"{auth}.skipFollowAuthorizationHeader", "Send no credentials after a redirect", "boolean"),
    )  # fmt: skip
    return tuple(replace(row, group=AUTH) for row in rows)


def _http() -> tuple[F, ...]:
    at = "http"
    # A connection made from a connector takes both from there.
    own = (lacks(f"{at}._httpConnectorId"),)
    amazon = (one_of(f"{at}.type", *_AMAZON),)
    return (
        F(f"{at}.baseURI", "Base URL", required=own,
          help="What relative URIs are appended to, without a slash at its end."),
        F(f"{at}.mediaType", "Media type", "choice", choices=_MEDIA, default="json", required=own),
        F(f"{at}.successMediaType", "Answer", "choice", choices=("json", "xml", "csv", "plaintext"), group=MORE),
        F(f"{at}.errorMediaType", "Error answer", "choice", choices=("json", "xml", "plaintext"), group=MORE),
        *_http_auth(),
        F(f"{at}.ping.relativeURI", "Ping URI", group=PING),
        F(f"{at}.ping.method", "Ping method", "choice", choices=("GET", "POST", "PUT", "HEAD"), default="GET",
          group=PING),
        F(f"{at}.ping.body", "Ping body", multiline=True, when=(one_of(f"{at}.ping.method", "POST", "PUT"),),
          group=PING),
        F(f"{at}.ping.successPath", "Success path", help="Without one, any 2xx passes.", group=PING),
        F(f"{at}.ping.successValues", "Success values", "texts", when=(has(f"{at}.ping.successPath"),), group=PING),
        F(f"{at}.ping.allowArrayforSuccessPath", "Success path may be a list", "boolean",
          when=(has(f"{at}.ping.successPath"),), group=PING),
        F(f"{at}.ping.failPath", "Failure path", group=PING),
        F(f"{at}.ping.failValues", "Failure values", "texts", when=(has(f"{at}.ping.failPath"),), group=PING),
        F(f"{at}.ping.errorPath", "Path of the error text", group=PING),
        F(f"{at}.headers", "Headers", "pairs", help="Sent with every request.", group=MORE),
        F(f"{at}.rateLimit.failStatusCode", "Rate limited with", "number", default=429, group=LIMITS),
        F(f"{at}.rateLimit.failPath", "Rate limit path", group=LIMITS),
        F(f"{at}.rateLimit.failValues", "Rate limit values", "texts", when=(has(f"{at}.rateLimit.failPath"),),
          group=LIMITS),
        F(f"{at}.rateLimit.limit", "Requests per window", "number", minimum=1, group=LIMITS),
        F(f"{at}.retryHeader", "Retry header", default="Retry-After", group=LIMITS),
        *levels(at),
        F(f"{at}.disableStrictSSL", "Accept any certificate", "boolean", group=MORE),
        F(f"{at}.clientCertificates.cert", "Client certificate", multiline=True, group=MORE),
        F(f"{at}.clientCertificates.key", "Client key", "secret", multiline=True, group=MORE),
        F(f"{at}.clientCertificates.ca", "Authority", multiline=True, group=MORE),
        F(f"{at}.clientCertificates.passphrase", "Key passphrase", "secret", group=MORE),
        F(f"{at}.clientCertificates.pfx", "PFX bundle", "secret", multiline=True, group=MORE),
        F(f"{at}.formType", "Form", "choice", group=MORE,
          choices=("http", "rest", "graph_ql", "assistant", "assistant_graphql")),
        F(f"{at}.type", "Amazon service", "choice", choices=_AMAZON, group=MORE),
        F(f"{at}.unencrypted.marketplaceId", "Marketplace", required=True, when=amazon),
        F(f"{at}.unencrypted.sellingRegion", "Selling region", required=True, when=amazon),
        reference(f"{at}._httpConnectorId", "Connector", group=MORE),
        reference(f"{at}._httpConnectorVersionId", "Connector's version", group=MORE,
                  wanted=(has(f"{at}._httpConnectorId"),)),
        reference(f"{at}._httpConnectorApiId", "Connector's API", group=MORE),
        F(f"{at}.isRest", "Made as REST", "boolean", group=MORE, read_only=True),
        F(f"{at}.useNewAuthFailSchema", "New rules for failed authentication", "boolean", group=MORE, read_only=True),
        *free_form(at),
    )  # fmt: skip


def _rest() -> tuple[F, ...]:
    at, auth = "rest", "rest.authType"
    basic, token, cookie = one_of(auth, "basic", "wsse"), one_of(auth, "token"), one_of(auth, "cookie")
    oauth = one_of(auth, "oauth")
    rows = (
        F(f"{at}.baseURI", "Base URL", required=True),
        F(f"{at}.mediaType", "Media type", "choice", choices=("json", "urlencoded", "xml", "csv"), default="json",
          required=True),
        F(auth, "Authentication", "choice", wanted=True, group=AUTH,
          choices=("basic", "token", "oauth", "custom", "cookie", "jwt", "hmac", "wsse", "oauth1")),
        F(f"{at}.basicAuth.username", "User name", when=(basic,), wanted=True, group=AUTH),
        F(f"{at}.basicAuth.password", "Password", "secret", when=(basic,), wanted=True, group=AUTH),
        F(f"{at}.bearerToken", "Token", "secret", when=(one_of(auth, "token", "oauth"),), wanted=(token,), group=AUTH),
        F(f"{at}.tokenLocation", "Sent in", "choice", choices=("header", "url"), default="header", when=(token,),
          group=AUTH),
        F(f"{at}.tokenParam", "Parameter", default="access_token", when=(token, one_of(f"{at}.tokenLocation", "url")),
          group=AUTH),
        F(f"{at}.authHeader", "Header", default="Authorization", when=(token,), group=AUTH),
        F(f"{at}.authScheme", "Scheme", choices=("Bearer", "OAuth", "MAC", "Hmac"), default="Bearer", when=(token,),
          group=AUTH),
        F(f"{at}.refreshToken", "Refresh token", "secret", when=(one_of(auth, "token", "oauth"),), group=AUTH),
        F(f"{at}.refreshTokenURI", "Refresh URI", when=(token,), group=AUTH),
        F(f"{at}.refreshTokenMethod", "Refresh method", "choice", choices=("GET", "POST", "PUT"), default="POST",
          when=(token,), group=AUTH),
        F(f"{at}.refreshTokenBody", "Refresh body", multiline=True, when=(token,), group=AUTH),
        F(f"{at}.refreshTokenMediaType", "Refresh media type", "choice", choices=("json", "urlencoded"), default="json",
          when=(token,), group=AUTH),
        F(f"{at}.refreshTokenPath", "Path of the new token", when=(token,), group=AUTH),
        F(f"{at}.refreshTokenHeaders", "Refresh headers", "pairs", when=(token,), group=AUTH),
        F(f"{at}.authURI", "Authorization URL", when=(oauth,), group=AUTH),
        F(f"{at}.oauthTokenURI", "Token URL", when=(oauth,), group=AUTH),
        F(f"{at}.scope", "Scopes", "texts", when=(oauth,), group=AUTH),
        F(f"{at}.scopeDelimiter", "Scope delimiter", default=" ", when=(oauth,), group=AUTH),
        *_unneeded(oauth2(at, (oauth,), f"{at}._iClientId")),
        *(replace(row, required=False, wanted=row.required) for row in oauth1(at, (one_of(auth, "oauth1"),))),
        F(f"{at}.skipOauthValidations", "Check no OAuth settings", "boolean", default=False, group=MORE),
        F(f"{at}.isHTTPProxy", "Proxy of another connection", "boolean", default=False, group=MORE),
        F(f"{at}.info", "About the connection", "json", help="Kept by the server.", read_only=True, group=MORE),
        F(f"{at}.cookieAuth.uri", "Login URL", when=(cookie,), wanted=True, group=AUTH),
        F(f"{at}.cookieAuth.method", "Login method", "choice", choices=("GET", "POST"), when=(cookie,), group=AUTH),
        F(f"{at}.cookieAuth.body", "Login body", multiline=True, when=(cookie,), group=AUTH),
        F(f"{at}.cookieAuth.successStatusCode", "Login succeeds with", "number", when=(cookie,), group=AUTH),
        F(f"{at}.pingRelativeURI", "Ping URI", group=PING),
        F(f"{at}.pingMethod", "Ping method", "choice", choices=("GET", "POST"), default="GET", group=PING),
        F(f"{at}.pingBody", "Ping body", multiline=True, when=(one_of(f"{at}.pingMethod", "POST"),), group=PING),
        F(f"{at}.pingSuccessPath", "Success path", group=PING),
        F(f"{at}.pingSuccessValues", "Success values", "texts", when=(has(f"{at}.pingSuccessPath"),), group=PING),
        F(f"{at}.pingFailurePath", "Failure path", group=PING),
        F(f"{at}.pingFailureValues", "Failure values", "texts", when=(has(f"{at}.pingFailurePath"),), group=PING),
        F(f"{at}.headers", "Headers", "pairs", group=MORE),
        F(f"{at}.retryHeader", "Retry header", default="Retry-After", group=LIMITS),
        F(f"{at}.disableStrictSSL", "Accept any certificate", "boolean", group=MORE),
        *levels(at),
        *free_form(at),
    )  # fmt: skip
    return rows


def _unneeded(rows: tuple[F, ...]) -> tuple[F, ...]:
    """Return fields that nothing asks for: the legacy block has members of its own in their place."""
    return tuple(replace(row, required=False, wanted=False) for row in rows)


def _mcp() -> tuple[F, ...]:
    """The MCP block keeps its authentication in an ``http`` block of its own and takes three kinds only."""
    auth = "mcp.http.auth"
    return (
        F("mcp.protocol", "Protocol", "choice", choices=("http",), default="http", required=True),
        F("mcp.serverURL", "Server URL", required=True),
        F(f"{auth}.type", "Authentication", "choice", choices=("token", "oauth", "custom"), required=True, group=AUTH),
        *token(auth, (one_of(f"{auth}.type", "token"),)),
        *(
            replace(row, required=False, wanted=row.path == "mcp.http._iClientId")
            for row in oauth2(auth, (one_of(f"{auth}.type", "oauth"),), "mcp.http._iClientId")
        ),
        *_unneeded(oauth1(auth, (has(f"{auth}.oauth.oauth1"),))),
        F("mcp.http.headers", "Headers", "pairs", group=MORE),
        F("mcp.http.encrypted", "Encrypted values", "secret_map", group=MORE),
        F("mcp.http.unencrypted", "Unencrypted values", "json", group=MORE),
        F("mcp.allowedTools", "Allowed tools", "texts", group=MORE),
        F("mcp.timeout", "Timeout (ms)", "number", minimum=1, default=600_000, group=LIMITS),
    )


HTTP = _http()
REST = _rest()
MCP = _mcp()
