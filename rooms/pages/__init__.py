"""The pages by subject; `rooms.views` has those of the class."""
