"""What every model asks of its input: named numeric columns, the same ones when it scores."""

import numpy as np
import pandas as pd


def numeric(X: pd.DataFrame, columns: list[str] | None = None) -> pd.DataFrame:
    """The frame as float64, infinities as missing, in the order of `columns` (default: its own).

    Raises ValueError naming the column that is missing, not numeric, or there twice.
    """
    if X.columns.has_duplicates:
        raise ValueError(f"column {X.columns[X.columns.duplicated()][0]!r} is there twice; drop one of them")
    if columns is not None:
        missing = [column for column in columns if column not in X.columns]
        if missing:
            raise ValueError(f"column {', '.join(missing)} is missing; the model was trained with it")
        X = X[columns]
    text = [column for column in X.columns if not pd.api.types.is_numeric_dtype(X[column])]
    if text:
        raise ValueError(f"column {', '.join(text)} is not numeric; encode or drop it")
    return X.astype("float64").replace([np.inf, -np.inf], np.nan)
