"""peerchat beside what a user would pick instead, on the same machine in one run.

`make bench` runs all of it and writes docs/benchmarks.md; one of them runs with
`python -m tests.servers --durable -- python -m tests.benchmarks.<name>`.
"""
