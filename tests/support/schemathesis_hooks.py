"""Hooks for schemathesis: paths name documents that exist, deletes get a fresh one, and each answer is noted."""

from __future__ import annotations

import json
import os
import random
import re
from typing import Any

import requests
import schemathesis

URL = f"{os.environ['ENGINE_URL']}/v1"
IDS = json.loads(os.environ["ENGINE_IDS"])
SESSION = requests.Session()
SESSION.trust_env = False
SESSION.headers["Authorization"] = f"Bearer {os.environ['ENGINE_TOKEN']}"
RANDOM = random.Random(11)
SAVED = {
    "export": {"adaptorType": "NetSuiteExport", "netsuite": {}},
    "import": {"adaptorType": "NetSuiteDistributedImport", "netsuite_da": {}},
}


def _fresh(kind: str) -> str:
    """Make a document that a test may delete or overwrite, and return its id."""
    noun = kind.removesuffix("Id")
    doc: dict[str, Any] = {"name": "x", "_connectionId": IDS["connectionId"], **SAVED.get(noun, {})}
    if noun == "connection":
        doc = {"name": "x", "type": "netsuite", "netsuite": {"authType": "token-auto", "account": "1"}}
    if noun == "script":
        doc = {"name": "x", "content": "function preMap(options) { return [] }"}
    return str(SESSION.post(f"{URL}/{noun}s", json=doc, timeout=30).json()["_id"])


def _oauth() -> str:
    oauth = {"grantType": "authorizecode", "authURI": "https://nothing.invalid/a", "tokenURI": "https://nothing.invalid/t",
             "clientId": "c", "clientSecret": "a client's secret"}  # fmt: skip
    http = {"baseURI": "https://nothing.invalid", "mediaType": "json", "auth": {"type": "oauth", "oauth": oauth}}
    return str(
        SESSION.post(f"{URL}/connections", json={"name": "o", "type": "http", "http": http}, timeout=30).json()["_id"]
    )


OAUTH_ID = _oauth()


@schemathesis.hook
def before_call(context: Any, case: Any, **kwargs: Any) -> None:
    parameters = case.path_parameters or {}
    route = case.operation.definition.raw.get("operationId", "")
    for name in parameters:
        # One in five keeps the id that was made up: 404 is an answer to test too. Stateful tests use their own ids.
        made_up = re.fullmatch("[0-9a-f]{24}", str(parameters[name])) and "stateful" not in str(case.meta).lower()
        if name in IDS and made_up and RANDOM.random() < 0.9:
            changes = case.method.upper() in {"DELETE", "PUT"} and not route.startswith("clear")
            known = {"authorize": OAUTH_ID, "getMetadata": IDS["databaseId"]}
            fitting = next((id for start, id in known.items() if route.startswith(start)), None)
            parameters[name] = fitting or (_fresh(name) if changes else IDS[name])

    for member in ("_connectionId", "_newConnectionId"):
        if isinstance(case.body, dict) and re.fullmatch("[0-9a-f]{24}", str(case.body.get(member))):
            case.body[member] = IDS["connectionId"]
    # Names that were made up are of no table, and made-up members are refused by name: most orders get what is there.
    is_valid = case.meta is not None and "positive" in str(case.meta.generation.mode).lower()
    if route == "getMetadata" and is_valid and RANDOM.random() < 0.8:
        case.body = {"rdbms": {"type": case.body["rdbms"]["type"], "tables": ["orders"]}}


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    if case.method.upper() != case.operation.method.upper():
        return  # another method on the same path: what 405 is for
    route = case.operation.definition.raw.get("operationId", "")
    with open(os.environ["ENGINE_CALLS"], "a") as file:
        file.write(json.dumps({"route": route, "status": response.status_code}) + "\n")
