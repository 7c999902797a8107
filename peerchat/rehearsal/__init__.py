"""Simulated classes of clients, for `manage.py rehearse` and load tests.

They know the wire contract. Only `ledger` knows the server's code.
"""
