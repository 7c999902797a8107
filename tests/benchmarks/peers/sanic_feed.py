"""A Sanic feed: the handler publishes to Redis, one receiver for the process passes on to its
clients, in the way of the "websocket feeds" of one of Sanic's maintainers."""

import os
import sys

import redis.asyncio as redis
from sanic import Request, Sanic, Websocket

FEED = "sanic-feed"

# Without a line in the log for each socket.
app = Sanic("feed", configure_logging=False)


@app.before_server_start
async def connect(app: Sanic) -> None:
    app.ctx.redis = redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
    app.ctx.clients = set()
    app.add_task(receive(app))


async def receive(app: Sanic) -> None:
    async with app.ctx.redis.pubsub() as pubsub:
        await pubsub.subscribe(FEED)
        async for message in pubsub.listen():
            if message["type"] == "message":
                for client in list(app.ctx.clients):
                    await client.send(message["data"])


@app.websocket("/feed")
async def feed(request: Request, ws: Websocket) -> None:
    clients = request.app.ctx.clients
    clients.add(ws)
    try:
        await ws.send('{"ready": true}')
        async for message in ws:
            await request.app.ctx.redis.publish(FEED, message)
    finally:
        clients.discard(ws)


if __name__ == "__main__":
    app.run(
        "127.0.0.1",
        int(sys.argv[1]),
        single_process=True,
        motd=False,
        access_log=False,
        verbosity=0,
    )
