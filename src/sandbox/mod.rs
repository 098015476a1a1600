//! The local workspace: a Slack look-alike with a web page, to try the bot and to test it.
