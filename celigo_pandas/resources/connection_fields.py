"""What a connection document is made of: one table, read by the forms and by the validation.

Each row names a dotted path, how it is shown, and when it is needed. ``required`` is what the API itself refuses
(422); ``wanted`` is what the vendor's own form asks for and a working connection needs, though the API stores the
document without it. The same conditions decide what is shown.

Source: the vendor's published connection schemas (celigo/ai, MIT, ``skills/configuring-connections``) and its
Connection API article. ``rdbms.type`` ``sqlite`` is this project's own extension of the local engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from celigo_pandas.resources.secret import Secret

__all__ = ["BLOCKS", "COMMON", "FIELDS", "TYPES", "Clause", "ConnectionField", "fields_for", "has", "lacks", "one_of"]

Kind = Literal["text", "number", "boolean", "choice", "texts", "pairs", "json", "secret", "secret_map"]
"""How a value is edited: ``texts`` is a list of text, ``pairs`` a list of ``{name, value}``, ``json`` any object or
list, ``secret_map`` the free-form ``encrypted`` object, which reads back as one mask."""


def read(doc: object, path: str) -> Any:
    """Return the value at a dotted path, or None where any step is missing."""
    for step in path.split("."):
        if not isinstance(doc, Mapping):
            return None
        doc = doc.get(step)
    return doc


def is_empty(value: object) -> bool:
    """Tell whether a value counts as absent: None, empty or blank text, an empty list or object."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Secret):
        return not value
    return isinstance(value, (list, dict, tuple)) and not value


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition on the document: the value at `path` is one of `values`, is present, or is absent."""

    path: str
    test: Literal["one_of", "has", "lacks"]
    values: tuple[object, ...] = ()

    def holds(self, doc: Mapping[str, Any]) -> bool:
        """Evaluate the condition."""
        value = read(doc, self.path)
        if self.test == "one_of":
            return not isinstance(value, (list, dict)) and value in self.values
        return is_empty(value) is (self.test == "lacks")


def one_of(path: str, *values: object) -> Clause:
    """The value at `path` is one of these; None stands for an absent value."""
    return Clause(path, "one_of", values)


def has(path: str) -> Clause:
    """There is a value at `path`."""
    return Clause(path, "has")


def lacks(path: str) -> Clause:
    """There is no value at `path`."""
    return Clause(path, "lacks")


Need = bool | tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class ConnectionField:
    """One field of a connection document.

    Parameters
    ----------
    path : str
        Dotted, from the document's root.
    label, help : str
        What the form shows.
    kind : Kind
        How it is edited.
    choices : tuple of str
        Allowed values of a ``choice``; suggestions for any other kind.
    when : tuple of Clause
        Shown, and needed, only while all of these hold.
    required, wanted : bool or tuple of Clause
        What the API enforces, and what the vendor's form asks for besides.
    code : str
        The API's code when a required value is missing.
    accepts : tuple of str
        Values that old documents still carry: accepted, not offered.
    refuses : mapping
        Values that the API refuses, with its code.
    """

    path: str
    label: str
    kind: Kind = "text"
    help: str = ""
    choices: tuple[str, ...] = ()
    when: tuple[Clause, ...] = ()
    required: Need = False
    wanted: Need = False
    default: object = None
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    multiline: bool = False
    read_only: bool = False
    group: str = "Basics"
    code: str = "missing_required_field"
    accepts: tuple[str, ...] = ()
    refuses: Mapping[str, str] = field(default_factory=dict)

    @property
    def secret(self) -> bool:
        """Whether the API stores it encrypted and answers with a mask."""
        return self.kind in ("secret", "secret_map")

    def is_shown(self, doc: Mapping[str, Any]) -> bool:
        """Tell whether the field applies to this document."""
        return all(clause.holds(doc) for clause in self.when)

    def is_required(self, doc: Mapping[str, Any]) -> bool:
        """Tell whether the API refuses this document without the field."""
        return self.is_shown(doc) and _holds(self.required, doc)

    def is_wanted(self, doc: Mapping[str, Any]) -> bool:
        """Tell whether the form marks the field as needed: `required`, or `wanted`."""
        return self.is_shown(doc) and (_holds(self.required, doc) or _holds(self.wanted, doc))


def _holds(need: Need, doc: Mapping[str, Any]) -> bool:
    return need if isinstance(need, bool) else all(clause.holds(doc) for clause in need)


F = ConnectionField

_AUTH, _PING, _LIMITS, _MORE = "Authentication", "Ping", "Limits", "More"
_HMAC_JWT = ("hmac-sha256", "hmac-sha384", "hmac-sha512")
_KEY_JWT = ("rsa-sha256", "rsa-sha384", "rsa-sha512", "es256", "es384", "es512", "ps256", "ps384", "ps512")
_RSA1 = ("rsa-sha1", "rsa-sha256", "rsa-sha512")
_HMAC1 = ("hmac-sha1", "hmac-sha256", "hmac-sha512", "plaintext")
_MEDIA = ("json", "xml", "urlencoded", "form-data", "plaintext")
_REFRESH = "Only for tokens that expire: how a new one is fetched."

TYPES: dict[str, str] = {
    "http": "HTTP (REST, SOAP, GraphQL)",
    "rest": "REST (legacy)",
    "rdbms": "Database (SQL)",
    "jdbc": "Database through JDBC",
    "ftp": "FTP, SFTP, FTPS",
    "s3": "Amazon S3",
    "mongodb": "MongoDB",
    "dynamodb": "Amazon DynamoDB",
    "netsuite": "NetSuite",
    "salesforce": "Salesforce",
    "as2": "AS2",
    "van": "VAN",
    "wrapper": "Wrapper (custom code on a stack)",
    "filesystem": "File system of an agent",
    "mcp": "MCP server",
}
"""Every connection type with the name that the form shows."""

BLOCKS: dict[str, str] = {name: name for name in TYPES}
"""The member that holds what is particular to a type."""

COMMON: tuple[F, ...] = (
    F("name", "Name", help="How the connection is listed.", required=True, max_length=100),
    F("type", "Type", "choice", choices=tuple(TYPES), required=True),
    F("externalId", "External id", help="Your own key for this connection.", group=_MORE),
    F("assistant", "Application", help="Lower-case name of a prebuilt application.", when=(one_of("type", "http"),),
      group=_MORE),
    F("_agentId", "Agent id", help="The on-premise agent that reaches the system.", group=_MORE),
    F("_borrowConcurrencyFromConnectionId", "Borrow concurrency from",
      help="Id of a connection whose concurrency this one shares; its own level is then ignored.", group=_LIMITS),
    F("autoRecoverRateLimitErrors", "Recover from rate limits", "boolean", default=True, group=_LIMITS),
    F("debugDate", "Debug until", help="ISO time; requests are logged until then.", group=_MORE),
    F("settingsForm", "Settings form", "json", group=_MORE),
    F("settings", "Settings", "json", help="Free values that templates read as settings.connection.", group=_MORE),
    F("pgp.publicKey", "PGP public key", multiline=True, group=_MORE),
    F("pgp.privateKey", "PGP private key", "secret", multiline=True, group=_MORE),
    F("pgp.passphrase", "PGP passphrase", "secret", group=_MORE),
    F("ssl.ca", "TLS authority", multiline=True, group=_MORE),
    F("ssl.cert", "TLS certificate", multiline=True, group=_MORE),
    F("ssl.key", "TLS key", "secret", multiline=True, group=_MORE),
    F("ssl.passphrase", "TLS passphrase", "secret", group=_MORE),
    F("sandbox", "Sandbox", "boolean", help="Deprecated; only with sandbox exports and imports.", group=_MORE),
)  # fmt: skip
"""Fields beside the type's own block."""


