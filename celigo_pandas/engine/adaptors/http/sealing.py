"""What keeps a secret in the frames where it is needed: exceptions leave them without their tracebacks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from celigo_pandas.engine.adaptors.http.answer_bodies import TransportFailure
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.errors import CeligoError, MissingExtraError

__all__ = ["UNSHOWN", "sealed"]

UNSHOWN = (
    "A template cannot be evaluated over the connection's secrets; what it says is not shown, for it may hold them."
)

Result = TypeVar("Result")


def sealed(function: Callable[..., Result]) -> Callable[..., Result]:
    """Let no frame that holds a secret leave with an exception.

    The failure is made anew after the handler, so that it carries neither the traceback nor the context of the frames
    in which the real connection and the signed request were.
    """

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Result:
        try:
            return function(*args, **options)
        except SourceFailure as error:
            failure: Exception = SourceFailure(
                error.message, code=error.code, offline=error.offline, field=error.field, sent=error.sent
            )
        except TransportFailure as error:
            failure = SourceFailure(error.message, code=error.code, sent=error.sent)
        except MissingExtraError as error:
            failure = SourceFailure(str(error), code="missing_extra", sent=False)
        except CeligoError:
            # What a template or helper says may hold any part of what it saw.
            failure = SourceFailure(UNSHOWN, code="template_error", sent=False)
        raise failure

    return call
