"""The stock peer: a chat on Django Channels as its documentation writes one, served by daphne or
by uvicorn."""
