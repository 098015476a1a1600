//! Who somebody is, what a channel is.

use serde_json::Value;

use super::{Error, Web};
use crate::slack::decode::string;

/// A person or a bot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The id, the only thing that tells people apart.
    pub id: String,
    /// What they are called, for people to read.
    pub name: String,
    /// Their workspace.
    pub team: String,
    /// Whether they belong to another organisation.
    pub is_stranger: bool,
    /// Whether it is a bot.
    pub is_bot: bool,
    /// Their time zone, such as `Europe/Vienna`.
    pub tz: Option<String>,
}

/// A channel, a group or a direct message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The id.
    pub id: String,
    /// What it is called, without `#`; a direct message has no name.
    pub name: Option<String>,
    /// Whether another organisation sees it.
    pub is_ext_shared: bool,
    /// Whether it is a direct message with one person.
    pub is_im: bool,
    /// Whether it can be read only.
    pub is_archived: bool,
    /// Whether the bot is in it.
    pub is_member: bool,
}

impl Web {
    /// Who somebody is.
    ///
    /// # Errors
    ///
    /// See [`Error`].
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
            is_stranger: flag(user, "is_stranger"),
            is_bot: flag(user, "is_bot"),
            tz: string(user, "tz").filter(|tz| !tz.is_empty()),
        })
    }

    /// What a channel is.
    ///
    /// # Errors
    ///
    /// See [`Error`].
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

    /// The ids of those in a user group.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn usergroup_users(&self, id: &str) -> Result<Vec<String>, Error> {
        let answer = self
            .get("usergroups.users.list", &vec![("usergroup", Some(id))])
            .await?;
        let users = answer.get("users").and_then(Value::as_array);
        let ids = users.into_iter().flatten().filter_map(Value::as_str);
        Ok(ids.map(str::to_owned).collect())
    }
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}
