"""The other end of the wire, in Python: what `manage.py rehearse` and load tests are made of.

It knows the wire contract and nothing of the server's code, but for `cast` and `ledger`, which
reach into the database, and the tasks of `rooms.delivery`.
"""
