//! Rows of either engine as the types of the contract.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use ring::hmac;
use serde_json::{Map, Value};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use std::fmt::Write as _;
use std::time::Duration;

use super::{
    Action, Answered, AuditEntry, CaseRow, DueEscalation, DueIssue, DuePage, DueWatch, InboxRow, Judged, MessageRef,
    Missed, Mute, NewIssue, NewMissed, NewPage, PageAction, Post, PostState, RunRow, ShadowKind, ShadowRow,
    ShadowVerdict, Waiting,
};

/// Prefix of a fingerprint that is a keyed hash.
pub(super) const KEYED: &str = "hmac:";

/// Access to the columns of a row by their names.
pub(super) trait Columns {
    /// A text.
    fn text(&self, name: &str) -> Result<String, sqlx::Error>;
    /// A text that may be NULL.
    fn maybe(&self, name: &str) -> Result<Option<String>, sqlx::Error>;
    /// A whole number.
    fn number(&self, name: &str) -> Result<i64, sqlx::Error>;
    /// A time that may be NULL.
    fn maybe_time(&self, name: &str) -> Result<Option<Timestamp>, sqlx::Error>;
    /// A truth value.
    fn flag(&self, name: &str) -> Result<bool, sqlx::Error>;
    /// A number with a fraction.
    fn fraction(&self, name: &str) -> Result<f64, sqlx::Error>;

    /// A time.
    fn time(&self, name: &str) -> Result<Timestamp, sqlx::Error> {
        self.number(name).map(time)
    }

    /// A count.
    fn count(&self, name: &str) -> Result<u64, sqlx::Error> {
        self.number(name).map(i64::unsigned_abs)
    }

    /// A number of attempts.
    fn attempts(&self) -> Result<u32, sqlx::Error> {
        self.number("attempts")
            .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
    }
}

macro_rules! columns {
    ($($row:ty),*) => {$(
        impl Columns for $row {
            fn text(&self, name: &str) -> Result<String, sqlx::Error> {
                self.try_get(name)
            }

            fn maybe(&self, name: &str) -> Result<Option<String>, sqlx::Error> {
                self.try_get(name)
            }

            fn number(&self, name: &str) -> Result<i64, sqlx::Error> {
                self.try_get(name)
            }

            fn maybe_time(&self, name: &str) -> Result<Option<Timestamp>, sqlx::Error> {
                Ok(self.try_get::<Option<i64>, _>(name)?.map(time))
            }

            fn flag(&self, name: &str) -> Result<bool, sqlx::Error> {
                self.try_get(name)
            }

            fn fraction(&self, name: &str) -> Result<f64, sqlx::Error> {
                self.try_get(name)
            }
        }
    )*};
}

columns!(PgRow, SqliteRow);

/// A time from milliseconds since 1970.
pub(super) fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A duration in milliseconds.
pub(super) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The time that lies `age` before `now`, in milliseconds since 1970.
pub(super) fn before(now: Timestamp, age: Duration) -> i64 {
    now.as_millisecond().saturating_sub(milliseconds(age))
}

/// HMAC-SHA256 in hexadecimal digits, after [`KEYED`].
pub(super) fn keyed(key: &[u8], of: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), of.as_bytes());
    let mut out = KEYED.to_owned();
    for byte in tag.as_ref() {
        // Writing into a string does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn unknown(what: &str, text: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("unknown {what} `{text}`").into())
}

