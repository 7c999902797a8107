"""The contract with clients as types: commands, events and refusals.

Nothing here knows Django.
"""
