"""Reads what `signpost render --json` prints, from standard input, and holds every message to Slack's rules.

Slack's own models (slack_sdk) take each block apart and put it together again: what they drop, Slack does not know. What
they do not look at is counted here: lengths of nested texts, blocks and characters a message, ids, escapes, mentions.
"""

import json
import re
import sys

from slack_sdk.models.blocks import Block

LIVE_MENTION = re.compile(r"<(?:!(?:channel|here|everyone|subteam\^)|@[UW])")
LINK = re.compile(r"<(?:https?://|mailto:)[^<>|\s]+(?:\|[^<>]*)?>")
STRAY_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
LIMITS = {"header": 150, "section": 3000, "context": 2000, "button": 75, "field": 2000, "markdown": 12000}
MESSAGES, BLOCKS, CHARACTERS, FALLBACK = 2, 50, 10000, 4000


def text_faults(kind, text):
    """What is wrong with one text object."""
    content = text.get("text", "")
    if not content.strip():
        yield f"{kind}: empty text"
    if len(content) > LIMITS[kind]:
        yield f"{kind}: {len(content)} characters, at most {LIMITS[kind]}"
    if text.get("type") != "mrkdwn":
        return
    if content.count("```") % 2:
        yield f"{kind}: a code block is cut"
    if LIVE_MENTION.search(content):
        yield f"{kind}: a live mention: {LIVE_MENTION.search(content).group()}"
    rest = LINK.sub("", content)
    # A quotation starts a line with a bare ">".
    rest = re.sub(r"(?m)^>", "", rest)
    if "<" in rest or ">" in rest:
        yield f"{kind}: an angle bracket that is neither escaped nor a link: {rest[max(0, rest.find('<')):][:60]!r}"
    if STRAY_AMPERSAND.search(content):
        yield f"{kind}: an ampersand that is not escaped"


def button_faults(button):
    yield from text_faults("button", button.get("text", {}))
    for key, most in (("value", 2000), ("action_id", 255), ("url", 3000)):
        if len(button.get(key, "")) > most:
            yield f"button: {key} of {len(button[key])} characters, at most {most}"


def block_faults(block):
    kind = block.get("type")
    try:
        again = Block.parse(block).to_dict()
        if again != block:
            yield f"{kind}: slack_sdk reads it as {json.dumps(again)[:200]}"
    except Exception as error:  # whatever slack_sdk has against it is a fault of the block
        yield f"{kind}: slack_sdk refuses it: {error}"
    if len(block.get("block_id", "")) > 255:
        yield f"{kind}: block_id too long"
    if kind == "header" and block.get("text", {}).get("type") != "plain_text":
        yield "header: its text has to be plain_text"
    if kind in ("header", "section"):
        if "text" in block:
            yield from text_faults(kind, block["text"])
        elif not block.get("fields"):
            yield f"{kind}: neither text nor fields"
        if len(block.get("fields", [])) > 10:
            yield f"{kind}: more than 10 fields"
        for field in block.get("fields", []):
            yield from text_faults("field", field)
    elif kind == "context":
        if not 1 <= len(block.get("elements", [])) <= 10:
            yield f"context: {len(block.get('elements', []))} elements"
        for element in block.get("elements", []):
            if element.get("type") in ("mrkdwn", "plain_text"):
                yield from text_faults("context", element)
    elif kind == "actions":
        if not 1 <= len(block.get("elements", [])) <= 25:
            yield f"actions: {len(block.get('elements', []))} elements"
        for element in block.get("elements", []):
            if element.get("type") == "button":
                yield from button_faults(element)
    elif kind == "markdown" and len(block.get("text", "")) > LIMITS["markdown"]:
        yield f"markdown: {len(block['text'])} characters"


def characters(value):
    """All text that a block shows."""
    if isinstance(value, dict):
        return sum(len(inner) if key == "text" and isinstance(inner, str) else characters(inner) for key, inner in value.items())
    if isinstance(value, list):
        return sum(map(characters, value))
    return 0


def message_faults(message):
    blocks = message["blocks"]
    if not 1 <= len(blocks) <= BLOCKS:
        yield f"{len(blocks)} blocks, at most {BLOCKS}"
    if characters(blocks) > CHARACTERS:
        yield f"{characters(blocks)} characters, at most {CHARACTERS}"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        yield "a block_id stands twice"
    text = message.get("text", "")
    if not text.strip():
        yield "no fallback text"
    if len(text) > FALLBACK:
        yield f"fallback text of {len(text)} characters, at most {FALLBACK}"
    if LIVE_MENTION.search(text):
        yield f"fallback text: a live mention: {LIVE_MENTION.search(text).group()}"
    for block in blocks:
        yield from block_faults(block)


def topic_faults(topic):
    messages = topic["messages"]
    if not 1 <= len(messages) <= MESSAGES:
        yield f"{len(messages)} messages, at most {MESSAGES}"
    for message in messages:
        yield from message_faults(message)


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
