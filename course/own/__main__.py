"""The command `python -m course.own FILE.csv`."""

from course.own.command import main

main()
