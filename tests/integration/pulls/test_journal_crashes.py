"""A process that is killed at any step of a journal's life loses no page and repeats none."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE

import pytest
from support.page_socket import PageSocket, sends
from support.pulls import CONNECTION_ID, PageServer, connection_to

from celigo_pandas.accessors import read_export
from celigo_pandas.errors import HintWarning, JournalError
from celigo_pandas.journal.pulls import STEPS, PullJournal

CHILD = Path(__file__).parents[2] / "support" / "journal_child.py"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
ROWS = list(range(7))
EXPORT = {"rdbms": {"query": "q"}}
READ_STEPS = [step for step in STEPS if not step.startswith("request")]


class Source:
    """Pages over rows that can change; a page that was asked for is answered from the rows of now."""

    def __init__(self, rows: list[int]) -> None:
        self.rows = rows
        self.asked: list[int] = []

    def body(self, sent: bytes) -> bytes:
        state = json.loads(sent).get("pagedExportState") or {"p": 0}
        at = state["p"]
        self.asked.append(at)
        data = ",".join(f'{{"n":{row},"t":"{_digest(row)}"}}' for row in self.rows[at : at + 2])
        done = "true" if at + 2 >= len(self.rows) else "false"
        return f'{{"data":[{data}],"pagedExportState":{{"p":{at + 2},"done":{done}}}}}'.encode()


def _digest(row: int) -> str:
    """Text that does not compress: a page then takes some hundred bytes of the journal."""
    return hashlib.sha512(str(row).encode()).hexdigest() * 2


Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Pull in a process of its own: ``run(server, folder, step, number, mode)`` gives its exit and its text."""
    child = subprocess.Popen([sys.executable, str(CHILD)], env=ENVIRONMENT, stdin=PIPE, stdout=PIPE, text=True)
    assert child.stdin
    assert child.stdout

    def ask(server: PageSocket, folder: Path, step: str, number: int, mode: str = "read") -> tuple[int, str]:
        child.stdin.write(json.dumps([server.url, str(folder), step, number, mode]) + "\n")
        child.stdin.flush()
        status, text = json.loads(child.stdout.readline())
        return status, text

    yield ask
    child.stdin.close()
    child.wait(10)
    child.stdout.close()


@pytest.mark.parametrize(
    ("step", "number"),
    [(step, 1) for step in READ_STEPS] + [("page written", 3), ("page synced", 3)],
)
def test_killed_child_is_resumed_to_exactly_the_rows(run: Run, step: str, number: int, tmp_path: Path) -> None:
    source = Source(ROWS)
    server = PageSocket(lambda n, body: sends(source.body(body)))
    try:
        killed, said = run(server, tmp_path / "j", step, number)
        asked_before = len(source.asked)
        status, text = run(server, tmp_path / "j", "never", 1)
    finally:
        server.close()

    assert killed == -9, said
    assert status == 0, text
    assert json.loads(text) == ROWS
    if step == "page synced":  # a page that is on disk is not asked for again
        assert source.asked[asked_before:] == [at for at in (0, 2, 4, 6) if at >= 2 * number]


