"""Fields of ``rdbms``, ``jdbc``, ``mongodb`` and ``dynamodb`` connections."""

from __future__ import annotations

from celigo_pandas.documents.connection_field import Clause, has, lacks, one_of
from celigo_pandas.documents.connection_field import ConnectionField as F
from celigo_pandas.documents.connection_tables.shared import AUTH, MORE, levels, reference

__all__ = ["DYNAMODB", "JDBC", "MONGODB", "RDBMS"]

_REDSHIFT = tuple(
    "us-east-1 us-east-2 us-west-1 us-west-2 eu-west-1 eu-west-2 eu-west-3 eu-north-1 eu-central-1 ap-southeast-1 "
    "ap-southeast-2 ap-northeast-1 ap-northeast-2 ap-south-1 sa-east-1 ca-central-1".split()
)


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
        reference("_agentId", "Agent id", required=True, code="agent_mode_only", when=on("oracle"),
          help="Oracle is reached through an on-premise agent only."),
        F(f"{at}.mssql.authType", "Login", "choice", choices=("basic", "azure-service-principal"), default="basic",
          when=on("mssql"), group=AUTH),
        F(f"{at}.user", "User", required=True, when=on(*plain, "snowflake", "oracle"), group=AUTH),
        F(f"{at}.user", "User", required=True, when=(*on("mssql"), login), group=AUTH),
        F(f"{at}.user", "User", wanted=True, when=red, group=AUTH),
        F(f"{at}.password", "Password", "secret", required=(no_certificate,), when=on(*plain), group=AUTH),
        F(f"{at}.password", "Password", "secret", required=True, when=on("oracle"), group=AUTH),
        F(f"{at}.password", "Password", "secret", required=True, when=(*on("mssql"), login), group=AUTH),
        F(f"{at}.password", "Password", "secret", required=True, group=AUTH,
          when=(*snow, one_of(f"{at}.snowflake.authType", "basic"))),
        reference(f"{at}._iClientId", "iClient id", required=True, when=(*on("mssql"), principal), group=AUTH),
        F(f"{at}.version", "Server version", "choice", wanted=True, when=on("mssql"),
          choices=("SQL Server 2008 R2", "SQL Server 2012", "SQL Server 2014", "SQL Server 2016", "SQL Server 2017",
                   "Azure")),
        F(f"{at}.snowflake.authType", "Login", "choice", choices=("keyPair",), accepts=("basic",), required=True,
          when=snow, group=AUTH),
        F(f"{at}.key", "Private key", "secret", required=True, multiline=True, group=AUTH,
          when=(*snow, one_of(f"{at}.snowflake.authType", "keyPair"))),
        F(f"{at}.passphrase", "Key passphrase", "secret", when=snow, group=AUTH),
        F(f"{at}.snowflake.warehouse", "Warehouse", wanted=True, when=snow),
        F(f"{at}.snowflake.schema", "Schema", when=snow),
        F(f"{at}.snowflake.role", "Role", when=snow),
        F(f"{at}.bigquery.projectId", "Project", required=True, when=big),
        F(f"{at}.bigquery.dataset", "Data set", required=True, when=big),
        F(f"{at}.bigquery.clientEmail", "Service account", required=True, when=big, group=AUTH),
        F(f"{at}.bigquery.privateKey", "Private key", "secret", required=True, multiline=True, when=big, group=AUTH),
        F(f"{at}.redshift.authType", "Login", "choice", choices=("accesskey", "awsIam"), default="accesskey", when=red,
          group=AUTH),
        F(f"{at}.redshift.aws.accessKeyId", "Access key id", required=True, when=(*red, keys), group=AUTH),
        F(f"{at}.redshift.aws.secretAccessKey", "Secret access key", "secret", required=True, when=(*red, keys),
          group=AUTH),
        reference(f"{at}._iClientId", "iClient id", required=True, group=AUTH,
                  when=(*red, one_of(f"{at}.redshift.authType", "awsIam"))),
        F(f"{at}.redshift.region", "Region", "choice", choices=_REDSHIFT, required=True, when=red),
        F(f"{at}.redshift.clusterIdentifier", "Cluster", wanted=(keys,), when=red),
        F(f"{at}.redshift.workgroupName", "Workgroup", when=(*red, one_of(f"{at}.redshift.authType", "awsIam"))),
        F(f"{at}.instanceName", "Instance", when=on("mssql", "oracle"), group=MORE),
        F(f"{at}.serverType", "Server type", "choice", choices=("dedicated", "shared", "pooled"), when=on("oracle"),
          group=MORE),
        F(f"{at}.options", "Driver options", "pairs", group=MORE),
        F(f"{at}.disableStrictSSL", "Accept any certificate", "boolean", group=MORE),
        F(f"{at}.ssl.ca", "TLS authority", "secret", multiline=True, group=MORE),
        F(f"{at}.ssl.cert", "TLS certificate", "secret", multiline=True, group=MORE),
        F(f"{at}.ssl.key", "TLS key", "secret", multiline=True, group=MORE, required=(has(f"{at}.ssl.cert"),)),
        F(f"{at}.ssl.passphrase", "TLS passphrase", "secret", group=MORE),
        *levels(at),
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
        reference("_agentId", "Agent id", required=True, when=(one_of(kind, "agent", "activedirectory"),),
          help="This driver runs on an on-premise agent only."),
        F(f"{at}.authType", "Login", "choice", choices=("customjdbc", "wallet"), required=True, when=(thin,),
          group=AUTH),
        F(f"{at}.user", "User", required=(users,), wanted=(one_of(kind, "sqlserver"),), group=AUTH),
        F(f"{at}.password", "Password", "secret", required=(one_of(kind, "db2", "workday", "oracle:thin"),),
          wanted=(one_of(kind, "activedirectory", "netsuitejdbc", "sqlserver"),), group=AUTH),
        F(f"{at}.wallet", "Wallet", "secret", required=True, multiline=True, when=(thin, wallet), group=AUTH),
        F(f"{at}.properties", "Driver properties", "pairs",
          required=(one_of(kind, "netsuitejdbc", "activedirectory", "db2", "workday"),),
          help="netsuitejdbc: AccountID, ServerDataSource; db2: AuthScheme; activedirectory: LDAPVersion, BaseDN."),
        F(f"{at}.version", "Driver version", group=MORE),
        *levels(at),
    )  # fmt: skip


MONGODB: tuple[F, ...] = (
    F("mongodb.host", "Hosts", "texts", help="host:port, one or several.", required=True),
    F("mongodb.database", "Database"),
    F("mongodb.username", "User name", required=True, group=AUTH),
    F("mongodb.password", "Password", "secret", required=True, group=AUTH),
    F("mongodb.replicaSet", "Replica set", group=MORE),
    F("mongodb.ssl", "TLS", "boolean", group=MORE),
    F("mongodb.authSource", "Authentication database", group=MORE, help="Where the user is; empty: the database."),
    *levels("mongodb"),
)

DYNAMODB: tuple[F, ...] = (
    F("dynamodb.aws.accessKeyId", "Access key id", required=True, group=AUTH),
    F("dynamodb.aws.secretAccessKey", "Secret access key", "secret", required=True, group=AUTH),
    F(
        "dynamodb.endpoint",
        "Endpoint",
        group=MORE,
        help="Of what speaks DynamoDB in place of AWS, e.g. http://127.0.0.1:8000; known to the local engine only.",
    ),
    *levels("dynamodb"),
)

_NS_TOKEN = one_of("netsuite.authType", "token")


RDBMS = _rdbms()
JDBC = _jdbc()
