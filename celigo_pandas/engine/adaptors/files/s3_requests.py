"""The requests of Amazon S3 that files need: list, read, write, copy, delete. Keys go over the wire as they are.

A bucket of another region is asked again there, once: the host is always made here, so no answer can lead elsewhere.
Facts: AWS, "Amazon S3 REST API", "Error responses"; decision 0260.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from celigo_pandas.engine.adaptors.aws.endpoints import is_region, own_endpoint, service_origin
from celigo_pandas.engine.adaptors.aws.service import AwsRequest, FilePart, Service
from celigo_pandas.engine.adaptors.files.s3_answers import Listed, read_listing, said_by_s3
from celigo_pandas.engine.adaptors.http.transport import Answer
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.errors import shown
from celigo_pandas.sigv4 import encoded_path

__all__ = ["S3", "check_bucket", "object_place"]

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_HOST_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_ELSEWHERE = frozenset({301, 307, 400})

_CODES: Mapping[str, str] = {
    "NoSuchBucket": "folder_not_found",
    "NoSuchKey": "file_not_found",
    "NotFound": "file_not_found",
    "PreconditionFailed": "file_changed",
    "KeyTooLongError": "invalid_name",
    "InvalidBucketName": "invalid_field",
}


def check_bucket(bucket: str) -> str:
    """Return a bucket's name; it becomes part of a host or of a path.

    Raises
    ------
    SourceFailure
        It cannot be the name of a bucket.
    """
    if _BUCKET.fullmatch(bucket) is None:
        text = f"{shown(bucket)} is no name of a bucket; expected letters, digits, '.', '-' and '_'."
        raise SourceFailure(text, code="invalid_field", sent=False)
    return bucket


def object_place(bucket: str, key: str, region: str, endpoint: str = "") -> tuple[str, str]:
    """Return origin and path of an object; the bucket is part of the host where a certificate can name it.

    Examples
    --------
    >>> from celigo_pandas.engine.adaptors.files.s3_requests import object_place
    >>> object_place("orders", "in/a b.csv", "eu-west-1")
    ('https://orders.s3.eu-west-1.amazonaws.com', '/in/a%20b.csv')
    """
    path = encoded_path(key)
    # A path that begins with two slashes would lose one on its way.
    if endpoint or not _HOST_NAME.fullmatch(bucket) or key.startswith("/"):
        return endpoint or service_origin("s3", region), f"/{bucket}/{path}"
    scheme, _, host = service_origin("s3", region).partition("://")
    return f"{scheme}://{bucket}.{host}", f"/{path}"


class S3:
    """S3 as one call asks it.

    Parameters
    ----------
    call : Call
    region : str
        Where the buckets are; one that is elsewhere is found.
    """

    def __init__(self, call: Call, region: str) -> None:
        self._call = call
        self._service = Service(call, "s3", said_by_s3)
        self._endpoint = own_endpoint(call)
        self._region = region

    @property
    def hashes(self) -> bool:
        """Whether an ETag of 32 digits is an MD5: AWS says so, and some that speak its protocol have others."""
        return not self._endpoint

    def buckets(self) -> None:
        """Ask for the names of all buckets, which tells whether the keys are good: also if they may not be told."""
        origin = self._endpoint or service_origin("s3", self._region)
        try:
            answer = self._service.send(AwsRequest("GET", origin), self._region, is_safe=True)
        except SourceFailure as failure:
            if failure.code != "permission_denied":
                raise
        else:
            self.checked(answer, "the list of buckets")

    def listing(self, bucket: str, begins: str, *, most: int = 1000) -> Iterator[Listed]:
        """Yield the objects whose keys begin so, `most` a request."""
        query = [("list-type", "2"), ("max-keys", str(most)), ("encoding-type", "url"), ("prefix", begins)]
        following: str | None = None
        while True:
            more = [("continuation-token", following)] if following else []
            answer = self.send("GET", bucket, query=(*query, *more), what=f"bucket {shown(bucket)}")
            page = read_listing(answer)
            yield from page.objects
            if page.next is None:
                return
            if page.next == following:
                text = f"The listing of bucket {shown(bucket)} came to the same place twice."
                raise SourceFailure(text, code="bad_answer")
            following = page.next

    def first_page(self, bucket: str, begins: str) -> None:
        """Make sure that a bucket is there and can be listed."""
        query = (("list-type", "2"), ("max-keys", "1"), ("prefix", begins))
        read_listing(self.send("GET", bucket, query=query, what=f"bucket {shown(bucket)}"))

    def send(
        self,
        method: str,
        bucket: str,
        key: str = "",
        *,
        what: str = "",
        query: tuple[tuple[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | FilePart = b"",
        is_safe: bool = True,
        log: bool = True,
    ) -> Answer:
        """Send one request; return its answer, a success.

        Parameters
        ----------
        what : str
            What it is about, for messages; the object where it is empty.
        is_safe : bool
            See :meth:`Service.send`.

        Raises
        ------
        SourceFailure
            S3 refused, with the code of a file place, or could not be asked.
        """
        answer = self.asked(method, bucket, key, query=query, headers=headers, body=body, is_safe=is_safe, log=log)
        return self.checked(answer, what or f"{shown(key)} in bucket {shown(bucket)}")

    def asked(
        self,
        method: str,
        bucket: str,
        key: str = "",
        *,
        query: tuple[tuple[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | FilePart = b"",
        is_safe: bool = True,
        log: bool = True,
        is_last: bool = False,
    ) -> Answer:
        """Send one request; return its answer, whatever it says of the object."""
        regions = self._service.state.known
        region = regions.get(("region", bucket), self._region)
        for _ in range(2):
            origin, path = object_place(bucket, key, region, self._endpoint)
            request = AwsRequest(method, origin, path, query, headers or {}, body, log, is_last)
            answer = self._service.send(request, region, is_safe=is_safe)
            found = _region_of(answer)
            if found is None or found == region:
                break
            region = regions[("region", bucket)] = found
        return answer

    def checked(self, answer: Answer, what: str) -> Answer:
        """Return an answer that is a success.

        Raises
        ------
        SourceFailure
            It is none; with the code of a file place.
        """
        said = said_by_s3(answer)
        if said is None:
            return answer
        code = _CODES.get(said.code, "file_error" if answer.status < 500 else "server_error")
        if said.code in {"PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"}:
            text = f"S3 has {what} in another region than {self._region}, and did not say in which: {said.text}."
            raise SourceFailure(text, code="wrong_region")
        if said.code == "InvalidObjectState":
            text = f"S3 has {what} in an archive, from which it must be restored before it can be read: {said.text}."
            raise SourceFailure(text, code="file_error")
        if code == "file_changed":
            raise SourceFailure(f"S3 has {what} no more as it was: it was replaced meanwhile.", code=code)
        redactor = self._call.connection.redactor()
        raise SourceFailure(redactor.text(f"S3 refused {what}: {said.text}."), code=code)


def _region_of(answer: Answer) -> str | None:
    """Return the region that an answer names as the bucket's own."""
    if answer.status not in _ELSEWHERE:
        return None
    said = said_by_s3(answer)
    named = answer.headers.get("x-amz-bucket-region") or (said.more.get("Region") if said else None)
    return named if is_region(named) else None
