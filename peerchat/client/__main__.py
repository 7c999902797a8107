"""`python -m peerchat.client`: a chat, and an instructor's desk, in a terminal."""

import argparse
import asyncio
import getpass
import os
import sys

from peerchat.client.line import ClientError
from peerchat.client.terminal import run


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m peerchat.client",
        description="Chat, vote and lead a class from a terminal.",
        epilog="The token may come from PEERCHAT_TOKEN, so that it is in no list of processes. "
        "With a username and no token it asks for the password.",
    )
    parser.add_argument("url", help="the site, such as https://peer.example.edu")
    parser.add_argument("username", nargs="?", help="who logs in, where there is no token")
    options = parser.parse_args()
    token = os.environ.get("PEERCHAT_TOKEN", "")
    password = ""
    if not token:
        if not options.username:
            parser.error("name a user, or set PEERCHAT_TOKEN")
        password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline()
    try:
        asyncio.run(run(options.url, options.username or "", password.rstrip("\n"), token))
    except (ClientError, ValueError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
