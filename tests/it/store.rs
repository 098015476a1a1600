//! The contract of `store`, written against the trait so that every engine proves itself with it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use signpost::store::sqlite::Sqlite;
use signpost::store::{
    Action, Answered, Arrival, Done, Error, NewPost, Post, PostState, Purged, Receipt, Retention, Settled, Store, Turn,
};

mod audit;
mod cases;
mod outbox;
mod reading;
mod runs;

const DAY: Duration = Duration::from_hours(24);
const KEPT: Retention = Retention {
    answers: Duration::from_hours(30 * 24),
    audit: Duration::from_hours(365 * 24),
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn arrival(key: &str, mentioned: bool) -> Arrival {
    Arrival {
        key: key.into(),
        lane: "T:C".into(),
        mentioned,
        payload: format!("payload of {key}"),
        decoded: true,
    }
}

fn post(key: &str) -> NewPost {
    NewPost {
        key: key.into(),
        channel: "C".into(),
        thread_ts: Some("1.0".into()),
        action: Action::Post,
        body: format!("body of {key}"),
    }
}

fn settled(state: PostState) -> Settled {
    Settled {
        state,
        next_at: at(9),
        posted_ts: None,
        error: None,
        body: None,
    }
}

/// The contract, against one engine: `open` opens the same store again and again.
macro_rules! contract {
    ($open:expr; $($part:ident: [$($test:ident),* $(,)?]),* $(,)?) => {
        $($(
            #[tokio::test]
            async fn $test() {
                let folder = tempfile::tempdir().unwrap();
                let store: Arc<dyn Store> = Arc::new($open(folder.path().join("state/signpost.db")).await);
                $part::$test(store.as_ref()).await;
            }
        )*)*
    };
}

contract! {
    async |path: std::path::PathBuf| Sqlite::open(&path).await.unwrap();
    inbox: [
        the_same_message_is_taken_in_once,
        a_mention_told_by_the_second_arrival_is_not_lost,
        a_message_handled_in_silence_waits_again_when_it_turns_out_to_be_a_mention,
        rows_are_taken_in_the_order_they_came_and_attempts_are_counted,
        handling_erases_the_payload_and_adds_posts_at_once,
        what_was_not_decoded_is_kept_but_not_handled,
        old_rows_are_forgotten_and_payloads_erased_after_a_day,
    ],
    outbox: [
        a_key_is_posted_once,
        a_post_goes_from_pending_to_sent,
        a_post_that_was_being_sent_is_uncertain_after_a_start,
        a_thread_is_worked_through_in_order,
        a_channel_does_not_wait_behind_the_thousands_of_another,
        a_thread_that_waits_holds_up_no_other,
        an_update_goes_where_its_message_was_posted,
        an_update_of_a_message_that_waits_becomes_part_of_it,
        the_last_of_several_updates_is_the_one_that_is_sent,
        an_update_that_waits_holds_up_no_post_of_its_thread,
        an_update_that_may_have_been_sent_is_skipped_when_a_later_one_waits,
        an_update_of_a_message_that_never_was_is_dropped,
        a_message_deleted_before_it_was_posted_is_never_posted,
        a_message_deleted_while_it_was_being_sent_is_deleted_afterwards,
        nothing_is_done_to_a_message_that_is_gone,
        an_ephemeral_knows_its_person,
        a_click_waits_for_none_of_those_who_work_through_a_queue,
    ],
    cases: [
        who_changes_an_old_version_of_a_case_is_told_and_nothing_is_done,
        a_case_that_people_work_on_keeps_its_card_and_an_old_one_goes_with_it,
        a_case_whose_message_was_deleted_leaves_nothing,
        a_mute_ends_when_it_was_to_end,
    ],
    runs: [
        a_run_is_begun_once_and_nothing_of_a_second_time_is_done,
        the_same_is_never_under_way_twice,
        who_changes_an_old_version_of_a_run_is_told_and_nothing_is_done,
        a_run_is_written_with_all_that_belongs_to_it_or_not_at_all,
        runs_are_listed_as_people_look_for_them,
        a_run_that_has_ended_is_forgotten_with_its_messages_and_a_live_one_stays,
        the_messages_of_a_case_and_its_runs_are_known_as_long_as_people_work_on_it,
        the_runs_of_a_job_are_found_however_many_others_there_are,
        a_fingerprint_is_the_same_each_time_and_tells_nothing,
        the_audit_is_asked_by_time_run_job_and_user_and_gives_the_newest,
        the_audit_is_kept_for_its_own_time,
    ],
}

mod inbox {
    use super::*;

    pub(super) async fn the_same_message_is_taken_in_once(store: &dyn Store) {
        let receipts = store
            .receive(&[arrival("a", false), arrival("a", false)], at(0))
            .await
            .unwrap();
        assert_eq!(receipts, [Receipt::New, Receipt::Known]);
        assert_eq!(
            store.receive(&[arrival("a", false)], at(1)).await.unwrap(),
            [Receipt::Known]
        );
        assert_eq!(store.take(0, 10).await.unwrap().len(), 1);
    }

    pub(super) async fn a_mention_told_by_the_second_arrival_is_not_lost(store: &dyn Store) {
        store.receive(&[arrival("a", false)], at(0)).await.unwrap();
        let read = store.take(0, 10).await.unwrap().remove(0);
        assert_eq!(
            store.receive(&[arrival("a", true)], at(0)).await.unwrap(),
            [Receipt::Mentioned]
        );
        assert!(
            !store.finish(&read, &Done::default(), at(1)).await.unwrap(),
            "the row changed since it was read"
        );
        let read = store.waiting("a").await.unwrap().unwrap();
        assert!(read.mentioned);
        assert!(store.finish(&read, &Done::default(), at(1)).await.unwrap());
        assert!(store.waiting("a").await.unwrap().is_none());
    }

    pub(super) async fn a_message_handled_in_silence_waits_again_when_it_turns_out_to_be_a_mention(store: &dyn Store) {
        store.receive(&[arrival("a", false)], at(0)).await.unwrap();
        let read = store.take(0, 10).await.unwrap().remove(0);
        assert!(store.finish(&read, &Done::default(), at(1)).await.unwrap());
        assert_eq!(
            store.receive(&[arrival("a", true)], at(2)).await.unwrap(),
            [Receipt::Reopened]
        );
        let again = store.take(read.seq, 10).await.unwrap().remove(0);
        assert!(again.mentioned);
        assert_eq!(
            store.receive(&[arrival("a", true)], at(2)).await.unwrap(),
            [Receipt::Known]
        );
    }

    pub(super) async fn rows_are_taken_in_the_order_they_came_and_attempts_are_counted(store: &dyn Store) {
        let arrivals: Vec<_> = ["c", "a", "b"].iter().map(|key| arrival(key, false)).collect();
        store.receive(&arrivals, at(0)).await.unwrap();
        let first = store.take(0, 2).await.unwrap();
        assert_eq!(first.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["c", "a"]);
        let rest = store.take(first[1].seq, 2).await.unwrap();
        assert_eq!(rest.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["b"]);
        let again = store.take(0, 10).await.unwrap();
        assert!(again.iter().all(|row| row.attempts == 2), "{again:?}");
    }

    pub(super) async fn handling_erases_the_payload_and_adds_posts_at_once(store: &dyn Store) {
        store.receive(&[arrival("a", false)], at(0)).await.unwrap();
        let read = store.take(0, 10).await.unwrap().remove(0);
        assert_eq!(read.payload, "payload of a");
        let done = Done {
            posts: vec![post("p1"), post("p2")],
            answered: vec![Answered {
                message: "m".into(),
                about: "runbook".into(),
                ..Answered::default()
            }],
            ..Done::default()
        };
        assert!(store.finish(&read, &done, at(1)).await.unwrap());
        assert!(!store.finish(&read, &done, at(1)).await.unwrap());
        assert!(store.answer("m").await.unwrap().is_some() && store.answer("other").await.unwrap().is_none());
        let due = outbox::due(store, 1).await;
        assert_eq!((due[0].key.as_str(), due[0].thread_ts.as_deref()), ("p1", Some("1.0")));
        outbox::post_it(store, "p1", "1.1").await;
        assert_eq!(outbox::keys(store, 1).await, ["p2"]);
    }

    pub(super) async fn what_was_not_decoded_is_kept_but_not_handled(store: &dyn Store) {
        store
            .receive(
                &[Arrival {
                    decoded: false,
                    ..arrival("odd", false)
                }],
                at(0),
            )
            .await
            .unwrap();
        assert!(store.take(0, 10).await.unwrap().is_empty());
        assert_eq!(store.purge(at(0) + 2 * DAY, KEPT).await.unwrap().erased, 1);
    }

    pub(super) async fn old_rows_are_forgotten_and_payloads_erased_after_a_day(store: &dyn Store) {
        store.receive(&[arrival("p", false)], at(0)).await.unwrap();
        let row = store.waiting("p").await.unwrap().unwrap();
        let posts = vec![post("p"), post("q")];
        let answered = vec![Answered {
            message: "m".into(),
            ..Answered::default()
        }];
        store
            .finish(
                &row,
                &Done {
                    posts,
                    answered,
                    ..Done::default()
                },
                at(1),
            )
            .await
            .unwrap();
        outbox::post_it(store, "p", "1.1").await;
        store.receive(&[arrival("late", false)], at(0)).await.unwrap();
        assert_eq!(store.purge(at(60), KEPT).await.unwrap(), Purged::default());
        let purged = store.purge(at(0) + 2 * DAY, KEPT).await.unwrap();
        assert_eq!((purged.erased, purged.unhandled, purged.forgotten), (1, 1, 0));
        let purged = store.purge(at(0) + 31 * DAY, KEPT).await.unwrap();
        assert_eq!(
            purged.forgotten, 4,
            "two of the inbox, the post that was sent, the answer"
        );
        assert_eq!(outbox::keys(store, 9).await, ["q"], "what is not sent yet is kept");
    }
}

#[tokio::test]
async fn the_file_is_private_survives_a_restart_and_belongs_to_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let store = Sqlite::open(&path).await.unwrap();
    store.receive(&[arrival("a", false)], at(0)).await.unwrap();
    assert!(matches!(Sqlite::open(&path).await, Err(Error::InUse { .. })));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&entry.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
    }
    drop(store);
    let store = Sqlite::open(&path).await.unwrap();
    assert_eq!(store.take(0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_that_is_no_store_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    std::fs::write(&path, "not a database, but long enough to be taken for one ".repeat(40)).unwrap();
    let message = Sqlite::open(&path).await.unwrap_err().to_string();
    assert!(message.contains("signpost.db"), "{message}");
}
