//! The lists of an export: conversations with their ids, and people with their workspaces.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use serde_json::Value;

use super::files::ExportFiles;
use super::{ConversationKind, ExportedChannel, UnreadFile, days};
use crate::slack::decode::{Identity, Message, string};

/// The listed conversations, by the name of their folder.
#[derive(Debug, Default)]
pub(super) struct Conversations(HashMap<String, ListedConversation>);

#[derive(Debug, Clone)]
struct ListedConversation {
    id: String,
    name: String,
    kind: ConversationKind,
    ext_shared: bool,
}

impl Conversations {
    /// Reads the lists that are there.
    pub(super) fn read(files: &ExportFiles, unread: &mut Vec<UnreadFile>) -> Self {
        let mut all = HashMap::new();
        for (file, kind) in [
            ("dms.json", ConversationKind::Direct),
            ("mpims.json", ConversationKind::Group),
            ("groups.json", ConversationKind::Channel),
            ("channels.json", ConversationKind::Channel),
        ] {
            for one in list(files, file, unread) {
                let Some(id) = string(&one, "id") else {
                    continue;
                };
                let name = string(&one, "name").unwrap_or_else(|| id.clone());
                let is_shared = one.get("is_ext_shared").and_then(Value::as_bool);
                let listed = ListedConversation {
                    id: id.clone(),
                    name: name.clone(),
                    kind,
                    ext_shared: is_shared.unwrap_or_default(),
                };
                all.insert(id, listed.clone());
                all.insert(name, listed);
            }
        }
        Self(all)
    }

    /// The conversation of a folder: by its name, or a direct message's by its id.
    pub(super) fn channel(&self, folder: &str, mut days: Vec<Date>) -> ExportedChannel {
        days.sort_unstable();
        let folder = folder.to_owned();
        match self.0.get(&folder).cloned() {
            Some(listed) => ExportedChannel {
                id: listed.id,
                name: listed.name,
                kind: listed.kind,
                ext_shared: listed.ext_shared,
                days,
                folder,
            },
            None => ExportedChannel {
                id: folder.clone(),
                name: folder.clone(),
                kind: ConversationKind::Channel,
                ext_shared: false,
                days,
                folder,
            },
        }
    }
}

/// The listed people, as far as they tell who is a colleague.
#[derive(Debug, Default)]
pub(super) struct Users {
    us: Identity,
    /// The organisations of people, where they have one.
    enterprises: HashMap<String, String>,
}

impl Users {
    /// Reads the list, if it is there. The workspace is that of most people: guests from elsewhere are listed as well.
    pub(super) fn read(files: &ExportFiles, unread: &mut Vec<UnreadFile>) -> Self {
        let mut teams: BTreeMap<String, usize> = BTreeMap::new();
        let mut enterprises = HashMap::new();
        let mut enterprise_of = HashMap::new();
        for user in list(files, "users.json", unread) {
            let enterprise = user
                .get("enterprise_user")
                .and_then(|user| string(user, "enterprise_id"));
            if let (Some(id), Some(enterprise)) = (string(&user, "id"), &enterprise) {
                enterprises.insert(id, enterprise.clone());
            }
            if let Some(team) = string(&user, "team_id") {
                if let Some(enterprise) = enterprise {
                    enterprise_of.entry(team.clone()).or_insert(enterprise);
                }
                *teams.entry(team).or_default() += 1;
            }
        }
        let most = teams.into_iter().max_by_key(|(_, people)| *people);
        let team_id = most.map(|(team, _)| team).unwrap_or_default();
        let us = Identity {
            enterprise_id: enterprise_of.remove(&team_id),
            team_id,
            ..Identity::default()
        };
        Self { us, enterprises }
    }

    /// The identity of an app of the workspace, without a bot.
    pub(super) fn us(&self) -> &Identity {
        &self.us
    }

    /// Adds the organisation of a message's author. Where the export does not tell the own workspace, nobody is of
    /// another.
    pub(super) fn complete(&self, message: &mut Message) {
        if self.us.team_id.is_empty() {
            message.author_team = None;
        }
        let author = message.user.as_ref();
        message.enterprise = author.and_then(|user| self.enterprises.get(user)).cloned();
    }
}

/// The elements of a list; none when there is no such file.
fn list(files: &ExportFiles, file: &str, unread: &mut Vec<UnreadFile>) -> Vec<Value> {
    let (mut all, mut odd) = (Vec::new(), 0);
    let each = |element: Result<Value, _>| match element {
        Ok(element) => all.push(element),
        Err(_) => odd += 1,
    };
    if let Some(text) = files.text(file, unread)
        && let Err(why) = text.and_then(|text| days::elements(&text, each))
    {
        unread.push(UnreadFile::new(file, why));
        return Vec::new();
    }
    if odd > 0 {
        let entries = if odd == 1 { "entry" } else { "entries" };
        unread.push(UnreadFile::new(
            file,
            format!("{odd} {entries} left out: the JSON cannot be read"),
        ));
    }
    all
}
