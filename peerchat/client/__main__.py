"""`python -m peerchat.client`: a chat, and an instructor's desk, in a terminal."""

import argparse
import asyncio
import getpass
import os
import sys

from peerchat.client.reconnecting import ClientError
from peerchat.client.terminal import run


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m peerchat.client",
        description="Chat, vote and lead a class from a terminal.",
        epilog="Set PEERCHAT_TOKEN to use a token; it then appears in no process list. Without a "
        "token, the program asks for the user's password.",
    )
    parser.add_argument(
        "url",
        help="URL of the site, such as https://peer.example.edu or https://www.example.edu/peer",
    )
    parser.add_argument("username", nargs="?", help="user to log in as; not needed with a token")
    options = parser.parse_args()
    token = os.environ.get("PEERCHAT_TOKEN", "")
    password = ""
    if not token:
        if not options.username:
            parser.error("give a username or set PEERCHAT_TOKEN")
        password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline()
    try:
        asyncio.run(run(options.url, options.username or "", password.rstrip("\n"), token))
    except (ClientError, ValueError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
