"""gzip and zip: what was packed is unpacked, and what is no archive, or a bomb, is refused."""

from __future__ import annotations

import gzip
import io
import zipfile
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import soak

from celigo_pandas.engine.adaptors.files.compression import compressed, contents
from celigo_pandas.engine.adaptors.files.csv_reading import CsvOptions, read_csv
from celigo_pandas.engine.adaptors.files.formats import FormatError, Source
from celigo_pandas.engine.adaptors.files.json_files import read_json
from celigo_pandas.engine.adaptors.files.xlsx_reading import read_xlsx
from celigo_pandas.engine.adaptors.files.xlsx_writing import write_xlsx
from celigo_pandas.engine.adaptors.files.xml_reading import parse_xpath, read_xml


def unpacked(content: bytes, format: str | None, name: str = "a.csv.gz") -> list[tuple[str, bytes]]:
    found = []
    for inner, stream in contents(io.BytesIO(content), name, format):
        whole = b""
        while piece := stream.read(1_000):
            whole += piece
        found.append((inner, whole))
    return found


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


@pytest.mark.parametrize(("format", "inner"), [(None, "a.csv.gz"), ("gzip", "a.csv"), ("zip", "a.csv.gz")])
@given(pieces=st.lists(st.binary()))
def test_packed_is_unpacked(format: str | None, inner: str, pieces: list[bytes]) -> None:
    content = b"".join(compressed(pieces, "a.csv.gz", format))

    assert unpacked(content, format) == [(inner, b"".join(pieces))]


def test_zip_member_has_the_name_without_its_ending() -> None:
    assert unpacked(b"".join(compressed([b"x"], "a.csv.zip", "zip")), "zip") == [("a.csv", b"x")]


def test_packing_twice_gives_the_same_bytes() -> None:
    for format in ("gzip", "zip"):
        assert b"".join(compressed([b"x"], "n", format)) == b"".join(compressed([b"x"], "n", format))


def test_zip_files_come_one_by_one_without_folders() -> None:
    assert unpacked(zipped(**{"b.csv": b"1", "sub/": b"", "sub/a.csv": b"2"}), "zip") == [
        ("b.csv", b"1"),
        ("sub/a.csv", b"2"),
    ]


def test_gzip_of_several_parts_is_one_file() -> None:
    assert unpacked(gzip.compress(b"a") + gzip.compress(b"b"), "gzip") == [("a.csv", b"ab")]


def _encrypted() -> bytes:
    content = bytearray(zipped(a=b"x"))
    content[6] |= 1  # the bit in the member's own header, and the one in the list at the end
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "format", "says"),
    [
        (b"a,b\n1,2\n", "gzip", "no whole gzip file"),
        (gzip.compress(b"x" * 10_000, mtime=0)[:-9], "gzip", "no whole gzip file"),
        (b"a,b\n1,2\n", "zip", "no zip archive"),
        (b"", "zip", "no zip archive"),
        (_encrypted(), "zip", "'a' in it is encrypted"),
        (zipped(**{str(number): b"" for number in range(10_001)}), "zip", "more than 10000 files"),
    ],
)
def test_what_is_not_packed_so_is_refused(content: bytes, format: str, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        unpacked(content, format)


@pytest.mark.parametrize("way", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip_damaged_member_is_refused_however_it_was_packed(way: int) -> None:
    packed = io.BytesIO()
    data = bytes(range(256)) * 50
    with zipfile.ZipFile(packed, "w", way) as archive:
        archive.writestr("a", data)
    assert unpacked(packed.getvalue(), "zip") == [("a", data)]

    found = set()
    for at in range(31, packed.getvalue().index(b"PK\x01\x02"), 7):
        content = bytearray(packed.getvalue())
        content[at] ^= 0xFF
        try:
            found.add(unpacked(bytes(content), "zip") == [("a", data)])
        except FormatError as error:
            found.add(str(error).partition(":")[0])

    assert "it is no whole zip file" in found
    assert False not in found


@pytest.mark.soak
def test_damaged_files_are_format_errors_and_nothing_else() -> None:
    """Each format, packed and bare, with bytes changed, left out and cut off."""
    random = Random(soak.seed("damaged files"))
    book = b"".join(write_xlsx([{"a": "x" * 50, "b": 1.5}] * 20, ["a", "b"]))
    plans: list[Any] = [
        ("csv", b'a,b\n"1",2\n' * 20, lambda stream: read_csv(stream, CsvOptions())),
        ("json", b'[{"a": [1, "\xc3\xbc"]}]' * 20, read_json),
        (
            "xml",
            b"<r>" + b"<a b='1'>x &amp; y</a>" * 20 + b"</r>",
            lambda stream: read_xml(stream, parse_xpath("/r/a")),
        ),
        ("xlsx", book, read_xlsx),
    ]
    for _ in range(soak.runs(150, 20_000)):
        name, whole, parse = random.choice(plans)
        format = random.choice([None, "gzip", "zip"])
        content = bytearray(b"".join(compressed([whole], f"a.{name}", format)))
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(content))
            content[at : at + random.randint(0, 3)] = random.randbytes(random.randint(0, 3))
        with suppress(FormatError):
            for _, stream in contents(io.BytesIO(bytes(content)), "a", format):
                for _ in parse(stream):
                    pass


def test_what_is_unpacked_is_bounded() -> None:
    """A small file that unpacks without end is given up at the bound of a file."""
    bomb = b"".join(compressed((b"0" * 1_000_000 for _ in range(10)), "b", "gzip"))
    assert len(bomb) < 20_000

    for _, stream in contents(io.BytesIO(bomb), "b", "gzip"):
        source = Source(stream, most=3_000_000)
        with pytest.raises(FormatError, match="more than 3000000 bytes"):
            source.readall()
