"""What `steps/land.py` is made of: one load at a time, Parquet by dlt, columns that change, registration."""
