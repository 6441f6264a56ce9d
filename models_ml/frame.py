"""What every model asks of its input: a frame with named columns, the same ones when it scores.

A missing value stays missing (NaN) for the model to impute; an infinite one is taken as missing. Everything else that
cannot be used is an error that names the column.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


def as_frame(X: Any) -> pd.DataFrame:
    """X as a DataFrame with text for column names: a pandas DataFrame, or a pyarrow Table.

    Raises TypeError for anything else, ValueError for two columns of one name.
    """
    frame = X.to_pandas() if not isinstance(X, pd.DataFrame) and hasattr(X, "to_pandas") else X
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"X is a {type(X).__name__}; give a pandas DataFrame or a pyarrow Table, one row a customer")
    if not all(isinstance(name, str) for name in frame.columns):
        frame = frame.set_axis([str(name) for name in frame.columns], axis="columns")
    if frame.columns.has_duplicates:
        raise ValueError(f"column {frame.columns[frame.columns.duplicated()][0]!r} is there twice; drop one of them")
    return frame


def with_columns(X: Any, columns: Sequence[str]) -> pd.DataFrame:
    """X with exactly these columns in this order; further columns are left out.

    Raises ValueError naming the columns that are missing.
    """
    frame = as_frame(X)
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(f"column {', '.join(map(str, missing))} is missing; the model was trained with it")
    return frame[list(columns)]


def matrix(frame: pd.DataFrame) -> np.ndarray:
    """Rows × columns as float32, C-ordered, infinities as NaN. Raises ValueError naming a column that is no number."""
    words = [str(column) for column in frame.columns if not is_number(frame[column])]
    if words:
        raise ValueError(f"column {', '.join(words)} is not numeric; encode or drop it (a date: as days since)")
    if all(isinstance(dtype, np.dtype) for dtype in frame.dtypes):
        with np.errstate(over="ignore"):
            values = np.array(frame.to_numpy(dtype="float32"), order="C")
    else:
        values = np.empty(frame.shape, dtype="float32")
        for position, column in enumerate(frame.columns):
            values[:, position] = frame[column].to_numpy(dtype="float32", na_value=np.nan)
    values[~np.isfinite(values)] = np.nan
    return values


def is_number(column: pd.Series) -> bool:
    """Whether the column holds numbers or truth values."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column)


def truth(y: Any, rows: int) -> np.ndarray:
    """An outcome as 0 and 1 (int8), one a row. Raises ValueError for another length, other values, or missing ones."""
    values = pd.Series(np.asarray(y))
    if len(values) != rows:
        raise ValueError(f"y has {len(values)} values for {rows} rows of X; give one a row")
    if values.isna().any():
        raise ValueError(f"y is missing in {int(values.isna().sum())} rows; drop those rows")
    if not set(values.unique()) <= {0, 1}:
        raise ValueError(f"y holds {sorted(map(str, values.unique()))[:5]}; give 0 and 1")
    return values.to_numpy().astype("int8")
