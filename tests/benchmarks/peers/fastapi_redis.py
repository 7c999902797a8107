"""FastAPI with a Redis pub/sub client for each socket, on uvicorn: the usual answer to "how do I
broadcast from several processes". The handler is FastAPI's WebSocket endpoint, the reader that of
redis-py's documentation of pub/sub with asyncio."""

import asyncio
import os

import redis.asyncio as redis
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from redis.asyncio.client import PubSub

FEED = "fastapi-feed"

app = FastAPI()


async def pass_on(pubsub: PubSub, websocket: WebSocket) -> None:
    async for message in pubsub.listen():
        if message["type"] == "message":
            await websocket.send_text(message["data"])


@app.websocket("/feed")
async def feed(websocket: WebSocket) -> None:
    await websocket.accept()
    client = redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
    async with client, client.pubsub() as pubsub:
        await pubsub.subscribe(FEED)
        await websocket.send_text('{"ready": true}')
        reader = asyncio.create_task(pass_on(pubsub, websocket))
        try:
            while True:
                await client.publish(FEED, await websocket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            reader.cancel()