def _levels(block: str, default: int) -> tuple[F, ...]:
    text = "1 to 50. More than the licence allows is lowered silently."
    return (
        F(f"{block}.concurrencyLevel", "Concurrency", "number", help=text, default=default, group=_LIMITS),
        F(f"{block}.targetConcurrencyLevel", "Target concurrency", "number", group=_LIMITS,
          help="Upper bound while rate limits are recovered from automatically."),
    )  # fmt: skip


def _free_form(block: str) -> tuple[F, ...]:
    return (
        F(f"{block}.encrypted", "Encrypted values", "secret_map", group=_MORE,
          help="Secrets of your own, an object; templates read them as connection.….encrypted.name."),
        F(f"{block}.encryptedFields", "Encrypted value fields", "json", group=_MORE),
        F(f"{block}.unencrypted", "Unencrypted values", "json", group=_MORE),
        F(f"{block}.unencryptedFields", "Unencrypted value fields", "json", group=_MORE),
    )  # fmt: skip


def _token(auth: str, when: tuple[Clause, ...]) -> tuple[F, ...]:
    at = f"{auth}.token"
    header, url = one_of(f"{at}.location", "header", None), one_of(f"{at}.location", "url")
    rows = (
        F(f"{at}.token", "Token", "secret", help="API key or bearer token.", required=(lacks(f"{at}.refreshMethod"),)),
        F(f"{at}.location", "Sent in", "choice", choices=("header", "url", "body"), default="header", required=True),
        F(f"{at}.headerName", "Header", default="Authorization", wanted=True, when=(header,)),
        F(f"{at}.scheme", "Scheme", choices=("Bearer", "Token", "Basic"), default="Bearer", when=(header,)),
        F(f"{at}.paramName", "Parameter", help="Name of the query parameter.", wanted=True, when=(url,)),
        F(f"{at}.refreshMethod", "Refresh method", "choice", help=_REFRESH, choices=("GET", "POST", "PUT")),
        F(f"{at}.refreshToken", "Refresh token", "secret"),
        F(f"{at}.refreshRelativeURI", "Refresh URI", when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.refreshBody", "Refresh body", multiline=True, when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.refreshMediaType", "Refresh media type", "choice", choices=("json", "urlencoded", "xml", "plaintext"),
          when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.refreshResponseMediaType", "Refresh answer", "choice", choices=("json", "xml"),
          when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.refreshTokenPath", "Path of the new token", when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.refreshHeaders", "Refresh headers", "pairs", when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.tokenPaths", "Further token paths", "texts", when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.revoke", "Revocation request", "json", help="Object with uri, body and headers."),
    )  # fmt: skip
    return tuple(replace(row, when=when + row.when, group=_AUTH) for row in rows)


