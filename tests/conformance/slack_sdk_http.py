"""The bot with slack.mode = "http": what slack_sdk signs is taken, and nothing else."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier

from start import PERSON, main, until

SECRET = "a secret of this test"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@contextlib.contextmanager
def serve(binary, url):
    """`signpost serve` beside the workspace; gives the address that Slack would post to."""
    with socket.socket() as free, socket.socket() as free_too, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        free_too.bind(("127.0.0.1", 0))
        listen, health = ("%s:%d" % one.getsockname() for one in (free, free_too))
        free.close()
        free_too.close()
        settings = {
            "SLACK__MODE": "http",
            "SLACK__LISTEN": listen,
            "SLACK__API_URL": f"{url}/api",
            "SLACK__BOT_TOKEN": "xoxb" + "-sandbox-signpost",
            "SLACK__SIGNING_SECRET": SECRET,
            "STORE__PATH": f"{folder}/signpost.db",
            "HTTP__LISTEN": health,
        }
        environment = {**os.environ, **{f"SIGNPOST__{key}": value for key, value in settings.items()}}
        process = subprocess.Popen([binary, "serve"], env=environment, cwd=folder)
        try:
            until(lambda: status(f"http://{health}/ready") == 200, 30)
            yield f"http://{listen}"
            process.terminate()
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()


def status(url):
    try:
        return urllib.request.urlopen(url).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def post(url, body, kind=JSON, secret=SECRET, age=0, **headers):
    """What Slack would send; gives the status and the body."""
    timestamp = str(int(time.time()) - age)
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    told = {"content-type": kind, "x-slack-request-timestamp": timestamp, "x-slack-signature": signature, **headers}
    request = urllib.request.Request(url, data=body.encode(), headers=told, method="POST")
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def checks(bot, url):
    ada = WebClient(token=PERSON, base_url=f"{url}/api/")
    support = next(one["id"] for one in ada.conversations_list()["channels"] if one["name"] == "support")
    people = {one["name"]: one["id"] for one in ada.users_list()["members"]}

    def challenge():
        asked = json.dumps({"type": "url_verification", "challenge": "c-1", "token": "t"})
        code, told = post(f"{bot}/slack/events", asked)
        assert code == 200 and json.loads(told) == {"challenge": "c-1"}, (code, told)
        assert post(f"{bot}/slack/events", asked, secret="another")[0] == 401

    def refused():
        # The bot judges by Slack's time, which it knows to the second: so not at the very edge.
        for change in ({"secret": "another"}, {"age": 310}, {"age": -330}):
            code, told = post(f"{bot}/slack/events", "{}", **change)
            assert code == 401, (change, code, told)
        assert status(f"{bot}/slack/events") == 405

    def certificate():
        request = urllib.request.Request(f"{bot}/slack/commands", data=b"ssl_check=1&token=t", method="POST")
        with urllib.request.urlopen(request) as response:
            assert (response.status, response.read()) == (200, b"")

    def event():
        ts = ada.chat_postMessage(channel=support, text="an event of this shall be answered")["ts"]
        told = {"type": "app_mention", "channel": support, "user": people["ada"], "ts": ts,
                "text": f"<@{people['signpost']}> help"}
        team = ada.auth_test()["team_id"]
        body = json.dumps({"type": "event_callback", "team_id": team, "event_id": "Ev1", "event": told})
        assert post(f"{bot}/slack/events", body) == (200, "")
        again = {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}
        assert post(f"{bot}/slack/events", body, **again) == (200, "")
        replies = lambda: ada.conversations_replies(channel=support, ts=ts)["messages"][1:]
        until(replies)
        assert len(replies()) == 1, replies()

    def command():
        form = urllib.parse.urlencode({
            "command": "/signpost", "text": "help", "user_id": people["ada"], "channel_id": support,
            "team_id": ada.auth_test()["team_id"], "trigger_id": "1.2.3", "response_url": f"{url}/actions/none",
        })
        code, told = post(f"{bot}/slack/commands", form, kind=FORM)
        assert code == 200 and json.loads(told)["response_type"] == "ephemeral", (code, told)

    return [
        ("http: the challenge is answered when it is signed", challenge),
        ("http: what is forged, old or ahead is refused", refused),
        ("http: a look at the certificate gets its 200", certificate),
        ("http: an event is answered in its thread, and once", event),
        ("http: a command is answered at once", command),
    ]


def tests(url):
    with serve(os.path.abspath(sys.argv[1]), url) as bot:
        yield from checks(bot, url)


main(tests)
