"""Fields of the other connections: files, NetSuite, Salesforce, EDI, wrappers."""

from __future__ import annotations

from celigo_pandas.documents.connection_field import ConnectionField as F
from celigo_pandas.documents.connection_field import has, lacks, one_of
from celigo_pandas.documents.connection_tables.shared import (
    AUTH,
    LIMITS,
    MORE,
    PING,
    edi_router,
    free_form,
    levels,
    reference,
)

__all__ = ["AS2", "FILESYSTEM", "FTP", "NETSUITE", "S3", "SALESFORCE", "VAN", "WRAPPER"]

FTP: tuple[F, ...] = (
    F("ftp.type", "Protocol", "choice", choices=("sftp", "ftps", "ftp"), wanted=True),
    F("ftp.hostURI", "Host", help="Without a scheme, as in files.example.com.", required=True),
    F("ftp.port", "Port", "number", minimum=0, maximum=65535, help="22 for sftp, 21 for ftp and ftps, 990 implicit."),
    F("ftp.username", "User name", required=True, group=AUTH),
    F("ftp.password", "Password", "secret", wanted=(lacks("ftp.authKey"),), group=AUTH),
    F("ftp.authKey", "SSH key", "secret", multiline=True, when=(one_of("ftp.type", "sftp"),), group=AUTH),
    F("ftp.usePassiveMode", "Passive mode", "boolean", default=True, group=MORE),
    F("ftp.userDirectoryIsRoot", "Home folder is the root", "boolean", group=MORE),
    F("ftp.useImplicitFtps", "Implicit FTPS", "boolean", when=(one_of("ftp.type", "ftps"),), group=MORE),
    F("ftp.requireSocketReUse", "Reuse the TLS session", "boolean", when=(one_of("ftp.type", "ftps"),), group=MORE),
    F("ftp.enableHostVerification", "Verify the host", "boolean", group=MORE),
    F("ftp.entryParser", "Listing format", "choice", group=MORE,
      choices=("UNIX", "UNIX-TRIM", "VMS", "WINDOWS", "OS/2", "OS/400", "AS/400", "MVS", "UNKNOWN-TYPE", "NETWARE",
               "MACOS-PETER")),
    F("ftp.pgpEncryptKey", "PGP public key (old)", "secret", multiline=True, group=MORE),
    F("ftp.pgpDecryptKey", "PGP private key (old)", "secret", multiline=True, group=MORE),
    F("ftp.pgpPassphrase", "PGP passphrase (old)", "secret", group=MORE),
    F("ftp.pgpKeyAlgorithm", "PGP cipher (old)", "choice", group=MORE, when=(has("ftp.pgpKeyAlgorithm"),),
      choices=("CAST5", "3DES", "AES-128", "AES-192", "AES-256")),
    F("ftp.pgpSignAndVerify", "PGP signatures (old)", "boolean", group=MORE, when=(has("ftp.pgpSignAndVerify"),)),
    F("ftp.tradingPartner", "Trading partner", "boolean", group=MORE, read_only=True),
    reference("ftp._tpConnectorId", "Trading partner connector", group=MORE),
    *levels("ftp"),
)  # fmt: skip

_S3_KEYS = one_of("s3.authType", None, "accesskey")
S3: tuple[F, ...] = (
    F("s3.authType", "Login", "choice", choices=("accesskey", "awsIam"), default="accesskey", group=AUTH),
    F("s3.accessKeyId", "Access key id", required=True, when=(_S3_KEYS,), group=AUTH),
    F("s3.secretAccessKey", "Secret access key", "secret", required=True, when=(_S3_KEYS,), group=AUTH),
    reference("s3._iClientId", "iClient id", required=True, when=(one_of("s3.authType", "awsIam"),), group=AUTH),
    F("s3.pingBucket", "Ping bucket", help="Checked by a ping.", group=PING),
    F(
        "s3.endpoint",
        "Endpoint",
        group=MORE,
        help="Of what speaks S3 in place of AWS, e.g. http://127.0.0.1:9000; known to the local engine only.",
    ),
    *levels("s3"),
)

_NS_TOKEN = one_of("netsuite.authType", "token")
NETSUITE: tuple[F, ...] = (
    F("netsuite.authType", "Authentication", "choice", choices=("token-auto", "token"), wanted=True, group=AUTH,
      refuses={"basic": "netsuite_wsdl_tba_mandatory"}),
    F("netsuite.account", "Account", wanted=True),
    F("netsuite.environment", "Environment", "choice", choices=("production", "sandbox", "sandbox2.0", "beta"),
      wanted=(_NS_TOKEN,)),
    F("netsuite.tokenId", "Token id", "secret", wanted=True, when=(_NS_TOKEN,), group=AUTH),
    F("netsuite.tokenSecret", "Token secret", "secret", wanted=True, when=(_NS_TOKEN,), group=AUTH),
    reference("netsuite._iClientId", "iClient id", group=AUTH),
    F("netsuite.password", "Password (old)", "secret", when=(has("netsuite.password"),), group=AUTH),
    F("netsuite.roleId", "Role id", group=MORE),
    F("netsuite.wsdlVersion", "WSDL", choices=("latest", "next"), default="latest", group=MORE),
    F("netsuite.applicationId", "Application id", group=MORE),
    F("netsuite.entityId", "Entity id", help="The NetSuite user of the token.", group=MORE),
    F("netsuite.tokenName", "Token name", group=MORE),
    F("netsuite.accountName", "Account name", group=MORE),
    F("netsuite.roleName", "Role name", group=MORE),
    F("netsuite.requestLevelCredentials", "Credentials with every request", "boolean", default=False, group=MORE),
    F("netsuite.email", "Email (old)", when=(has("netsuite.email"),), group=AUTH),
    F("netsuite.useSsoLogin", "Single sign-on (old)", "boolean", when=(has("netsuite.useSsoLogin"),), read_only=True,
      group=AUTH),
    *(F(f"netsuite.dataCenterURLs.{name}", label, help="Found by the server.", group=MORE, read_only=True)
      for name, label in (("restDomain", "REST domain"), ("webservicesDomain", "Web services domain"),
                          ("systemDomain", "System domain"))),
    *(F(f"netsuite.concurrencyLevel{name}", f"Concurrency of {name} (old)", "number", group=LIMITS, read_only=True,
        when=(has(f"netsuite.concurrencyLevel{name}"),)) for name in ("RESTlet", "WebServices")),
    *levels("netsuite"),
)  # fmt: skip

