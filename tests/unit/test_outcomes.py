"""Once the outcomes of a month are known, what the champion said of that month is held against them."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cohorte.lake import Lake
from cohorte.steps import frames
from cohorte.steps.drift import came_true
from cohorte.steps.registry import Registered
from models_ml import train_propensity

MONTHS = ("2017-05-31", "2017-06-30", "2017-07-31", "2017-08-31", "2017-09-30", "2017-10-31", "2017-11-30")
LEARNT_UNTIL = "2017-08-31"
CUSTOMERS = 500


@pytest.fixture
def champion(lake: Lake) -> Registered:
    """A lake in which the number of coupon baskets tells who redeems, and a model that has learnt it."""
    rng = np.random.default_rng(0)
    names = [f"c{n:04}" for n in range(CUSTOMERS)]
    features = pd.concat(
        pd.DataFrame(rng.random((CUSTOMERS, len(frames.PREDICTORS))), columns=list(frames.PREDICTORS)).assign(
            customer_id=names, as_of_date=pd.Timestamp(month).date(), frequency=5.0
        )
        for month in MONTHS
    )
    redeems = rng.random(len(features)) < 0.1 + 0.5 * features["coupon_baskets"].to_numpy()
    lines = features.loc[redeems, ["customer_id", "as_of_date"]].assign(coupon_discount=1.0)
    lines["ordered_on"] = (pd.to_datetime(lines.pop("as_of_date")) + pd.Timedelta(days=7)).dt.date
    tables = {
        "features.customer": features,
        "marts.fct_order_line": lines,
        "marts.dim_customer": pd.DataFrame({"customer_id": names}),
    }
    for table, frame in tables.items():
        with lake.view("planted", pa.Table.from_pandas(frame, preserve_index=False)):
            lake.execute(f"create or replace table {table} as from planted")
    known = frames.with_outcome(lake, frames.PREDICTORS)
    known = known[pd.to_datetime(known["as_of_date"]) <= LEARNT_UNTIL]
    time = pd.to_datetime(known["as_of_date"])
    model = train_propensity(known[list(frames.PREDICTORS)], known["redeemed"], time=time, balance="none")
    return Registered("coupon_propensity", "1", model, {}, {})


def test_a_promise_kept_and_a_promise_broken(champion: Registered, lake: Lake) -> None:
    kept = came_true(champion, lake)
    assert kept is not None and list(kept.table["feature"]) == ["calibration"]
    assert kept.rows == 2 * CUSTOMERS  # September and October; November's outcome is not known yet
    assert not kept.is_drifted

    lake.execute(f"delete from marts.fct_order_line where ordered_on > '{LEARNT_UNTIL}'::date + 10")
    broken = came_true(champion, lake)
    assert broken is not None and broken.is_drifted

    lake.execute(f"delete from features.customer where as_of_date > '{LEARNT_UNTIL}'")
    nothing_new = came_true(champion, lake)
    assert nothing_new is not None and nothing_new.table.empty


def test_of_who_is_no_customer_any_more_no_outcome_is_seen(champion: Registered, lake: Lake) -> None:
    lake.execute("delete from marts.dim_customer where customer_id in ('c0007', 'c0008')")
    customers = frames.with_outcome(lake, frames.PREDICTORS).index
    assert customers.nunique() == CUSTOMERS - 2
    assert not {"c0007", "c0008"} & set(customers)
