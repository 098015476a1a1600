"""Every runbook's card in every state that clicks lead to, held to Slack's rules: pages, marks, branches, outcomes.

    bot_cards.py SIGNPOST [RUNBOOKS [MOST]]

Without a folder it takes the sample pack, and then a runbook that is too much of everything. A card that only one person sees is changed through its response_url, so clicks need not wait for the pace of updates."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
from collections import Counter

from slack_rules import message_faults, view_faults
from start import Sent, Workspace, buttons, keep, labels, run, sandbox

# States of one runbook that are looked at; a folder of many runbooks has fewer of each.
STATES = 60
ORDER = ["form", "alternative", "done", "page", "undo", "go", "section", "return", "escalate", "not_helped", "wrong", "fixed", "show_steps", "hide_steps", "reopen"]


def runbooks(binary, *folder):
    told = subprocess.run([binary, "render", *folder, "--all", "--json"], capture_output=True, text=True, check=True).stdout
    return sorted({json.loads(line)["runbook"] for line in told.splitlines()})


class Walk:
    """One runbook's card, clicked through breadth first."""

    def __init__(self, workspace, most):
        self.workspace, self.most = workspace, most
        self.seen, self.faults, self.states, self.kinds = set(), [], 0, set()

    def show(self, runbook):
        for old in self.workspace.whispers("support"):
            self.workspace.do("delete", "xoxb" + "-sandbox-signpost", channel="support", ts=old["ts"])
        told = self.workspace.do("command", command="/signpost", text=f'show "{runbook}"', channel="support")
        assert told["acknowledged"] and "failure" not in told, told
        return self.now()

    def now(self):
        return self.workspace.whispers("support")[-1]

    def look(self, card):
        self.states += 1
        self.faults += [f"{fault} in {card['text'][:80]!r}" for fault in message_faults(card)]

    def walk(self, runbook):
        """Clicks what was not clicked yet, as deep as there is something new."""
        card = self.show(runbook)
        assert labels(card), f"{runbook} leads to no card: {card['text'][:200]}"
        self.look(card)
        clicked, kinds, left = set(), Counter(), self.most
        while left > 0:
            new = [button for button in buttons(card) if self.name(button) not in clicked and "share" not in button["action_id"]]
            if not new:
                # Where nothing is new, one goes back or on to where there may be.
                new = [button for button in buttons(card) if self.kind(button) in ("return", "reopen", "page", "go")][-1:]
            if not new:
                break
            # Of each kind something; outcomes last, for they take other buttons away.
            new.sort(key=lambda button: (kinds[self.kind(button)], ORDER.index(self.kind(button))))
            button, left = new[0], left - 1
            clicked.add(self.name(button))
            kinds[self.kind(button)] += 1
            told = self.workspace.do("click", channel="support", ts=card["ts"], action_id=button["action_id"], block_id=self.block(card, button))
            assert told["acknowledged"], (runbook, button)
            card = self.now()
            self.look(card)
        self.kinds |= kinds.keys()

    @staticmethod
    def kind(button):
        return re.sub(r"^signpost_|_\d+$", "", button["action_id"])

    @staticmethod
    def name(button):
        value = json.loads(button["value"])
        return (button["text"]["text"], json.dumps({key: value[key] for key in value if key != "case"}))

    @staticmethod
    def block(card, button):
        return next(block["block_id"] for block in card["blocks"] if block["type"] == "actions" and button in block["elements"])


def tests(url, binary, name, folder, most):
    workspace = Workspace(url)
    sent = Sent(workspace)
    found = runbooks(binary, *(["--runbooks", folder] if folder else []))
    step = max(1, len(found) // most) if most else 1
    chosen = found[::step][:most or None]
    walk = Walk(workspace, 14 if most else STATES)

    def check_all():
        for runbook in chosen:
            walk.walk(runbook)
        unique = sorted(set(walk.faults))
        assert not unique, f"{len(unique)} faults:\n  " + "\n  ".join(unique[:20])
        return f"{walk.states} states of {len(chosen)} runbooks; buttons: {', '.join(sorted(walk.kinds))}"

    def windows():
        """The windows that Escalate opened meanwhile, and all that was shown in between."""
        views = sent.everything()[1]
        faults = sorted({fault for view in views for fault in view_faults(view)})
        assert views and not faults, faults[:20]
        keep(sent.everything()[0], views)
        return f"{len(views)} windows"

    return [
        (f"cards of {name}: every state keeps Slack's rules", check_all),
        (f"cards of {name}: so do the windows before somebody is called", windows),
    ]


def too_much():
    """A runbook with everything longer and more often than Slack takes."""
    parts = ["# " + "A very long title of a runbook, " * 12, "", "## Symptoms", "", "```", "QX4711: the flux capacitor of node <node> is empty", "```", ""]
    parts += ["## Cause", "", "It went wrong, as it does. " * 300, "", "## Resolution", ""]
    for number in range(1, 61):
        parts += [f"{number}. Step {number} of many. " + "Look closely & do <nothing> else. " * (60 if number % 7 == 0 else 1)]
        if number % 5 == 0:
            parts += ["", "   ```", *["   " + "x" * 190 for _ in range(30 if number % 10 == 0 else 2)], "   ```", ""]
        if number % 4 == 0:
            parts += [f"   If it says so, go to [Case {number}](#case-{number})."]
    for number in range(4, 61, 4):
        heading = f"Case {number}" + (" with a heading that has no end" * 8 if number % 8 == 0 else "")
        parts += ["", f"### Case {number}" if number % 8 else f"### {heading}", "", "1. Do \U0001f527 this: `echo 'a' | tr a b`", "2. " + "wörter ünd ümlaute " * 200]
    parts += ["", "| a | b |", "|---|---|", *[f"| {number} | {'cell ' * 30} |" for number in range(80)]]
    return "\n".join(parts)


def main():
    binary, *rest = sys.argv[1:]
    folders = [("the corpus", rest[0], int(rest[1]) if len(rest) > 1 else 0)] if rest else [("the sample pack", None, 0)]
    failed = 0
    with tempfile.TemporaryDirectory() as made:
        if not rest:
            pathlib.Path(made, "too-much.md").write_text(too_much(), encoding="utf-8")
            folders.append(("a runbook of too much", made, 0))
        for name, folder, most in folders:
            with sandbox(binary, *(["--runbooks", folder] if folder else [])) as url:
                failed += run(tests(url, binary, name, folder, most))
    sys.exit(1 if failed else 0)


main()
