"""Tables of other libraries as frames, through the interface that they share.

Whatever hands out an Arrow stream (``__arrow_c_stream__``: polars, pyarrow, DuckDB, …) becomes a pandas DataFrame whose
columns stay Arrow's, so that no value changes on the way.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from celigo_pandas.errors import FrameError, shown

__all__ = ["as_frame"]


def as_frame(df: object) -> pd.DataFrame:
    """Return a DataFrame, made of an Arrow stream if `df` is none.

    Raises
    ------
    FrameError
        It is neither, or has a type that Arrow or pandas does not know.
    """
    if isinstance(df, pd.DataFrame):
        return _known_columns(df)
    if isinstance(df, pd.Series) or not hasattr(df, "__arrow_c_stream__"):
        raise FrameError(
            f"df: got {type(df).__name__}; expected a pandas DataFrame, or a table with the "
            "Arrow stream interface (polars, pyarrow, …).",
            hint="pd.DataFrame(records) makes one of a list of dicts, series.to_frame() of a Series; "
            "a lazy frame has to be collected.",
        )
    try:
        table = pa.table(df)
        frame = table.cast(_schema_without_views(table.schema)).to_pandas(types_mapper=pd.ArrowDtype)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise FrameError(
            f"df: the Arrow stream of this {type(df).__name__} cannot be read: {shown(str(error), 200)}.",
            hint="Cast the column to a type that Arrow knows, or make a pandas DataFrame of it.",
        ) from error
    return _known_columns(frame)


def _known_columns(df: pd.DataFrame) -> pd.DataFrame:
    """Give Arrow columns a type that pandas can work with: its frames hold more than it has operations for."""
    known = df
    for place, dtype in enumerate(df.dtypes):
        if not isinstance(dtype, pd.ArrowDtype):
            continue
        plain = pd.ArrowDtype(_plain(dtype.pyarrow_dtype))
        try:
            _ = plain.type
        except NotImplementedError as error:
            raise FrameError(
                f"Column {df.columns[place]!r}: pandas cannot work with the Arrow type {dtype.pyarrow_dtype}.",
                hint="Cast the column to a plain type: a list, texts, numbers.",
                column=df.columns[place],
            ) from error
        if plain != dtype:
            known = df.copy(deep=False) if known is df else known
            values = pa.chunked_array(df.iloc[:, place].array.__arrow_array__()).cast(plain.pyarrow_dtype)
            column: Any = pd.Series(pd.arrays.ArrowExtensionArray(values), index=df.index)
            known.isetitem(place, column)
    return known


def _schema_without_views(schema: pa.Schema) -> pa.Schema:
    return pa.schema([_without_views(member) for member in schema], metadata=schema.metadata)


def _without_views(member: pa.Field) -> pa.Field:
    """Texts of polars come as views, which pandas has few operations for."""
    return member.with_type(_plain(member.type))


def _plain(kind: pa.DataType) -> pa.DataType:
    # Views of lists stay: pyarrow 26 loses the last list when it casts one.
    if pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_binary_view(kind):
        return pa.large_binary()
    if pa.types.is_struct(kind):
        return pa.struct([_without_views(member) for member in kind])
    if pa.types.is_large_list(kind):
        return pa.large_list(_without_views(kind.value_field))
    if pa.types.is_list(kind):
        return pa.list_(_without_views(kind.value_field))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_without_views(kind.value_field), kind.list_size)
    if pa.types.is_map(kind):
        return pa.map_(_without_views(kind.key_field), _without_views(kind.item_field), kind.keys_sorted)
    if pa.types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, _plain(kind.value_type), kind.ordered)
    return kind
