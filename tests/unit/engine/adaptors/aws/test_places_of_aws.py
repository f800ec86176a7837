"""Where requests to AWS go: hosts are made here, of parts that cannot lead elsewhere."""

from __future__ import annotations

import pytest
from support.dynamodb_bench import Bench

from celigo_pandas.engine.adaptors.aws.endpoints import checked_region, is_region, keys_of, own_endpoint, service_origin
from celigo_pandas.engine.adaptors.files.s3_requests import object_place
from celigo_pandas.engine.adaptors.protocol import SourceFailure


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (("orders", "a b/é.csv", "us-east-1"), ("https://orders.s3.us-east-1.amazonaws.com", "/a%20b/%C3%A9.csv")),
        (("orders", "", "cn-north-1"), ("https://orders.s3.cn-north-1.amazonaws.com.cn", "/")),
        (("my.orders", "a", "eu-west-1"), ("https://s3.eu-west-1.amazonaws.com", "/my.orders/a")),
        (("My_Orders", "a", "eu-west-1"), ("https://s3.eu-west-1.amazonaws.com", "/My_Orders/a")),
        (("orders", "/a", "eu-west-1"), ("https://s3.eu-west-1.amazonaws.com", "/orders//a")),
        (("orders", "../a", "eu-west-1", "http://127.0.0.1:1"), ("http://127.0.0.1:1", "/orders/../a")),
    ],
)
def test_bucket_stands_in_the_host_where_a_certificate_can_name_it(
    arguments: tuple[str, ...], place: tuple[str, str]
) -> None:
    assert object_place(*arguments) == place


@pytest.mark.parametrize("value", ["us-east-1", "EU-West-1", None, "", "us-gov-west-1", "ap-southeast-2"])
def test_region_is_taken_in_small_letters(value: str | None) -> None:
    region = checked_region(value, "export.s3.region")

    assert is_region(region)
    assert region == (value or "us-east-1").lower()
    assert service_origin("dynamodb", region) == f"https://dynamodb.{region}.amazonaws.com"


@pytest.mark.parametrize(
    "value", ["evil.example", "us-east-1.evil", "us-east-1/", "a@b-c", "x", 5, ["us-east-1"], "a-\n"]
)
def test_what_is_no_region_becomes_no_host(value: object) -> None:
    with pytest.raises(SourceFailure) as failed:
        checked_region(value, "export.s3.region")

    assert (failed.value.code, failed.value.field) == ("invalid_field", "export.s3.region")


SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def test_keys_in_each_other_s_fields_are_not_shown() -> None:
    with pytest.raises(SourceFailure) as failed:
        keys_of({"type": "s3", "s3": {"accessKeyId": SECRET, "secretAccessKey": "AKIDEXAMPLE"}})

    assert (failed.value.code, failed.value.field) == ("invalid_field", "s3.accessKeyId")
    assert SECRET not in failed.value.message


@pytest.mark.parametrize("endpoint", [f"http://me:{SECRET}@h:9000", f"me:{SECRET}@h", f"http://me@h/?{SECRET}"])
def test_password_in_an_endpoint_is_not_shown(endpoint: str) -> None:
    with pytest.raises(SourceFailure) as failed:
        own_endpoint(Bench({"type": "dynamodb", "dynamodb": {"endpoint": endpoint}}, "t").call())

    assert failed.value.field == "dynamodb.endpoint"
    assert SECRET not in failed.value.message
