"""Simulated classes of clients, for `manage.py rehearse` and load tests.

It knows the wire contract and nothing of the server's code, but for `cast` and `ledger`, which
reach into the database, and the tasks of `rooms.delivery`.
"""
