"""The simulated world: generated once into a DuckDB file, read-only ever after."""
