"""An app through slack_sdk's Socket Mode client that handles every kind of interaction, with WebhookClient for its
response_urls."""

import queue

from slack_sdk import WebClient
from slack_sdk.models.blocks import ActionsBlock, ButtonElement, InputBlock, PlainTextInputElement, SectionBlock
from slack_sdk.models.views import View
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.webhook import WebhookClient

from start import BOT, BOT_APP, ECHO_APP, PERSON, Workspace, main, until

FORM = View(
    type="modal", callback_id="form", title="Form", submit="Send",
    blocks=[InputBlock(block_id="why", label="Why", element=PlainTextInputElement(action_id="text"))],
)


def tests(url):
    workspace = Workspace(url)
    ada = WebClient(token=PERSON, base_url=f"{url}/api/")
    web = WebClient(token=BOT, base_url=f"{url}/api/")
    client = SocketModeClient(app_token=BOT_APP, web_client=WebClient(token=BOT_APP, base_url=f"{url}/api/"))
    heard = queue.Queue()

    def listen(client, request):
        payload, answer = request.payload, None
        kind = payload.get("type") if request.type == "interactive" else request.type
        if kind == "slash_commands":
            row = ActionsBlock(block_id="row", elements=[ButtonElement(action_id="press", text="Press", value="42")])
            blocks = [SectionBlock(text=f"you said {payload['text']}"), row]
            answer = {"text": f"you said {payload['text']}", "blocks": [block.to_dict() for block in blocks]}
        elif kind == "view_submission" and payload["view"]["state"]["values"]["why"]["text"]["value"] == "no":
            answer = {"response_action": "errors", "errors": {"why": "say more"}}
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=answer))
        if kind in ("block_actions", "shortcut"):
            web.views_open(trigger_id=payload["trigger_id"], view=FORM)
        if kind == "events_api" and payload["event"]["type"] == "app_home_opened" and payload["event"]["tab"] == "home":
            web.views_publish(user_id=payload["event"]["user"], view=View(type="home", blocks=[SectionBlock(text="at home")]))
        if kind != "events_api":
            heard.put((kind, payload))

    client.socket_mode_request_listeners.append(listen)

    def command():
        client.connect()
        until(lambda: workspace.app("Echo")["connections"] == 1)
        told = workspace.do("command", command="/echo", text="hello", channel="random")
        assert told["response"]["text"] == "you said hello", told
        kind, payload = heard.get(timeout=20)
        assert kind == "slash_commands" and payload["user_name"] == "ada" and payload["channel_name"] == "random", payload
        assert WebhookClient(payload["response_url"]).send(text="and later").status_code == 200
        until(lambda: [one for one in workspace.whispers("random", ECHO_APP) if one["text"] == "and later"])

    def click():
        message = next(one for one in workspace.whispers("random", ECHO_APP) if one["text"] == "you said hello")
        told = workspace.do("click", channel="random", ts=message["ts"], action_id="press")
        assert told["acknowledged"], told
        kind, payload = heard.get(timeout=20)
        assert kind == "block_actions" and payload["actions"][0]["value"] == "42" and payload["container"]["is_ephemeral"], payload
        webhook = WebhookClient(payload["response_url"])
        assert webhook.send(text="replaced", replace_original=True).status_code == 200
        until(lambda: workspace.message("random", message["ts"])["text"] == "replaced")
        codes = [webhook.send(text="more").status_code for _ in range(5)]
        assert codes[:4] == [200] * 4 and codes[4] != 200, f"a response_url is good five times: {codes}"

    def form():
        view = until(lambda: workspace.views(app=ECHO_APP))[0]
        told = workspace.do("submit", view_id=view["id"], values={"why": {"text": "no"}})
        assert told["response"] == {"response_action": "errors", "errors": {"why": "say more"}}, told
        workspace.do("submit", view_id=view["id"], values={"why": {"text": "because"}})
        assert not workspace.views(app=ECHO_APP)
        kinds = [heard.get(timeout=20)[0] for _ in range(2)]
        assert kinds == ["view_submission"] * 2, kinds

    def shortcuts():
        ts = ada.chat_postMessage(channel="random", text="look")["ts"]
        workspace.do("shortcut", callback_id="echo_message", channel="random", ts=ts)
        kind, payload = heard.get(timeout=20)
        assert kind == "message_action" and payload["message"]["text"] == "look" and payload["message_ts"] == ts, payload
        workspace.do("shortcut", callback_id="echo_global")
        kind, payload = heard.get(timeout=20)
        assert kind == "shortcut" and payload["callback_id"] == "echo_global", payload
        until(lambda: workspace.views(app=ECHO_APP))

    def home():
        workspace.do("home", app="Echo")
        view = until(lambda: workspace.views("home", ECHO_APP))[0]
        assert view["blocks"][0]["text"]["text"] == "at home", view
        client.close()

    return [
        ("slack_sdk app: a slash command, answered with its acknowledgement and by response_url", command),
        ("slack_sdk app: a click, answered by response_url five times at most", click),
        ("slack_sdk app: a form with errors", form),
        ("slack_sdk app: message shortcut and global shortcut", shortcuts),
        ("slack_sdk app: the Home tab", home),
    ]


if __name__ == "__main__":
    main(tests)
