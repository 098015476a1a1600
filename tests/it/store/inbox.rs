//! What comes in, until it is handled.

use signpost::store::{Expiry, Missed, NewMissed, SetAsideReason};

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
    let row = next(store).await;
    assert!(store.finish(&row, &Changes::default(), at(1)).await.unwrap());
    assert_eq!(next_in(store, "T:C").await, None);
}

pub(super) async fn a_mention_told_by_the_second_arrival_is_not_lost(store: &dyn Store) {
    store.receive(&[arrival("a", false)], at(0)).await.unwrap();
    let read = next(store).await;
    assert_eq!(
        store.receive(&[arrival("a", true)], at(0)).await.unwrap(),
        [Receipt::Mentioned]
    );
    assert!(
        !store.finish(&read, &Changes::default(), at(1)).await.unwrap(),
        "the row changed since it was read"
    );
    let read = next(store).await;
    assert!(read.mentioned);
    assert!(store.finish(&read, &Changes::default(), at(1)).await.unwrap());
    assert_eq!(next_in(store, "T:C").await, None);
}

pub(super) async fn a_message_handled_in_silence_waits_again_when_it_turns_out_to_be_a_mention(store: &dyn Store) {
    store.receive(&[arrival("a", false)], at(0)).await.unwrap();
    let read = next(store).await;
    assert!(store.finish(&read, &Changes::default(), at(1)).await.unwrap());
    assert_eq!(
        store.receive(&[arrival("a", true)], at(2)).await.unwrap(),
        [Receipt::Reopened]
    );
    let again = next(store).await;
    assert!(again.mentioned);
    assert_eq!(
        store.receive(&[arrival("a", true)], at(2)).await.unwrap(),
        [Receipt::Known]
    );
}

pub(super) async fn rows_of_a_lane_are_taken_in_the_order_they_came(store: &dyn Store) {
    let arrivals: Vec<_> = ["c", "a", "b"].iter().map(|key| arrival(key, false)).collect();
    store.receive(&arrivals, at(0)).await.unwrap();
    for expected in ["c", "a", "b"] {
        let row = next(store).await;
        assert_eq!((row.key.as_str(), row.attempts), (expected, 0));
        assert!(store.begin(row.seq).await.unwrap());
        assert!(store.finish(&row, &Changes::default(), at(1)).await.unwrap());
        assert!(!store.begin(row.seq).await.unwrap(), "it is handled");
    }
    assert_eq!(next_in(store, "T:C").await, None);
}

pub(super) async fn lanes_take_turns_however_many_rows_one_of_them_has(store: &dyn Store) {
    let in_lane = |lane: &str, key: String| Arrival {
        lane: lane.into(),
        ..arrival(&key, false)
    };
    let mut arrivals: Vec<_> = (0..500)
        .map(|number| in_lane("T:busy", format!("busy {number}")))
        .collect();
    arrivals.extend(["T:a", "T:d", "T:z", ""].map(|lane| in_lane(lane, format!("first of {lane}"))));
    store.receive(&arrivals, at(0)).await.unwrap();
    assert_eq!(store.lanes("", 10).await.unwrap(), ["T:a", "T:busy", "T:d", "T:z", ""]);
    assert_eq!(
        store.lanes("T:busy", 10).await.unwrap(),
        ["T:d", "T:z", "", "T:a", "T:busy"]
    );
    assert_eq!(store.lanes("T:busy", 2).await.unwrap(), ["T:d", "T:z"]);
    assert_eq!(store.lanes("T:z", 2).await.unwrap(), ["", "T:a"]);
    let row = next_in(store, "T:d").await.unwrap();
    assert!(store.finish(&row, &Changes::default(), at(1)).await.unwrap());
    assert_eq!(store.lanes("T:busy", 1).await.unwrap(), ["T:z"]);
}

pub(super) async fn only_rows_that_were_running_when_the_process_ended_are_counted(store: &dyn Store) {
    let arrivals: Vec<_> = ["a", "b"].iter().map(|key| arrival(key, false)).collect();
    store.receive(&arrivals, at(0)).await.unwrap();
    for crashes in 0..5 {
        let row = next(store).await;
        assert_eq!(
            (row.key.as_str(), row.attempts),
            ("a", crashes),
            "reading counts nothing"
        );
        assert!(store.begin(row.seq).await.unwrap());
        assert_eq!(store.recover_inbox().await.unwrap(), 1);
    }
    let row = next(store).await;
    assert!(store.begin(row.seq).await.unwrap());
    store.release(None).await.unwrap();
    assert_eq!(store.recover_inbox().await.unwrap(), 0, "it was asked to end");
    assert!(store.begin(row.seq).await.unwrap());
    store.release(Some(row.seq)).await.unwrap();
    assert_eq!(store.recover_inbox().await.unwrap(), 0);
    assert!(store.begin(row.seq).await.unwrap());
    assert!(
        store
            .finish(&next(store).await, &Changes::default(), at(1))
            .await
            .unwrap()
    );
    assert_eq!(store.recover_inbox().await.unwrap(), 0, "it was finished");
    assert_eq!(next(store).await.attempts, 0, "the other one never ran");
}