def _oauth2(auth: str, when: tuple[Clause, ...], client: str) -> tuple[F, ...]:
    at = f"{auth}.oauth"
    code, owner = one_of(f"{at}.grantType", "authorizecode"), one_of(f"{at}.grantType", "password")
    own = (one_of(f"{at}.useIClientFields", None, False),)
    rows = (
        # Assumed: a document that names an iClient may leave the grant to it.
        F(f"{at}.grantType", "Grant", "choice", choices=("authorizecode", "clientcredentials", "password"),
          required=(lacks(client),)),
        F(f"{at}.authURI", "Authorization URL", required=True, when=(code,)),
        F(f"{at}.tokenURI", "Token URL", required=(has(f"{at}.grantType"),)),
        F(f"{at}.username", "User name", required=True, when=(owner,)),
        F(f"{at}.password", "Password", "secret", required=True, when=(owner,)),
        F(f"{at}.useIClientFields", "Use the iClient's credentials", "boolean"),
        F(client, "iClient id", help="Holds the client id and secret.",
          required=(one_of(f"{at}.useIClientFields", True),)),
        F(f"{at}.clientId", "Client id", wanted=True, when=own),
        F(f"{at}.clientSecret", "Client secret", "secret", wanted=True, when=own),
        F(f"{at}.clientCredentialsLocation", "Client credentials in", "choice", choices=("basicauthheader", "body"),
          default="basicauthheader"),
        F(f"{at}.scope", "Scopes", "texts"),
        F(f"{at}.scopeDelimiter", "Scope delimiter", default=" "),
        F(f"{at}.accessTokenPath", "Path of the token", default="access_token"),
        F(f"{at}.accessTokenHeaders", "Token request headers", "pairs"),
        F(f"{at}.accessTokenBody", "Token request body", multiline=True),
        F(f"{at}.pkceCodeVerifier", "PKCE verifier", "secret", help="Kept by the server.", read_only=True),
    )  # fmt: skip
    return tuple(replace(row, when=when + row.when, group=_AUTH) for row in rows)


def _oauth1(auth: str, when: tuple[Clause, ...]) -> tuple[F, ...]:
    at = f"{auth}.oauth.oauth1"
    hmac, rsa = one_of(f"{at}.signatureMethod", *_HMAC1), one_of(f"{at}.signatureMethod", *_RSA1)
    rows = (
        F(f"{at}.signatureMethod", "Signature", "choice", choices=(*_HMAC1[:3], *_RSA1, "plaintext"), required=True),
        F(f"{at}.consumerKey", "Consumer key", required=True),
        F(f"{at}.accessToken", "Access token", "secret", required=True),
        F(f"{at}.consumerSecret", "Consumer secret", "secret", required=True, when=(hmac,)),
        F(f"{at}.tokenSecret", "Token secret", "secret", required=True, when=(hmac,)),
        F(f"{at}.consumerPrivateKey", "Consumer private key", "secret", required=True, when=(rsa,), multiline=True),
        F(f"{at}.realm", "Realm"),
    )
    return tuple(replace(row, when=when + row.when, group=_AUTH) for row in rows)


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
        *_token(auth, on("token")),
        *_oauth2(auth, on("oauth"), "http._iClientId"),
        *_oauth1(auth, on("oauth1")),
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
        F(f"{auth}.failPath", "Failure path", help="Where an answer of 200 tells of a failure."),
        F(f"{auth}.failValues", "Failure values", "texts", when=(has(f"{auth}.failPath"),)),
    )  # fmt: skip
    return tuple(replace(row, group=_AUTH) for row in rows)


def _http() -> tuple[F, ...]:
    at = "http"
    return (
        F(f"{at}.baseURI", "Base URL", required=True,
          help="What relative URIs are appended to, without a slash at its end."),
        F(f"{at}.mediaType", "Media type", "choice", choices=_MEDIA, default="json", required=True),
        F(f"{at}.successMediaType", "Answer", "choice", choices=("json", "xml", "csv", "plaintext"), group=_MORE),
        F(f"{at}.errorMediaType", "Error answer", "choice", choices=("json", "xml", "plaintext"), group=_MORE),
        *_http_auth(),
        F(f"{at}.ping.relativeURI", "Ping URI", group=_PING),
        F(f"{at}.ping.method", "Ping method", "choice", choices=("GET", "POST", "PUT", "HEAD"), default="GET",
          group=_PING),
        F(f"{at}.ping.body", "Ping body", multiline=True, when=(one_of(f"{at}.ping.method", "POST", "PUT"),),
          group=_PING),
        F(f"{at}.ping.successPath", "Success path", help="Without one, any 2xx passes.", group=_PING),
        F(f"{at}.ping.successValues", "Success values", "texts", when=(has(f"{at}.ping.successPath"),), group=_PING),
        F(f"{at}.ping.allowArrayforSuccessPath", "Success path may be a list", "boolean",
          when=(has(f"{at}.ping.successPath"),), group=_PING),
        F(f"{at}.ping.failPath", "Failure path", group=_PING),
        F(f"{at}.ping.failValues", "Failure values", "texts", when=(has(f"{at}.ping.failPath"),), group=_PING),
        F(f"{at}.ping.errorPath", "Path of the error text", group=_PING),
        F(f"{at}.headers", "Headers", "pairs", help="Sent with every request.", group=_MORE),
        F(f"{at}.rateLimit.failStatusCode", "Rate limited with", "number", default=429, group=_LIMITS),
        F(f"{at}.rateLimit.failPath", "Rate limit path", group=_LIMITS),
        F(f"{at}.rateLimit.failValues", "Rate limit values", "texts", when=(has(f"{at}.rateLimit.failPath"),),
          group=_LIMITS),
        F(f"{at}.rateLimit.limit", "Requests per window", "number", minimum=1, group=_LIMITS),
        F(f"{at}.retryHeader", "Retry header", default="Retry-After", group=_LIMITS),
        *_levels(at, 25),
        F(f"{at}.disableStrictSSL", "Accept any certificate", "boolean", group=_MORE),
        F(f"{at}.clientCertificates.cert", "Client certificate", multiline=True, group=_MORE),
        F(f"{at}.clientCertificates.key", "Client key", "secret", multiline=True, group=_MORE),
        F(f"{at}.clientCertificates.ca", "Authority", multiline=True, group=_MORE),
        F(f"{at}.clientCertificates.passphrase", "Key passphrase", "secret", group=_MORE),
        F(f"{at}.clientCertificates.pfx", "PFX bundle", "secret", multiline=True, group=_MORE),
        *_free_form(at),
    )  # fmt: skip


