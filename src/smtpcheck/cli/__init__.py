"""The command line. Reading order: main (what every ending becomes), app (the commands), check.

Typer only parses here: a command's function returns what is to be done, and `main` does it afterwards, where errors,
closed pipes and Ctrl-C end as smtpcheck says and not as Typer does. Whatever is more than parsing is imported inside
the function that needs it, so that `--help` costs little.
"""