pub(super) async fn a_row_that_was_set_aside_is_told_of_and_not_handled(store: &dyn Store) {
    let arrivals: Vec<_> = ["a", "b"].iter().map(|key| arrival(key, false)).collect();
    store.receive(&arrivals, at(0)).await.unwrap();
    store.set_aside("a", SetAsideReason::Crashed, at(1)).await.unwrap();
    let counts = store.inbox().await.unwrap();
    assert_eq!((counts.waiting, counts.set_aside), (1, 1));
    assert_eq!(next(store).await.key, "b");
    store.purge(at(0) + 2 * DAY, KEPT).await.unwrap();
    let counts = store.inbox().await.unwrap();
    assert_eq!(
        (counts.waiting, counts.set_aside),
        (1, 0),
        "nothing is left to try again"
    );
}

pub(super) async fn what_was_missed_is_told_once_for_each_channel(store: &dyn Store) {
    let arrivals: Vec<_> = (0..3).map(|number| arrival(&format!("{number}"), false)).collect();
    store.receive(&arrivals, at(0)).await.unwrap();
    let missed = |second, asked| NewMissed {
        channel: "C".into(),
        at: at(second),
        asked,
        noted_at: at(5),
    };
    for missed in [missed(-60, false), missed(-90, true), missed(-30, false)] {
        let done = Changes {
            missed: Some(missed),
            ..Changes::default()
        };
        assert!(store.finish(&next(store).await, &done, at(5)).await.unwrap());
    }
    assert!(store.missed_before(at(5)).await.unwrap().is_empty());
    let told = store.missed_before(at(6)).await.unwrap().remove(0);
    assert_eq!(
        (told.count, told.asked, told.first_at, told.last_at),
        (3, 1, at(-90), at(-30))
    );
    let stale = Missed {
        count: 2,
        ..told.clone()
    };
    store.tell_missed(&stale, Some(&post("note")), at(6)).await.unwrap();
    assert!(outbox::keys(store, 6).await.is_empty(), "more was missed meanwhile");
    store.tell_missed(&told, Some(&post("note")), at(6)).await.unwrap();
    store.tell_missed(&told, Some(&post("again")), at(6)).await.unwrap();
    assert_eq!(outbox::keys(store, 6).await, ["note"]);
    assert!(store.missed_before(at(9)).await.unwrap().is_empty());
}

/// A message of a channel that was too old, noted at this second.
fn missed_in(channel: &str, second: i64) -> Changes {
    let missed = NewMissed {
        channel: channel.into(),
        at: at(0),
        asked: false,
        noted_at: at(second),
    };
    Changes {
        missed: Some(missed),
        ..Changes::default()
    }
}

/// Channels that are told at this second what they missed, by name.
async fn told(store: &dyn Store, second: i64) -> Vec<String> {
    let missed = store.missed_before(at(second)).await.unwrap();
    let mut channels: Vec<String> = missed.into_iter().map(|missed| missed.channel).collect();
    channels.sort();
    channels
}

pub(super) async fn what_was_missed_is_told_only_once_nothing_old_waits_in_its_channel(store: &dyn Store) {
    let arrivals: Vec<_> = ["a", "b"].iter().map(|key| arrival(key, false)).collect();
    store.receive(&arrivals, at(0)).await.unwrap();
    let other = Changes {
        posts: vec![NewPost {
            channel: "D".into(),
            ..post("p")
        }],
        expiry: Some(Expiry {
            at: at(1),
            asked: false,
            written_at: at(0),
        }),
        ..missed_in("D", 1)
    };
    store.commit(&other, None, at(0)).await.unwrap();
    store
        .finish(&next(store).await, &missed_in("C", 1), at(1))
        .await
        .unwrap();
    assert!(told(store, 60).await.is_empty(), "the backlog is not worked through");
    store
        .finish(&next(store).await, &Changes::default(), at(60))
        .await
        .unwrap();
    assert_eq!(told(store, 60).await, ["C"]);
    store.sending("p", at(60)).await.unwrap();
    assert_eq!(told(store, 60).await, ["C"], "the one of D was noted just now");
    assert_eq!(told(store, 61).await, ["C", "D"]);
}

