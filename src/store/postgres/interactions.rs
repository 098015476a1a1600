//! Interactions that Slack delivers to several replicas: one of them answers.

use serde_json::Value;
use sqlx::postgres::PgPool;

use super::clean;
use super::leases::Replica;
use crate::store::InteractionClaim;

/// Time after which an interaction without an answer is answered by another replica, in seconds: the first one is
/// probably gone. An interaction can be done twice without harm.
const GIVEN_UP: f64 = 1.0;
/// Time for which interactions are remembered, in seconds, as within one process.
const KEPT: f64 = 660.0;
/// Maximum bytes of an answer that is kept: longer ones than Slack's largest view are not made.
const LONGEST: usize = 300_000;

/// Takes an interaction for this replica, unless another one has it and may still answer.
pub(super) async fn claim(writers: &PgPool, us: &Replica, key: &str) -> Result<InteractionClaim, sqlx::Error> {
    let taken = sqlx::query(
        "INSERT INTO interactions (key, owner, begun_at) VALUES ($1, $2, clock_timestamp())
         ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, begun_at = excluded.begun_at
         WHERE NOT interactions.answered
         AND interactions.begun_at < clock_timestamp() - make_interval(secs => $3)",
    )
    .bind(clean(key))
    .bind(us.id())
    .bind(GIVEN_UP)
    .execute(writers)
    .await?;
    if taken.rows_affected() == 1 {
        return Ok(InteractionClaim::Ours);
    }
    let answered: Option<(bool, Option<String>)> =
        sqlx::query_as("SELECT answered, answer FROM interactions WHERE key = $1")
            .bind(clean(key))
            .fetch_optional(writers)
            .await?;
    Ok(match answered {
        Some((true, answer)) => {
            InteractionClaim::Answered(answer.and_then(|answer| serde_json::from_str(&answer).ok()))
        }
        _ => InteractionClaim::Elsewhere,
    })
}

/// Keeps the answer to an interaction for a replica that gets it again.
pub(super) async fn answered(writers: &PgPool, key: &str, answer: Option<&Value>) -> Result<(), sqlx::Error> {
    let answer = answer.map(Value::to_string).filter(|text| text.len() <= LONGEST);
    sqlx::query("UPDATE interactions SET answered = true, answer = $2 WHERE key = $1")
        .bind(clean(key))
        .bind(answer.as_deref().map(clean))
        .execute(writers)
        .await?;
    Ok(())
}

/// Forgets what is old.
pub(super) async fn forget(writers: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM interactions WHERE begun_at < clock_timestamp() - make_interval(secs => $1)")
        .bind(KEPT)
        .execute(writers)
        .await?;
    Ok(())
}
