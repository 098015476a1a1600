"""Reads what `signpost render --json` prints, from standard input, and holds every message to Slack's rules."""

import json
import sys

from slack_rules import message_faults

MESSAGES = 2


def topic_faults(topic):
    messages = topic["messages"]
    if not 1 <= len(messages) <= MESSAGES:
        yield f"{len(messages)} messages, at most {MESSAGES}"
    for message in messages:
        if not message["blocks"]:
            yield "no blocks"
        yield from message_faults(message)
        # The form for workspaces that refuse a kind of block.
        plain = message["plain_blocks"]
        yield from (f"plain: {fault}" for fault in message_faults({**message, "blocks": plain}))
        if others := {block["type"] for block in plain} - {"header", "section", "actions"}:
            yield f"plain: holds {others}"


def main():
    topics = faulty = shown = 0
    for line in sys.stdin:
        topic = json.loads(line)
        topics += 1
        faults = list(topic_faults(topic))
        faulty += bool(faults)
        for fault in faults:
            shown += 1
            if shown <= 40:
                print(f"FAIL {topic['runbook']} [{topic['section']}]: {fault}")
    if not topics:
        print("FAIL nothing was rendered")
        faulty = 1
    print(f"{topics} topics rendered, {faulty} with faults")
    sys.exit(1 if faulty else 0)


main()
