"""Rooms: which there are, who is in them, what was said in them."""

import time

import pytest


async def test_welcome(cast):
    client = await cast.connect("/ws/chat/", token=cast.ada.token)
    welcome = await client.event("welcome")
    assert len(welcome.pop("conn_id")) == 36
    assert welcome == {
        "action": "welcome",
        "user": cast.ada.body,
        "courses": [
            {
                "course": cast.course.slug,
                "title": "Physics",
                "role": "student",
                "room": cast.room,
            }
        ],
        "limits": {
            "text": 4000,
            "rationale": 1000,
            "frame": 65536,
            "rooms": 200,
            "resume": 500,
            "page": 100,
        },
        "server_time": pytest.approx(time.time(), abs=5),
    }
