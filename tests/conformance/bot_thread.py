"""Working through a runbook in its thread, as Slack's client does (point 4), and what screen readers get (point 9)."""

import concurrent.futures
import re

from slack_sdk import WebClient

from pastes import ALERT, CHAT, CLOUD, EKS, code
from start import OTHER_PERSON, PERSON, Sent, Workspace, buttons, labels, marked, main, shown, until


def tests(url):
    workspace = Workspace(url)
    sent = Sent(workspace)
    ada = WebClient(token=PERSON, base_url=f"{url}/api/")
    rooms = iter(range(1000))

    class Card:
        """An answer in a thread, and clicks on it."""

        def __init__(self, text):
            self.channel = workspace.do("channel", name=f"thread-{next(rooms)}")["channel"]
            self.root = ada.chat_postMessage(channel=self.channel, text=text)["ts"]
            self.ts = until(lambda: workspace.replies(self.channel, self.root), 10)[0]["ts"]

        @property
        def now(self):
            return workspace.message(self.channel, self.ts)

        def click(self, label, token=PERSON):
            told = workspace.do("click", token, channel=self.channel, ts=self.ts, text=label)
            assert told["acknowledged"] and "failure" not in told, told
            return told

        def sees(self, wanted, seconds=8.0):
            until(lambda: re.search(wanted, shown(self.now)), seconds)

        def offers(self, label):
            """Waits for a button or an option that is called so, or begins so at a word's end."""
            until(lambda: any(one == label or one.startswith(f"{label} ") for one in labels(self.now)), 8.0)

    def pages():
        card = Card(CLOUD)
        card.sees("part 1 of 2")
        first = shown(card.now)
        card.click("Next")
        card.sees("part 2 of 2")
        assert "Back" in labels(card.now) and "Next" not in labels(card.now), labels(card.now)
        card.click("Back", OTHER_PERSON)
        card.sees("part 1 of 2")
        card.sees("Grace turned to")

        def steps(text):
            return [line for line in text.splitlines() if line.strip() and " turned to " not in line]

        assert steps(shown(card.now)) == steps(first), "back is where one was"

    def marks():
        card = Card(CLOUD)
        card.click("1.")
        card.sees(r"Done.* by ada|Done.* by Ada")
        card.click("2.", OTHER_PERSON)
        card.sees(r"(?i)done.* by grace")
        card.click("Undo 1.", OTHER_PERSON)
        card.offers("1.")
        assert not re.search(r"(?i)done.* by ada", shown(card.now)), shown(card.now)

    def at_once():
        card = Card(CLOUD)
        wanted = [(f"{step}.", token) for step, token in ((1, PERSON), (2, OTHER_PERSON), (3, PERSON))]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda click: card.click(*click), wanted))
        until(lambda: {1, 2, 3} <= marked(card.now), 10)

    def same_click():
        card = Card(CLOUD)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda token: card.click("1.", token), (PERSON, OTHER_PERSON)))
        card.offers("Undo 1.")
        assert len(re.findall(r"(?i)\*done\* by", shown(card.now))) == 1, shown(card.now)

    def branches():
        card = Card(CLOUD)
        card.click("Invalid API key")
        card.sees(r"\A[^\n]*Invalid API key")
        back = [label for label in labels(card.now) if label.startswith(("Back to ", "Undo “wrong"))]
        assert back, labels(card.now)
        card.click(back[0], OTHER_PERSON)
        card.sees(r"\AResolving permission")

    def branches_of_an_alert():
        card = Card("[FIRING:1] SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer")
        seen = {label for label in labels(card.now)}
        wanted = "Resolving missing ConfigMap"
        for _ in range(6):
            if wanted in seen:
                break
            if "Next" not in labels(card.now):
                go = [button for button in buttons(card.now) if button["action_id"].startswith("signpost_go_")]
                assert go, f"{wanted} is not offered among {seen}"
                card.click(go[0]["text"]["text"])
                until(lambda: set(labels(card.now)) - seen)
            else:
                before = card.now
                card.click("Next")
                until(lambda: card.now != before)
            seen |= set(labels(card.now))
        assert wanted in seen, seen
        card.click(wanted)
        card.sees(r"\A[^\n]*Resolving missing ConfigMap")

    def branches_of_eks():
        card = Card(EKS)
        card.offers("You're not the cluster creator")
        card.click("You're not the cluster creator")
        card.sees(r"You're not the cluster creator.* \(chosen by Ada\)")
        card.sees("eksctl get iamidentitymapping")

    def fixed():
        card = Card(code())
        card.click("Fixed")
        card.sees(r"(?i)Marked as \*?fixed\*? by Ada")
        assert "Reopen" in labels(card.now), labels(card.now)
        card.click("Reopen", OTHER_PERSON)
        card.offers("Fixed")

    def not_helped():
        card = Card(CLOUD)
        card.click("Didn’t help")
        card.sees(r"(?i)Ada: this \*?didn’t help")
        assert "Escalate" in labels(card.now), labels(card.now)

    def wrong():
        card = Card(CLOUD)
        card.click("Wrong runbook")
        card.sees(r"(?i)wrong runbook\*? by Ada")
        offered = [button for button in buttons(card.now) if button["action_id"].startswith("signpost_go_")]
        title = offered[0]["text"]["text"] if offered else None
        if offered:
            card.click(title)
            card.offers("Fixed")
        back = [label for label in labels(card.now) if label.startswith(("Back to ", "Undo “wrong runbook”"))]
        card.click(back[0])
        card.sees(r"Resolving permission")
        return f"offered: {title}"

    def escalate():
        card = Card(code())
        card.click("1.")
        card.offers("Undo 1.")
        count = {view["id"] for view in workspace.views()}
        card.click("Escalate", OTHER_PERSON)
        view = until(lambda: [view for view in workspace.views() if view["id"] not in count])[0]
        told = shown(view)
        for wanted in ("E0003", "armada-api", "(?i)step .*1.* \\(ada", "pager"):
            assert re.search(wanted, told), f"{wanted} is missing in\n{told}"
        field = next(block for block in view["blocks"] if block["type"] == "input" and block["element"]["type"] == "plain_text_input")
        summary = field["element"]["initial_value"]
        assert "archives" in summary, f"no link to the thread in {summary}"
        before = len(workspace.messages("armada-api"))
        assert before == 0, "nobody is called before the summary is posted"
        told = workspace.do("submit", OTHER_PERSON, view_id=view["id"], values={field["block_id"]: {field["element"]["action_id"]: summary + "\nIt is urgent."}})
        assert told["acknowledged"] and "failure" not in told, told
        # The team file gives the channel by its name.
        until(lambda: len(workspace.messages("armada-api")) == 1)
        posted = workspace.messages("armada-api")[0]
        assert "It is urgent." in shown(posted) and "archives" in shown(posted), shown(posted)
        card.sees(r"(?i)Escalated\*? to armada-api by Grace")

    def old_buttons():
        """A button whose case is gone: its paste was deleted while somebody still had the card before the eyes."""
        card = Card(CLOUD)
        block = {"type": "actions", "elements": [{
            "type": "button", "action_id": "signpost_fixed_0", "value": "{\"v\":99,\"case\":\"none\",\"do\":\"dance\"}",
            "text": {"type": "plain_text", "text": "Of another version"},
        }]}
        bot = WebClient(token="xoxb" + "-sandbox-signpost", base_url=f"{url}/api/")
        for value in ("{\"v\":99,\"case\":\"x\",\"do\":\"dance\"}", "{\"v\":1,\"case\":\"gone\",\"do\":\"fixed\"}", "nonsense"):
            block["elements"][0]["value"] = value
            old = bot.chat_postMessage(channel=card.channel, text="an old card", blocks=[block])["ts"]
            before = len(workspace.whispers(card.channel))
            told = workspace.do("click", channel=card.channel, ts=old, text="Of another version")
            assert told["acknowledged"], told
            until(lambda: len(workspace.whispers(card.channel)) > before)
            assert "has expired" in shown(workspace.whispers(card.channel)[-1]), shown(workspace.whispers(card.channel)[-1])

    def marks_stay():
        """Going to a branch and back keeps what was done."""
        card = Card(CLOUD)
        card.click("1.")
        card.offers("Undo 1.")
        card.click("Invalid API key")
        card.sees(r"\A[^\n]*Invalid API key")
        card.click(next(label for label in labels(card.now) if label.startswith("Back to ")))
        card.offers("Undo 1.")

    def expired():
        """The window cannot be opened any more: people are told, nothing breaks."""
        card = Card(EKS)
        workspace.do("faults", kind="error", error="expired_trigger_id", method="views.open")
        told = card.click("Escalate")
        assert told["acknowledged"], told
        until(lambda: workspace.whispers(card.channel))
        card.click("Escalate")
        until(lambda: any("Summary" in shown(view) for view in workspace.views()))

    def read_aloud():
        """The fallback text is one sentence or two: what it is, the first step, the people; no emoji alone."""
        for text, wanted in (
            (code(), ["E0003", "Escalate to"]),
            (CLOUD, ["Resolving permission", "Escalate to"]),
            (EKS, ["kubectl", "Escalate to"]),
            (ALERT, ["Cartographer", "Escalate to"]),
        ):
            said = Card(text).now["text"]
            assert len(said) < 400 and "\n" not in said, said
            for part in wanted:
                assert part in said, f"{part} is missing in\n{said}"

    def no_meaning_by_colour():
        messages, views = sent.everything()
        for holder in messages + views:
            assert "attachments" not in holder or not holder["attachments"], "attachments speak by colour"
            for button in buttons(holder):
                assert button.get("style") != "danger", button
                assert re.search(r"[A-Za-z]{2}", button["text"]["text"]), button
            assert not re.search(r":[a-z_]+:", re.sub(r"```[\s\S]*?```|`[^`]*`", "", shown(holder))), shown(holder)[:300]

    def each_mark_has_words():
        card = Card(CLOUD)
        card.click("1.")
        until(lambda: re.search(r"Done by Ada|Done by ada", re.sub(r"\*", "", shown(card.now))))

    def everything_sent():
        messages, views = sent.check()
        return f"{messages} messages, {views} views"

    return [
        ("4: Next and Previous, for everybody", pages),
        ("4: steps are marked as done and not done, by whom", marks),
        ("4: three clicks at once do not clash", at_once),
        ("4: the same click by two people counts once", same_click),
        ("4: a branch and back", branches),
        ("4: the branches of an alert's runbook: Resolving missing ConfigMap", branches_of_an_alert),
        ("4: the branches of EKS: You're not the cluster creator", branches_of_eks),
        ("4: marks stay with their section", marks_stay),
        ("4: Fixed, and Reopen", fixed),
        ("4: Didn’t help", not_helped),
        ("4: Wrong runbook offers the near misses", wrong),
        ("4: Escalate: contacts, a summary to change, posted in the thread", escalate),
        ("4: old buttons say politely that they are too old", old_buttons),
        ("4: a window that cannot be opened any more (expired_trigger_id)", expired),
        ("9: the fallback text alone tells the answer", read_aloud),
        ("9: no meaning by colour or emoji alone", no_meaning_by_colour),
        ("9: a mark is told in words", each_mark_has_words),
        ("everything sent keeps Slack's rules", everything_sent),
    ]


if __name__ == "__main__":
    main(tests)
