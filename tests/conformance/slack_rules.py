"""Slack's rules for messages and views. Each function gives what is wrong, as sentences.

Slack's own models (slack_sdk) take each block apart and put it together again: what they drop, Slack does not know. What
they do not look at is counted here: lengths of nested texts, blocks and characters a message, ids, escapes, mentions.
"""

import json
import re

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

DATE = re.compile(r"<!date\^\d+\^[^<>|^]+\|[^<>|]+>")
LIVE_MENTION = re.compile(r"<(?:!(?:channel|here|everyone|subteam\^)|@[UW])")
LINK = re.compile(r"<(?:https?://|mailto:)[^<>|\s]+(?:\|[^<>]*)?>")
MENTION = re.compile(r"<(?:!subteam\^|@[UW]|#C)[A-Z0-9]+(?:\|[^<>]*)?>")
# Calls nobody.
CHANNEL = re.compile(r"<#C[A-Z0-9]+(?:\|[^<>]*)?>")
STRAY_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
LIMITS = {
    "header": 150, "section": 3000, "context": 2000, "button": 75, "field": 2000, "markdown": 12000, "label": 2000,
    "hint": 2000, "placeholder": 150, "option": 75, "description": 75, "title": 24, "submit": 24, "close": 24,
}
BLOCKS, VIEW_BLOCKS, CHARACTERS, FALLBACK = 50, 100, 10000, 4000
# What Slack adds to a view that an app sent.
SENT_IN_A_VIEW = (
    "type", "callback_id", "title", "submit", "close", "blocks", "private_metadata", "clear_on_close", "notify_on_close", "external_id",
)
OPTIONS = {"overflow": (1, 5), "radio_buttons": (1, 10), "checkboxes": (1, 10)}


def text_faults(kind, text, mentions=False):
    """What is wrong with one text object."""
    content = text.get("text", "")
    if not content.strip():
        yield f"{kind}: empty text"
    if len(content) > LIMITS[kind]:
        yield f"{kind}: {len(content)} characters, at most {LIMITS[kind]}"
    if kind in ("header", "button", "label", "hint", "placeholder", "title", "submit", "close") and text.get("type") != "plain_text":
        yield f"{kind}: its text has to be plain_text"
    if any(ord(letter) >= 0xF0000 for letter in content):
        yield f"{kind}: a private character, the mark of a block that did not get its place"
    if text.get("type") == "mrkdwn":
        yield from mrkdwn_faults(kind, content, mentions)


def mrkdwn_faults(kind, content, mentions):
    if content.count("```") % 2:
        yield f"{kind}: a code block is cut"
    if not mentions and LIVE_MENTION.search(content):
        yield f"{kind}: a live mention: {LIVE_MENTION.search(content).group()}"
    rest = CHANNEL.sub("", DATE.sub("", LINK.sub("", content)))
    rest = MENTION.sub("", rest) if mentions else rest
    # A quotation starts a line with a bare ">".
    rest = re.sub(r"(?m)^>", "", rest)
    if "<" in rest or ">" in rest:
        yield f"{kind}: an angle bracket that is neither escaped nor a link: {rest[max(0, rest.find('<')):][:60]!r}"
    if STRAY_AMPERSAND.search(content):
        yield f"{kind}: an ampersand that is not escaped"


def element_faults(element):
    """A button, a select, a field."""
    kind = element.get("type")
    for key, most in (("value", 2000), ("action_id", 255), ("url", 3000)):
        if len(element.get(key, "")) > most:
            yield f"{kind}: {key} of {len(element[key])} characters, at most {most}"
    if kind == "button":
        yield from text_faults("button", element.get("text", {}))
        if not re.search(r"\w", element.get("text", {}).get("text", "")):
            yield f"button: no word on it: {element.get('text')}"
        if not element.get("action_id"):
            yield "button: no action_id"
    if "placeholder" in element:
        yield from text_faults("placeholder", element["placeholder"])
    if kind == "plain_text_input":
        most = element.get("max_length", 3000)
        if most > 3000:
            yield f"plain_text_input: max_length {most}, at most 3000"
        if len(element.get("initial_value", "")) > most:
            yield f"plain_text_input: starts with {len(element['initial_value'])} characters, at most {most}"
    groups = element.get("option_groups") or [element] if "options" in element or "option_groups" in element else []
    for group in groups:
        least, most = OPTIONS.get(kind, (1, 100))
        if not least <= len(group.get("options", [])) <= most:
            yield f"{kind}: {len(group.get('options', []))} options, {least} to {most}"
        for option in group.get("options", []):
            yield from text_faults("option", option.get("text", {}))
            if not 1 <= len(option.get("value", "")) <= 75:
                yield f"{kind}: an option's value of {len(option.get('value', ''))} characters, 1 to 75"
            if "description" in option:
                yield from text_faults("description", option["description"])


def without_language(value):
    """A block without what slack_sdk 3.47 does not know yet: the language of preformatted text (in Slack's reference and types)."""
    if isinstance(value, dict):
        is_code = value.get("type") == "rich_text_preformatted"
        return {key: without_language(inner) for key, inner in value.items() if not (is_code and key == "language")}
    return [without_language(inner) for inner in value] if isinstance(value, list) else value


def rich_faults(element, mentions):
    """What is wrong with an element of rich text: no live mention, nothing empty, no mark that was forgotten."""
    kind = element.get("type")
    if kind in ("user", "usergroup", "broadcast") and not mentions:
        yield f"rich_text: a live mention: {element}"
    if kind == "text" and not element.get("text"):
        yield "rich_text: an empty text"
    if any(ord(letter) >= 0xF0000 for letter in element.get("text", "") + element.get("fallback", "")):
        yield "rich_text: a private character, the mark of a block that did not get its place"
    if kind == "link" and not re.match(r"https?://|mailto:", element.get("url", "")):
        yield f"rich_text: a link to {element.get('url')}"
    for inner in element.get("elements", []):
        yield from rich_faults(inner, mentions)


