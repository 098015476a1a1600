"""The bot asked, through slack_sdk and as Slack's client does: one grammar for mention, direct message and /signpost
(point 1), shortcuts and their windows (point 2), the Home tab (point 6)."""

import re

from slack_sdk import WebClient

from pastes import ALERT, CHAT, CLOUD, EKS, code
from start import BOT, OTHER_PERSON, PERSON, Sent, Workspace, buttons, labels, main, shown, until

QUESTIONS = [
    ("a code", "E0003", r"E0003"),
    ("an error", CLOUD, r"permission and credential errors"),
    ("an alert", ALERT, r"Cartographer"),
    ("a question", "why does kubectl say Unauthorized on EKS?", r"Amazon EKS"),
    ("help", "help", r"`search WORDS`"),
    ("help on a command", "help mute", r"mute 2h"),
    ("search", "search iam token", r"Results for"),
    ("show", "show armada-api-login E0003", r"E0003"),
    ("show a whole runbook", "show ts-perms-creds", r"Resolving permission"),
    ("who", "who armada-api", r"pager\.example\.com/policies/armada-api"),
    ("status", "status", r"5 documents read"),
    ("a typo", "hlep", r"Did you mean `help`"),
    ("a typo with words behind it", "serach iam token", r"search iam token"),
    ("a command with too much behind it is a search", "status of the moon", r"no runbook|I’m not sure"),
]


