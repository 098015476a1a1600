"""What lies between Slack and the bot: HTTP mode (point 7), Slack's answers (point 8), interactions under load (point 10).

HTTP mode and restarts are tried with `signpost serve` itself, which takes the part of the app Echo in the workspace."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from pastes import ALERT, CLOUD, EKS, code
from start import BOT, BOT_APP, ECHO_APP, OTHER_PERSON, PERSON, Sent, Workspace, labels, marked, main, shown, until

SECRET = "sandbox-signing-secret"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Served:
    """`signpost serve` as the app Echo."""

    def __init__(self, url, folder, **more):
        self.health, self.port = free_port(), free_port()
        self.environment = {
            **os.environ,
            "SIGNPOST__SLACK__API_URL": f"{url}/api", "SIGNPOST__SLACK__BOT_TOKEN": BOT, "SIGNPOST__SLACK__APP_TOKEN": BOT_APP,
            "SIGNPOST__SLACK__SIGNING_SECRET": SECRET, "SIGNPOST__SLACK__LISTEN": f"127.0.0.1:{self.port}",
            "SIGNPOST__STORE__PATH": os.path.join(folder, "signpost.db"), "SIGNPOST__HTTP__LISTEN": f"127.0.0.1:{self.health}",
            "SIGNPOST__LOG__LEVEL": "error", **more,
        }
        self.process = None

    def start(self):
        self.process = subprocess.Popen([sys.argv[1], "serve"], env=self.environment, stdout=subprocess.DEVNULL)
        until(self.ready, 20)
        return self

    def ready(self):
        assert self.process.poll() is None, f"signpost serve ended with {self.process.returncode}"
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{self.health}/ready").status == 200
        return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=25) == 0

    def post(self, body, kind="application/json", headers=None, path="/slack/events"):
        """A request that we make up; gives its status."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, {"content-type": kind, **(headers or {})})
        try:
            answer = urllib.request.urlopen(request, timeout=5)
            return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    @staticmethod
    def signed(body, at=None, secret=SECRET):
        at = str(int(time.time()) if at is None else at)
        signature = SignatureVerifier(secret).generate_signature(timestamp=at, body=body)
        return {"x-slack-request-timestamp": at, "x-slack-signature": signature}


