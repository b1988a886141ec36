"""`python -m dropout_lab` is `dropout-lab`, where scripts are not on the path."""

from dropout_lab.cli import main

main()
