"""Starts `signpost sandbox` on a free port, acts as people there, keeps what was sent, and counts checks, for the scripts
beside."""

import contextlib
import json
import os
import pathlib
import re
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request

from slack_rules import message_faults, view_faults

PERSON = "xoxp" + "-sandbox-ada"
OTHER_PERSON = "xoxp" + "-sandbox-grace"
BOT = "xoxb" + "-sandbox-echo"
BOT_APP = "xapp" + "-sandbox-echo"
SIGNPOST_APP, ECHO_APP = "A0SIGNPOST", "A0ECHO0001"


@contextlib.contextmanager
def program(binary, *arguments, environment=None):
    """Gives a running program and the first line of its stdout; afterwards it must end cleanly when asked to."""
    env = {**os.environ, **(environment or {})}
    process = subprocess.Popen([binary, *arguments], stdout=subprocess.PIPE, text=True, env=env)
    lines = queue.Queue()
    threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()
    try:
        yield process, lines
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=30)
            if code != 0:
                raise SystemExit(f"{arguments[0]}, asked to end, ended with {code}")
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def sandbox(binary, *more):
    """Gives the workspace's address."""
    with program(binary, "sandbox", "--port", "0", *more) as (_, lines):
        url = lines.get(timeout=30).strip()
        if not url.startswith("http://127.0.0.1:"):
            raise SystemExit(f"no address on stdout but {url!r}")
        yield url


class Workspace:
    """What people do in Slack's client and what has no public API."""

    def __init__(self, url):
        self.url = url

    def do(self, action, token=PERSON, **body):
        """`/sandbox/ACTION`; what it refuses is an AssertionError with its sentence."""
        request = urllib.request.Request(
            f"{self.url}/sandbox/{action}", json.dumps(body).encode(),
            {"content-type": "application/json", "authorization": f"Bearer {token}"},
        )
        try:
            return json.load(urllib.request.urlopen(request, timeout=30))
        except urllib.error.HTTPError as error:
            raise AssertionError(f"/sandbox/{action}: {json.load(error).get('error')}") from None

    def state(self):
        return json.load(urllib.request.urlopen(f"{self.url}/sandbox/state", timeout=30))

    def app(self, name):
        return next(one for one in self.state()["apps"] if one["name"] == name)

    def channel(self, name):
        return next(one for one in self.state()["channels"] if name in (one["id"], one["name"]))

    def messages(self, channel):
        return self.channel(channel)["messages"]

    def message(self, channel, ts):
        return next((one for one in self.messages(channel) if one["ts"] == ts), None)

    def replies(self, channel, ts, app=SIGNPOST_APP):
        """What an app says in a thread, to everybody."""
        return [
            one for one in self.messages(channel)
            if one.get("thread_ts") == ts and one.get("app_id") == app and "ephemeral_to" not in one
        ]

    def below(self, channel, ts, app=SIGNPOST_APP):
        """What an app says after a message, outside threads: answers in direct messages stand there."""
        return [
            one for one in self.messages(channel)
            if "thread_ts" not in one and one["ts"] > ts and one.get("app_id") == app and "ephemeral_to" not in one
        ]

    def whispers(self, channel, app=SIGNPOST_APP):
        """What only one person sees."""
        return [one for one in self.messages(channel) if one.get("app_id") == app and "ephemeral_to" in one]

    def views(self, kind="modal", app=SIGNPOST_APP):
        return [one for one in self.state()["views"] if one["type"] == kind and one["app_id"] == app]


class Sent:
    """Every version of every message and view that an app sends, from the live feed of the workspace."""

    def __init__(self, workspace, app=SIGNPOST_APP):
        self.workspace, self.app = workspace, app
        self.messages, self.views, self.resyncs = [], [], 0
        self.feed = urllib.request.urlopen(f"{workspace.url}/sandbox/live")
        # Whoever reads the first line has been heard by the workspace.
        self.feed.readline()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        with contextlib.suppress(Exception):  # the workspace ends before its readers
            for line in self.feed:
                if line.startswith(b"data:"):
                    self.take(json.loads(line[5:]))

    def take(self, change):
        if change.get("type") == "resync":
            self.resyncs += 1
        elif change.get("type") == "message" and change["message"].get("app_id") == self.app:
            if change["message"] not in self.messages[-3:]:
                self.messages.append(change["message"])
        elif change.get("type") == "view" and change["view"].get("app_id") == self.app:
            self.views.append(change["view"])

    def everything(self):
        state = self.workspace.state()
        messages = [one for channel in state["channels"] for one in channel["messages"] if one.get("app_id") == self.app]
        views = [one for one in state["views"] if one["app_id"] == self.app]
        return self.messages + messages, self.views + views

    def check(self, calls_people=lambda message: False):
        """All of it keeps Slack's rules. `calls_people(message)`: it may hold mentions. Kept for the TypeScript check."""
        messages, views = self.everything()
        assert messages, "nothing was sent"
        assert not self.resyncs, "the live feed was too slow: not everything was seen"
        faults = []
        for message in messages:
            changed = message.get("edited") or message.get("blocks")
            for fault in message_faults(message, calls_people(message), is_changed=bool(changed)):
                faults.append(f"{fault}\n    in {message['text'][:100]!r}")
        for view in views:
            faults += [f"{fault}\n    in the view {view.get('callback_id')}" for fault in view_faults(view)]
        keep(messages, views)
        unique = sorted(set(faults))
        assert not unique, f"{len(unique)} faults:\n  " + "\n  ".join(unique[:20])
        return len(messages), len(views)


