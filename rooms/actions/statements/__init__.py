"""The statements for every batch of posted messages."""
