//! Uploads of files into threads, in Slack's three steps: `files.getUploadURLExternal`, the upload itself, and
//! `files.completeUploadExternal`. They need the scope `files:write`.

use serde_json::json;
use url::Url;

use super::{Error, Web, counted, of_transport};
use crate::slack::decode::string;
use crate::slack::files::is_slack;

const ADDRESS: &str = "files.getUploadURLExternal";
/// Name of the upload itself in errors; it is not a method of the Web API.
const UPLOAD: &str = "upload_url";
const COMPLETE: &str = "files.completeUploadExternal";

/// A text file to be shared in a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewFile<'a> {
    /// Name of the file.
    pub name: &'a str,
    /// Title that people see.
    pub title: &'a str,
    /// The content.
    pub text: &'a str,
    /// Channel id.
    pub channel: &'a str,
    /// The thread.
    pub thread_ts: &'a str,
}

impl Web {
    /// Uploads a file and shares it in a thread.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when a call fails; [`Error::Auth`] names the scope when it is missing. Nothing is shared before
    /// the last call.
    pub async fn upload(&self, file: &NewFile<'_>) -> Result<(), Error> {
        let length = file.text.len().to_string();
        let params = vec![("filename", Some(file.name)), ("length", Some(length.as_str()))];
        let answer = self.get(ADDRESS, &params).await?;
        let (url, id) = (string(&answer, "upload_url"), string(&answer, "file_id"));
        let connector = &self.client.http_api.connector;
        let url = url.and_then(|url| Url::parse(&url).ok());
        let url = url.filter(|url| is_slack(url, connector.api_url()));
        let (Some(url), Some(id)) = (url, id) else {
            return Err(Error::Uncertain {
                method: ADDRESS.to_owned(),
                why: "Slack's response has no usable address".to_owned(),
            });
        };
        // Without the token: the address is the permission.
        let sent = connector.client().post(url).body(file.text.to_owned()).send().await;
        let response =
            sent.map_err(|cause| counted(of_transport(UPLOAD.to_owned(), Some(Box::new(cause.without_url())))))?;
        if !response.status().is_success() {
            return Err(counted(Error::Uncertain {
                method: UPLOAD.to_owned(),
                why: format!("HTTP {}", response.status()),
            }));
        }
        let body = json!({
            "files": [{"id": id, "title": file.title}], "channel_id": file.channel, "thread_ts": file.thread_ts,
        });
        self.post(COMPLETE, &body).await.map(|_| ())
    }
}
