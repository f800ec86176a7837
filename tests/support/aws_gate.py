"""A gate before a server that looks at no keys: signatures are computed anew by AWS's own library."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from support.fault_proxy import Canned, FaultProxy, Seen, fault_proxy

__all__ = ["Gate", "dynamodb_gate"]

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)")


@dataclass
class Gate:
    """What is let through: requests of these keys, unless they have expired."""

    key_id: str
    secret: str
    is_expired: bool = False

    def refusal(self, request: Seen) -> str | None:
        """Return the code by which AWS would refuse a request."""
        found = _CREDENTIAL.search(request.headers.get("Authorization", ""))
        if found is None:
            return "MissingAuthenticationTokenException"
        if found[1] != self.key_id:
            return "UnrecognizedClientException"
        if self._signature(request, found[2], found[3], found[4].split(";")) != found[5]:
            return "InvalidSignatureException"
        return "ExpiredTokenException" if self.is_expired else None

    def _signature(self, request: Seen, region: str, service: str, names: list[str]) -> str:
        headers = {name.lower(): value for name, value in request.headers.items()}
        signed = {name: headers[name] for name in names}
        made = AWSRequest(
            request.method, f"http://{headers['host']}{request.target}", headers=signed, data=request.body
        )
        made.context["timestamp"] = headers["x-amz-date"]
        judge = SigV4Auth(Credentials(self.key_id, self.secret), service, region)
        return str(judge.signature(judge.string_to_sign(made, judge.canonical_request(made)), made))


@contextmanager
def dynamodb_gate(upstream: str, key_id: str, secret: str) -> Iterator[tuple[FaultProxy, Gate]]:
    """Put a gate before a server; it answers in DynamoDB's form."""
    gate = Gate(key_id, secret)

    def fault(request: Seen) -> Canned | None:
        code = gate.refusal(request)
        if code is None:
            return None
        body = {"__type": f"com.amazon.coral.service#{code}", "message": "The keys are refused."}
        return Canned(400, json.dumps(body).encode(), {"Content-Type": "application/x-amz-json-1.0"})

    with fault_proxy(upstream) as proxy:
        proxy.fault = fault
        yield proxy, gate
