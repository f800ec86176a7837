"""A connection's secret through the whole product: it reaches the service, and nothing else ever shows it."""

from __future__ import annotations

import json
import logging
import pickle
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
from support.canary import CANARY, assert_no_canary, assert_no_canary_in_files, deep_text, traceback_text

import celigo_pandas as celigo
from celigo_pandas.errors import CeligoError


class Service:
    """A REST service that wants the canary as its key, and repeats it in every answer it can."""

    def __init__(self):
        service = self
        self.seen = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                key = (self.headers.get("X-Key") or "").strip()
                service.seen.append(key)
                if self.path.startswith("/refuse"):
                    self.answer(400, {"message": f"refused for key {key}", "key": key})
                elif self.command == "POST":
                    self.answer(422, {"errors": [{"code": "x", "message": f"no {key}", "body": body.decode()}]})
                else:
                    self.answer(200, [{"id": 1}, {"id": 2}])

            do_GET = do_POST = handle_any

            def answer(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc_info):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def connection_document(url):
    return {
        "name": "Keyed service",
        "type": "http",
        "http": {
            "baseURI": url,
            "mediaType": "json",
            "auth": {
                "type": "token",
                "token": {"token": CANARY, "location": "header", "headerName": "X-Key", "scheme": " "},
            },
            "ping": {"relativeURI": "/refuse"},
        },
    }


@pytest.fixture
def caught_logs():
    records = []

    class Keep(logging.Handler):
        def emit(self, record):
            records.append(self.format(record) + repr(vars(record)))

    handler, root = Keep(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield records
    root.removeHandler(handler)
    root.setLevel(level)


def test_secret_of_a_connection_is_shown_nowhere(tmp_path, monkeypatch, caught_logs, capfd):
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    shown = []
    with Service() as service, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with celigo.local(tmp_path / "store", demo="none") as client:
            engine = client._engine._process.pid
            con = client.connections.create(connection_document(service.url))
            con.enable_debug()

            df = con.read_export({"http": {"method": "GET", "relativeURI": "/rows"}}, journal=tmp_path / "journal")
            assert list(df["id"]) == [1, 2]
            shown += [df, df.attrs, client.last_pull]
            for template in ("{{connection.http.auth.token.token}}", "{{{connection.http.auth.token.token}}}"):
                export = {"http": {"method": "GET", "relativeURI": "/rows"}, "dataURITemplate": template}
                shown.append(con.read_export(export).to_dict())

            result = con.to_import(df, {"http": {"method": ["POST"], "relativeURI": ["/rows"]}}, first=0)
            assert len(result.failed) == 2
            shown += [result, result.frame.to_dict(), result.errors().to_dict(), result._repr_html_(), result.summary()]
            shown.append(pickle.dumps(result.frame))

            with pytest.raises(CeligoError) as caught:
                con.read_export({"http": {"method": "GET", "relativeURI": "/refuse"}})
            shown.append(traceback_text(caught.value, own=__file__))
            for problem in ({"type": "http"}, {**connection_document("ftp://x"), "name": ""}):
                with pytest.raises(CeligoError) as refused:
                    client.connections.create({**problem})
                shown.append(traceback_text(refused.value, own=__file__))

            shown += [con.ping(), con.refresh(), con.doc, con, client.connections, client.connections.to_frame()]
            shown += [con._repr_html_(), client.connections._repr_html_()]
            shown += [con.debug_log().to_dict(), con.audit_log().to_dict(), con.dependencies().to_dict()]
            shown += [client.history.to_dict(), deep_text(vars(client)), deep_text(vars(con))]
            shown.append(Path(f"/proc/{engine}/cmdline").read_bytes())
            shown.append(Path(f"/proc/{engine}/environ").read_bytes())

    assert CANARY in service.seen, "the service was not given its key, so that nothing was tested"
    assert len(df) == 2
    for one in shown:
        assert_no_canary(one if isinstance(one, (bytes, str)) else f"{one!r}\n{one}")
    assert_no_canary(*caught_logs, *(str(warning.message) for warning in warned), *capfd.readouterr())
    assert_no_canary_in_files(tmp_path)


def test_debug_log_of_that_connection_shows_the_request_with_a_mask(tmp_path):
    with Service() as service, celigo.local(tmp_path / "store", demo="none") as client:
        con = client.connections.create(connection_document(service.url))
        con.enable_debug()
        con.read_export({"http": {"method": "GET", "relativeURI": "/rows"}})
        log = con.debug_log()

    assert isinstance(log, pd.DataFrame)
    assert len(log) >= 2
    assert "/rows" in log.to_string()
