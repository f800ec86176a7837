"""Tokens, OAuth 2.0 and 1.0a: the members that HTTP, REST and MCP connections have in common."""

from __future__ import annotations

from dataclasses import replace

from celigo_pandas.documents.connection_field import Clause, has, lacks, one_of
from celigo_pandas.documents.connection_field import ConnectionField as F
from celigo_pandas.documents.connection_tables.shared import AUTH, reference

__all__ = ["oauth1", "oauth2", "token"]

_RSA1 = ("rsa-sha1", "rsa-sha256", "rsa-sha512")
_HMAC1 = ("hmac-sha1", "hmac-sha256", "hmac-sha512", "plaintext")
_REFRESH = "Only for tokens that expire: how a new one is fetched."


def token(auth: str, when: tuple[Clause, ...]) -> tuple[F, ...]:
    """Return the fields of a token, and of how a new one is fetched."""
    at = f"{auth}.token"
    header, url = one_of(f"{at}.location", "header", None), one_of(f"{at}.location", "url")
    rows = (
        F(f"{at}.token", "Token", "secret", help="API key or bearer token.", required=(lacks(f"{at}.refreshMethod"),)),
        F(f"{at}.location", "Sent in", "choice", choices=("header", "url", "body"), default="header", required=True),
        F(f"{at}.headerName", "Header", default="Authorization", wanted=True, when=(header,)),
        F(f"{at}.scheme", "Scheme", choices=("Bearer", "Token", "Basic"), default="Bearer", when=(header,)),
        F(f"{at}.paramName", "Parameter", help="Name of the query parameter.", wanted=True, when=(url,)),
        F(f"{at}.refreshMethod", "Refresh method", "choice", help=_REFRESH, choices=("GET", "POST", "PUT"),
          default="POST"),
        F(f"{at}.refreshToken", "Refresh token", "secret"),
        F(f"{at}.refreshRelativeURI", "Refresh URI", when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.refreshBody", "Refresh body", multiline=True, when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.refreshMediaType", "Refresh media type", "choice", choices=("json", "urlencoded", "xml", "plaintext"),
          default="urlencoded", when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.refreshResponseMediaType", "Refresh answer", "choice", choices=("json", "xml"),
          when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.refreshTokenPath", "Path of the new token", when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.refreshTokenLocation", "Refresh token sent in", "choice", choices=("header", "body"),
          when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.refreshHeaders", "Refresh headers", "pairs", when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.tokenPaths", "Further token paths", "texts", when=(has(f"{at}.refreshMethod"),)),
        F(f"{at}.revoke", "Revocation request", "json", help="Object with uri, body and headers."),
    )  # fmt: skip
    return tuple(replace(row, when=when + row.when, group=AUTH) for row in rows)


def oauth2(auth: str, when: tuple[Clause, ...], client: str) -> tuple[F, ...]:
    """Return the fields of OAuth 2.0; `client` is the path of the iClient's id."""
    at = f"{auth}.oauth"
    # A document without a grant is an authorization by code (the schema's default), and is stored as it is.
    code, owner = one_of(f"{at}.grantType", "authorizecode", None), one_of(f"{at}.grantType", "password")
    named = has(f"{at}.grantType")
    own = (one_of(f"{at}.useIClientFields", None, False),)
    rows = (
        F(f"{at}.grantType", "Grant", "choice", choices=("authorizecode", "clientcredentials", "password"),
          default="authorizecode", wanted=(lacks(client),)),
        F(f"{at}.authURI", "Authorization URL", required=(named,), wanted=(lacks(client),), when=(code,)),
        F(f"{at}.tokenURI", "Token URL", required=(named,), wanted=(lacks(client),)),
        F(f"{at}.username", "User name", required=True, when=(owner,)),
        F(f"{at}.password", "Password", "secret", required=True, when=(owner,)),
        F(f"{at}.useIClientFields", "Use the iClient's credentials", "boolean"),
        reference(client, "iClient id", help="Holds the client id and secret.",
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
        F(f"{at}.oauth2RedirectUrl", "Redirect URL", help="Where the provider returns to, as registered there."),
        F(f"{at}.type", "Settings by", "choice", choices=("custom", "assistant")),
        F(f"{at}.skipOauthValidations", "Check no OAuth settings", "boolean", default=False),
        F(f"{at}.pkceCodeVerifier", "PKCE verifier", "secret", help="Kept by the server.", read_only=True),
    )  # fmt: skip
    return tuple(replace(row, when=when + row.when, group=AUTH) for row in rows)


def oauth1(auth: str, when: tuple[Clause, ...]) -> tuple[F, ...]:
    """Return the fields of OAuth 1.0a."""
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
    return tuple(replace(row, when=when + row.when, group=AUTH) for row in rows)