def tests(url):
    workspace = Workspace(url)
    sent = Sent(workspace)
    ada = WebClient(token=PERSON, base_url=f"{url}/api/")
    grace = WebClient(token=OTHER_PERSON, base_url=f"{url}/api/")
    echo = WebClient(token=BOT, base_url=f"{url}/api/")
    rooms = iter(range(1000))

    def room(**more):
        return workspace.do("channel", name=f"asked-{next(rooms)}", **more)["channel"]

    def command(text, channel, token=PERSON):
        told = workspace.do("command", token, command="/signpost", text=text, channel=channel)
        assert told["acknowledged"] and "failure" not in told, told
        return told

    def by_slash(text, channel, token=PERSON):
        before = {one["ts"] for one in workspace.whispers(channel)}
        command(text, channel, token)
        return next(one for one in workspace.whispers(channel) if one["ts"] not in before)

    def by_mention(text, channel):
        ts = ada.chat_postMessage(channel=channel, text=f"@signpost {text}")["ts"]
        return until(lambda: workspace.replies(channel, ts))[0]

    def directly(text):
        ts = ada.chat_postMessage(channel="D0ADA00001", text=text)["ts"]
        return until(lambda: workspace.below("D0ADA00001", ts), 10)[0]

    def answers(name, text, wanted):
        def check():
            channel = room()
            mentioned, slashed = by_mention(text, channel), by_slash(text, channel)
            for way, answer in (("mention", mentioned), ("slash", slashed)):
                assert re.search(wanted, shown(answer)), f"{way}: {wanted} is missing in\n{shown(answer)}"
            # The first line tells what the answer is; the rest differs by the time of day and the button to share.
            assert shown(mentioned).splitlines()[0] == shown(slashed).splitlines()[0]
            assert slashed["ephemeral_to"] and "thread_ts" not in slashed
        return (f"1: {name}, by mention and by slash command", check)

    def direct():
        answer = directly("show armada-api-login E0003")
        assert "E0003" in shown(answer), shown(answer)
        assert "Results for" in shown(directly("search iam token"))

    def catalogue():
        told = shown(by_mention("help", room()))
        for usage in ("search WORDS", "show RUNBOOK [SECTION]", "who TEAM or SERVICE", "status", "mute [2h]", "unmute", "help [COMMAND]"):
            assert f"`{usage}`" in told, f"{usage} is missing in\n{told}"

    def share():
        channel = room()
        answer = by_slash(code(), channel)
        assert labels(answer)[0] == "Share in channel", labels(answer)
        workspace.do("click", channel=channel, ts=answer["ts"], text="Share in channel")
        shared = until(lambda: [one for one in workspace.messages(channel) if one.get("app_id") and "ephemeral_to" not in one])[0]
        assert "Shared by" in shown(shared) and "E0003" in shown(shared), shown(shared)
        until(lambda: not workspace.whispers(channel))
        # What was shared is worked on by everybody.
        workspace.do("click", OTHER_PERSON, channel=channel, ts=shared["ts"], text="Fixed")
        worked_on = lambda: shown(workspace.message(channel, shared["ts"])).lower()
        until(lambda: "fixed" in worked_on() and "grace" in worked_on())

    def near_misses():
        answer = by_slash("iam token error in the connector of the cluster", room())
        offered = [label for label in labels(answer) if label.startswith("Show ")]
        assert 1 <= len(offered) <= 3 or "What to do" in shown(answer), (offered, shown(answer))
        channel = room()
        found = by_mention("search token", channel)
        offered = [button for button in buttons(found) if button["action_id"].startswith("signpost_go_")]
        assert offered, shown(found)
        workspace.do("click", channel=channel, ts=found["ts"], action_id=offered[0]["action_id"])
        until(lambda: "Fixed" in labels(workspace.message(channel, found["ts"])))

    def mute():
        channel = room()
        assert "quiet" in shown(by_mention("mute 2h", channel))
        quiet = ada.chat_postMessage(channel=channel, text=code())["ts"]
        assert "E0003" in shown(by_mention("E0003", channel)), "asked, it answers"
        assert not workspace.replies(channel, quiet), "a muted channel stays quiet"
        assert "muted" in shown(by_slash("status", channel)).lower() or "quiet" in shown(by_slash("status", channel)).lower()
        by_mention("unmute", channel)
        ts = ada.chat_postMessage(channel=channel, text=EKS)["ts"]
        until(lambda: workspace.replies(channel, ts))

    def strangers_cannot_mute():
        stranger = workspace.do("person", name="visitor", stranger=True)
        channel = room(shared=True)
        told = WebClient(token=stranger["token"], base_url=f"{url}/api/").chat_postMessage(channel=channel, text="@signpost mute")
        answer = until(lambda: workspace.replies(channel, told["ts"]))[0]
        assert "quiet in this channel" not in shown(answer), shown(answer)

    def not_in_threads():
        try:
            workspace.do("command", command="/signpost", text="help", channel="support", thread_ts="1.0")
            raise AssertionError("Slack has no slash commands in threads")
        except AssertionError as refused:
            assert "not supported in threads" in str(refused), refused

    def find_runbook():
        channel = room()
        by_mention("mute", channel)
        ts = grace.chat_postMessage(channel=channel, text=CLOUD)["ts"]
        told = workspace.do("shortcut", callback_id="find_runbook", channel=channel, ts=ts)
        assert told["acknowledged"], told
        until(lambda: [one for one in workspace.replies(channel, ts) if "permission and credential errors" in shown(one)])
        workspace.do("shortcut", callback_id="find_runbook", channel=channel, ts=ts)
        until(lambda: [one for one in workspace.whispers(channel) if "Already answered" in shown(one)])
        assert len(workspace.replies(channel, ts)) == 1, "one answer, however often it is asked for"

    def find_runbook_of_bots():
        channel = room()
        root = echo.chat_postMessage(channel=channel, text="the pipeline is red")["ts"]
        ts = echo.chat_postMessage(channel=channel, text=code(), thread_ts=root)["ts"]
        workspace.do("shortcut", callback_id="find_runbook", channel=channel, ts=ts)
        until(lambda: [one for one in workspace.replies(channel, root) if "E0003" in shown(one)])

    def find_nothing():
        channel = room()
        ts = ada.chat_postMessage(channel=channel, text="qwertz uiop")["ts"]
        workspace.do("shortcut", callback_id="find_runbook", channel=channel, ts=ts)
        whisper = until(lambda: workspace.whispers(channel))[0]
        assert "no runbook" in shown(whisper) and not workspace.replies(channel, ts), shown(whisper)

    def open_window():
        before = {view["id"] for view in workspace.views()}
        told = workspace.do("shortcut", callback_id="paste_error")
        assert told["acknowledged"], told
        view = until(lambda: [view for view in workspace.views() if view["id"] not in before])[0]
        inputs = [block["element"]["type"] for block in view["blocks"] if block["type"] == "input"]
        assert inputs == ["plain_text_input", "conversations_select"], inputs
        return view

    def paste_window():
        view = open_window()
        told = workspace.do("submit", view_id=view["id"], values={"paste": {"value": code()}})
        assert told["acknowledged"] and told["response"]["response_action"] == "update", told
        answer = next(one for one in workspace.views() if one["id"] == view["id"])
        assert "E0003" in shown(answer) and answer["title"]["text"] == "What I found", shown(answer)
        workspace.do("submit", view_id=view["id"], close=True)

    def paste_window_empty():
        view = open_window()
        told = workspace.do("submit", view_id=view["id"], values={"paste": {"value": ""}})
        assert told.get("client_errors", {}).get("paste"), told
        told = workspace.do("submit", view_id=view["id"], values={"paste": {"value": CHAT}})
        assert told["acknowledged"] and told["response"]["response_action"] in ("update", "errors"), told
        assert "runbook" in str(told["response"]), told

    def paste_window_shared():
        channel = room()
        view = open_window()
        told = workspace.do("submit", view_id=view["id"], values={"paste": {"value": EKS}, "channel": {"value": channel}})
        assert told["acknowledged"], told
        until(lambda: [one for one in workspace.messages(channel) if one.get("app_id") and "Unauthorized" in shown(one)])

    def home():
        def published(name):
            user = next(one["id"] for one in workspace.state()["users"] if one["name"] == name)
            return [view for view in workspace.views("home") if view["user_id"] == user]

        workspace.do("home")
        view = until(lambda: published("ada"))[0]
        told = shown(view)
        assert "5 documents read" in told and "search WORDS" in told and "recent matches" in told, told
        channel = room()
        by_mention(CLOUD, channel)
        workspace.do("home")
        until(lambda: "permission and credential errors" in shown(published("ada")[0]))
        assert "permission and credential errors" not in "".join(shown(view) for view in published("grace")), "my matches are mine"
        refresh = [button for button in buttons(published("ada")[0]) if button["text"]["text"] == "Refresh"]
        assert refresh, labels(published("ada")[0])
        before = published("ada")[0]["hash"]
        told = workspace.do("click", view_id=published("ada")[0]["id"], action_id=refresh[0]["action_id"])
        assert told["acknowledged"], told
        until(lambda: published("ada")[0]["hash"] != before)
        paste = [button for button in buttons(published("ada")[0]) if button["text"]["text"] == "Paste an error"]
        count = len(workspace.views())
        workspace.do("click", view_id=published("ada")[0]["id"], action_id=paste[0]["action_id"])
        until(lambda: len(workspace.views()) > count)

    def everything_sent():
        messages, views = sent.check()
        return f"{messages} messages, {views} views"

    return [
        *[answers(*question) for question in QUESTIONS],
        ("1: direct messages speak the same grammar", direct),
        ("1: help lists every command", catalogue),
        ("1: a slash answer is shared in the channel, and worked on there", share),
        ("1: near misses and search results have buttons", near_misses),
        ("1: a channel is muted and unmuted", mute),
        ("1: people of another organisation cannot mute", strangers_cannot_mute),
        ("1: slash commands are refused in threads, as in Slack", not_in_threads),
        ("2: \"Find the runbook\" answers in the thread, once", find_runbook),
        ("2: \"Find the runbook\" on another bot's message in a thread", find_runbook_of_bots),
        ("2: \"Find the runbook\" that finds nothing tells only who asked", find_nothing),
        ("2: \"Paste an error\" shows what was found", paste_window),
        ("2: \"Paste an error\" with nothing, and with no error", paste_window_empty),
        ("2: \"Paste an error\" shows it in a channel too", paste_window_shared),
        ("6: the Home tab", home),
        ("everything sent keeps Slack's rules", everything_sent),
    ]


if __name__ == "__main__":
    main(tests)
