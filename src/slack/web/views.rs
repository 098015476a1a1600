//! Modals and the Home tab.

use serde_json::{Value, json};

use super::{Error, Web};
use crate::slack::decode::string;

/// A view that Slack shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Its id.
    pub id: String,
    /// Changes whenever the view does: an update that names it is refused when somebody was faster.
    pub hash: String,
}

/// Which view to update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// By Slack's id.
    Id(&'a str),
    /// By the `external_id` that it was opened with.
    External(&'a str),
}

impl Web {
    /// Opens a modal. The trigger lives for three seconds and is good for once: open first, fill later.
    ///
    /// # Errors
    ///
    /// See [`Error`]; [`Error::Gone`] when the trigger is no good any more.
    pub async fn open_view(&self, trigger_id: &str, view: &Value) -> Result<View, Error> {
        self.view("views.open", json!({"trigger_id": trigger_id}), view).await
    }

    /// Opens a modal on top of the one that the trigger comes from; three may lie on each other.
    ///
    /// # Errors
    ///
    /// As [`Web::open_view`].
    pub async fn push_view(&self, trigger_id: &str, view: &Value) -> Result<View, Error> {
        self.view("views.push", json!({"trigger_id": trigger_id}), view).await
    }

    /// Gives a view another content; with a hash only when nobody else did since.
    ///
    /// # Errors
    ///
    /// See [`Error`]; [`Error::Gone`] when it was closed, or changed since (`hash_conflict`).
    pub async fn update_view(&self, which: Which<'_>, hash: Option<&str>, view: &Value) -> Result<View, Error> {
        let mut body = match which {
            Which::Id(id) => json!({"view_id": id}),
            Which::External(id) => json!({"external_id": id}),
        };
        if let Some(hash) = hash {
            body["hash"] = Value::from(hash);
        }
        self.view("views.update", body, view).await
    }

    /// Shows a person's Home tab.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn publish_view(&self, user: &str, view: &Value) -> Result<View, Error> {
        self.view("views.publish", json!({"user_id": user}), view).await
    }

    async fn view(&self, method: &str, mut body: Value, view: &Value) -> Result<View, Error> {
        body["view"] = view.clone();
        let answer = self.post(method, &body).await?;
        let shown = answer.get("view").unwrap_or(&Value::Null);
        Ok(View {
            id: string(shown, "id").unwrap_or_default(),
            hash: string(shown, "hash").unwrap_or_default(),
        })
    }
}
