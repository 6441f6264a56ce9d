"""Columns of any kind as a matrix of numbers, the same way in training and in scoring."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models_ml.frame import as_frame, is_number, matrix, with_columns
from models_ml.repeatable import draw

MOST_CATEGORIES = 30
"""Categories of one column that get a column of their own; the rest are `other`."""
FEWEST_ROWS = 20
"""Rows a category must have."""
ROWS = 200_000
"""Rows the encoding is learnt from."""


@dataclass(frozen=True)
class Encoder:
    """Numbers as they are (NaN where missing or infinite), one 0/1 column a category.

    A category that training has not seen, or a missing one, is 0 in all columns of its feature: the `other` there.
    `dropped`: features left out, and why. `sources`: the feature behind each output column.
    """

    feature_names_in_: list[str]
    numbers: list[str]
    categories: dict[str, tuple[str, ...]]
    dropped: dict[str, str]
    sources: list[str]

    @classmethod
    def fit(cls, X: Any, seed: int = 0) -> "Encoder":
        """X: one row a customer (and moment); columns of numbers, truth values or categories.

        Left out: columns without values, constant ones, copies of another. Raises ValueError for dates, for text that
        is different in nearly every row, and when nothing is left.
        """
        frame = as_frame(X)
        part = frame.iloc[draw(len(frame), ROWS, seed)]
        numbers: list[str] = []
        categories: dict[str, tuple[str, ...]] = {}
        dropped: dict[str, str] = {}
        seen: dict[bytes, str] = {}
        for name in frame.columns:
            column = part[name]
            if is_number(column):
                values = matrix(column.to_frame())[:, 0]
                known = values[~np.isnan(values)]
                if not len(known):
                    dropped[name] = "it has no values"
                elif known.min() == known.max() and len(known) == len(values):
                    dropped[name] = "it is constant"
                elif (twin := seen.setdefault(values.tobytes(), name)) != name:
                    dropped[name] = f"it is a copy of {twin}"
                else:
                    numbers.append(name)
            else:
                categories[name] = _categories(column)
                if not categories[name]:
                    del categories[name]
                    dropped[name] = "it has no two categories of a useful size"
        if not numbers and not categories:
            raise ValueError("no column varies: there is nothing to tell customers apart by")
        sources = [*numbers, *(name for name, values in categories.items() for _ in values)]
        return cls([str(name) for name in frame.columns], numbers, categories, dropped, sources)

    def transform(self, X: Any) -> np.ndarray:
        """rows × output columns, float32. Raises ValueError naming a column that is missing or changed its kind."""
        frame = with_columns(X, [*self.numbers, *self.categories])
        out = np.empty((len(frame), len(self.sources)), dtype="float32")
        out[:, : len(self.numbers)] = matrix(frame[self.numbers])
        position = len(self.numbers)
        for name, values in self.categories.items():
            text = _text(frame[name])
            for value in values:
                out[:, position] = (text == value).to_numpy(dtype=bool, na_value=False)
                position += 1
        return out


def _categories(column: pd.Series) -> tuple[str, ...]:
    """Those with FEWEST_ROWS rows, most frequent first. Of two that share all rows one says it all."""
    if pd.api.types.is_datetime64_any_dtype(column):
        raise ValueError(f"column {column.name} is a date; give it as a number of days since or until something")
    text = _text(column)
    counts = text.value_counts()
    if len(counts) > MOST_CATEGORIES and len(counts) > 0.5 * text.notna().sum():
        raise ValueError(f"column {column.name} has {len(counts)} different texts: it names rows. Drop it")
    ranked = (
        counts.rename_axis("value").reset_index(name="rows").sort_values(["rows", "value"], ascending=[False, True])
    )
    useful = [str(v) for v in ranked.loc[ranked["rows"] >= FEWEST_ROWS, "value"][:MOST_CATEGORIES]]
    if len(useful) == len(counts) and not text.isna().any():
        useful = useful[:-1] or []
    return tuple(useful)


def _text(column: pd.Series) -> pd.Series:
    return column.astype("object").map(lambda value: value if pd.isna(value) else str(value)).astype("str")