pub(super) async fn what_was_noted_by_a_wrong_clock_is_told_all_the_same(store: &dyn Store) {
    let day = 24 * 3_600;
    store.commit(&missed_in("C", 2 * day), None, at(0)).await.unwrap();
    store.commit(&missed_in("D", 60), None, at(0)).await.unwrap();
    assert_eq!(told(store, 0).await, ["C"]);
}

pub(super) async fn what_waited_for_a_day_may_be_handled_before_it_is_given_up_and_who_asked_is_told(
    store: &dyn Store,
) {
    let of = |lane: &str, key: &str, mentioned| Arrival {
        lane: lane.into(),
        ..arrival(key, mentioned)
    };
    let arrivals = [
        of("T:C", "T:C:1699999990.5:0", true),
        of("T:C", "T:C:1699999991.5:0", false),
        of("T:D1", "T:D1:1699999992.5:0", false),
        of("T:D1", "deleted:T:D1:1699999993.5", false),
        of("T:E", "T:E:1699999994.5:0", false),
    ];
    store.receive(&arrivals, at(0)).await.unwrap();
    let hour = Duration::from_hours(1);
    assert_eq!(store.purge(at(0) + 3 * DAY, KEPT).await.unwrap(), Purged::default());
    let row = next(store).await;
    assert!(store.finish(&row, &Changes::default(), at(1)).await.unwrap());
    let purged = store.purge(at(0) + 3 * DAY + hour, KEPT).await.unwrap();
    assert_eq!((purged.erased, purged.unhandled), (4, 4));
    let missed = store.missed_before(at(0)).await.unwrap();
    let missed: Vec<_> = missed
        .iter()
        .map(|one| (one.channel.as_str(), one.count, one.asked))
        .collect();
    assert_eq!(
        missed,
        [("D1", 1, 1)],
        "of the others nobody knows whether they were errors"
    );

    store.receive(&[of("T:C", "late", true)], at(0)).await.unwrap();
    let purged = store.purge(at(0) + 3 * DAY + 2 * hour, KEPT).await.unwrap();
    assert_eq!(purged.unhandled, 0, "each gets its own chance");
    let purged = store.purge(at(0) + 3 * DAY + 3 * hour, KEPT).await.unwrap();
    assert_eq!(purged.unhandled, 1);
}

pub(super) async fn handling_erases_the_payload_and_adds_posts_at_once(store: &dyn Store) {
    store.receive(&[arrival("a", false)], at(0)).await.unwrap();
    let read = next(store).await;
    assert_eq!(read.payload, "payload of a");
    let done = Changes {
        posts: vec![post("p1"), post("p2")],
        answered: vec![Answered {
            message: "m".into(),
            kind: "runbook".into(),
            ..Answered::default()
        }],
        ..Changes::default()
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
    assert!(store.lanes("", 10).await.unwrap().is_empty());
    assert_eq!(store.purge(at(0) + 2 * DAY, KEPT).await.unwrap().erased, 1);
}

pub(super) async fn old_rows_are_forgotten_and_payloads_erased_after_a_day(store: &dyn Store) {
    store.receive(&[arrival("p", false)], at(0)).await.unwrap();
    let row = next(store).await;
    let posts = vec![post("p"), post("q")];
    let answered = vec![Answered {
        message: "m".into(),
        ..Answered::default()
    }];
    store
        .finish(
            &row,
            &Changes {
                posts,
                answered,
                ..Changes::default()
            },
            at(1),
        )
        .await
        .unwrap();
    outbox::post_it(store, "p", "1.1").await;
    store.receive(&[arrival("late", false)], at(0)).await.unwrap();
    assert_eq!(store.purge(at(60), KEPT).await.unwrap(), Purged::default());
    assert_eq!(store.purge(at(0) + 2 * DAY, KEPT).await.unwrap(), Purged::default());
    let purged = store.purge(at(3_600) + 2 * DAY, KEPT).await.unwrap();
    assert_eq!((purged.erased, purged.unhandled, purged.forgotten), (1, 1, 0));
    let purged = store.purge(at(0) + 31 * DAY, KEPT).await.unwrap();
    assert_eq!(
        purged.forgotten, 4,
        "two of the inbox, the post that was sent, the answer"
    );
    assert_eq!(outbox::keys(store, 9).await, ["q"], "what is not sent yet is kept");
}
