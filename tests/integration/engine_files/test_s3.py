"""S3 behind a place, against SeaweedFS: what goes over the wire, what fails, and what is never done twice."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
from support.canary import assert_no_canary
from support.fault_proxy import AFTER, BEFORE, Canned, FaultProxy, Seen, fault_proxy
from support.remote_files import Files, names, read
from support.s3_servers import KEY_ID, NOBODY_ID, SECRET, S3Server, seaweed
from support.soak import seed

from celigo_pandas.engine.adaptors.files import adaptor
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.safety.reach import Reach

BUCKET = "celigo-strict"
ODD_KEYS = [
    "in/späce é+&%2F.csv", "in//double.csv", "/leading.csv", "a/../b.csv", "./dot.csv", "q?x=1#y.csv", "a=b;c,d.csv",
    "~'()*!$@:.csv", "back\\slash.csv", "漢字/😀.csv", " both ends ", "%41.csv", "new\nline\tand\x01control.csv",
]  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with seaweed(tmp_path_factory.mktemp("weed")) as running:
        running.boto().create_bucket(Bucket=BUCKET)
        running.boto().create_bucket(Bucket="celigo-done")
        yield running


@pytest.fixture(scope="module")
def judge(server: S3Server) -> Any:
    return server.boto()


@pytest.fixture
def proxy(server: S3Server) -> Iterator[FaultProxy]:
    with fault_proxy(server.url) as running:
        yield running


@pytest.fixture
def through(server: S3Server, proxy: FaultProxy) -> Files:
    return Files({**server.doc(), "s3": {**server.doc()["s3"], "endpoint": proxy.url}})


@pytest.fixture(autouse=True)
def _empty(judge: Any) -> None:
    for bucket in (BUCKET, "celigo-done"):
        for page in judge.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for one in page.get("Contents", ()):
                judge.delete_object(Bucket=bucket, Key=one["Key"])


def put(judge: Any, key: str, content: bytes = b"x", **more: Any) -> None:
    judge.put_object(Bucket=BUCKET, Key=key, Body=content, **more)


def keys(judge: Any, bucket: str = BUCKET) -> list[str]:
    return sorted(one["Key"] for one in judge.list_objects_v2(Bucket=bucket).get("Contents", ()))


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_key_goes_over_the_wire_as_it_is(proxy: FaultProxy, through: Files, key: str) -> None:
    """Judged by the target that botocore makes of the same key."""
    proxy.fault = lambda request: Canned(200, headers={"ETag": '"x"'})
    S3Server(proxy.url).boto().put_object(Bucket=BUCKET, Key=key, Body=b"theirs")

    with through.place() as place:
        place.write(BUCKET, key, [b"ours"])

    theirs, ours = proxy.seen
    assert ours.target == theirs.target


@pytest.mark.parametrize("key", [key for key in ODD_KEYS if ".." not in key and "./" not in key])
def test_odd_key_is_written_listed_read_and_deleted(server: S3Server, judge: Any, key: str) -> None:
    with Files(server.doc()).place() as place:
        place.write(BUCKET, key, [key.encode()])
        assert names(place, BUCKET) == keys(judge)
        (name,) = names(place, BUCKET)
        assert read(place, BUCKET, name) == key.encode() == judge.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        place.move(BUCKET, name, "celigo-done")
        place.remove("celigo-done", name)

    assert keys(judge) == keys(judge, "celigo-done") == []


def test_keys_are_listed_over_pages_and_by_their_ends(server: S3Server, judge: Any, proxy: FaultProxy) -> None:
    wanted = [f"in/{number:04d} é+&.csv" for number in range(25)]
    for key in [*wanted, "in/other.txt", "inside.csv", "in/sub/", "out/a.csv"]:
        put(judge, key)

    def small(request: Seen) -> None:
        assert "max-keys=1000" in request.target

    proxy.fault = small
    files = Files({**server.doc(), "s3": {**server.doc()["s3"], "endpoint": proxy.url}})
    with files.place() as place:
        found = place.entries(BUCKET, begins="in/", ends=".csv")

    assert [entry.name for entry in found] == wanted
    assert {entry.identity for entry in found} == {hashlib.md5(b"x").hexdigest()}


def test_object_that_was_replaced_after_the_listing_is_an_error_and_no_mixture(server: S3Server, judge: Any) -> None:
    put(judge, "a.csv", b"old" * 100)
    with Files(server.doc()).place() as place:
        place.entries(BUCKET)
        put(judge, "a.csv", b"new" * 100)
        with pytest.raises(SourceFailure) as failed:
            read(place, BUCKET, "a.csv")

    assert failed.value.code == "file_changed"


def test_object_that_is_replaced_while_it_is_read_is_an_error(server: S3Server, judge: Any) -> None:
    content = os.urandom(20_000_000)
    put(judge, "a.bin", content)
    with Files(server.doc()).place() as place, place.open(BUCKET, "a.bin") as stream:
        assert stream.read(1_000_000) == content[:1_000_000]
        put(judge, "a.bin", os.urandom(20_000_000))
        with pytest.raises(SourceFailure) as failed:
            stream.read()

    assert failed.value.code == "file_changed"


def test_object_that_is_gone_is_named(server: S3Server, judge: Any) -> None:
    put(judge, "a.csv")
    with Files(server.doc()).place() as place:
        place.entries(BUCKET)
        judge.delete_object(Bucket=BUCKET, Key="a.csv")
        with pytest.raises(SourceFailure, match=r"a\.csv") as failed:
            read(place, BUCKET, "a.csv")

    assert failed.value.code == "file_not_found"


def test_piece_that_breaks_off_or_fails_is_asked_for_again(judge: Any, proxy: FaultProxy, through: Files) -> None:
    content = random.Random(seed("pieces")).randbytes(20_000_000)
    put(judge, "a.bin", content)
    faults = iter([BEFORE, None, Canned(503, b"<Error><Code>SlowDown</Code></Error>"), AFTER, Canned(500), None])
    proxy.fault = lambda request: next(faults, None)

    with through.place() as place:
        assert read(place, BUCKET, "a.bin") == content

    assert len(proxy.seen) == 3 + 4


def test_encoding_that_the_object_was_given_is_not_undone(server: S3Server, judge: Any) -> None:
    packed = gzip.compress(b"a,b\n1,2\n" * 1000)
    put(judge, "a.csv.gz", packed, ContentEncoding="gzip")

    with Files(server.doc()).place() as place:
        assert read(place, BUCKET, "a.csv.gz") == packed


def test_large_object_is_written_in_parts(server: S3Server, judge: Any) -> None:
    content = random.Random(seed("parts")).randbytes(1 << 20) * 70

    with Files(server.doc()).place() as place:
        place.write(BUCKET, "big é.bin", (content[at : at + 300_001] for at in range(0, len(content), 300_001)))

    head = judge.head_object(Bucket=BUCKET, Key="big é.bin")
    assert (head["ContentLength"], head["ETag"][-3:-1]) == (len(content), "-5")
    assert judge.get_object(Bucket=BUCKET, Key="big é.bin")["Body"].read() == content
    assert not judge.list_multipart_uploads(Bucket=BUCKET).get("Uploads")


def test_part_that_fails_gives_the_upload_up(judge: Any, proxy: FaultProxy, through: Files) -> None:
    put(judge, "big.bin", b"old")
    proxy.fault = lambda request: Canned(403, DENIED) if "partNumber=3" in request.target else None

    with through.place() as place, pytest.raises(SourceFailure) as failed:
        place.write(BUCKET, "big.bin", [b"x" * (1 << 20)] * 65)

    assert failed.value.code == "permission_denied"
    assert not judge.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    assert judge.get_object(Bucket=BUCKET, Key="big.bin")["Body"].read() == b"old"


def test_upload_is_given_up_also_when_the_reader_has_gone(judge: Any, proxy: FaultProxy, through: Files) -> None:
    def fault(request: Seen) -> None:
        if "partNumber=2" in request.target:
            through.stop.set()

    proxy.fault = fault
    with through.place() as place, pytest.raises(SourceFailure) as failed:
        place.write(BUCKET, "big.bin", [b"x" * (1 << 20)] * 65)

    assert failed.value.code == "stopped"
    assert proxy.times("DELETE", "uploadId=") == 1
    assert not judge.list_multipart_uploads(Bucket=BUCKET).get("Uploads")


DENIED = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
SLOW = b"<Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>"


def test_write_that_was_throttled_is_sent_again(judge: Any, proxy: FaultProxy, through: Files) -> None:
    faults = iter([Canned(503, SLOW)] * 3)
    proxy.fault = lambda request: next(faults, None)

    with through.place() as place:
        place.write(BUCKET, "a.csv", [b"abc"])

    assert proxy.times("PUT") == 4
    assert judge.get_object(Bucket=BUCKET, Key="a.csv")["Body"].read() == b"abc"


def test_write_whose_answer_was_lost_is_found_and_not_sent_again(judge: Any, proxy: FaultProxy, through: Files) -> None:
    proxy.fault = lambda request: AFTER if request.method == "PUT" else None

    with through.place() as place:
        place.write(BUCKET, "a.csv", [b"abc"])

    assert (proxy.times("PUT"), proxy.times("HEAD")) == (1, 1)
    assert keys(judge) == ["a.csv"]


@pytest.mark.parametrize("fault", [BEFORE, Canned(500)], ids=["reset", "500"])
def test_write_that_is_not_found_afterwards_is_not_known(proxy: FaultProxy, through: Files, fault: Any) -> None:
    proxy.fault = lambda request: fault if request.method == "PUT" else None

    with through.place() as place, pytest.raises(SourceFailure, match="not known") as failed:
        place.write(BUCKET, "a.csv", [b"abc"])

    assert (failed.value.code, proxy.times("PUT")) == ("not_known", 1)


def test_lost_answer_to_the_last_step_of_an_upload_is_found(judge: Any, proxy: FaultProxy, through: Files) -> None:
    proxy.fault = lambda request: AFTER if request.method == "POST" and "uploadId" in request.target else None

    with through.place() as place:
        place.write(BUCKET, "big.bin", [b"x" * (1 << 20)] * 65)

    assert judge.head_object(Bucket=BUCKET, Key="big.bin")["ContentLength"] == 65 << 20


def test_unknown_file_is_502_for_each_of_its_records(server: S3Server, proxy: FaultProxy, through: Files) -> None:
    proxy.fault = lambda request: BEFORE if request.method == "PUT" else None
    document = {"s3": {"bucket": BUCKET, "fileKey": "a.csv"}, "file": {"type": "csv"}}

    results = adaptor.import_batch(through.call(), document, outgoing([{"a": 1}, {"a": 2}]))

    assert [one["statusCode"] for one in results] == [502, 502]
    assert results[0]["errors"][0]["code"] == "not_known"


def outgoing(records: list[Any]) -> list[Any]:
    from celigo_pandas.engine.adaptors.protocol import Outgoing

    return [Outgoing(at, record, record) for at, record in enumerate(records)]


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"secretAccessKey": "wrong-secret-wrong-secret"}, "SignatureDoesNotMatch"),
        ({"accessKeyId": "NOSUCHKEYNOSUCHKEY"}, "InvalidAccessKeyId"),
    ],
)
def test_refused_keys_take_the_connection_offline(server: S3Server, keys: dict[str, str], code: str) -> None:
    files = Files(server.doc(**keys))

    failed = files.failure(BUCKET)
    ping = adaptor.ping(files.call())

    assert (failed.code, failed.offline) == (code, True)
    assert (ping.code, ping.lasting) == (401, True)


def test_expired_keys_are_refused_keys(proxy: FaultProxy, through: Files) -> None:
    body = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"
    proxy.fault = lambda request: Canned(400, body)

    failed = through.failure(BUCKET)

    assert (failed.code, failed.offline, len(proxy.seen)) == ("ExpiredToken", True, 1)


def test_keys_without_rights_are_no_refused_keys(server: S3Server) -> None:
    files = Files(server.doc(accessKeyId=NOBODY_ID, pingBucket=BUCKET))

    failed = files.failure(BUCKET)
    ping = adaptor.ping(files.call())

    assert (failed.code, failed.offline) == ("permission_denied", False)
    assert (ping.code, ping.lasting) == (503, False)


@pytest.mark.parametrize("block", [{}, {"pingBucket": BUCKET}])
def test_ping_of_good_keys_is_200(server: S3Server, block: dict[str, str]) -> None:
    assert adaptor.ping(Files(server.doc(**block)).call()).code == 200


def test_ping_of_a_bucket_that_is_not_there_names_it(server: S3Server) -> None:
    ping = adaptor.ping(Files(server.doc(pingBucket="celigo-nowhere")).call())

    assert (ping.code, ping.errors[0]["code"]) == (503, "folder_not_found")
    assert "celigo-nowhere" in ping.errors[0]["message"]


def test_skewed_clock_names_both_clocks(proxy: FaultProxy, through: Files) -> None:
    theirs = b"<ServerTime>2031-01-02T03:04:05Z</ServerTime>"
    body = b"<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message>" + theirs + b"</Error>"
    proxy.fault = lambda request: Canned(403, body)

    failed = through.failure(BUCKET)

    assert (failed.code, failed.offline) == ("clock_skew", False)
    assert "2031-01-02T03:04:05Z" in failed.message
    assert proxy.seen[0].headers["X-Amz-Date"] in failed.message


def test_bucket_of_another_region_is_asked_there_and_remembered(proxy: FaultProxy, through: Files) -> None:
    body = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-central-1</Region></Error>"

    def fault(request: Seen) -> Canned | None:
        return None if "/eu-central-1/s3/" in request.headers["Authorization"] else Canned(400, body)

    proxy.fault = fault
    with through.place() as place:
        place.check(BUCKET)
        place.entries(BUCKET)

    assert len(proxy.seen) == 3


@pytest.mark.parametrize("named", ["evil.example/", "us-east-1.evil", ""])
def test_region_that_is_none_leads_nowhere(proxy: FaultProxy, through: Files, named: str) -> None:
    proxy.fault = lambda request: Canned(
        301, headers={"x-amz-bucket-region": named, "Location": "http://evil.example/"}
    )

    assert through.failure(BUCKET).code == "wrong_region"
    assert len(proxy.seen) == 1


def test_archived_objects_are_told_and_the_others_returned(proxy: FaultProxy, through: Files) -> None:
    one = "<Contents><Key>{}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
    one += "<Size>3</Size><StorageClass>{}</StorageClass></Contents>"
    body = one.format("a.csv", "DEEP_ARCHIVE") + one.format("b.csv", "GLACIER_IR")
    proxy.fault = lambda request: Canned(200, f"<ListBucketResult>{body}</ListBucketResult>".encode())
    told: list[str] = []

    with through.place() as place:
        found = place.entries(BUCKET, told.append)

    assert [entry.name for entry in found] == ["b.csv"]
    assert "a.csv" in told[0]
    assert "restored" in told[0]


def test_listing_that_turns_in_a_circle_ends(proxy: FaultProxy, through: Files) -> None:
    more = b"<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
    body = b"<ListBucketResult>" + more + b"</ListBucketResult>"
    proxy.fault = lambda request: Canned(200, body)

    with through.place() as place, pytest.raises(SourceFailure, match="twice"):
        place.entries(BUCKET)


def test_copy_that_fails_with_status_200_deletes_nothing(judge: Any, proxy: FaultProxy, through: Files) -> None:
    put(judge, "a.csv", b"abc")
    body = b"<Error><Code>InternalError</Code><Message>We are sorry</Message></Error>"
    proxy.fault = lambda request: Canned(200, body) if request.method == "PUT" else None

    with through.place() as place:
        place.entries(BUCKET)
        with pytest.raises(SourceFailure, match="InternalError"):
            place.move(BUCKET, "a.csv", "celigo-done")

    assert keys(judge) == ["a.csv"]


def test_object_that_was_replaced_is_not_moved(server: S3Server, judge: Any) -> None:
    put(judge, "a.csv", b"old")
    with Files(server.doc()).place() as place:
        place.entries(BUCKET)
        put(judge, "a.csv", b"new")
        with pytest.raises(SourceFailure) as failed:
            place.move(BUCKET, "a.csv", "celigo-done")

    assert (failed.value.code, keys(judge), keys(judge, "celigo-done")) == ("file_changed", ["a.csv"], [])


def test_only_the_file_name_stays_behind_a_prefix(server: S3Server, judge: Any) -> None:
    put(judge, "in/2026/a é.csv", b"abc")
    with Files(server.doc()).place() as place:
        place.move(BUCKET, "in/2026/a é.csv", "celigo-done/archive/done-")

    assert (keys(judge), keys(judge, "celigo-done")) == ([], ["archive/done-a é.csv"])


def test_encryption_is_asked_for_by_its_header(proxy: FaultProxy, through: Files) -> None:
    document = {
        "s3": {"bucket": BUCKET, "fileKey": "a.csv", "serverSideEncryptionType": "AES256"},
        "file": {"type": "csv"},
    }
    call = through.call()
    call.context = {"import": document}
    proxy.fault = lambda request: Canned(200)

    assert adaptor.import_batch(call, document, outgoing([{"a": 1}]))[0]["statusCode"] == 200

    assert proxy.seen[-1].headers["x-amz-server-side-encryption"] == "AES256"


@pytest.mark.parametrize(
    ("block", "field"),
    [
        ({"authType": "awsIam", "_iClientId": "0" * 24}, "s3.authType"),
        ({"endpoint": "http://127.0.0.1/path"}, "s3.endpoint"),
        ({"endpoint": "ftp://127.0.0.1"}, "s3.endpoint"),
        ({"endpoint": "http://user:pass@127.0.0.1"}, "s3.endpoint"),
        ({"secretAccessKey": ""}, "s3.secretAccessKey"),
        ({"accessKeyId": "a b"}, "s3.accessKeyId"),
    ],
)
def test_connection_that_cannot_be_used_is_refused_by_its_member(
    server: S3Server, block: dict[str, str], field: str
) -> None:
    with pytest.raises(SourceFailure) as failed, Files(server.doc(**block)).place() as place:
        place.check(BUCKET)

    assert failed.value.field == field


@pytest.mark.parametrize("bucket", ["a b", "../x", "x@evil.example", "b?x", "", "b#"])
def test_bucket_that_would_leave_its_place_is_refused(through: Files, proxy: FaultProxy, bucket: str) -> None:
    assert through.failure(bucket).code == "invalid_field"
    assert proxy.seen == []


@pytest.mark.parametrize("customer", ["../../other", "..", "a\nb", "x/../y", "."])
def test_value_rendered_into_a_key_does_not_lead_out_of_its_place(
    through: Files, proxy: FaultProxy, customer: str
) -> None:
    document = {"s3": {"bucket": BUCKET, "fileKey": "in/{{{record.customer}}}/a.csv"}, "file": {"type": "csv"}}

    (result,) = adaptor.import_batch(through.call(), document, outgoing([{"customer": customer}]))

    assert (result["statusCode"], result["errors"][0]["code"]) == (422, "invalid_name")
    assert proxy.seen == []


def test_host_out_of_reach_is_not_asked(server: S3Server) -> None:
    files = Files(server.doc(), reach=Reach(hosts=("example.com",)))

    assert files.failure(BUCKET).code == "out_of_reach"


def test_call_ends_at_its_deadline(proxy: FaultProxy, through: Files) -> None:
    proxy.fault = lambda request: Canned(503, SLOW)
    through.time_s = 1.0

    assert through.failure(BUCKET).code == "rate_limited"


def test_nobody_there_is_unreachable(server: S3Server) -> None:
    from support.services import free_port

    assert Files(server.doc(endpoint=f"http://127.0.0.1:{free_port()}")).failure(BUCKET).code == "unreachable"


def test_secret_and_signature_are_in_no_log(server: S3Server, judge: Any) -> None:
    put(judge, "a.csv", b"content of a file")
    files = Files(server.doc())
    with files.place() as place:
        assert names(place, BUCKET) == ["a.csv"]
        read(place, BUCKET, "a.csv")
        place.write(BUCKET, "b.csv", [b"content of a file"])
        place.remove(BUCKET, "b.csv")

    text = repr(files.log)
    assert_no_canary(text, secret=SECRET)
    assert "Signature=" not in text
    assert "content of a file" not in text
    assert KEY_ID not in text or "Credential=" not in text
    assert [entry["method"] for kind, entry in files.log if kind == "request"] == ["GET", "GET", "PUT", "DELETE"]
