"""The rules of peer instruction as pure functions. They know neither Django nor I/O."""