def table_faults(block, mentions):
    rows = block.get("rows", [])
    if not 1 <= len(rows) <= 100 or not all(1 <= len(row) <= 20 for row in rows):
        yield f"table: {len(rows)} rows of {[len(row) for row in rows]} cells, at most 100 of 20"
    for cell in (cell for row in rows for cell in row):
        if cell["type"] == "raw_text" and not cell.get("text"):
            yield "table: an empty cell"
        for element in cell.get("elements", []):
            yield from rich_faults(element, mentions)


def block_faults(block, mentions=False):
    kind = block.get("type")
    try:
        known = without_language(block)
        again = Block.parse(known).to_dict()
        if again != known:
            yield f"{kind}: slack_sdk reads it as {json.dumps(again)[:200]}"
    except Exception as error:  # whatever slack_sdk has against it is a fault of the block
        yield f"{kind}: slack_sdk refuses it: {error}"
    if len(block.get("block_id", "")) > 255:
        yield f"{kind}: block_id too long"
    elements = block.get("elements", []) + [block[key] for key in ("accessory", "element") if key in block]
    if kind in ("header", "section"):
        if "text" in block:
            yield from text_faults(kind, block["text"], mentions)
        elif not block.get("fields"):
            yield f"{kind}: neither text nor fields"
        if len(block.get("fields", [])) > 10:
            yield f"{kind}: more than 10 fields"
        for field in block.get("fields", []):
            yield from text_faults("field", field, mentions)
    elif kind == "rich_text":
        for element in elements:
            yield from rich_faults(element, mentions)
    elif kind == "table":
        yield from table_faults(block, mentions)
    elif kind == "context":
        if not 1 <= len(elements) <= 10:
            yield f"context: {len(elements)} elements"
        for element in elements:
            if element.get("type") in ("mrkdwn", "plain_text"):
                yield from text_faults("context", element, mentions)
    elif kind == "actions":
        if not 1 <= len(elements) <= 25:
            yield f"actions: {len(elements)} elements"
        ids = [element.get("action_id") for element in elements]
        if len(ids) != len(set(ids)):
            yield f"actions: an action_id stands twice: {ids}"
    elif kind == "input":
        yield from text_faults("label", block.get("label", {}))
        if "hint" in block:
            yield from text_faults("hint", block["hint"])
    elif kind == "markdown" and len(block.get("text", "")) > LIMITS["markdown"]:
        yield f"markdown: {len(block['text'])} characters"
    if kind in ("section", "actions", "input"):
        for element in elements:
            yield from element_faults(element)


def characters(value):
    """All text that a block shows."""
    if isinstance(value, dict):
        return sum(len(inner) if key == "text" and isinstance(inner, str) else characters(inner) for key, inner in value.items())
    if isinstance(value, list):
        return sum(map(characters, value))
    return 0


def blocks_faults(blocks, most, mentions=False):
    if len(blocks) > most:
        yield f"{len(blocks)} blocks, at most {most}"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        yield "a block_id stands twice"
    for block in blocks:
        yield from block_faults(block, mentions)
    if sum(block.get("type") == "table" for block in blocks) > 1:
        yield "more than one table"


def message_faults(message, mentions=False, is_changed=False):
    """A message. `mentions`: it may call people; `is_changed`: by chat.update, which counts bytes."""
    blocks = message.get("blocks", [])
    yield from blocks_faults(blocks, BLOCKS, mentions)
    if characters(blocks) > CHARACTERS:
        yield f"{characters(blocks)} characters, at most {CHARACTERS}"
    text = message.get("text", "")
    if not re.search(r"\w", text):
        yield f"no fallback text but {text!r}"
    if len(text) > FALLBACK:
        yield f"fallback text of {len(text)} characters, at most {FALLBACK}"
    if is_changed and len(text.encode()) > FALLBACK:
        yield f"fallback text of {len(text.encode())} bytes, at most {FALLBACK}"
    if not mentions and LIVE_MENTION.search(text):
        yield f"fallback text: a live mention: {LIVE_MENTION.search(text).group()}"


def view_faults(view):
    """A modal or a Home tab, as it was sent or as Slack shows it."""
    view = {key: view[key] for key in SENT_IN_A_VIEW if view.get(key) not in (None, "", False)}
    try:
        again = View(**view).to_dict()
        if {key: again.get(key) for key in view} != view:
            yield f"view: slack_sdk reads it as {json.dumps(again)[:200]}"
    except Exception as error:  # whatever slack_sdk has against it is a fault of the view
        yield f"view: slack_sdk refuses it: {error}"
    blocks = view.get("blocks", [])
    if not blocks:
        yield "view: no blocks"
    yield from blocks_faults(blocks, VIEW_BLOCKS)
    for key in ("title", "submit", "close"):
        if key in view:
            yield from text_faults(key, view[key])
    if view.get("type") == "modal":
        if "title" not in view:
            yield "modal: no title"
        if any(block.get("type") == "input" for block in blocks) and "submit" not in view:
            yield "modal: input blocks, but no submit"
    elif view.get("type") == "home":
        if any(key in view for key in ("title", "submit", "close")):
            yield "home: has a title or buttons of a modal"
    else:
        yield f"view: of type {view.get('type')}"
    if len(view.get("private_metadata", "")) > 3000:
        yield f"view: private_metadata of {len(view['private_metadata'])} characters"
    if len(view.get("callback_id", "")) > 255:
        yield "view: callback_id too long"
