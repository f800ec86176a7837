"""What the vendor does not publish, decided: one field a choice, each with its reason.

The engine reads every such decision from here, so a test can run it the other way (``--choice name=value``) and a
client can be shown to take both. Numbers in brackets are the open questions of the notes on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

__all__ = ["CHOICES", "Choices"]


@dataclass(frozen=True, slots=True)
class Choices:
    """Decisions where the documentation is silent; the defaults are the engine's answer."""

    export_answers_all: bool = False
    """[1] ``/export`` answers one page (``pageSize`` records) in the shape of ``/export/pages`` without the state.
    Assumed: the sibling route is the best evidence for the shape, and "one shot" must stay below 5 MB."""

    source_failure_status: int = 422
    """[2] A refusal by the source (bad SQL, remote 401 or 500) fails the call with 422 and the remote's code.
    Assumed: 5xx would tell clients to repeat what cannot succeed; documented semantic failures are 422."""

    ping_failure_in_body: bool = True
    """[2] A failed ping is ``200 {"code": 401, "errors": [...]}``. Assumed: a 200 whose body holds ``errors`` is
    described as a failed test; with False it is a 422 with the envelope, as the vendor's own tool expects."""

    ping_methods: tuple[str, ...] = ("GET", "POST")
    """The documentation pings with GET, newer sources with POST: both. A test can leave one."""

    state_lifetime_s: float = 900.0
    """[3] A page state lives while its walk does: 15 minutes after the last request for it. No figure is published."""

    state_has_totals: bool = True
    """[3] ``totalRecords`` and ``totalPages`` are in the state once known. Only the NetSuite sample shows them."""

    state_at_end: bool = True
    """[3] The last page carries a state with ``done: true``. With False the state is absent, as one published loop
    expects."""

    map_answers_wrapped: bool = False
    """[4] ``/import/map`` answers bare records; with True each is ``{"statusCode": 200, "data": …}``."""

    delete_in_use_refused: bool = True
    """[5] DELETE of a connection, or of a script, that other documents use is a 422 that names them: deleting it would
    break documents silently, and the vendor's user interface refuses it too."""

    patch_answers_document: bool = False
    """[6] PATCH answers 204; another version of the page prints the updated document."""

    audit_lists_changes: bool = True
    """[7] Audit records hold ``fieldChanges`` (a list); with False one record a change, with ``fieldChange``."""

    debug_is_text: bool = True
    """[7] The debug log is ``text/plain``; with False a JSON array of objects."""

    conflict_on_external_id: bool = True
    """[9] A second connection with the same ``externalId`` is a 409. 402 is never used: there is no licence here."""

    purge_of_nothing_is_error: bool = False
    """``purgeMessages`` with an empty queue is a 204. One client expects an error that says "already empty"; the local
    engine queues nothing, so the error would be its only answer."""

    max_body_bytes: int = 50_000_000
    """[9] Larger bodies are refused with 413. No threshold is published for these routes."""

    mask_written_is_refused: bool = True
    """[11] Writing ``******`` to a secret is a 422 that names the field. The vendor is said to store the mask, which
    destroys the secret: nobody can want that."""

    last_export_epoch: str = "1970-01-01T00:00:00.000Z"
    """[12] ``lastExportDateTime`` of a virtual export is ``delta.startDate``, else this: there is no earlier run."""

    list_limit: int = 1000
    """[16] Records of a list page without ``limit``. The documentation says 100 and 1000; the larger asks less."""

    csv_first_column: int = 0
    """Without a header row the first csv column is ``Column0``. The vendor's schema says only that columns are
    named by position ("e.g., Column1"), its exports of HTTP services show ``Column0``; for xlsx ``Column1`` is said."""

    missing_records_are_errors: bool = True
    """A ``resourcePath`` of an HTTP export that finds nothing in the first answer is an error. The vendor says "no
    records" of a path in a JSON file; a path with a slip would then read as an empty source, reported complete, so a
    file in which it finds nothing is reported beside the page, and not taken away. False serves sources that leave the
    member out when they have nothing."""

    xlsx_reads_all_sheets: bool = True
    """All worksheets of a workbook are read, each with its own header. The vendor's schema speaks of
    "multi-sheet processing" and names no member that chooses one; reading only the first would lose rows silently."""

    mongodb_snapshots: bool = True
    """An export of a replica set reads the collection as it was when it began. The vendor says nothing of it; without,
    records that are moved while they are read may be missing or there twice. False is for exports that take longer
    than the server keeps its past (five minutes, unless it is told otherwise)."""

    dynamodb_scans: bool = False
    """A DynamoDB export without ``keyConditionExpression`` reads the whole table. The platform only queries: it is off,
    so that a document that works here works there."""

    mock_output_limit: int = 0
    """The vendor takes ten records in ``mockOutput``. Here it stands in for systems that are not built, so any number
    is taken (0); a number restores a limit."""

    map_runs_hooks: bool = True
    """``/import/map`` runs preMap and postMap too. The documentation says "only the mapping step"; a dry run without
    hooks would show records that production never sends."""

    script_seconds: float = 30.0
    """What a call of a script's function may take. The vendor's pages give 30 seconds."""

    script_memory_mb: int = 256
    """Memory of a call of a script's function. Not published."""

    rate_capacity: int = 0
    """Requests that the account's bucket holds; 0 turns the limit off. The platform has 1000, refilled at 300/s."""

    rate_refill_per_s: float = 300.0
    """Refill of the bucket when there is one."""

    def with_pairs(self, pairs: Iterable[str]) -> Choices:
        """Apply ``name=value`` texts.

        Raises
        ------
        ValueError
            An unknown name, or a value of another type.
        """
        kinds = {field.name: getattr(self, field.name) for field in fields(self)}
        changes: dict[str, Any] = {}
        for pair in pairs:
            name, separator, text = pair.partition("=")
            if name not in kinds or not separator:
                raise ValueError(
                    f"Unknown choice {pair!r}; expected name=value with one of {', '.join(sorted(kinds))}."
                )
            changes[name] = _read(text, kinds[name])
        return replace(self, **changes)


def _read(text: str, like: object) -> object:
    if isinstance(like, bool):
        if text.lower() not in {"true", "false"}:
            raise ValueError(f"got {text!r}; expected true or false")
        return text.lower() == "true"
    if isinstance(like, int):
        return int(text)
    if isinstance(like, float):
        return float(text)
    if isinstance(like, tuple):
        return tuple(part for part in text.split(",") if part)
    return text


CHOICES = Choices()