def keep(messages, views):
    """Leaves what was sent where tests/conformance/types.mjs looks for it."""
    folder = os.environ.get("SIGNPOST_SENT")
    if not folder:
        return
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    name = f"{pathlib.Path(sys.argv[0]).stem}-{os.getpid()}.jsonl"
    with open(pathlib.Path(folder) / name, "a", encoding="utf-8") as file:
        for message in messages:
            file.write(json.dumps({"message": message}) + "\n")
        for view in views:
            file.write(json.dumps({"view": view}) + "\n")


def buttons(holder):
    """The buttons of a message or a view."""
    return [
        element for block in holder.get("blocks", []) if block["type"] == "actions"
        for element in block["elements"] if element["type"] == "button"
    ]


def labels(holder):
    """What people can choose in a message or a view: its buttons and the options of its menus."""
    menus = [
        element for block in holder.get("blocks", []) if block["type"] == "actions"
        for element in block["elements"] if "options" in element
    ]
    options = [option["text"]["text"] for menu in menus for option in menu["options"]]
    return [button["text"]["text"] for button in buttons(holder)] + options


def marked(holder):
    """The numbers of the steps that are marked as done."""
    undo = (re.match(r"Undo (\d+)\.", label) for label in labels(holder))
    return {int(found[1]) for found in undo if found}


def shown(holder):
    """What people read in a message's or view's blocks."""
    def texts(value, key=None):
        if isinstance(value, dict):
            for inner_key, inner in value.items():
                yield from texts(inner, inner_key)
        elif isinstance(value, list):
            for inner in value:
                yield from texts(inner, key)
        elif key in ("text", "initial_value") and isinstance(value, str):
            yield value

    def read(block):
        if block.get("type") == "rich_text":
            return rich(block["elements"])
        return "\n".join(texts(block))

    return "\n".join(map(read, holder.get("blocks", [])))


def rich(elements):
    """What people read in rich text, with the numbers of its lists, code in backticks and bold in asterisks, as in mrkdwn."""
    def text(one):
        said = one.get("text") or one.get("fallback") or ""
        said = f"<{one['url']}|{said}>" if one["type"] == "link" else said
        style = one.get("style", {})
        return f"`{said}`" if style.get("code") else f"*{said}*" if style.get("bold") else said

    lines = []
    for element in elements:
        if element["type"] == "rich_text_list":
            for number, item in enumerate(element["elements"], element.get("offset", 0) + 1):
                marker = f"{number}." if element["style"] == "ordered" else "•"
                lines.append(f"{marker} {''.join(map(text, item['elements']))}")
        elif element["type"] == "rich_text_preformatted":
            lines.append("```\n" + "".join(map(text, element["elements"])) + "\n```")
        else:
            lines.append("".join(map(text, element["elements"])))
    return "\n".join(lines)


def until(look, seconds=20.0):
    """Looks again until there is something to see."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.02)


def run(checks):
    """Runs `(name, function)` pairs and ends the process with the verdict."""
    passed = failed = 0
    for name, check in checks:
        try:
            told = check()
            passed += 1
            print(f"ok   {name}{f' ({told})' if isinstance(told, str) else ''}", flush=True)
        except Exception:  # a check that breaks is a check that failed
            failed += 1
            print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    return failed


def main(tests, *more):
    """`tests(url)` gives the pairs; the binary's path is the script's argument."""
    with sandbox(sys.argv[1], *more) as url:
        failed = run(tests(url))
    sys.exit(1 if failed else 0)
