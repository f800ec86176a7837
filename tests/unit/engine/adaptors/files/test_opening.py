"""Which place a connection's files lie in."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from threading import Event
from typing import Any

import pytest
from support.http_calls import MemoryAccess

from celigo_pandas.engine.adaptors.files.folder import Folder
from celigo_pandas.engine.adaptors.files.opening import open_place
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.safety.reach import Reach


def call(doc: dict[str, Any]) -> Call:
    return Call(
        connection=MemoryAccess(doc),
        reach=Reach(),
        context={},
        debug=lambda kind, payload: None,
        stop=Event(),
        deadline=time.monotonic() + 5,
        now=lambda: datetime(2026, 1, 2, tzinfo=timezone.utc),
    )


def test_filesystem_is_a_folder_of_this_machine() -> None:
    assert isinstance(open_place(call({"type": "filesystem", "filesystem": {}})), Folder)


@pytest.mark.parametrize("block", [{}, {"type": "scp"}, {"type": None}, None])
def test_ftp_of_an_unknown_type_is_refused_by_name(block: Any) -> None:
    with pytest.raises(SourceFailure) as caught:
        open_place(call({"type": "ftp", "ftp": block}))

    assert caught.value.field == "ftp.type"
