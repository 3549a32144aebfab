"""
Coverage-guided fuzzing of everything that reads bytes from outside.

    python -m fuzz 600              ten minutes, divided between all targets
    python -m fuzz 60 table text    a minute for these two
    python -m fuzz FILE             what a run wrote about a finding, once more

Run with `tests` on the path, where atheris is installed; `make fuzz` does. What is found and what was learned lies in
`build/fuzz`, so that the next run goes on from there. `harness` says what is checked.
"""
