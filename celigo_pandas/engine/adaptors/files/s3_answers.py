"""What S3 answers: XML, read into plain values. Source: AWS, "Amazon S3 REST API"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote_plus

from celigo_pandas.engine.adaptors.aws.refusals import Said
from celigo_pandas.engine.adaptors.http.transport import Answer
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.texts.xml_tree import XmlError, parse_xml

__all__ = ["Listed", "Listing", "element_of", "etag_of", "member_of", "read_listing", "said_by_s3"]

_WITHOUT_BODY = {301: "PermanentRedirect", 307: "TemporaryRedirect", 403: "AccessDenied", 404: "NotFound",
                 412: "PreconditionFailed"}  # fmt: skip
_MORE = ("Region", "ServerTime", "BucketName", "Bucket", "Endpoint")


@dataclass(frozen=True, slots=True)
class Listed:
    """One object of a listing; ``etag`` without its quotes."""

    key: str
    size: int
    modified: datetime
    etag: str
    storage: str = "STANDARD"


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a listing, and what leads to the next one."""

    objects: tuple[Listed, ...]
    next: str | None


def said_by_s3(answer: Answer) -> Said | None:
    """Return what an answer refuses; None for a success, whose body may be anybody's file."""
    if answer.is_success:
        return None
    root, members = _root(answer.body)
    if root == "Error":
        more = {name: member_of(members, name) for name in _MORE if member_of(members, name)}
        return Said(member_of(members, "Code") or str(answer.status), member_of(members, "Message"), more)
    return Said(_WITHOUT_BODY.get(answer.status, str(answer.status)), f"status {answer.status} without a reason")


def element_of(answer: Answer, name: str) -> Mapping[str, Any]:
    """Return the members of an answer's root element.

    Raises
    ------
    SourceFailure
        It has another root: what answers is not S3, or it says with status 200 that it failed after all.
    """
    root, members = _root(answer.body)
    if root == "Error":
        said = Said(member_of(members, "Code"), member_of(members, "Message"))
        raise SourceFailure(f"S3 began an answer well and ended it with an error: {said.text}.", code="server_error")
    if root != name:
        text = f"S3 answered {root or 'no XML'!r} where {name!r} was expected; is the endpoint one of S3?"
        raise SourceFailure(text, code="bad_answer")
    return members


def read_listing(answer: Answer) -> Listing:
    """Read a page of ``ListObjectsV2``.

    Raises
    ------
    SourceFailure
        It is none, or lacks what leads to the rest.
    """
    members = element_of(answer, "ListBucketResult")
    is_encoded = member_of(members, "EncodingType") == "url"
    objects = tuple(_listed(one, is_encoded) for one in members.get("Contents", ()) if isinstance(one, Mapping))
    following = None
    if member_of(members, "IsTruncated") == "true":
        following = member_of(members, "NextContinuationToken")
        if not following:
            raise SourceFailure("S3 broke a listing off without saying where it goes on.", code="bad_answer")
    return Listing(objects, following)


def etag_of(answer: Answer) -> str:
    """Return an answer's ETag without quotes; empty where there is none."""
    return answer.headers.get("ETag", "").strip().strip('"')


def _listed(members: Mapping[str, Any], is_encoded: bool) -> Listed:
    key = member_of(members, "Key")
    try:
        moment = datetime.fromisoformat(member_of(members, "LastModified").replace("Z", "+00:00"))
        size = int(member_of(members, "Size"))
    except ValueError:
        raise SourceFailure("S3 listed an object without a size or a time.", code="bad_answer") from None
    return Listed(
        unquote_plus(key) if is_encoded else key,
        size,
        moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc),
        member_of(members, "ETag").strip('"'),
        member_of(members, "StorageClass") or "STANDARD",
    )


def _root(body: bytes) -> tuple[str, Mapping[str, Any]]:
    if body.lstrip()[:1] != b"<":
        return "", {}
    try:
        ((name, members),) = parse_xml(body).items()
    except (XmlError, ValueError):
        return "", {}
    return name, members if isinstance(members, Mapping) else {}


def member_of(members: Mapping[str, Any], name: str) -> str:
    """Return the text of a child element; empty where there is none."""
    found = members.get(name)
    first = found[0] if isinstance(found, list) and found else ""
    return first if isinstance(first, str) else ""
