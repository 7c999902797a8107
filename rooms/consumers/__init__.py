"""The sockets: who may come in, frames in, replies out. What a command does is in `commands`."""