def _rest() -> tuple[F, ...]:
    at, auth = "rest", "rest.authType"
    basic, token, cookie = one_of(auth, "basic", "wsse"), one_of(auth, "token"), one_of(auth, "cookie")
    oauth = one_of(auth, "oauth")
    rows = (
        F(f"{at}.baseURI", "Base URL", required=True),
        F(f"{at}.mediaType", "Media type", "choice", choices=("json", "urlencoded", "xml", "csv"), default="json",
          required=True),
        F(auth, "Authentication", "choice", required=True, group=_AUTH,
          choices=("basic", "token", "oauth", "custom", "cookie", "jwt", "hmac", "wsse", "oauth1")),
        F(f"{at}.basicAuth.username", "User name", when=(basic,), wanted=True, group=_AUTH),
        F(f"{at}.basicAuth.password", "Password", "secret", when=(basic,), wanted=True, group=_AUTH),
        F(f"{at}.bearerToken", "Token", "secret", when=(one_of(auth, "token", "oauth"),), wanted=(token,), group=_AUTH),
        F(f"{at}.tokenLocation", "Sent in", "choice", choices=("header", "url"), default="header", when=(token,),
          group=_AUTH),
        F(f"{at}.tokenParam", "Parameter", default="access_token", when=(token, one_of(f"{at}.tokenLocation", "url")),
          group=_AUTH),
        F(f"{at}.authHeader", "Header", default="Authorization", when=(token,), group=_AUTH),
        F(f"{at}.authScheme", "Scheme", choices=("Bearer", "OAuth", "MAC", "Hmac"), default="Bearer", when=(token,),
          group=_AUTH),
        F(f"{at}.refreshToken", "Refresh token", "secret", when=(one_of(auth, "token", "oauth"),), group=_AUTH),
        F(f"{at}.refreshTokenURI", "Refresh URI", when=(token,), group=_AUTH),
        F(f"{at}.refreshTokenMethod", "Refresh method", "choice", choices=("GET", "POST", "PUT"), when=(token,),
          group=_AUTH),
        F(f"{at}.refreshTokenBody", "Refresh body", multiline=True, when=(token,), group=_AUTH),
        F(f"{at}.refreshTokenMediaType", "Refresh media type", "choice", choices=("json", "urlencoded"), when=(token,),
          group=_AUTH),
        F(f"{at}.refreshTokenPath", "Path of the new token", when=(token,), group=_AUTH),
        F(f"{at}.refreshTokenHeaders", "Refresh headers", "pairs", when=(token,), group=_AUTH),
        F(f"{at}.authURI", "Authorization URL", when=(oauth,), group=_AUTH),
        F(f"{at}.oauthTokenURI", "Token URL", when=(oauth,), group=_AUTH),
        F(f"{at}.scope", "Scopes", "texts", when=(oauth,), group=_AUTH),
        F(f"{at}.scopeDelimiter", "Scope delimiter", default=" ", when=(oauth,), group=_AUTH),
        F(f"{at}.oauth.clientSecret", "Client secret", "secret", when=(oauth,), group=_AUTH),
        F(f"{at}.oauth.password", "OAuth password", "secret", when=(oauth,), group=_AUTH),
        F(f"{at}.oauth.pkceCodeVerifier", "PKCE verifier", "secret", when=(oauth,), group=_AUTH, read_only=True),
        *(replace(row, required=False, wanted=row.required) for row in _oauth1(at, (one_of(auth, "oauth1"),))),
        F(f"{at}.cookieAuth.uri", "Login URL", when=(cookie,), wanted=True, group=_AUTH),
        F(f"{at}.cookieAuth.method", "Login method", "choice", choices=("GET", "POST"), when=(cookie,), group=_AUTH),
        F(f"{at}.cookieAuth.body", "Login body", multiline=True, when=(cookie,), group=_AUTH),
        F(f"{at}.cookieAuth.successStatusCode", "Login succeeds with", "number", when=(cookie,), group=_AUTH),
        F(f"{at}.pingRelativeURI", "Ping URI", group=_PING),
        F(f"{at}.pingMethod", "Ping method", "choice", choices=("GET", "POST"), default="GET", group=_PING),
        F(f"{at}.pingBody", "Ping body", multiline=True, when=(one_of(f"{at}.pingMethod", "POST"),), group=_PING),
        F(f"{at}.pingSuccessPath", "Success path", group=_PING),
        F(f"{at}.pingSuccessValues", "Success values", "texts", when=(has(f"{at}.pingSuccessPath"),), group=_PING),
        F(f"{at}.pingFailurePath", "Failure path", group=_PING),
        F(f"{at}.pingFailureValues", "Failure values", "texts", when=(has(f"{at}.pingFailurePath"),), group=_PING),
        F(f"{at}.headers", "Headers", "pairs", group=_MORE),
        F(f"{at}.retryHeader", "Retry header", default="Retry-After", group=_LIMITS),
        F(f"{at}.disableStrictSSL", "Accept any certificate", "boolean", group=_MORE),
        *_levels(at, 5),
        *_free_form(at),
    )  # fmt: skip
    return rows


