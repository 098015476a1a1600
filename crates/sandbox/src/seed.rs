//! Contents of a fresh workspace.

use serde_json::Value;

use super::model::{App, Channel, Command, Features, Group, Kind, Shortcut, User};
use super::options::Options;
use super::state::State;

/// Signpost's manifest for Slack, which sets its features here too.
const MANIFEST: &str = include_str!("../../../deploy/slack-manifest.yaml");

/// The workspace's team id.
pub const TEAM: &str = "T0SANDBOX1";
/// The other organisation's team id.
pub const STRANGERS: &str = "T0STRANGER";
/// The user group @oncall: Grace.
pub const ONCALL: &str = "S0ONCALL01";
/// Ada's user id.
pub const ADA: &str = "U0ADA00001";
/// Grace's user id.
pub const GRACE: &str = "U0GRACE001";
/// The user id of the bot Signpost.
pub const SIGNPOST: &str = "U0SIGNPOST";
/// The user id of the second bot, for conformance tests.
pub const ECHO: &str = "U0ECHO0001";
/// The user id of the sample alert bot.
pub const ALERTBOT: &str = "U0ALERTBOT";
/// The channel #support.
pub const SUPPORT: &str = "C0SUPPORT1";
/// The channel #alerts.
pub const ALERTS: &str = "C0ALERTS01";
/// The channel #random.
pub const RANDOM: &str = "C0RANDOM01";
/// Ada's user token.
pub const ADA_TOKEN: &str = concat!("xoxp", "-sandbox-ada");
/// Grace's user token.
pub const GRACE_TOKEN: &str = concat!("xoxp", "-sandbox-grace");
/// Signpost's bot token.
pub const SIGNPOST_TOKEN: &str = concat!("xoxb", "-sandbox-signpost");
/// Signpost's app token, for Socket Mode.
pub const SIGNPOST_APP_TOKEN: &str = concat!("xapp", "-sandbox-signpost");
/// The second bot's token.
pub const ECHO_TOKEN: &str = concat!("xoxb", "-sandbox-echo");
/// The second bot's app token.
pub const ECHO_APP_TOKEN: &str = concat!("xapp", "-sandbox-echo");
/// The alert bot's token.
pub const ALERTBOT_TOKEN: &str = concat!("xoxb", "-sandbox-alertbot");
/// Secret that signs HTTP events, for every app.
pub const SIGNING_SECRET: &str = "sandbox-signing-secret";

/// Returns a fresh workspace.
pub(super) fn state(options: Options) -> State {
    let mut state = State::new(options);
    state.users = vec![
        person(ADA, "ada", "Ada", ADA_TOKEN, "#6b4fbb"),
        person(GRACE, "grace", "Grace", GRACE_TOKEN, "#b4472d"),
        bot_user(SIGNPOST, "signpost", "Signpost", "B0SIGNPOST", "#0f766e"),
        bot_user(ALERTBOT, "alertbot", "Alert Bot", "B0ALERTBOT", "#b45309"),
        bot_user(ECHO, "echo", "Echo", "B0ECHO0001", "#475569"),
    ];
    state.apps = vec![
        // Events from before the bot has connected wait for it, as with Slack's retries.
        App {
            listens: true,
            features: signpost_features(),
            ..App::new(
                "A0SIGNPOST",
                "Signpost",
                SIGNPOST,
                "B0SIGNPOST",
                SIGNPOST_TOKEN,
                SIGNPOST_APP_TOKEN,
            )
        },
        App::new("A0ALERTBOT", "Alert Bot", ALERTBOT, "B0ALERTBOT", ALERTBOT_TOKEN, ""),
        App {
            features: echo_features(),
            ..App::new("A0ECHO0001", "Echo", ECHO, "B0ECHO0001", ECHO_TOKEN, ECHO_APP_TOKEN)
        },
    ];
    state.groups = vec![Group {
        id: ONCALL.to_owned(),
        handle: "oncall".to_owned(),
        name: "On call".to_owned(),
        users: vec![GRACE.to_owned()],
    }];
    let everybody = [ADA, GRACE, SIGNPOST];
    state.channels = vec![
        channel(
            SUPPORT,
            "support",
            "Paste an error; the thread gets the runbook",
            &everybody,
        ),
        channel(
            ALERTS,
            "alerts",
            "What monitoring says",
            &[ADA, GRACE, SIGNPOST, ALERTBOT],
        ),
        channel(RANDOM, "random", "Everything else", &[ADA, GRACE, SIGNPOST, ECHO]),
        direct("D0ADA00001", &[ADA, SIGNPOST]),
        direct("D0GRACE001", &[GRACE, SIGNPOST]),
    ];
    let further = std::mem::take(&mut state.options.channels);
    for (at, name) in further.iter().enumerate() {
        let id = format!("C0TEAM{at:04}");
        state.channels.push(channel(&id, name, "", &everybody));
    }
    state
}

/// Returns the features in Signpost's manifest. A test checks that the manifest can be parsed.
fn signpost_features() -> Features {
    let manifest: Value = serde_saphyr::from_str(MANIFEST).unwrap_or_default();
    let features = &manifest["features"];
    let list = |key: &str| features[key].as_array().cloned().unwrap_or_default();
    Features {
        commands: list("slash_commands").iter().map(Command::read).collect(),
        shortcuts: list("shortcuts").iter().map(Shortcut::read).collect(),
        has_home: features["app_home"]["home_tab_enabled"] == true,
    }
}

fn echo_features() -> Features {
    Features {
        commands: vec![command("/echo", "Says it again", "[text]")],
        shortcuts: vec![
            shortcut("Echo this", "echo_message", false),
            shortcut("Echo something", "echo_global", true),
        ],
        has_home: true,
    }
}

fn command(command: &str, description: &str, usage_hint: &str) -> Command {
    Command {
        command: command.to_owned(),
        description: description.to_owned(),
        usage_hint: usage_hint.to_owned(),
    }
}

fn shortcut(name: &str, callback_id: &str, is_global: bool) -> Shortcut {
    Shortcut {
        name: name.to_owned(),
        callback_id: callback_id.to_owned(),
        is_global,
    }
}

fn person(id: &str, name: &str, real_name: &str, token: &str, color: &str) -> User {
    User {
        id: id.to_owned(),
        name: name.to_owned(),
        real_name: real_name.to_owned(),
        token: Some(token.to_owned()),
        bot_id: None,
        color: color.to_owned(),
        is_stranger: false,
    }
}

fn bot_user(id: &str, name: &str, real_name: &str, bot_id: &str, color: &str) -> User {
    User {
        token: None,
        bot_id: Some(bot_id.to_owned()),
        ..person(id, name, real_name, "", color)
    }
}

fn channel(id: &str, name: &str, topic: &str, members: &[&str]) -> Channel {
    Channel {
        topic: topic.to_owned(),
        ..Channel::new(id, name, Kind::Public, members)
    }
}

fn direct(id: &str, members: &[&str]) -> Channel {
    Channel::new(id, "", Kind::Direct, members)
}
