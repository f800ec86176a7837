"""``mapping.verify`` against a server that maps almost as the local mapper does."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support.flights import february, notice_document

import celigo_pandas as celigo
from celigo_pandas import Mapping
from celigo_pandas.errors import ConfigError, TransportError
from celigo_pandas.mapping import map_records

FLIGHTS = february().head(250)
CONNECTION = {"_id": "5f" * 12, "name": "Desk", "type": "http"}


class Account:
    """A server of one connection whose ``/import/map`` passes its answers through `spoil`."""

    def __init__(self, spoil):
        account = self
        self.batches = []
        self.paths = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def answer(self, body):
                data = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                account.paths.append(self.path)
                if self.path.endswith("/tokenInfo"):
                    self.answer({"_userId": "5e" * 12, "scope": "*"})
                else:
                    self.answer([CONNECTION] if self.path.partition("?")[0].endswith("/connections") else CONNECTION)

            def do_POST(self):
                account.paths.append(self.path)
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                account.batches.append(len(request["data"]))
                self.answer(spoil(map_records(request["data"], request["import"])))

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.client = celigo.connect("token-of-a-test-account", base_url=self.url)
        return self.client.connections["Desk"]

    def __exit__(self, *exc_info):
        self.client.close()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def as_mapped(records):
    return records


def other_date_format(records):
    return [{**record, "scheduled": record["scheduled"][:10]} for record in records]


def number_as_text(records):
    return [{**record, "miles": str(record["miles"])} for record in records]


def dropped_key(records):
    return [{name: value for name, value in record.items() if name != "tail"} for record in records]


def wrapped(records):
    return [{"statusCode": 200, "data": record} for record in records]


def test_verify_server_that_agrees_finds_nothing_in_three_requests():
    account = Account(as_mapped)
    with account as connection:
        found = Mapping(notice_document()).verify(FLIGHTS, connection)

        assert found.empty
        assert account.batches == [100, 100, 50]
        assert not [path for path in account.paths if path.endswith("/import")]


def test_verify_reads_wrapped_answers():
    with Account(wrapped) as connection:
        assert Mapping(notice_document()).verify(FLIGHTS, connection).empty


@pytest.mark.parametrize(
    ("spoil", "cell", "rule"),
    [
        (other_date_format, "scheduled", "mappings[5]"),
        (number_as_text, "miles", "mappings[7]"),
        (dropped_key, "tail", "mappings[1]"),
    ],
)
def test_verify_reports_each_planted_disagreement_with_rule_row_and_values(spoil, cell, rule):
    mapping = Mapping(notice_document())
    local = dict(zip(FLIGHTS.index, mapping.apply(FLIGHTS), strict=True))
    with Account(spoil) as connection:
        found = mapping.verify(FLIGHTS, connection)

    expected_rows = [label for label, record in local.items() if cell in record]
    assert list(found["row"]) == expected_rows
    assert set(found["cell"]) == {cell}
    assert set(found["rule"]) == {rule}
    for row in found.itertuples():
        assert row.local == local[row.row][cell]
        theirs = spoil([local[row.row]])[0].get(cell, "(left out)")
        assert row.server == theirs


def test_verify_reports_a_record_the_server_refuses():
    def refuse(records):
        error = {"code": "x", "message": "no such airline", "source": "lookup"}
        return [{"statusCode": 422, "errors": [error]}, *records[1:]]

    with Account(refuse) as connection:
        found = Mapping(notice_document()).verify(FLIGHTS.head(3), connection)

    assert list(found["row"]) == [FLIGHTS.index[0]]
    assert found["server"].iloc[0] == "(fails: no such airline)"


@pytest.mark.parametrize("spoil", [lambda records: records[1:], lambda records: {"data": records}])
def test_verify_answer_of_another_length_is_an_error(spoil):
    with Account(spoil) as connection, pytest.raises(TransportError, match="expected"):
        Mapping(notice_document()).verify(FLIGHTS.head(3), connection)


def test_verify_against_the_local_engine_raises_since_both_sides_are_one():
    with celigo.local(demo="shop") as client, pytest.raises(ConfigError, match="same code"):
        Mapping(notice_document()).verify(FLIGHTS.head(3), client.connections["Delay desk"])


def test_verify_names_the_rule_of_a_row_that_only_one_side_maps():
    def refuse(records):
        message = "Mapper 2.0: miles: You can't map string (source) to number (destination)"
        return [{"statusCode": 422, "errors": [{"code": "x", "message": message, "source": "mapping"}]}, *records[1:]]

    mapping = Mapping(notice_document())
    with Account(refuse) as connection:
        (row,) = mapping.verify(FLIGHTS.head(3), connection).itertuples(index=False)

    assert (row.cell, row.rule, row.local) == ("miles", "mappings[7]", int(FLIGHTS["distance"].iloc[0]))
    assert row.server.startswith("(fails: Mapper 2.0: miles")


def test_verify_row_that_the_server_maps_and_this_mapper_does_not_names_the_rule():
    mapping = Mapping(notice_document()).set("miles", "$.carrier")

    with Account(lambda records: [{"miles": None}] * len(records)) as connection:
        (row,) = mapping.verify(FLIGHTS.head(1), connection).itertuples(index=False)

    assert (row.cell, row.rule, row.server) == ("miles", "mappings[7]", None)
    assert row.local.startswith("(fails: Mapper 2.0: miles")


def test_verify_names_the_rule_of_an_array():
    array = {"generate": "o", "dataType": "stringarray", "status": "Active", "buildArrayHelper": [{"extract": "$.l"}]}

    with Account(lambda records: [{"o": [1]} for _ in records]) as connection:
        (row,) = Mapping({"mappings": [array]}).verify([{"l": ["1"]}], connection).itertuples(index=False)

    assert tuple(row) == (0, "o", "mappings[0]", ["1"], [1])


def test_verify_knows_rows_that_the_filter_leaves_out_and_children_of_one_to_many():
    def answer(_):
        return [[{"s": 1}, {"s": 9}], None, {"statusCode": 200, "ignored": True}]

    rule = {"generate": "s", "extract": "$.s", "dataType": "number", "status": "Active"}
    document = {
        "mappings": [rule],
        "oneToMany": True,
        "pathToMany": "l",
        "filter": {"type": "expression", "expression": {"version": "1", "rules": ["equals", ["extract", "a"], 1]}},
    }
    rows = [{"a": 1, "l": [{"s": 1}, {"s": 2}]}, {"a": 2, "l": [{"s": 1}]}, {"a": 1, "l": [{"s": 3}]}]
    with Account(answer) as connection:
        found = Mapping(document).verify(rows, connection)

    assert [tuple(row) for row in found.itertuples(index=False)] == [
        (0, "[1].s", "mappings[0]", 2, 9),
        (2, "[0].s", "mappings[0]", 3, "(left out)"),
    ]


def test_verify_child_that_one_side_refuses_does_not_move_the_others():
    refusal = {"code": "x", "message": "no", "source": "mapping"}
    answers = [
        [{"s": 1}, {"s": 7}, {"s": 3}],
        {"statusCode": 200, "data": [{"s": 2}, {"s": 3}], "errors": [refusal]},
        {"statusCode": 200, "data": [{"s": 1}, {"s": 9}], "errors": [refusal]},
    ]
    rule = {"generate": "s", "extract": "$.s", "dataType": "number", "status": "Active"}
    document = {"mappings": [rule], "oneToMany": True, "pathToMany": "l"}
    rows = [{"l": [{"s": one} for one in children]} for children in ((1, "q", 3), (1, 2, 3), (1, "q", 3))]
    with Account(lambda _: answers) as connection:
        found = Mapping(document).verify(rows, connection)

    text = "Mapper 2.0: s: You can't map string (source) to number (destination)"
    assert [tuple(row) for row in found[["row", "cell", "local", "server"]].itertuples(index=False)] == [
        (0, "[2].s", f"(fails: {text})", 7),
        (1, "[0]", {"s": 1}, "(fails: no)"),
        (2, "[1].s", 3, 9),
        (2, "[2].s", f"(fails: {text})", "(fails: no)"),
        (2, "[2]", f"(fails: {text})", "(fails: no)"),
    ]
