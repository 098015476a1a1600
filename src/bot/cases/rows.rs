//! Cases to and from the store and the outbox.

use std::ops::ControlFlow;

use jiff::Timestamp;
use tracing::error;

use crate::bot::cases::Case;
use crate::slack::sender::Body;
use crate::store::{self, Action, CaseLookup, CaseRow, NewPost, Store};

/// Cases that one look-up reads at most.
pub(crate) const MOST: usize = 1_000;

/// Key of the answer to a message: without the edit, for a message has one answer, whichever of its versions was the
/// first to get it.
pub(crate) fn key_of(message: &str) -> String {
    format!("answer:{message}:0")
}

/// A case as it is kept. `version` as it was read, 0 for a new one.
pub(crate) fn row(case: &Case, version: i64, now: Timestamp) -> Option<CaseRow> {
    let mut kept = std::borrow::Cow::Borrowed(case);
    let request = case.request.redacted();
    if request != case.request {
        kept.to_mut().request = request;
    }
    let body = serde_json::to_string(&kept)
        .inspect_err(|cause| error!(%cause, case = case.id, "a case cannot be saved"))
        .ok()?;
    Some(CaseRow {
        id: case.id.clone(),
        channel: case.channel.clone(),
        thread_ts: case.thread_ts.clone(),
        author: case.author.clone(),
        fingerprint: case.fingerprint.clone(),
        identity: Some(case.identity()),
        open: case.status.is_open(),
        post: case.post.clone(),
        version,
        body,
        created_at: now,
        updated_at: now,
    })
}

/// A case as it was kept. `None` when it cannot be read, which is logged.
pub(crate) fn read(row: &CaseRow) -> Option<Case> {
    serde_json::from_str(&row.body)
        .inspect_err(|cause| error!(%cause, case = row.id, "a case in the store cannot be read"))
        .ok()
}

/// The first case of a look-up that is wanted. Reads at most [`MOST`] cases.
pub(crate) async fn find(
    store: &dyn Store,
    channel: &str,
    lookup: CaseLookup<'_>,
    mut is_wanted: impl FnMut(&CaseRow, &Case) -> bool + Send,
) -> Result<Option<(CaseRow, Case)>, store::Error> {
    let (mut found, mut seen) = (None, 0);
    let mut visit = |row: CaseRow| {
        seen += 1;
        found = read(&row).filter(|case| is_wanted(&row, case)).map(|case| (row, case));
        if found.is_some() || seen >= MOST {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    store.visit_cases(channel, lookup, &mut visit).await?;
    Ok(found)
}

/// A message to post.
pub(crate) fn post(key: &str, channel: &str, thread_ts: Option<String>, body: &Body) -> Option<NewPost> {
    Some(NewPost {
        key: key.to_owned(),
        channel: channel.to_owned(),
        thread_ts,
        action: Action::Post,
        body: written(key, body)?,
    })
}

/// The card of a case, changed. `version`: as the case was read, so that each change has a key of its own.
pub(crate) fn update(case: &Case, version: i64, body: &Body) -> Option<NewPost> {
    let of = case.post.clone()?;
    let key = format!("update:{}:{version}", case.id);
    Some(NewPost {
        channel: case.channel.clone(),
        thread_ts: case.thread_ts.clone(),
        action: Action::Update { of },
        body: written(&key, body)?,
        key,
    })
}

/// A message for one person.
pub(crate) fn whisper(key: &str, channel: &str, thread_ts: Option<String>, user: &str, body: &Body) -> Option<NewPost> {
    let action = Action::Ephemeral { user: user.to_owned() };
    Some(NewPost {
        action,
        ..post(key, channel, thread_ts, body)?
    })
}

fn written(key: &str, body: &Body) -> Option<String> {
    serde_json::to_string(body)
        .inspect_err(|cause| error!(%cause, key, "a reply cannot be saved"))
        .ok()
}

/// The thread to post in about a case: as [`thread_of`], but none in a conversation with the bot alone.
pub(crate) async fn reply_thread(store: &dyn Store, case: &Case) -> Result<Option<String>, store::Error> {
    if case.is_in_conversation() {
        return Ok(None);
    }
    thread_of(store, case).await
}

/// The message that a link to a case leads to: the thread in which people work on it, or its card when that stands in
/// the channel itself. `None` while only one person sees it, or its card is not posted yet.
pub(crate) async fn thread_of(store: &dyn Store, case: &Case) -> Result<Option<String>, store::Error> {
    Ok(match (&case.thread_ts, &case.post) {
        (Some(thread), Some(_)) => Some(thread.clone()),
        (None, Some(key)) => store.posted(key).await?.map(|place| place.ts),
        (_, None) => None,
    })
}