def _rdbms() -> tuple[F, ...]:
    at = "rdbms"

    def on(*types: str) -> tuple[Clause, ...]:
        return (one_of(f"{at}.type", *types),)

    hosted = ("mysql", "postgresql", "mariadb", "azuresynapse", "mssql", "snowflake", "oracle")
    plain = ("mysql", "postgresql", "mariadb", "azuresynapse")
    login = one_of(f"{at}.mssql.authType", None, "basic")
    principal = one_of(f"{at}.mssql.authType", "azure-service-principal")
    keys = one_of(f"{at}.redshift.authType", None, "accesskey")
    snow, red, big = on("snowflake"), on("redshift"), on("bigquery")
    # With a client certificate and its key the databases need no password (vendor's schema).
    no_certificate = lacks(f"{at}.ssl.cert")
    return (
        F(f"{at}.type", "Database system", "choice", required=True,
          choices=("postgresql", "mysql", "mariadb", "mssql", "azuresynapse", "snowflake", "oracle", "bigquery",
                   "redshift", "sqlite"),
          help="sqlite is known to the local engine only."),
        F(f"{at}.host", "Host", required=True, when=on(*hosted)),
        F(f"{at}.port", "Port", "number", minimum=1, maximum=65535, when=on(*hosted, "redshift"),
          help="3306 MySQL, 5432 PostgreSQL, 1433 SQL Server, 1521 Oracle, 443 Snowflake, 5439 Redshift."),
        F(f"{at}.database", "Database", required=True, when=on(*hosted[:-1], "redshift", "sqlite"),
          help="For sqlite: the path of the file, which the engine must be allowed to open."),
        F(f"{at}.serviceName", "Service name", required=True, when=on("oracle")),
        F("_agentId", "Agent id", required=True, code="agent_mode_only", when=on("oracle"),
          help="Oracle is reached through an on-premise agent only."),
        F(f"{at}.mssql.authType", "Login", "choice", choices=("basic", "azure-service-principal"), default="basic",
          when=on("mssql"), group=_AUTH),
        F(f"{at}.user", "User", required=True, when=on(*plain, "snowflake", "oracle"), group=_AUTH),
        F(f"{at}.user", "User", required=True, when=(*on("mssql"), login), group=_AUTH),
        F(f"{at}.user", "User", wanted=True, when=red, group=_AUTH),
        F(f"{at}.password", "Password", "secret", required=(no_certificate,), when=on(*plain), group=_AUTH),
        F(f"{at}.password", "Password", "secret", required=True, when=on("oracle"), group=_AUTH),
        F(f"{at}.password", "Password", "secret", required=True, when=(*on("mssql"), login), group=_AUTH),
        F(f"{at}.password", "Password", "secret", required=True, group=_AUTH,
          when=(*snow, one_of(f"{at}.snowflake.authType", "basic"))),
        F(f"{at}._iClientId", "iClient id", required=True, when=(*on("mssql"), principal), group=_AUTH),
        F(f"{at}.version", "Server version", "choice", wanted=True, when=on("mssql"),
          choices=("SQL Server 2008 R2", "SQL Server 2012", "SQL Server 2014", "SQL Server 2016", "SQL Server 2017",
                   "Azure")),
        F(f"{at}.snowflake.authType", "Login", "choice", choices=("keyPair",), accepts=("basic",), required=True,
          when=snow, group=_AUTH),
        F(f"{at}.key", "Private key", "secret", required=True, multiline=True, group=_AUTH,
          when=(*snow, one_of(f"{at}.snowflake.authType", "keyPair"))),
        F(f"{at}.passphrase", "Key passphrase", "secret", when=snow, group=_AUTH),
        F(f"{at}.snowflake.warehouse", "Warehouse", wanted=True, when=snow),
        F(f"{at}.snowflake.schema", "Schema", when=snow),
        F(f"{at}.snowflake.role", "Role", when=snow),
        F(f"{at}.bigquery.projectId", "Project", required=True, when=big),
        F(f"{at}.bigquery.dataset", "Data set", required=True, when=big),
        F(f"{at}.bigquery.clientEmail", "Service account", required=True, when=big, group=_AUTH),
        F(f"{at}.bigquery.privateKey", "Private key", "secret", required=True, multiline=True, when=big, group=_AUTH),
        F(f"{at}.redshift.authType", "Login", "choice", choices=("accesskey", "awsIam"), default="accesskey", when=red,
          group=_AUTH),
        F(f"{at}.redshift.aws.accessKeyId", "Access key id", required=True, when=(*red, keys), group=_AUTH),
        F(f"{at}.redshift.aws.secretAccessKey", "Secret access key", "secret", required=True, when=(*red, keys),
          group=_AUTH),
        F(f"{at}._iClientId", "iClient id", required=True, when=(*red, one_of(f"{at}.redshift.authType", "awsIam")),
          group=_AUTH),
        F(f"{at}.redshift.region", "Region", required=True, when=red),
        F(f"{at}.redshift.clusterIdentifier", "Cluster", wanted=(keys,), when=red),
        F(f"{at}.redshift.workgroupName", "Workgroup", when=(*red, one_of(f"{at}.redshift.authType", "awsIam"))),
        F(f"{at}.instanceName", "Instance", when=on("mssql", "oracle"), group=_MORE),
        F(f"{at}.serverType", "Server type", "choice", choices=("dedicated", "shared", "pooled"), when=on("oracle"),
          group=_MORE),
        F(f"{at}.options", "Driver options", "pairs", group=_MORE),
        F(f"{at}.disableStrictSSL", "Accept any certificate", "boolean", group=_MORE),
        F(f"{at}.ssl.ca", "TLS authority", "secret", multiline=True, group=_MORE),
        F(f"{at}.ssl.cert", "TLS certificate", "secret", multiline=True, group=_MORE),
        F(f"{at}.ssl.key", "TLS key", "secret", multiline=True, group=_MORE, required=(has(f"{at}.ssl.cert"),)),
        F(f"{at}.ssl.passphrase", "TLS passphrase", "secret", group=_MORE),
        *_levels(at, 5),
    )  # fmt: skip


