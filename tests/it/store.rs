//! The contract of `store`, written against the trait: every engine proves itself with it.

use std::time::Duration;

use jiff::Timestamp;
use signpost::store::postgres::Postgres;
use signpost::store::sqlite::Sqlite;
use signpost::store::{
    Action, Answered, Arrival, Changes, Error, InteractionClaim, LONGEST_WAIT, NewPost, Post, PostOutcome, PostState,
    Purged, Receipt, Retention, Store, Turn, Waiting,
};

mod audit;
mod cases;
mod file;
mod inbox;
mod issues;
mod migrate;
mod outbox;
mod reading;
mod replicas;
mod runs;
mod shadow;
mod tls;

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

/// The next row of the lane that [`arrival`] names.
async fn next(store: &dyn Store) -> Waiting {
    next_in(store, "T:C").await.unwrap()
}

async fn next_in(store: &dyn Store, lane: &str) -> Option<Waiting> {
    store.next(lane).await.unwrap()
}

fn settled(state: PostState) -> PostOutcome {
    PostOutcome {
        state,
        next_at: at(9),
        posted_ts: None,
        error: None,
        body: None,
    }
}

/// The contract, against every engine.
macro_rules! contract {
    ($($part:ident: [$($test:ident),* $(,)?]),* $(,)?) => {
        mod on_sqlite {
            $($(
                #[tokio::test]
                async fn $test() {
                    let folder = tempfile::tempdir().unwrap();
                    let store = super::Sqlite::open(&folder.path().join("state/signpost.db")).await.unwrap();
                    super::$part::$test(&store).await;
                }
            )*)*
        }

        mod on_postgres {
            $($(
                #[tokio::test]
                async fn $test() {
                    let store = super::Postgres::open(&crate::postgres::database().await).await.unwrap();
                    super::$part::$test(&store).await;
                }
            )*)*
        }
    };
}

contract! {
    issues: [the_issue_of_a_case_is_created_once, an_issue_is_forgotten_with_its_case],
    inbox: [
        the_same_message_is_taken_in_once,
        a_mention_told_by_the_second_arrival_is_not_lost,
        a_message_handled_in_silence_waits_again_when_it_turns_out_to_be_a_mention,
        rows_of_a_lane_are_taken_in_the_order_they_came,
        lanes_take_turns_however_many_rows_one_of_them_has,
        only_rows_that_were_running_when_the_process_ended_are_counted,
        a_row_that_was_set_aside_is_told_of_and_not_handled,
        what_was_missed_is_told_once_for_each_channel,
        what_was_missed_is_told_only_once_nothing_old_waits_in_its_channel,
        what_was_noted_by_a_wrong_clock_is_told_all_the_same,
        what_waited_for_a_day_may_be_handled_before_it_is_given_up_and_who_asked_is_told,
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
        a_wait_that_is_longer_than_any_counts_as_over,
        a_new_row_is_due_whatever_the_clock_says,
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
        a_reaction_knows_its_message_and_is_known_until_it_is_given_up,
        a_reaction_that_waits_holds_up_no_answer_in_its_thread,
        a_reaction_that_is_too_old_is_dropped_and_nobody_is_told,
        an_answer_that_is_too_old_is_not_posted_and_nothing_counts_as_answered_with_it,
        the_key_of_an_answer_that_was_too_old_is_free_for_another,
        a_click_waits_for_none_of_those_who_work_through_a_queue,
    ],
    cases: [
        who_changes_an_old_version_of_a_case_is_told_and_nothing_is_done,
        a_case_that_people_work_on_keeps_its_card_and_an_old_one_goes_with_it,
        a_case_whose_message_was_deleted_leaves_nothing,
        a_mute_ends_when_it_was_to_end,
        cases_are_found_by_thread_fingerprint_and_author,
        a_case_whose_card_was_shared_is_found_by_the_thread_below_its_card,
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
    shadow: [
        a_shadow_answer_is_kept_with_the_end_of_its_message_or_not_at_all,
        shadow_answers_are_found_by_thread_error_time_and_channel,
        shadow_answers_are_forgotten_with_the_answers,
    ],
}
