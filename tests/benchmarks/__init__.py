"""peerchat beside what a user would pick instead, on the same machine in one run.

`make bench` runs all of it and writes docs/benchmarks.md and docs/scaling.md; some of it runs with
`python -m tests.servers --durable -- python -m tests.benchmarks fanout --runs 1`, which prints.
"""
