//! Look-ups of people, channels and user groups.

use serde_json::Value;

use super::{Error, Web};
use crate::slack::decode::string;

/// A person or a bot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The user id, which alone tells people apart.
    pub id: String,
    /// The display name, for people to read.
    pub name: String,
    /// The person's workspace.
    pub team: String,
    /// The organisation of the person's workspace, where it has one.
    pub enterprise: Option<String>,
    /// True when the person belongs to another organisation.
    pub is_external: bool,
    /// True when it is a bot.
    pub is_bot: bool,
    /// The person's time zone, such as `Europe/Vienna`.
    pub tz: Option<String>,
}

/// A channel, a group or a direct message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The channel's id.
    pub id: String,
    /// The channel's name, without `#`; a direct message has none.
    pub name: Option<String>,
    /// True when another organisation can see the channel.
    pub is_ext_shared: bool,
    /// True for a direct message with one person.
    pub is_im: bool,
    /// True when the channel is archived, hence read-only.
    pub is_archived: bool,
    /// True when the bot is a member.
    pub is_member: bool,
}

impl Web {
    /// Looks up a person or a bot.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails.
    pub async fn user_info(&self, id: &str) -> Result<Person, Error> {
        let answer = self.get("users.info", &vec![("user", Some(id))]).await?;
        let user = answer.get("user").unwrap_or(&Value::Null);
        let profile = user.get("profile").unwrap_or(&Value::Null);
        let names = [
            string(profile, "display_name"),
            string(profile, "real_name"),
            string(user, "real_name"),
            string(user, "name"),
        ];
        let name = names.into_iter().flatten().find(|name| !name.trim().is_empty());
        Ok(Person {
            id: string(user, "id").unwrap_or_else(|| id.to_owned()),
            name: name.unwrap_or_else(|| id.to_owned()),
            team: string(user, "team_id").unwrap_or_default(),
            enterprise: user
                .get("enterprise_user")
                .and_then(|user| string(user, "enterprise_id")),
            is_external: flag(user, "is_stranger"),
            is_bot: flag(user, "is_bot"),
            tz: string(user, "tz").filter(|tz| !tz.is_empty()),
        })
    }

    /// Looks up a channel.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails.
    pub async fn conversation_info(&self, id: &str) -> Result<Conversation, Error> {
        let answer = self.get("conversations.info", &vec![("channel", Some(id))]).await?;
        let channel = answer.get("channel").unwrap_or(&Value::Null);
        Ok(Conversation {
            id: string(channel, "id").unwrap_or_else(|| id.to_owned()),
            name: string(channel, "name").filter(|name| !name.is_empty()),
            is_ext_shared: flag(channel, "is_ext_shared") || flag(channel, "is_pending_ext_shared"),
            is_im: flag(channel, "is_im"),
            is_archived: flag(channel, "is_archived"),
            is_member: flag(channel, "is_member"),
        })
    }

    /// The names and ids of the channels that the bot is in: a page of them, and the cursor of the next, which is empty
    /// after the last.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails.
    pub async fn own_channels(&self, cursor: &str) -> Result<(Vec<(String, String)>, String), Error> {
        let parameters = vec![
            ("types", Some("public_channel,private_channel")),
            ("exclude_archived", Some("true")),
            ("limit", Some("200")),
            ("cursor", Some(cursor).filter(|cursor| !cursor.is_empty())),
        ];
        let answer = self.get("users.conversations", &parameters).await?;
        let channels = answer.get("channels").and_then(Value::as_array).into_iter().flatten();
        let named = channels.filter_map(|channel| Some((string(channel, "name")?, string(channel, "id")?)));
        let next = answer
            .get("response_metadata")
            .and_then(|more| string(more, "next_cursor"));
        Ok((named.collect(), next.unwrap_or_default()))
    }

    /// The user ids of a user group's members.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails.
    pub async fn usergroup_users(&self, id: &str) -> Result<Vec<String>, Error> {
        let answer = self
            .get("usergroups.users.list", &vec![("usergroup", Some(id))])
            .await?;
        let users = answer.get("users").and_then(Value::as_array);
        let ids = users.into_iter().flatten().filter_map(Value::as_str);
        Ok(ids.map(str::to_owned).collect())
    }

    /// Lists the ids of the workspace's user groups that are not disabled.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails.
    pub async fn usergroups(&self) -> Result<Vec<String>, Error> {
        let answer = self
            .get("usergroups.list", &vec![("include_disabled", Some("false"))])
            .await?;
        let groups = answer.get("usergroups").and_then(Value::as_array);
        let ids = groups.into_iter().flatten().filter_map(|group| string(group, "id"));
        Ok(ids.collect())
    }
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}