@pytest.mark.parametrize("step", STEPS)
def test_killed_child_of_a_consuming_export_never_asks_twice_unasked(run: Run, step: str, tmp_path: Path) -> None:
    source = Source(ROWS)
    server = PageSocket(lambda n, body: sends(source.body(body)))
    try:
        killed, said = run(server, tmp_path / "j", step, 1, "consume")
        status, text = run(server, tmp_path / "j", "never", 1, "consume")
    finally:
        server.close()

    assert killed == -9, said
    if status:
        assert "may be gone from the source unread" in text
        assert step.startswith("request")
    else:
        assert json.loads(text) == ROWS
        if step not in ("end written", "end synced"):  # then it was whole, and the second call is a new pull
            assert len(source.asked) == len(set(source.asked))


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal of an unfinished pull of 40 pages, more than the last 4 KiB."""
    folder = tmp_path_factory.mktemp("unfinished")
    source = Source(list(range(80)))
    journal = PullJournal(folder)
    with journal.opened(CONNECTION_ID, EXPORT):
        state = b'{"export":{}}'
        for _ in range(40):
            content = source.body(state)
            journal.append(content, 2)
            state = b'{"pagedExportState":' + json.dumps(json.loads(content)["pagedExportState"]).encode() + b"}"
    return (folder / "pages.journal").read_bytes()


def _answer(source: Source, body: bytes | None) -> object:
    from support.pulls import answer

    return answer(source.body(body or b"{}"))


def _resumed(damaged: bytes, folder: Path) -> list[int] | None:
    folder.mkdir(exist_ok=True)
    (folder / "pages.journal").write_bytes(damaged)
    source = Source(list(range(80)))
    con = connection_to(lambda request: _answer(source, request.body))
    try:
        return read_export(EXPORT, con, journal=folder, page_size=2)["n"].tolist()
    except JournalError:
        return None


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of journals are synced."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        yield Path(folder) / "j"


@pytest.mark.slow
def test_journal_cut_at_every_byte_of_its_end_gives_the_rows_or_an_error(unfinished: bytes, quick_folder: Path) -> None:
    whole = 0
    for cut in range(1, min(4096, len(unfinished)) + 1):
        rows = _resumed(unfinished[:-cut], quick_folder)
        assert rows is None or rows == list(range(80)), cut
        whole += rows is not None
    assert whole >= 4000  # a cut is what a crash leaves: it has to go on


def test_journal_with_a_flipped_byte_gives_the_rows_or_an_error(unfinished: bytes, quick_folder: Path) -> None:
    refused = 0
    for place in range(len(unfinished) - 1, 0, -97):
        for mask in (0x01, 0xFF):
            damaged = bytearray(unfinished)
            damaged[place] ^= mask
            rows = _resumed(bytes(damaged), quick_folder)
            assert rows is None or rows == list(range(80)), place
            refused += rows is None
    assert refused > 40


def test_finished_journal_gives_this_weeks_rows(tmp_path: Path) -> None:
    source = Source([1, 2, 3])
    con = connection_to(lambda request: _answer(source, request.body))
    assert read_export(EXPORT, con, journal=tmp_path)["n"].tolist() == [1, 2, 3]
    source.rows = [7, 8]

    with pytest.warns(HintWarning, match="finished pull"):
        df = read_export(EXPORT, con, journal=tmp_path)

    assert df["n"].tolist() == [7, 8]


def test_finished_journal_keeps_the_old_pages_until_the_new_first_page_is_on_disk(tmp_path: Path) -> None:
    source = Source([1, 2, 3])
    con = connection_to(lambda request: _answer(source, request.body))
    read_export(EXPORT, con, journal=tmp_path)
    before = (tmp_path / "pages.journal").read_bytes()
    broken = connection_to(lambda request: _refused())

    with pytest.warns(HintWarning), pytest.raises(Exception, match="no"):
        read_export(EXPORT, broken, journal=tmp_path)

    assert (tmp_path / "pages.journal").read_bytes() == before


def _refused() -> object:
    from support.pulls import answer

    return answer(b'{"errors":[{"code":"x","message":"no"}]}', 401)


def test_interrupted_pull_goes_on_from_its_journal_in_the_same_process(tmp_path: Path) -> None:
    pages = PageServer([json.dumps({"n": n}).encode() for n in range(6)], page_size=2)
    failing = [True]

    def handle(request: object) -> object:
        from support.pulls import answer

        if failing[0] and len(pages.bodies) == 2:
            return answer(b'{"errors":[{"code":"x","message":"no"}]}', 401)
        return pages(request)  # type: ignore[arg-type]

    con = connection_to(handle)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="the same call goes on"):
        read_export(EXPORT, con, journal=tmp_path)
    failing[0] = False

    assert con.client.last_pull.resume()["n"].tolist() == list(range(6))
    assert len(pages.bodies) == 3