def _jdbc() -> tuple[F, ...]:
    at = "jdbc"
    kind = f"{at}.type"
    wallet = one_of(f"{at}.authType", "wallet")
    thin = one_of(kind, "oracle:thin")
    hosts = one_of(kind, "agent", "netsuitejdbc", "databricks", "activedirectory", "db2", "workday")
    users = one_of(kind, "netsuitejdbc", "activedirectory", "db2", "workday", "oracle:thin")
    return (
        F(kind, "Driver", "choice", required=True,
          choices=("netsuitejdbc", "databricks", "oracle:thin", "sqlserver", "activedirectory", "db2", "workday",
                   "agent")),
        F(f"{at}.host", "Host", required=True, when=(hosts,)),
        F(f"{at}.host", "Host", required=True, when=(thin, one_of(f"{at}.authType", None, "customjdbc"))),
        F(f"{at}.host", "Host", wanted=True, when=(one_of(kind, "sqlserver"),)),
        F(f"{at}.port", "Port", "number", minimum=1, maximum=65535, required=(one_of(kind, "db2"),),
          wanted=(one_of(kind, "activedirectory"),)),
        F(f"{at}.database", "Database", required=(one_of(kind, "db2"),), wanted=(one_of(kind, "sqlserver"),)),
        F(f"{at}.serviceName", "Service name", required=(wallet,), when=(thin,)),
        F(f"{at}.driverPath", "Path of the driver", required=True, when=(one_of(kind, "agent"),)),
        F("_agentId", "Agent id", required=True, when=(one_of(kind, "agent", "activedirectory"),),
          help="This driver runs on an on-premise agent only."),
        F(f"{at}.authType", "Login", "choice", choices=("customjdbc", "wallet"), required=True, when=(thin,),
          group=_AUTH),
        F(f"{at}.user", "User", required=(users,), wanted=(one_of(kind, "sqlserver"),), group=_AUTH),
        F(f"{at}.password", "Password", "secret", required=(one_of(kind, "db2", "workday", "oracle:thin"),),
          wanted=(one_of(kind, "activedirectory", "netsuitejdbc", "sqlserver"),), group=_AUTH),
        F(f"{at}.wallet", "Wallet", "secret", required=True, multiline=True, when=(thin, wallet), group=_AUTH),
        F(f"{at}.properties", "Driver properties", "pairs",
          required=(one_of(kind, "netsuitejdbc", "activedirectory", "db2", "workday"),),
          help="netsuitejdbc: AccountID, ServerDataSource; db2: AuthScheme; activedirectory: LDAPVersion, BaseDN."),
        F(f"{at}.version", "Driver version", group=_MORE),
        *_levels(at, 5),
    )  # fmt: skip


