"""The alternatives that a user would pick instead of peerchat, each as its documentation has it.

All of them deliver what one client sends to everyone on the feed, itself included. They take the
port to listen on as their only argument and Redis from REDIS_URL, run in one process, and say
`{"ready": true}` to a client that is on the feed, so that nothing is sent too early; the stock
consumer needs not, since it joins its group before it accepts.
"""
