"""Servers that speak S3, started for a test session: rclone (quick, its objects are files), SeaweedFS (strict)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore.config
from support import needs
from support.services import free_port, program

__all__ = ["KEY_ID", "NOBODY_ID", "SECRET", "S3Server", "rclone", "seaweed"]

KEY_ID = "CELIGOTESTKEY0001"
JUDGE_ID = "CELIGOJUDGEKEY001"
NOBODY_ID = "CELIGONOBODYKEY01"
SECRET = "s3-secret+with/odd=characters"


@dataclass
class S3Server:
    """A running server; ``root`` is where its buckets lie as folders, if they do."""

    url: str
    root: Path | None = None
    judge_id: str = KEY_ID
    _client: Any = None

    def doc(self, **block: Any) -> dict[str, Any]:
        keys = {"accessKeyId": KEY_ID, "secretAccessKey": SECRET}
        return {"name": "S3", "type": "s3", "s3": {**keys, "endpoint": self.url, **block}}

    def boto(self) -> Any:
        """Return AWS's own client: the judge of what is there."""
        if self._client is None:
            self._client = self._new_client()
        return self._client

    def _new_client(self) -> Any:
        config = botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.judge_id,
            aws_secret_access_key=SECRET,
            config=config,
        )


def _beside_python(name: str) -> str:
    path = Path(sys.executable).with_name(name)
    return str(path) if path.exists() else needs.require(name)


@contextmanager
def rclone(root: Path, scratch: Path) -> Iterator[S3Server]:
    """Serve the folders of `root` as buckets."""
    port = free_port()
    arguments = [_beside_python("rclone"), "serve", "s3", "--config", "/dev/null", "--addr", f"127.0.0.1:{port}"]
    arguments += ["--auth-key", f"{KEY_ID},{SECRET}", "--vfs-cache-mode", "off", str(root)]
    with program(arguments, port, folder=scratch, start_s=30) as url:
        yield S3Server(url, root)


@contextmanager
def seaweed(scratch: Path) -> Iterator[S3Server]:
    """Serve what is made in it: checks signatures, conditions and checksums."""
    # The keys of the connection may not make buckets, which this server does by itself for those that may.
    rights = ["Read", "Write", "List", "Tagging"]
    identities = [
        {"name": name, "credentials": [{"accessKey": key, "secretKey": SECRET}], "actions": actions}
        for name, key, actions in (("user", KEY_ID, rights), ("judge", JUDGE_ID, ["Admin", *rights]),
                                   ("nobody", NOBODY_ID, ["List:elsewhere"]))
    ]  # fmt: skip
    (scratch / "ids.json").write_text(json.dumps({"identities": identities}))
    port = free_port()
    ports = [f"-{part}.port={free_port()}" for part in ("master", "volume", "filer")]
    ports += [f"-{part}.port.grpc={free_port()}" for part in ("master", "volume", "filer", "s3")]
    arguments = [_beside_python("weed"), "server", f"-dir={scratch}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"]
    arguments += [f"-s3.port={port}", f"-s3.config={scratch / 'ids.json'}", *ports]
    arguments += ["-master.volumeSizeLimitMB=64", "-volume.max=20"]
    with program(arguments, port, folder=scratch, start_s=60, stop_s=0.5) as url:
        yield S3Server(url, judge_id=JUDGE_ID)