SALESFORCE: tuple[F, ...] = (
    F("salesforce.oauth2FlowType", "Flow", "choice", choices=("refreshToken", "jwtBearerToken"),
      default="refreshToken", wanted=True, group=AUTH),
    F("salesforce.sandbox", "Sandbox org", "boolean", default=False, wanted=True),
    F("salesforce.packagedOAuth", "OAuth by the packaged app", "boolean", group=AUTH),
    F("salesforce.username", "User name", wanted=True, when=(one_of("salesforce.oauth2FlowType", "jwtBearerToken"),),
      group=AUTH),
    reference("salesforce._iClientId", "iClient id", group=AUTH),
    F("salesforce.baseURI", "Instance URL", group=MORE),
    F("salesforce.bearerToken", "Access token", "secret", help="Kept by the server.", group=AUTH),
    F("salesforce.refreshToken", "Refresh token", "secret", help="Kept by the server.", group=AUTH),
    F("salesforce.scope", "Scopes", "texts", group=MORE),
    *levels("salesforce"),
)  # fmt: skip

_PARTNER, _OWN = "as2.partnerStationInfo", "as2.userStationInfo"
_HASHES = ("NONE", "SHA1", "MD5", "SHA256")
_CIPHERS = ("NONE", "DES", "RC2", "3DES", "AES128", "AES256")
AS2: tuple[F, ...] = (
    F("as2.as2Id", "AS2 id", help="Unique among all users; fixed once created.", required=True),
    F("as2.partnerId", "Partner's AS2 id", help="Fixed once created.", required=True),
    F(_PARTNER, "Partner station", "json", required=True),
    F(f"{_PARTNER}.as2URI", "Partner's URL", wanted=True),
    F(f"{_PARTNER}.signing", "Sign with", choices=_HASHES, wanted=True),
    F(f"{_PARTNER}.encryptionType", "Encrypt with", choices=_CIPHERS, wanted=True),
    F(f"{_PARTNER}.mdn", "Partner's receipts (MDN)", "json", group=MORE),
    F(_OWN, "Own station", "json", required=True),
    F(f"{_OWN}.signing", "Messages are signed with", choices=_HASHES, wanted=True),
    F(f"{_OWN}.encryptionType", "Messages are encrypted with", choices=_CIPHERS, wanted=True),
    F(f"{_OWN}.mdn", "Own receipts (MDN)", "json", group=MORE),
    F(f"{_PARTNER}.auth.type", "Partner's authentication", choices=("none", "basic", "token"), group=AUTH),
    F(f"{_PARTNER}.auth.basic.username", "Partner user name", group=AUTH,
      when=(one_of(f"{_PARTNER}.auth.type", "basic"),)),
    F(f"{_PARTNER}.auth.basic.password", "Partner password", "secret", group=AUTH),
    F(f"{_PARTNER}.auth.token.token", "Partner token", "secret", group=AUTH),
    F(f"{_PARTNER}.auth.token.refreshToken", "Partner refresh token", "secret", group=AUTH),
    F("as2.encrypted.userPrivateKey", "Private key", "secret", multiline=True, group=AUTH),
    F("as2.unencrypted", "Certificates", "json", help="Object: userPublicKey, partnerCertificate.", group=MORE),
    *edi_router("as2"),
    *levels("as2"),
)  # fmt: skip

VAN: tuple[F, ...] = (
    F("van.as2Id", "AS2 id", help="Unique and set once."),
    F("van.mailboxId", "Mailbox", help="Assigned by the server.", read_only=True),
    *edi_router("van"),
)

WRAPPER: tuple[F, ...] = (
    F("wrapper.pingFunction", "Ping function", wanted=True, group=PING),
    reference("wrapper._stackId", "Stack id", wanted=True),
    *free_form("wrapper"),
    *levels("wrapper"),
)

FILESYSTEM: tuple[F, ...] = (
    reference("_agentId", "Agent id", help="The agent whose files are read.", required=True),
    F("filesystem.ping.directoryPath", "Ping folder", help="Checked by a ping.", group=PING),
    *levels("filesystem"),
)
