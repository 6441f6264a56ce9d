"""`python -m cohorte.cli`, where the `cohorte` command is not on the path."""

from cohorte.cli import main

main()
