"""The service behind the documented heartbeat import: ``PUT /system/v1/heartbeat``."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from support.standin import WIRE


class HeartbeatService:
    """Stores heartbeats, refuses one without a key."""

    def __init__(self) -> None:
        self.stored: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.service = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> HeartbeatService:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        record = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/system/v1/heartbeat":
            self._answer(404, {"message": "not found"})
        elif "key" not in record:
            self._answer(422, {"message": "key is required"})
        else:
            self.server.service.stored.append(record)  # type: ignore[attr-defined]
            stored = {**WIRE["import-heartbeat"]["response"][0]["_json"], **record}
            self._answer(200, {"id": stored["_id"], **stored})

    def do_GET(self) -> None:
        self._answer(200, {"ok": True})

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