_FTP: tuple[F, ...] = (
    F("ftp.type", "Protocol", "choice", choices=("sftp", "ftps", "ftp"), required=True),
    F("ftp.hostURI", "Host", help="Without a scheme, as in files.example.com.", required=True),
    F("ftp.port", "Port", "number", minimum=0, maximum=65535, help="22 for sftp, 21 for ftp and ftps, 990 implicit."),
    F("ftp.username", "User name", required=True, group=_AUTH),
    F("ftp.password", "Password", "secret", wanted=(lacks("ftp.authKey"),), group=_AUTH),
    F("ftp.authKey", "SSH key", "secret", multiline=True, when=(one_of("ftp.type", "sftp"),), group=_AUTH),
    F("ftp.usePassiveMode", "Passive mode", "boolean", default=True, group=_MORE),
    F("ftp.userDirectoryIsRoot", "Home folder is the root", "boolean", group=_MORE),
    F("ftp.useImplicitFtps", "Implicit FTPS", "boolean", when=(one_of("ftp.type", "ftps"),), group=_MORE),
    F("ftp.requireSocketReUse", "Reuse the TLS session", "boolean", when=(one_of("ftp.type", "ftps"),), group=_MORE),
    F("ftp.enableHostVerification", "Verify the host", "boolean", group=_MORE),
    F("ftp.entryParser", "Listing format", "choice", group=_MORE,
      choices=("UNIX", "UNIX-TRIM", "VMS", "WINDOWS", "OS/2", "OS/400", "AS/400", "MVS", "UNKNOWN-TYPE", "NETWARE",
               "MACOS-PETER")),
    F("ftp.pgpEncryptKey", "PGP public key (old)", "secret", multiline=True, group=_MORE),
    F("ftp.pgpDecryptKey", "PGP private key (old)", "secret", multiline=True, group=_MORE),
    F("ftp.pgpPassphrase", "PGP passphrase (old)", "secret", group=_MORE),
    *_levels("ftp", 1),
)  # fmt: skip

_S3_KEYS = one_of("s3.authType", None, "accesskey")
_S3: tuple[F, ...] = (
    F("s3.authType", "Login", "choice", choices=("accesskey", "awsIam"), default="accesskey", group=_AUTH),
    F("s3.accessKeyId", "Access key id", required=True, when=(_S3_KEYS,), group=_AUTH),
    F("s3.secretAccessKey", "Secret access key", "secret", required=True, when=(_S3_KEYS,), group=_AUTH),
    F("s3._iClientId", "iClient id", required=True, when=(one_of("s3.authType", "awsIam"),), group=_AUTH),
    F("s3.pingBucket", "Ping bucket", help="Checked by a ping.", group=_PING),
    *_levels("s3", 5),
)

_MONGODB: tuple[F, ...] = (
    F("mongodb.host", "Hosts", "texts", help="host:port, one or several.", required=True),
    F("mongodb.database", "Database"),
    F("mongodb.username", "User name", required=True, group=_AUTH),
    F("mongodb.password", "Password", "secret", required=True, group=_AUTH),
    F("mongodb.replicaSet", "Replica set", group=_MORE),
    F("mongodb.ssl", "TLS", "boolean", group=_MORE),
    F("mongodb.authSource", "Authentication database", group=_MORE),
    *_levels("mongodb", 5),
)

_DYNAMODB: tuple[F, ...] = (
    F("dynamodb.aws.accessKeyId", "Access key id", required=True, group=_AUTH),
    F("dynamodb.aws.secretAccessKey", "Secret access key", "secret", required=True, group=_AUTH),
    *_levels("dynamodb", 5),
)

_NS_TOKEN = one_of("netsuite.authType", "token")
_NETSUITE: tuple[F, ...] = (
    F("netsuite.authType", "Authentication", "choice", choices=("token-auto", "token"), wanted=True, group=_AUTH,
      refuses={"basic": "netsuite_wsdl_tba_mandatory"}),
    F("netsuite.account", "Account", wanted=True),
    F("netsuite.environment", "Environment", "choice", choices=("production", "sandbox", "sandbox2.0", "beta"),
      wanted=(_NS_TOKEN,)),
    F("netsuite.tokenId", "Token id", "secret", wanted=True, when=(_NS_TOKEN,), group=_AUTH),
    F("netsuite.tokenSecret", "Token secret", "secret", wanted=True, when=(_NS_TOKEN,), group=_AUTH),
    F("netsuite._iClientId", "iClient id", group=_AUTH),
    F("netsuite.password", "Password (old)", "secret", when=(has("netsuite.password"),), group=_AUTH),
    F("netsuite.roleId", "Role id", group=_MORE),
    F("netsuite.wsdlVersion", "WSDL", choices=("latest", "next"), group=_MORE),
    *_levels("netsuite", 5),
)  # fmt: skip

_SALESFORCE: tuple[F, ...] = (
    F("salesforce.oauth2FlowType", "Flow", "choice", choices=("refreshToken", "jwtBearerToken"), wanted=True,
      group=_AUTH),
    F("salesforce.sandbox", "Sandbox org", "boolean", wanted=True),
    F("salesforce.username", "User name", wanted=True, when=(one_of("salesforce.oauth2FlowType", "jwtBearerToken"),),
      group=_AUTH),
    F("salesforce._iClientId", "iClient id", group=_AUTH),
    F("salesforce.baseURI", "Instance URL", group=_MORE),
    F("salesforce.bearerToken", "Access token", "secret", help="Kept by the server.", group=_AUTH),
    F("salesforce.refreshToken", "Refresh token", "secret", help="Kept by the server.", group=_AUTH),
    F("salesforce.scope", "Scopes", "texts", group=_MORE),
    *_levels("salesforce", 5),
)  # fmt: skip

