//! Forgetting: the changes to runs when the message that asked for them is deleted.

use serde_json::json;

use super::Runner;
use super::run::{Run, notice_of, post_of};
use crate::respond::RunStage;
use crate::store::{self, Action, Changes, NewPost, RunRow};

impl Runner {
    /// Silences the runs of a case that is deleted: nothing of them is shown any more.
    pub(crate) async fn silence_case(&self, case: &str) -> Result<Changes, store::Error> {
        let rows = self.ctx.store.runs_of_case(case).await?;
        Ok(self.silenced(rows))
    }

    /// Silences one run.
    pub(crate) async fn silence(&self, id: &str) -> Result<Changes, store::Error> {
        let row = self.ctx.store.run(id).await?;
        Ok(self.silenced(row.into_iter().collect()))
    }

    /// Lets runs that Jenkins has go on in silence; those not sent yet never are. The audit keeps their past.
    fn silenced(&self, rows: Vec<RunRow>) -> Changes {
        let now = self.ctx.clock.now();
        let mut done = Changes::default();
        for row in rows {
            let Some(mut run) = Run::read(&row) else { continue };
            // Somebody else asked for the same run, and waits for it.
            if !run.also.is_empty() && run.is_live() {
                run.captures.clear();
                done.runs.extend(run.row(row.version, row.fingerprint, row.created_at));
                continue;
            }
            let mut posts = vec![post_of(&row.id)];
            if matches!(run.stage_name(), RunStage::Expired | RunStage::Declined) {
                posts.push(notice_of(&row.id));
            }
            done.posts.extend(posts.into_iter().map(|post| NewPost {
                key: format!("delete:{post}"),
                channel: row.channel.clone(),
                thread_ts: row.thread_ts.clone(),
                action: Action::Delete { of: post },
                body: String::new(),
            }));
            let was_live = run.is_live();
            // The audit entry is made before anything is erased.
            let entry = self.entry(&run, "cancel", None, &[("why", json!("message-deleted"))]);
            run.silence(now);
            if was_live && !run.is_live() {
                done.audit.push(entry);
            }
            let (version, created_at) = (row.version, row.created_at);
            done.runs.extend(run.row(version, row.fingerprint, created_at));
        }
        done
    }
}