pub(super) fn case(row: &impl Columns) -> Result<CaseRow, sqlx::Error> {
    Ok(CaseRow {
        id: row.text("id")?,
        channel: row.text("channel")?,
        thread_ts: row.maybe("thread_ts")?,
        author: row.maybe("author")?,
        fingerprint: row.text("fingerprint")?,
        identity: row.maybe("identity")?,
        open: row.flag("open")?,
        post: row.maybe("post")?,
        version: row.number("version")?,
        body: row.text("body")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

pub(super) fn answered(row: &impl Columns) -> Result<Answered, sqlx::Error> {
    Ok(Answered {
        message: row.text("message")?,
        kind: row.text("about")?.as_str().into(),
        post: row.maybe("post")?,
        case: row.maybe("case_id")?,
    })
}

pub(super) fn mute(row: &impl Columns) -> Result<Mute, sqlx::Error> {
    Ok(Mute {
        by: row.text("muted_by")?,
        until: row.maybe_time("until")?,
    })
}

pub(super) fn run(row: &impl Columns) -> Result<RunRow, sqlx::Error> {
    Ok(RunRow {
        id: row.text("id")?,
        job: row.text("job")?,
        user: row.text("user")?,
        channel: row.text("channel")?,
        thread_ts: row.maybe("thread_ts")?,
        case: row.maybe("case_id")?,
        fingerprint: row.maybe("fingerprint")?,
        live: row.flag("live")?,
        version: row.number("version")?,
        body: row.text("body")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

pub(super) fn audit_entry(row: &impl Columns) -> Result<AuditEntry, sqlx::Error> {
    let object = |name: &str| -> Result<Map<String, Value>, sqlx::Error> {
        Ok(serde_json::from_str(&row.text(name)?).unwrap_or_default())
    };
    Ok(AuditEntry {
        at: row.time("at")?,
        what: row.text("what")?,
        run: row.maybe("run")?,
        job: row.text("job")?,
        user: row.maybe("user")?,
        name: row.maybe("name")?,
        channel: row.maybe("channel")?,
        thread_ts: row.maybe("thread_ts")?,
        parameters: object("parameters")?,
        detail: object("detail")?,
    })
}

pub(super) fn due_escalation(row: &impl Columns) -> Result<DueEscalation, sqlx::Error> {
    Ok(DueEscalation {
        case: row.text("case_id")?,
        escalation: row.text("escalation")?,
        attempts: row.attempts()?,
    })
}

pub(super) fn due_watch(row: &impl Columns) -> Result<DueWatch, sqlx::Error> {
    Ok(DueWatch {
        key: row.text("key")?,
        case: row.text("case_id")?,
        pager: row.text("pager")?,
        faults: u32::try_from(row.number("faults")?).unwrap_or(u32::MAX),
        created_at: row.time("created_at")?,
    })
}

pub(super) fn due_issue(row: &impl Columns) -> Result<DueIssue, sqlx::Error> {
    Ok(DueIssue {
        issue: NewIssue {
            case: row.text("case_id")?,
            tracker: row.text("tracker")?,
            body: row.maybe("body")?.unwrap_or_default(),
        },
        attempts: row.attempts()?,
        created_at: row.time("created_at")?,
    })
}

pub(super) fn due_page(row: &impl Columns) -> Result<DuePage, sqlx::Error> {
    let action = row.text("action")?;
    let known = [PageAction::Trigger, PageAction::Acknowledge];
    let found = known.into_iter().find(|known| known.as_str() == action);
    Ok(DuePage {
        page: NewPage {
            key: row.text("key")?,
            case: row.text("case_id")?,
            pager: row.text("pager")?,
            action: found.ok_or_else(|| unknown("action", &action))?,
            body: row.maybe("body")?.unwrap_or_default(),
        },
        attempts: row.attempts()?,
        created_at: row.time("created_at")?,
    })
}

pub(super) fn waiting(row: &impl Columns) -> Result<Waiting, sqlx::Error> {
    Ok(Waiting {
        seq: row.number("seq")?,
        key: row.text("key")?,
        lane: row.text("lane")?,
        mentioned: row.flag("mentioned")?,
        payload: row.maybe("payload")?.unwrap_or_default(),
        attempts: row.attempts()?,
        retried: row.flag("retried")?,
    })
}

pub(super) fn inbox_row(row: &impl Columns) -> Result<InboxRow, sqlx::Error> {
    Ok(InboxRow {
        key: row.text("key")?,
        lane: row.text("lane")?,
        state: row.text("state")?,
        reason: row.maybe("reason")?,
        attempts: row.attempts()?,
        received_at: row.time("received_at")?,
        retriable: row.flag("retriable")?,
    })
}

pub(super) fn missed(row: &impl Columns) -> Result<Missed, sqlx::Error> {
    Ok(Missed {
        channel: row.text("channel")?,
        count: row.count("count")?,
        asked: row.count("asked")?,
        first_at: row.time("first_at")?,
        last_at: row.time("last_at")?,
        noted_at: row.time("noted_at")?,
    })
}

/// The missed message of a row of the inbox that is given up, if the bot was asked.
pub(super) fn asked(row: &impl Columns) -> Result<Option<NewMissed>, sqlx::Error> {
    let (key, lane) = (row.text("key")?, row.text("lane")?);
    let channel = lane.rsplit_once(':').map_or("", |(_, channel)| channel);
    // Only the keys of messages begin with their lane.
    let ts = key.strip_prefix(&lane).and_then(|rest| rest.split(':').nth(1));
    let is_direct = channel.starts_with('D') && ts.is_some();
    if channel.is_empty() || !(is_direct || row.flag("mentioned")?) {
        return Ok(None);
    }
    let seconds = ts.and_then(|ts| ts.parse::<f64>().ok()).filter(|ts| ts.is_finite());
    let at = match seconds {
        Some(seconds) => time((seconds * 1_000.0) as i64),
        None => row.time("received_at")?,
    };
    Ok(Some(NewMissed {
        channel: channel.to_owned(),
        at,
        asked: true,
        // No more of them will come: told at the next look, whatever this machine's clock says.
        noted_at: Timestamp::UNIX_EPOCH,
    }))
}

/// The missed message of an answer that was too old to be posted.
pub(super) fn expired(row: &impl Columns, now: Timestamp) -> Result<NewMissed, sqlx::Error> {
    Ok(NewMissed {
        channel: row.text("channel")?,
        at: match row.maybe_time("written_at")? {
            Some(at) => at,
            None => row.time("created_at")?,
        },
        asked: row.flag("asked")?,
        noted_at: now,
    })
}

/// The place of a row's message, if it was posted.
pub(super) fn place(row: &impl Columns) -> Result<Option<MessageRef>, sqlx::Error> {
    let channel = row.text("channel")?;
    Ok(row.maybe("posted_ts")?.map(|ts| MessageRef { channel, ts }))
}

pub(super) fn post_state(row: &impl Columns) -> Result<PostState, sqlx::Error> {
    let text = row.text("state")?;
    PostState::parse(&text).ok_or_else(|| unknown("state", &text))
}

pub(super) fn post(row: &impl Columns) -> Result<Post, sqlx::Error> {
    let action = row.text("action")?;
    let (target, person) = (row.maybe("target")?, row.maybe("person")?);
    let (emoji, message_ts) = (row.maybe("emoji")?, row.maybe("message_ts")?);
    let reaction = message_ts.zip(emoji);
    let action = match (action.as_str(), target, person) {
        (kind @ ("react" | "unreact"), _, _) if let Some((ts, name)) = reaction => match kind {
            "react" => Action::React { ts, name },
            _ => Action::Unreact { ts, name },
        },
        ("post", _, _) => Action::Post,
        ("update", Some(of), _) => Action::Update { of },
        ("delete", Some(of), _) => Action::Delete { of },
        ("ephemeral", _, Some(user)) => Action::Ephemeral { user },
        _ => return Err(unknown("action", &action)),
    };
    Ok(Post {
        seq: row.number("seq")?,
        key: row.text("key")?,
        channel: row.text("channel")?,
        thread_ts: row.maybe("thread_ts")?,
        action,
        state: post_state(row)?,
        attempts: row.attempts()?,
        first_try_at: row.maybe_time("first_try_at")?,
    })
}

pub(super) fn shadow_answer(row: &impl Columns) -> Result<ShadowRow, sqlx::Error> {
    let kind = row.text("kind")?;
    let judged = match row.maybe("verdict")? {
        None => None,
        Some(text) => Some(Judged {
            verdict: ShadowVerdict::parse(&text).ok_or_else(|| unknown("verdict", &text))?,
            by: row.maybe("verdict_by")?.unwrap_or_default(),
            name: row.maybe("verdict_name")?.unwrap_or_default(),
            at: row.maybe_time("verdict_at")?.unwrap_or_default(),
        }),
    };
    Ok(ShadowRow {
        message: row.text("message")?,
        channel: row.text("channel")?,
        thread_ts: row.text("thread_ts")?,
        author: row.maybe("author")?,
        fingerprint: row.text("fingerprint")?,
        kind: ShadowKind::parse(&kind).ok_or_else(|| unknown("kind", &kind))?,
        runbook: row.text("runbook")?,
        section: row.maybe("section")?,
        nth: usize::try_from(row.number("nth")?).unwrap_or_default(),
        confidence: row.fraction("confidence")?,
        evidence: row.text("evidence")?,
        link: row.maybe("link")?,
        texts: serde_json::from_str(&row.text("texts")?).map_err(|cause| sqlx::Error::Decode(Box::new(cause)))?,
        post: row.maybe("post")?,
        judged,
        version: row.number("version")?,
        body: row.text("body")?,
        at: row.time("at")?,
    })
}

/// Time for which rows that waited for a day may still be handled: after an outage they could not be handled before.
const GRACE: SignedDuration = SignedDuration::from_mins(30);

/// Time at which waiting rows older than a day were first seen.
#[derive(Debug, Default)]
pub(super) struct Overdue(Mutex<Option<Timestamp>>);

impl Overdue {
    /// Returns true when such rows have had their chance to be handled. `any`: there are such rows.
    pub(super) fn is_over(&self, any: bool, now: Timestamp) -> bool {
        let mut since = self.0.lock();
        let is_over = any && since.is_some_and(|since| now.duration_since(since).abs() >= GRACE);
        // Later rows get a chance of their own.
        *since = since.or(Some(now)).filter(|_| any && !is_over);
        is_over
    }
}
