"""The peer: a chat on Django Channels as its documentation writes one, served by daphne."""
