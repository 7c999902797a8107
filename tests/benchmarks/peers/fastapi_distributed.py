"""fastapi-distributed-websocket as its README has it for several servers, on uvicorn.

Its listener asks Redis again at once where nothing came, so it also takes CPU while it is idle.
"""

import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# The class is used directly, since the library takes a URL only for Redis over TCP.
from distributed_websocket import WebSocketManager
from distributed_websocket._broker import RedisBroker
from fastapi import FastAPI, WebSocket

manager: WebSocketManager
numbers = itertools.count()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    global manager
    url = os.environ["REDIS_URL"]
    manager = WebSocketManager("distributed-feed", broker_class=RedisBroker, redis_url=url)
    async with manager:
        yield


app = FastAPI(lifespan=lifespan)


@app.websocket("/feed")
async def feed(websocket: WebSocket) -> None:
    connection = await manager.new_connection(websocket, str(next(numbers)))
    await connection.send_json({"ready": True})
    try:
        async for message in connection.iter_json():
            await manager.receive(connection, message)
    finally:
        manager.remove_connection(connection)
