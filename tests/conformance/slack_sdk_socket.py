"""A bot through slack_sdk's Socket Mode client: hears, acknowledges, answers, survives a reconnect."""

import json
import queue
import urllib.request

from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

from start import BOT, BOT_APP, PERSON, main, until


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    return json.load(urllib.request.urlopen(request))


def tests(url):
    ada = WebClient(token=PERSON, base_url=f"{url}/api/")
    web = WebClient(token=BOT, base_url=f"{url}/api/")
    app = WebClient(token=BOT_APP, base_url=f"{url}/api/")
    heard = queue.Queue()
    client = SocketModeClient(app_token=BOT_APP, web_client=app)

    def listen(client, request):
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        event = request.payload.get("event", {})
        if event.get("bot_id") is None:
            heard.put(request)

    client.socket_mode_request_listeners.append(listen)
    random = next(one["id"] for one in ada.conversations_list()["channels"] if one["name"] == "random")

    def state_of_app():
        state = json.load(urllib.request.urlopen(f"{url}/sandbox/state"))
        return next(one for one in state["apps"] if one["name"] == "Echo")

    def hears():
        client.connect()
        until(lambda: state_of_app()["connections"] == 1)
        ts = ada.chat_postMessage(channel=random, text="hello <you> & all")["ts"]
        event = heard.get(timeout=20).payload["event"]
        assert event["ts"] == ts and event["text"] == "hello &lt;you&gt; &amp; all", event
        assert event["channel_type"] == "channel" and event["blocks"][0]["type"] == "rich_text", event
        until(lambda: state_of_app()["unacknowledged"] == 0)

    def answers():
        ts = ada.chat_postMessage(channel=random, text="@echo are you there?")["ts"]
        kinds = {heard.get(timeout=20).payload["event"]["type"] for _ in range(2)}
        assert kinds == {"message", "app_mention"}, kinds
        web.chat_postMessage(channel=random, thread_ts=ts, text="yes")
        replies = ada.conversations_replies(channel=random, ts=ts)["messages"]
        assert replies[1]["text"] == "yes" and replies[0]["reply_count"] == 1, replies

    def reconnects():
        before = client.session_id()
        refresh = {"kind": "disconnect", "app": "Echo", "reason": "refresh_requested", "grace_ms": 300}
        post(f"{url}/sandbox/faults", refresh)
        until(lambda: client.session_id() != before and state_of_app()["connections"] == 1, 15)
        ada.chat_postMessage(channel=random, text="still there?")
        assert heard.get(timeout=15).payload["event"]["text"] == "still there?"

    def close():
        client.close()
        until(lambda: state_of_app()["connections"] == 0)

    return [
        ("slack_sdk Socket Mode: hears and acknowledges", hears),
        ("slack_sdk Socket Mode: a mention arrives twice, an answer lands in the thread", answers),
        ("slack_sdk Socket Mode: takes a new connection when Slack asks for it and hears on", reconnects),
        ("slack_sdk Socket Mode: closes", close),
    ]


if __name__ == "__main__":
    main(tests)
