"""What must be true. One file a guarded table, by layer: `expectations/<layer>/<table>.py`.

A file says TABLE, KEY (the columns that name a row in the evidence; never personal data) and `expectations()`, a
list of Great Expectations. An expectation with `meta={"severity": "warn", "until": "YYYY-MM-DD"}` is reported and
lets the run go on until that day; every other one blocks.
"""
