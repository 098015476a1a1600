"""A person through slack_sdk's WebClient: posts, reads the thread, sees the bot's answer."""

import time

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from start import BOT, OTHER_PERSON, PERSON, main, until

PASTE = """```
$ bx cs clusters
FAILED

Not authorized. Log in to Bluemix and try again. (E0003)
Incident ID: 0f4b7a11-93ce-4d0a-8a43-5be1c0f2d967
```"""


def tests(url):
    ada = WebClient(token=PERSON, base_url=f"{url}/api/")
    grace = WebClient(token=OTHER_PERSON, base_url=f"{url}/api/")
    bot = WebClient(token=BOT, base_url=f"{url}/api/")
    channels = {one["name"]: one["id"] for one in ada.conversations_list()["channels"]}
    support, random = channels["support"], channels["random"]

    def who():
        me = ada.auth_test()
        assert me["user"] == "ada" and me["team_id"], me.data
        assert ada.users_info(user=me["user_id"])["user"]["real_name"] == "Ada"
        assert {"ada", "grace", "signpost"} <= {one["name"] for one in ada.users_list()["members"]}
        assert bot.auth_test()["bot_id"].startswith("B")

    def thread(ts):
        return ada.conversations_replies(channel=support, ts=ts)["messages"][1:]

    def answer():
        began = time.monotonic()
        ts = ada.chat_postMessage(channel=support, text=PASTE)["ts"]
        replies = until(lambda: thread(ts))
        took = time.monotonic() - began
        assert replies[0].get("bot_id"), replies[0]
        assert "E0003" in str(replies), replies
        return f"after {took * 1000:.0f} ms"

    def silence():
        ts = ada.chat_postMessage(channel=support, text="shall we have lunch at noon?")["ts"]
        after = ada.chat_postMessage(channel=support, text=PASTE)["ts"]
        until(lambda: thread(after))
        assert not thread(ts), "the bot must not talk into a chat"

    def mention():
        ts = ada.chat_postMessage(channel=support, text="@signpost help")["ts"]
        until(lambda: thread(ts))
        # Whatever the mention led to is there once a later one is answered.
        after = ada.chat_postMessage(channel=support, text="@signpost help")["ts"]
        until(lambda: thread(after))
        assert len(thread(ts)) == 1, "one mention is answered once"

    def direct():
        signpost = next(one["id"] for one in ada.users_list()["members"] if one["name"] == "signpost")
        channel = ada.conversations_open(users=[signpost])["channel"]["id"]
        ada.chat_postMessage(channel=channel, text="help")
        until(lambda: any(one.get("bot_id") for one in messages_with_replies(channel)))

    def messages_with_replies(channel):
        found = ada.conversations_history(channel=channel)["messages"]
        for one in list(found):
            if one.get("reply_count"):
                found += ada.conversations_replies(channel=channel, ts=one["ts"])["messages"]
        return found

    def edit_react_delete():
        ts = ada.chat_postMessage(channel=random, text="a < b & c")["ts"]
        found = grace.conversations_history(channel=random, latest=ts, inclusive=True, limit=1)["messages"][0]
        assert found["text"] == "a &lt; b &amp; c", found
        grace.reactions_add(channel=random, timestamp=ts, name="eyes")
        assert ada.reactions_get(channel=random, timestamp=ts)["message"]["reactions"][0]["count"] == 1
        ada.chat_update(channel=random, ts=ts, text="changed")
        try:
            grace.chat_delete(channel=random, ts=ts)
            raise AssertionError("Grace must not delete what Ada wrote")
        except SlackApiError as error:
            assert error.response["error"] == "cant_delete_message"
        ada.chat_delete(channel=random, ts=ts)

    def upload():
        file = ada.files_upload_v2(channel=random, content="it broke\n" * 3, filename="trace.log", initial_comment="see")
        assert file["files"][0]["id"].startswith("F"), file.data
        newest = until(lambda: ada.conversations_history(channel=random)["messages"][0])
        assert newest["files"][0]["mode"] == "snippet", newest

    def errors():
        for call, code in [
            (lambda: WebClient(token="no", base_url=f"{url}/api/").auth_test(), "invalid_auth"),
            (lambda: WebClient(base_url=f"{url}/api/").auth_test(), "not_authed"),
            (lambda: ada.chat_postMessage(channel="C404", text="x"), "channel_not_found"),
            (lambda: ada.api_call("chat.sing"), "unknown_method"),
            (lambda: bot.chat_postMessage(channel=random, blocks=[{"type": "section"}], text=""), "invalid_blocks"),
        ]:
            try:
                call()
                raise AssertionError(f"expected {code}")
            except SlackApiError as error:
                assert error.response["error"] == code, (code, error.response.data)

    def rates():
        limited = None
        for _ in range(12):
            try:
                bot.chat_postMessage(channel=random, text="again")
            except SlackApiError as error:
                limited = error.response
                break
        assert limited is not None and limited.status_code == 429, limited
        assert int(limited.headers["Retry-After"]) >= 1

    def pages():
        for number in range(7):
            grace.chat_postMessage(channel=random, text=f"page {number}")
        seen = [one["ts"] for part in grace.conversations_history(channel=random, limit=3) for one in part["messages"]]
        assert len(seen) == len(set(seen)) >= 7, seen
        assert seen == sorted(seen, reverse=True)

    return [
        ("slack_sdk: people and bots know who they are", who),
        ("slack_sdk: a pasted error is answered in its thread", answer),
        ("slack_sdk: chat stays unanswered", silence),
        ("slack_sdk: a mention is answered once", mention),
        ("slack_sdk: a direct message is answered", direct),
        ("slack_sdk: editing, reacting, deleting", edit_react_delete),
        ("slack_sdk: files_upload_v2", upload),
        ("slack_sdk: errors carry Slack's codes", errors),
        ("slack_sdk: pages follow their cursor", pages),
        ("slack_sdk: a bot that posts too fast gets 429 and Retry-After", rates),
    ]


if __name__ == "__main__":
    main(tests)
