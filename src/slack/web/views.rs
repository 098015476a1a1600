//! Calls that show modals and the Home tab.

use serde_json::{Value, json};

use super::{Error, Web};
use crate::slack::decode::string;

/// A view shown by Slack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenedView {
    /// The view's id.
    pub id: String,
    /// Hash that changes whenever the view does: an update with an outdated hash is refused.
    pub hash: String,
}

/// The view to update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// Slack's id of the view.
    Id(&'a str),
    /// The `external_id` that the view was opened with.
    External(&'a str),
}

impl Web {
    /// Opens a modal. The trigger is valid for three seconds and for one use: open first, fill later.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails; [`Error::Gone`] when the trigger is no longer valid.
    pub async fn open_view(&self, trigger_id: &str, view: &Value) -> Result<OpenedView, Error> {
        self.view("views.open", json!({"trigger_id": trigger_id}), view).await
    }

    /// Opens a modal on top of the one that the trigger comes from; up to three can be stacked.
    ///
    /// # Errors
    ///
    /// Same as [`Web::open_view`].
    pub async fn push_view(&self, trigger_id: &str, view: &Value) -> Result<OpenedView, Error> {
        self.view("views.push", json!({"trigger_id": trigger_id}), view).await
    }

    /// Replaces the content of a view; with a hash only if the view has not changed since.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails; [`Error::Gone`] when the view was closed, or changed since
    /// (`hash_conflict`).
    pub async fn update_view(&self, which: Which<'_>, hash: Option<&str>, view: &Value) -> Result<OpenedView, Error> {
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
    /// Returns an [`Error`] when the call fails.
    pub async fn publish_view(&self, user: &str, view: &Value) -> Result<OpenedView, Error> {
        self.view("views.publish", json!({"user_id": user}), view).await
    }

    async fn view(&self, method: &str, mut body: Value, view: &Value) -> Result<OpenedView, Error> {
        body["view"] = view.clone();
        let answer = self.post(method, &body).await?;
        let shown = answer.get("view").unwrap_or(&Value::Null);
        Ok(OpenedView {
            id: string(shown, "id").unwrap_or_default(),
            hash: string(shown, "hash").unwrap_or_default(),
        })
    }
}
