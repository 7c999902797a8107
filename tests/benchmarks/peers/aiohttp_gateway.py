"""An aiohttp gateway: one listener to Redis for the process, as a background task (`cleanup_ctx`),
as in the chapter "Web Server Advanced" of its documentation."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator

import redis.asyncio as redis
from aiohttp import WSMsgType, web

FEED = "aiohttp-feed"

sockets = web.AppKey("sockets", set[web.WebSocketResponse])
client = web.AppKey("client", redis.Redis)


async def feed(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    request.app[sockets].add(socket)
    try:
        await socket.send_str('{"ready": true}')
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await request.app[client].publish(FEED, message.data)
    finally:
        request.app[sockets].discard(socket)
    return socket


async def listen(app: web.Application) -> None:
    async with app[client].pubsub() as pubsub:
        await pubsub.subscribe(FEED)
        async for message in pubsub.listen():
            if message["type"] == "message":
                text = message["data"].decode()
                for socket in list(app[sockets]):
                    await socket.send_str(text)


async def background(app: web.Application) -> AsyncIterator[None]:
    app[client] = redis.from_url(os.environ["REDIS_URL"])
    listener = asyncio.create_task(listen(app))
    yield
    listener.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listener
    await app[client].aclose()


def main() -> None:
    app = web.Application()
    app[sockets] = set()
    app.router.add_get("/feed", feed)
    app.cleanup_ctx.append(background)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
