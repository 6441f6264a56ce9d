"""Cohorte: the library behind the DAGs, the CLI and the console. Start reading at `steps/`."""
