"""A client that is told when to read, and that can send any bytes."""

import json
import socket
import time
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.uri import parse_uri

from tests.client import WITHIN


class RawClient:
    """A socket that reads only when it is told to, under a strict implementation of RFC 6455."""

    def __init__(self, site, token, *, buffer=None):
        uri = f"{site.socket_url}/ws/chat/"
        self.protocol = ClientProtocol(parse_uri(uri), max_size=None)
        address = urlsplit(site.origin)
        self.socket = socket.socket()
        self.socket.settimeout(WITHIN)
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect((address.hostname, address.port))
        request = self.protocol.connect()
        request.headers["Authorization"] = f"Bearer {token}"
        self.protocol.send_request(request)
        self.flush()
        self.frames = []
        self.read_until(lambda: self.frames)
        self.welcome = json.loads(self.frames[0])

    def flush(self):
        for data in self.protocol.data_to_send():
            if data:
                self.socket.sendall(data)

    def command(self, action, **fields):
        frame = {"uuid": f"{time.monotonic()}", "action": action, **fields}
        self.protocol.send_text(json.dumps(frame).encode())
        self.flush()

    def read_until(self, enough, *, at_a_time=65_536):
        """Read so many bytes at a time until there is enough, or the connection ends."""
        while not enough():
            data = self.socket.recv(at_a_time)
            if not data:
                self.protocol.receive_eof()
                return
            self.protocol.receive_data(data)
            for event in self.protocol.events_received():
                if getattr(event, "opcode", None) == Opcode.TEXT:
                    assert event.fin
                    self.frames.append(event.data)
            if self.protocol.close_rcvd is not None:
                return

    @property
    def close_code(self):
        return self.protocol.close_rcvd.code if self.protocol.close_rcvd else None
