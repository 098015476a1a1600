"""What people paste, unasked, through slack_sdk and as Slack's client does: code blocks, snippets and files, several
messages, edits, threads, forwarded messages, alert bots (point 3), and noise control (point 5)."""

from slack_sdk import WebClient

from pastes import ALERT, CHAT, CLOUD, EKS, SATELLITE, code
from start import BOT, OTHER_PERSON, PERSON, SIGNPOST_APP, Sent, Workspace, labels, main, shown, until

LONG_LOG = "\n".join(f"2026-11-22T03:00:{second % 60:02}Z INFO tick {second}" for second in range(400))
ALERT_BOT = "xoxb" + "-sandbox-alertbot"


def tests(url):
    workspace = Workspace(url)
    sent = Sent(workspace)
    ada = WebClient(token=PERSON, base_url=f"{url}/api/")
    grace = WebClient(token=OTHER_PERSON, base_url=f"{url}/api/")
    echo = WebClient(token=BOT, base_url=f"{url}/api/")
    alert_bot = WebClient(token=ALERT_BOT, base_url=f"{url}/api/")
    rooms = iter(range(1000))

    def room(**more):
        return workspace.do("channel", name=f"heard-{next(rooms)}", **more)["channel"]

    def answer(channel, ts, wanted, seconds=8.0):
        return until(lambda: [one for one in workspace.replies(channel, ts) if wanted in shown(one)], seconds)[0]

    def settled(channel):
        """Everything that was said in a channel is handled: what is asked last is answered last."""
        ts = ada.chat_postMessage(channel=channel, text="@signpost status")["ts"]
        until(lambda: workspace.replies(channel, ts), 15)

    # --- what people paste ---------------------------------------------------------------------------------------

    def code_block():
        channel = room()
        told = shown(answer(channel, ada.chat_postMessage(channel=channel, text=code())["ts"], "E0003"))
        assert "What to do" in told or "From the runbook" in told, told
        assert "Escalate to" in told, told

    def huge():
        channel = room()
        ts = ada.chat_postMessage(channel=channel, text=f"{LONG_LOG * 2}\n{CLOUD}\n{LONG_LOG}"[:39000])["ts"]
        answer(channel, ts, "permission and credential errors")

    def snippet():
        channel = room()
        told = workspace.do("upload", channel=channel, name="pod.log", content=f"{LONG_LOG}\n{EKS}\n")
        assert told["file"]["preview_is_truncated"] and "Unauthorized" not in told["file"]["preview"], told["file"]
        answer(channel, told["ts"], "Unauthorized")

    def uploaded():
        channel = room()
        ada.files_upload_v2(channel=channel, content=f"{LONG_LOG}\n{CLOUD}\n", filename="resize.txt", initial_comment="resizing fails")
        ts = until(lambda: workspace.messages(channel))[0]["ts"]
        answer(channel, ts, "permission and credential errors")

    def file_by_login_page():
        channel = room()
        workspace.do("faults", kind="html", method="url_private")
        told = workspace.do("upload", channel=channel, name="short.log", content=f"{EKS}\n{LONG_LOG}\n")
        answer(channel, told["ts"], "Unauthorized")

    def several():
        channel = room()
        first = ada.chat_postMessage(channel=channel, text=CLOUD)["ts"]
        told = answer(channel, first, "permission and credential errors")
        ada.chat_postMessage(channel=channel, text="and this is what the account says:\nprovider = classic")
        more = ada.chat_postMessage(channel=channel, text="error: You must be logged in to the server (Unauthorized)")["ts"]
        settled(channel)
        seen = [one for one in workspace.messages(channel) if one.get("app_id") and "permission and credential" in shown(one)]
        assert [one["ts"] for one in seen] == [told["ts"]], "the steps stand there once"
        return f"{len(workspace.replies(channel, more))} answers to the other error"

    def in_pieces():
        channel = room()
        first = ada.chat_postMessage(channel=channel, text="The worker node instance 'kube-1'")["ts"]
        second = ada.chat_postMessage(channel=channel, text="can't be found. Review 'classic' infrastructure user permissions.")["ts"]
        settled(channel)
        answers = workspace.replies(channel, first) + workspace.replies(channel, second)
        assert len(answers) == 1 and "permission and credential errors" in shown(answers[0]), [shown(one)[:200] for one in answers]

    def edits():
        channel = room()
        ts = ada.chat_postMessage(channel=channel, text=CLOUD)["ts"]
        before = answer(channel, ts, "permission and credential errors")
        workspace.do("edit", channel=channel, ts=ts, text=EKS)
        after = answer(channel, ts, "Amazon EKS")
        assert after["ts"] == before["ts"] and len(workspace.replies(channel, ts)) == 1, "one reply, changed in place"
        workspace.do("edit", channel=channel, ts=ts, text=CHAT)
        until(lambda: "no longer matches a runbook" in shown(workspace.message(channel, before["ts"])))
        assert len(workspace.replies(channel, ts)) == 1

    def edited_into_an_error():
        channel = room()
        ts = ada.chat_postMessage(channel=channel, text="something is odd")["ts"]
        workspace.do("edit", channel=channel, ts=ts, text=CLOUD)
        answer(channel, ts, "permission and credential errors")

    def in_a_thread():
        channel = room()
        root = ada.chat_postMessage(channel=channel, text="kubectl does not work for me")["ts"]
        grace.chat_postMessage(channel=channel, thread_ts=root, text="what does it say?")
        ada.chat_postMessage(channel=channel, thread_ts=root, text=EKS)
        answer(channel, root, "Unauthorized")

    def forwarded():
        channel = room()
        attachment = {
            "is_msg_unfurl": True, "is_share": True, "author_name": "Grace", "text": CLOUD, "fallback": CLOUD,
            "channel_id": "C0SUPPORT1", "ts": "1790000000.000100", "from_url": f"{url}/archives/C0SUPPORT1/p1790000000000100",
        }
        ts = ada.chat_postMessage(channel=channel, text="anybody?", attachments=[attachment])["ts"]
        answer(channel, ts, "permission and credential errors")

    def alerts(shape):
        def check():
            channel = room()
            posted = workspace.do("alert", shape=shape, channel=channel)
            wanted = "E0003" if shape == "jenkins" else "Cartographer"
            card = answer(channel, posted["ts"], wanted)
            again = workspace.do("alert", shape=shape, channel=channel)
            settled(channel)
            assert not workspace.replies(channel, again["ts"]), "one answer for an alert group, not one for each repeat"
            over = workspace.do("alert", shape=shape, channel=channel, status="resolved")
            settled(channel)
            assert not workspace.replies(channel, over["ts"]), "an alert that is over is no new problem"
            until(lambda: "Resolved" in shown(workspace.message(channel, card["ts"])))
        return (f"3: an alert in the shape of {shape}: answered once, its end is told", check)

    def rich_text():
        """What Slack's client sends: the text only in rich_text blocks of a bot."""
        channel = workspace.channel("alerts")["id"]
        block = {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": SATELLITE}]}]}
        ts = alert_bot.chat_postMessage(channel=channel, text="", blocks=[block])["ts"]
        answer(channel, ts, "Satellite")

    # --- noise ---------------------------------------------------------------------------------------------------

    def silence():
        channel = room()
        for text in (CHAT, "E0003x is the name of my cat", "Error: timeout", "it is broken, please help", "https://example.com/E0003"):
            ada.chat_postMessage(channel=channel, text=text)
        settled(channel)
        said = [shown(one) for one in workspace.messages(channel) if one.get("app_id")]
        assert len(said) == 1, said

    def repeats():
        channel = room()
        text = code()
        first = ada.chat_postMessage(channel=channel, text=text)["ts"]
        answer(channel, first, "E0003")
        second = grace.chat_postMessage(channel=channel, text=text)["ts"]
        pointer = until(lambda: workspace.replies(channel, second))[0]
        assert "Already answered" in shown(pointer) and not labels(pointer), shown(pointer)
        assert f"p{first.replace('.', '')}" in shown(pointer), shown(pointer)

    def bots_are_left_alone():
        channel = room()
        ts = echo.chat_postMessage(channel=channel, text=code())["ts"]
        settled(channel)
        assert not workspace.replies(channel, ts), "bots are not answered"

    def no_loop():
        """A bot that says everything again."""
        channel = room()
        ts = ada.chat_postMessage(channel=channel, text=CLOUD)["ts"]
        card = answer(channel, ts, "permission")
        for _ in range(5):
            echo.chat_postMessage(channel=channel, thread_ts=ts, text=f"<@U0SIGNPOST> {card['text'][:600]}")
        settled(channel)
        assert len(workspace.replies(channel, ts)) == 1, [shown(one)[:100] for one in workspace.replies(channel, ts)]

    def no_loop_with_the_alert_bot():
        """It says whatever it is answered, whole and cut, in the channel and in the thread: that comes to an end."""
        for longest in (900, 40000):
            channel = room(members=["ada", "signpost", "alertbot"])
            ts = alert_bot.chat_postMessage(channel=channel, text=ALERT)["ts"]
            answer(channel, ts, "Cartographer")
            for _ in range(4):
                said = [one for one in workspace.messages(channel) if one.get("app_id") == SIGNPOST_APP and labels(one)]
                alert_bot.chat_postMessage(channel=channel, thread_ts=ts, text=said[-1]["text"][:longest])
                alert_bot.chat_postMessage(channel=channel, text=said[-1]["text"][:longest])
                settled(channel)
            said = [one for one in workspace.messages(channel) if one.get("app_id") == SIGNPOST_APP and labels(one)]
            assert len(said) <= 2, [shown(one)[:100] for one in said]

    def unfurls():
        channel = room()
        ts = ada.chat_postMessage(channel=channel, text=f"{CLOUD} https://example.com/page")["ts"]
        card = answer(channel, ts, "permission")
        for _ in range(3):
            workspace.do("faults", kind="unfurl", channel=channel, ts=ts)
        workspace.do("faults", kind="unfurl", channel=channel, ts=card["ts"])
        settled(channel)
        assert len(workspace.replies(channel, ts)) == 1

    def deleting():
        channel = room()
        ts = ada.chat_postMessage(channel=channel, text=CLOUD)["ts"]
        card = answer(channel, ts, "permission")
        ada.chat_delete(channel=channel, ts=ts)
        until(lambda: workspace.message(channel, card["ts"]) is None)

    def duplicates():
        channel = room()
        for kind, more in (("duplicate", {"times": 2}), ("drop_ack", {})):
            workspace.do("options", ack_timeout_ms=300, retry_delays_ms=[10, 50, 50])
            workspace.do("faults", kind=kind, app="Signpost", method="message", **more)
            ts = ada.chat_postMessage(channel=channel, text=CLOUD if kind == "duplicate" else EKS)["ts"]
            until(lambda: workspace.replies(channel, ts))
            until(lambda: workspace.app("Signpost")["unacknowledged"] == 0)
            settled(channel)
            assert len(workspace.replies(channel, ts)) == 1, kind
        workspace.do("options", ack_timeout_ms=3000, retry_delays_ms=[100, 60000, 300000])
        workspace.do("faults", clear=True)

    def mentioned_once():
        channel = room()
        ts = ada.chat_postMessage(channel=channel, text=f"@signpost {CLOUD}")["ts"]
        answer(channel, ts, "permission")
        settled(channel)
        assert len(workspace.replies(channel, ts)) == 1, "a mention arrives as two events and is answered once"

    def shared():
        stranger = workspace.do("person", name="guest", stranger=True)
        them = WebClient(token=stranger["token"], base_url=f"{url}/api/")
        channel = room(shared=True)
        quiet = [one.chat_postMessage(channel=channel, text=text)["ts"] for one, text in ((ada, CLOUD), (them, EKS))]
        asked = them.chat_postMessage(channel=channel, text=f"@signpost {ALERT}")["ts"]
        told = until(lambda: workspace.replies(channel, asked), 10)[0]
        assert not any(workspace.replies(channel, ts) for ts in quiet), "nothing unasked where other organisations read"
        assert "Escalate to" not in shown(told) and "pager" not in shown(told).lower(), "no contacts for strangers"
        assert "Escalate" not in labels(told), labels(told)

    def secrets():
        channel = room()
        token = "ghp_" + "Z" * 4 + "0123456789abcdefghijklmnopqrstuv"
        ts = ada.chat_postMessage(channel=channel, text=f"{code()}\nAuthorization: Bearer {token}")["ts"]
        card = answer(channel, ts, "E0003")
        workspace.do("click", channel=channel, ts=card["ts"], text="Escalate")
        view = until(workspace.views)[-1]
        assert token not in str(view) and token not in str(card), "a token came through"
        workspace.do("submit", view_id=view["id"], close=True)

    def live_mentions():
        channel = room()
        ts = ada.chat_postMessage(channel=channel, text=f"<!channel> <!subteam^S0ONCALL01> <@U0GRACE001>\n{CLOUD}")["ts"]
        answer(channel, ts, "permission")

    def everything_sent():
        messages, views = sent.check()
        return f"{messages} messages, {views} views"

    return [
        ("3: a code block is answered with cause, steps and people", code_block),
        ("3: a paste of 39,000 characters", huge),
        ("3: a snippet whose error stands behind the preview", snippet),
        ("3: a text file by files_upload_v2", uploaded),
        ("3: a file whose download is a login page is read by its preview", file_by_login_page),
        ("3: several messages in a row lead to one answer", several),
        ("3: an error in two messages is recognised", in_pieces),
        ("3: an edit changes the reply in place", edits),
        ("3: an edit that makes it an error is answered", edited_into_an_error),
        ("3: a reply in a thread is answered there", in_a_thread),
        ("3: a forwarded message", forwarded),
        *[alerts(shape) for shape in ("alertmanager", "grafana", "pagerduty", "datadog", "jenkins")],
        ("3: an alert in rich text alone", rich_text),
        ("5: chat, and errors that everybody has, stay unanswered", silence),
        ("5: the same error again gets a pointer to the thread", repeats),
        ("5: other bots are left alone", bots_are_left_alone),
        ("5: a bot that repeats the answer starts no loop", no_loop),
        ("5: a bot that is listened to and repeats the answer starts no loop", no_loop_with_the_alert_bot),
        ("5: unfurled links change nothing", unfurls),
        ("5: deleting the paste deletes the answer", deleting),
        ("5: events that come twice are answered once", duplicates),
        ("5: a mention is answered once", mentioned_once),
        ("5: shared channels and people of other organisations", shared),
        ("5: tokens are taken out everywhere", secrets),
        ("5: nobody is called by a paste", live_mentions),
        ("everything sent keeps Slack's rules", everything_sent),
    ]


if __name__ == "__main__":
    main(tests)
