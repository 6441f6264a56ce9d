"""What `steps/land.py` is made of: one load at a time, columns that change, Parquet by dlt, registration."""
