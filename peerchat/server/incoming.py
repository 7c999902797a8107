"""A fast path for the frames that nearly all clients send: whole text frames, and answers to our
pings.

autobahn reads a frame in some twenty steps, which is a quarter of the cost of a message. Frames
that are complete, masked, not fragmented and not compressed are read here in one step. All other
frames, including invalid ones, are left to autobahn.
"""

from autobahn.websocket.protocol import WebSocketProtocol as AutobahnProtocol
from daphne.ws_protocol import WebSocketProtocol as DaphneProtocol

FINAL_TEXT = 0x81
FINAL_PONG = 0x8A
MASKED = 0x80
SHORTEST = 6
"""Bytes of an empty masked frame."""


class ShortWayIn(DaphneProtocol):
    """daphne's protocol of a socket, with the fast path."""

    def dataReceived(self, data: bytes) -> None:
        if (
            self.state == AutobahnProtocol.STATE_OPEN
            and not self.data
            and self.current_frame is None
            and not self.inside_message
        ):
            data = self._take_texts(data)
            if not data:
                return
        super().dataReceived(data)

    def text_received(self, text: str) -> None:
        """Take the text of a frame."""
        raise NotImplementedError

    def _take_texts(self, data: bytes) -> bytes:
        """Take the text frames and empty pongs at the beginning, and return the rest."""
        position, end = 0, len(data)
        while end - position >= SHORTEST:
            size = data[position + 1]
            if data[position] == FINAL_PONG and size == MASKED:
                position += SHORTEST
                continue
            if data[position] != FINAL_TEXT:
                break
            mask = position + 2
            if size < MASKED:
                break
            size -= MASKED
            if size >= 126:
                # Very long frames, and frames whose length is not encoded in the shortest way.
                if size == 127 or end - position < SHORTEST + 2:
                    break
                mask += 2
                size = int.from_bytes(data[position + 2 : mask])
                if size < 126:
                    break
            begin = mask + 4
            if begin + size > end or 0 < self.maxMessagePayloadSize < size:
                break
            try:
                text = unmasked(data[begin : begin + size], data[mask:begin]).decode()
            except UnicodeDecodeError:
                break
            position = begin + size
            self.text_received(text)
            if self.state != AutobahnProtocol.STATE_OPEN:
                break
        return data[position:] if position else data


def unmasked(payload: bytes, mask: bytes) -> bytes:
    """Remove the mask: each byte XOR its byte of the mask (RFC 6455, section 5.3)."""
    size = len(payload)
    repeated = mask * (size // 4) + mask[: size % 4]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(repeated, "little")).to_bytes(
        size, "little"
    )