def tests(url):
    workspace = Workspace(url)
    sent, served_sent = Sent(workspace), Sent(workspace, ECHO_APP)
    ada = WebClient(token=PERSON, base_url=f"{url}/api/")
    rooms = iter(range(1000))

    def room(bot="signpost"):
        return workspace.do("channel", name=f"slack-{next(rooms)}", members=["ada", "grace", bot])["channel"]

    def replies(channel, ts, app="A0SIGNPOST"):
        return workspace.replies(channel, ts, app)

    # --- HTTP mode and restarts ---------------------------------------------------------------------------------

    def over_http():
        with tempfile.TemporaryDirectory() as folder:
            served = Served(url, folder, SIGNPOST__SLACK__MODE="http").start()
            try:
                at = f"http://127.0.0.1:{served.port}/slack"
                told = workspace.do(
                    "request_url", app="Echo", events=f"{at}/events", interactivity=f"{at}/interactions", commands=f"{at}/commands", verify=True,
                )
                assert told["ssl_check"] == 200, told
                http_story(served)
            finally:
                workspace.do("request_url", app="Echo")
                workspace.do("faults", clear=True)
                served.stop()

    def http_story(served):
        channel = room("echo")
        ts = ada.chat_postMessage(channel=channel, text=CLOUD)["ts"]
        card = until(lambda: replies(channel, ts, ECHO_APP))[0]
        told = workspace.do("click", channel=channel, ts=card["ts"], text="Next")
        assert told["acknowledged"], told
        until(lambda: "part 2 of 2" in shown(workspace.message(channel, card["ts"])))
        told = workspace.do("command", app="Echo", command="/echo", text="show armada-api-login E0003", channel=channel)
        assert told["acknowledged"] and "E0003" in str(told["response"]), told
        told = workspace.do("shortcut", app="Echo", callback_id="paste_error")
        view = until(lambda: workspace.views(app=ECHO_APP))[0]
        told = workspace.do("submit", view_id=view["id"], values={"paste": {"value": EKS}})
        assert told["response"]["response_action"] == "update", told
        forged_and_stale(served, channel)
        by_hand(served, channel)

    def forged_and_stale(served, channel):
        workspace.do("options", retry_delays_ms=[50, 50, 50])
        for kind in ("forged", "stale"):
            workspace.do("faults", kind=kind, app="Echo", method="message")
            ts = ada.chat_postMessage(channel=channel, text=EKS if kind == "forged" else code())["ts"]
            until(lambda: replies(channel, ts, ECHO_APP))
            sendings = [one for one in workspace.state()["deliveries"] if one["app"] == ECHO_APP and one["what"] == "message"]
            again = next(one for one in reversed(sendings) if one["attempt"] == 1)
            tries = [one["attempt"] for one in sendings if one["envelope_id"] == again["envelope_id"]]
            assert again["acknowledged"] and tries == [0, 1], (kind, sendings[-4:])
        workspace.do("options", retry_delays_ms=[100, 60000, 300000])

    def by_hand(served, channel):
        challenge = json.dumps({"type": "url_verification", "challenge": "c4", "token": "t"}).encode()
        status, body = served.post(challenge, headers=served.signed(challenge))
        assert status == 200 and "c4" in body, (status, body)
        assert served.post(challenge)[0] == 401, "unsigned"
        assert served.post(challenge, headers=served.signed(challenge, secret="another"))[0] == 401
        for minutes in (-6, 6):
            assert served.post(challenge, headers=served.signed(challenge, at=int(time.time()) + minutes * 60))[0] == 401, "stale"
        changed = served.signed(challenge)
        assert served.post(challenge + b" ", headers=changed)[0] == 401, "changed on the way"
        assert served.post(b"ssl_check=1&token=t", "application/x-www-form-urlencoded", path="/slack/commands")[0] == 200
        huge = b'{"x":"' + b"y" * (2 << 20) + b'"}'
        with contextlib.suppress(OSError):  # it may hang up while we still send
            assert served.post(huge, headers=served.signed(huge))[0] == 413
        ts = ada.chat_postMessage(channel=channel, text="look")["ts"]
        event = {"type": "message", "channel": channel, "channel_type": "channel", "user": "U0ADA00001", "ts": ts, "text": f"<@U0ECHO0001> {ALERT}"}
        body = json.dumps({"type": "event_callback", "team_id": "T0SANDBOX1", "event_id": "Ev0HAND", "event": event}).encode()
        for number in range(3):
            again = {"x-slack-retry-num": str(number), "x-slack-retry-reason": "http_timeout"} if number else {}
            assert served.post(body, headers={**served.signed(body), **again})[0] == 200
        until(lambda: replies(channel, ts, ECHO_APP))
        after = ada.chat_postMessage(channel=channel, text="@echo status")["ts"]
        until(lambda: replies(channel, after, ECHO_APP), 10)
        assert len(replies(channel, ts, ECHO_APP)) == 1, "retries are answered once"
        assert served.post(b"not json", headers=served.signed(b"not json"))[0] < 500, "nonsense is acknowledged or refused, no more"

    def restart():
        with tempfile.TemporaryDirectory() as folder:
            # A big workspace lets nobody list its channels and people quickly: the start does not need it.
            for method in ("conversations.list", "users.list", "users.conversations", "usergroups.list"):
                workspace.do("faults", kind="429", retry_after=60, method=method, app="Echo", times="always")
            served = Served(url, folder).start()
            workspace.do("faults", clear=True)
            channel = room("echo")
            ts = ada.chat_postMessage(channel=channel, text=CLOUD)["ts"]
            card = until(lambda: replies(channel, ts, ECHO_APP))[0]
            workspace.do("click", channel=channel, ts=card["ts"], text="1.")
            until(lambda: 1 in marked(workspace.message(channel, card["ts"])))
            served.kill()
            told = workspace.do("click", channel=channel, ts=card["ts"], text="2.")
            # Slack may not have noticed yet that nobody is connected any more.
            assert not told["acknowledged"] and told["failure"] in ("dispatch_failed", "operation_timeout"), told
            missed = ada.chat_postMessage(channel=channel, text=EKS)["ts"]
            again = Served(url, folder).start()
            told = workspace.do("click", OTHER_PERSON, channel=channel, ts=card["ts"], text="2.")
            assert told["acknowledged"], told
            until(lambda: {1, 2} <= marked(workspace.message(channel, card["ts"])))
            until(lambda: replies(channel, missed, ECHO_APP), 15)
            assert len(replies(channel, ts, ECHO_APP)) == 1, "said once, also after kill -9"
            again.stop()

    # --- Slack's answers ----------------------------------------------------------------------------------------

    def slack_says():
        """Each trouble in a channel of its own, all at the same time: some take until a lookup is allowed."""
        cases = [
            ("429", {"retry_after": 2}, 1), ("5xx", {"status": 503}, 1), ("5xx", {"status": 500, "apply": True}, 1),
            ("break", {"apply": True}, 1), ("break", {}, 1), ("error", {"error": "internal_error"}, 1),
            ("error", {"error": "fatal_error"}, 1), ("error", {"error": "msg_blocks_too_long"}, 1),
            ("error", {"error": "invalid_blocks"}, 1), ("error", {"error": "ratelimited"}, 1), ("html", {}, 1),
            ("error", {"error": "channel_not_found"}, 0), ("error", {"error": "not_in_channel"}, 0),
            ("error", {"error": "is_archived"}, 0), ("error", {"error": "restricted_action"}, 0),
            ("error", {"error": "cannot_reply_to_message"}, 0), ("error", {"error": "message_limit_exceeded"}, 0),
        ]
        waiting = []
        for kind, more, count in cases:
            channel = room()
            workspace.do("faults", kind=kind, method="chat.postMessage", app="Signpost", channel=channel, **more)
            waiting.append((channel, ada.chat_postMessage(channel=channel, text=CLOUD)["ts"], kind, more, count))
        for channel, ts, kind, more, count in waiting:
            if count:
                until(lambda: replies(channel, ts), 45)
        time.sleep(1)
        for channel, ts, kind, more, count in waiting:
            found = len(replies(channel, ts))
            assert found == count, f"{kind} {more}: {found} answers instead of {count}"
        # Whatever was given up, the channel's next message is answered.
        for channel, _, kind, more, count in waiting[-6:]:
            ts = ada.chat_postMessage(channel=channel, text=EKS)["ts"]
            until(lambda: replies(channel, ts), 20)

    def revoked():
        """Tokens that are refused for a while: nothing is lost, nothing crashes."""
        channel = room()
        workspace.do("faults", kind="error", error="token_revoked", method="chat.postMessage", app="Signpost", channel=channel, times=2)
        ts = ada.chat_postMessage(channel=channel, text=CLOUD)["ts"]
        until(lambda: replies(channel, ts), 90)
        assert len(replies(channel, ts)) == 1

    def update_limited():
        channel = room()
        ts = ada.chat_postMessage(channel=channel, text=CLOUD)["ts"]
        card = until(lambda: replies(channel, ts))[0]
        workspace.do("faults", kind="429", method="chat.update", retry_after=6, app="Signpost")
        workspace.do("click", channel=channel, ts=card["ts"], text="1.")
        other = room()
        posted = ada.chat_postMessage(channel=other, text=EKS)["ts"]
        until(lambda: replies(other, posted))
        now = marked(workspace.message(channel, card["ts"]))
        assert 1 not in now, "posts do not wait for updates"
        until(lambda: 1 in marked(workspace.message(channel, card["ts"])), 10)

    def archived():
        channel = room()
        ts = ada.chat_postMessage(channel=channel, text=CLOUD)["ts"]
        card = until(lambda: replies(channel, ts))[0]
        workspace.do("channel", name=channel, archived=True)
        with contextlib.suppress(AssertionError, SlackApiError):
            workspace.do("click", channel=channel, ts=card["ts"], text="Fixed")
        workspace.do("channel", name=channel, archived=False)
        other = room()
        posted = ada.chat_postMessage(channel=other, text=EKS)["ts"]
        until(lambda: replies(other, posted))

    def crowd():
        """200 pastes in 10 channels at once: all are answered, no faster than Slack allows, none twice."""
        channels = [room() for _ in range(10)]
        texts = [code, lambda: CLOUD, lambda: EKS, lambda: ALERT]
        roots = []

        def say(channel):
            for number in range(20):
                ts = ada.chat_postMessage(channel=channel, text=texts[number % 4]())["ts"]
                roots.append((channel, ts))

        began = time.monotonic()
        threads = [threading.Thread(target=say, args=(channel,)) for channel in channels]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        posted = time.monotonic() - began
        # A click in the middle of it.
        clicked = room()
        ts = ada.chat_postMessage(channel=clicked, text=CLOUD)["ts"]
        card = until(lambda: replies(clicked, ts), 20)[0]
        told = workspace.do("click", channel=clicked, ts=card["ts"], text="1.")
        assert told["acknowledged"], told

        def answered():
            state = {one["id"]: one["messages"] for one in workspace.state()["channels"]}
            per = {root: 0 for root in roots}
            for channel in channels:
                for one in state[channel]:
                    if one.get("app_id") == "A0SIGNPOST":
                        per[(channel, one["thread_ts"])] += 1
            return per

        def all_answered():
            return all(answered().values())

        end = time.monotonic() + 60
        while not all_answered():
            assert time.monotonic() < end, f"{sum(1 for count in answered().values() if not count)} pastes are not answered"
            time.sleep(0.5)
        assert set(answered().values()) == {1}, "answered once each"
        return f"posted in {posted:.1f} s, all answered after {time.monotonic() - began:.1f} s"

    def under_load():
        """Thousands of messages wait in one channel; clicks, commands and windows are acknowledged in time all the same."""
        channel, noisy = room(), room()
        ts = ada.chat_postMessage(channel=channel, text=CLOUD)["ts"]
        card = until(lambda: replies(channel, ts))[0]
        stop = threading.Event()
        count = [0]

        def talk():
            client = WebClient(token=PERSON, base_url=f"{url}/api/")
            while not stop.is_set() and count[0] < 2000:
                count[0] += 1
                client.chat_postMessage(channel=noisy, text=f"{count[0]}: {EKS}\n" + "a line of a log that says nothing\n" * 20)

        talkers = [threading.Thread(target=talk) for _ in range(4)]
        [talker.start() for talker in talkers]
        took = []
        for number in range(15):
            begin = time.monotonic()
            if number % 3 == 0:
                told = workspace.do("click", channel=channel, ts=card["ts"], text="Escalate")
            elif number % 3 == 1:
                told = workspace.do("command", command="/signpost", text=CLOUD, channel=channel)
            else:
                told = workspace.do("shortcut", callback_id="paste_error")
            took.append(time.monotonic() - begin)
            assert told["acknowledged"], told
            time.sleep(0.1)
        stop.set()
        [talker.join() for talker in talkers]
        return f"slowest {max(took) * 1000:.0f} ms beside {count[0]} messages"

    def everything_sent():
        messages, views = sent.check()
        more, windows = served_sent.check()
        return f"{messages + more} messages, {views + windows} views"

    return [
        ("7: HTTP mode: signatures, challenge, ssl_check, retries, events, interactions, commands", over_http),
        ("4: work in a thread survives kill -9", restart),
        ("8: what Slack answers is handled by class, nothing twice", slack_says),
        ("8: a limit on updates holds up no posts", update_limited),
        ("8: tokens that are refused for a while", revoked),
        ("8: an archived channel", archived),
        ("8: 200 pastes in 10 channels at once", crowd),
        ("10: clicks, commands and windows beside a flood of messages", under_load),
        ("everything sent keeps Slack's rules", everything_sent),
    ]


if __name__ == "__main__":
    main(tests)