_PARTNER, _OWN = "as2.partnerStationInfo", "as2.userStationInfo"
_HASHES = ("NONE", "SHA1", "MD5", "SHA256")
_CIPHERS = ("NONE", "DES", "RC2", "3DES", "AES128", "AES256")
_AS2: tuple[F, ...] = (
    F("as2.as2Id", "AS2 id", help="Unique among all users; fixed once created.", required=True),
    F("as2.partnerId", "Partner's AS2 id", help="Fixed once created.", required=True),
    F(_PARTNER, "Partner station", "json", required=True),
    F(f"{_PARTNER}.as2URI", "Partner's URL", wanted=True),
    F(f"{_PARTNER}.signing", "Sign with", choices=_HASHES, wanted=True),
    F(f"{_PARTNER}.encryptionType", "Encrypt with", choices=_CIPHERS, wanted=True),
    F(f"{_PARTNER}.mdn", "Partner's receipts (MDN)", "json", group=_MORE),
    F(_OWN, "Own station", "json", required=True),
    F(f"{_OWN}.signing", "Messages are signed with", choices=_HASHES, wanted=True),
    F(f"{_OWN}.encryptionType", "Messages are encrypted with", choices=_CIPHERS, wanted=True),
    F(f"{_OWN}.mdn", "Own receipts (MDN)", "json", group=_MORE),
    F(f"{_PARTNER}.auth.type", "Partner's authentication", choices=("none", "basic", "token"), group=_AUTH),
    F(f"{_PARTNER}.auth.basic.username", "Partner user name", group=_AUTH,
      when=(one_of(f"{_PARTNER}.auth.type", "basic"),)),
    F(f"{_PARTNER}.auth.basic.password", "Partner password", "secret", group=_AUTH),
    F(f"{_PARTNER}.auth.token.token", "Partner token", "secret", group=_AUTH),
    F(f"{_PARTNER}.auth.token.refreshToken", "Partner refresh token", "secret", group=_AUTH),
    F("as2.encrypted.userPrivateKey", "Private key", "secret", multiline=True, group=_AUTH),
    F("as2.unencrypted", "Certificates", "json", help="Object: userPublicKey, partnerCertificate.", group=_MORE),
    *_levels("as2", 5),
)  # fmt: skip

_VAN: tuple[F, ...] = (
    F("van.as2Id", "AS2 id", help="Unique and set once."),
    F("van.mailboxId", "Mailbox", help="Assigned by the server.", read_only=True),
)

_WRAPPER: tuple[F, ...] = (
    F("wrapper.pingFunction", "Ping function", wanted=True, group=_PING),
    F("wrapper._stackId", "Stack id", wanted=True),
    *_free_form("wrapper"),
    *_levels("wrapper", 5),
)

_FILESYSTEM: tuple[F, ...] = (
    F("_agentId", "Agent id", help="The agent whose files are read.", required=True),
    F("filesystem.ping.directoryPath", "Ping folder", help="Checked by a ping.", group=_PING),
    *_levels("filesystem", 1),
)


def _mcp() -> tuple[F, ...]:
    """The MCP block keeps its authentication in an ``http`` block of its own and takes three kinds only."""
    auth = "mcp.http.auth"
    return (
        F("mcp.protocol", "Protocol", "choice", choices=("http",), default="http", required=True),
        F("mcp.serverURL", "Server URL", required=True),
        F(f"{auth}.type", "Authentication", "choice", choices=("token", "oauth", "custom"), required=True, group=_AUTH),
        *_token(auth, (one_of(f"{auth}.type", "token"),)),
        *(
            replace(row, required=False, wanted=row.path == "mcp.http._iClientId")
            for row in _oauth2(auth, (one_of(f"{auth}.type", "oauth"),), "mcp.http._iClientId")
        ),
        F("mcp.http.headers", "Headers", "pairs", group=_MORE),
        F("mcp.http.encrypted", "Encrypted values", "secret_map", group=_MORE),
        F("mcp.http.unencrypted", "Unencrypted values", "json", group=_MORE),
        F("mcp.allowedTools", "Allowed tools", "texts", group=_MORE),
        F("mcp.timeout", "Timeout (ms)", "number", minimum=1, default=600_000, group=_LIMITS),
    )


FIELDS: dict[str, tuple[ConnectionField, ...]] = {
    "http": _http(),
    "rest": _rest(),
    "rdbms": _rdbms(),
    "jdbc": _jdbc(),
    "ftp": _FTP,
    "s3": _S3,
    "mongodb": _MONGODB,
    "dynamodb": _DYNAMODB,
    "netsuite": _NETSUITE,
    "salesforce": _SALESFORCE,
    "as2": _AS2,
    "van": _VAN,
    "wrapper": _WRAPPER,
    "filesystem": _FILESYSTEM,
    "mcp": _mcp(),
}
"""Fields of each type's block, in the order in which the form shows them. A path may occur several times with
conditions that exclude each other."""


def fields_for(doc: Mapping[str, Any]) -> tuple[ConnectionField, ...]:
    """Return the fields that apply to a document, in the form's order.

    Parameters
    ----------
    doc : mapping
        A connection document; its ``type`` may be missing or unknown.

    Returns
    -------
    tuple of ConnectionField
        Each path once: the type's own row wins over the common one.
    """
    kind = doc.get("type")
    own = FIELDS.get(kind, ()) if isinstance(kind, str) else ()
    shown = [row for row in own if row.is_shown(doc)]
    paths = {row.path for row in shown}
    head = [row for row in COMMON[:2] if row.path not in paths]
    tail = [row for row in COMMON[2:] if row.path not in paths and row.is_shown(doc)]
    return (*head, *shown, *tail)
