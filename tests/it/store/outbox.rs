//! The outbox: order, fairness, and what makes a row needless.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;

use signpost::store::{CaseRow, Expiry};

use super::*;

/// What may be sent at this second.
pub(super) async fn due(store: &dyn Store, second: i64) -> Vec<Post> {
    store.due(at(second)).await.unwrap().posts
}

pub(super) async fn keys(store: &dyn Store, second: i64) -> Vec<String> {
    due(store, second).await.into_iter().map(|post| post.key).collect()
}

/// Sends a row, and Slack takes it.
pub(super) async fn post_it(store: &dyn Store, key: &str, ts: &str) {
    ready(store, key).await;
    let posted_ts = Some(ts.to_owned());
    let sent = PostOutcome {
        posted_ts,
        ..settled(PostState::Sent)
    };
    store.record_outcome(key, &sent).await.unwrap();
}

/// Marks a row as being sent; what is sent, and the `ts` of the message that it is done to.
async fn ready(store: &dyn Store, key: &str) -> (String, Option<String>) {
    match store.sending(key, at(2)).await.unwrap() {
        Turn::Ready(ready) => (ready.body, ready.place.map(|place| place.ts)),
        Turn::Over(why) => panic!("{key} is not to be sent: {why:?}"),
    }
}

async fn is_over(store: &dyn Store, key: &str) -> bool {
    matches!(store.sending(key, at(2)).await.unwrap(), Turn::Over(_))
}

async fn add(store: &dyn Store, posts: &[NewPost]) {
    store.enqueue(posts, at(0)).await.unwrap();
}

fn in_thread(key: &str, channel: &str, thread: &str) -> NewPost {
    NewPost {
        channel: channel.into(),
        thread_ts: Some(thread.into()),
        ..post(key)
    }
}

fn update(key: &str, of: &str) -> NewPost {
    NewPost {
        action: Action::Update { of: of.into() },
        ..in_thread(key, "C-elsewhere", "9.9")
    }
}

fn delete(key: &str, of: &str) -> NewPost {
    NewPost {
        action: Action::Delete { of: of.into() },
        body: String::new(),
        ..post(key)
    }
}

pub(super) async fn a_key_is_posted_once(store: &dyn Store) {
    store
        .receive(&[arrival("a", false), arrival("b", false)], at(0))
        .await
        .unwrap();
    for _ in 0..2 {
        let row = next(store).await;
        let done = Changes {
            posts: vec![post("p")],
            ..Changes::default()
        };
        store.finish(&row, &done, at(1)).await.unwrap();
    }
    add(store, &[post("p")]).await;
    post_it(store, "p", "1.1").await;
    add(store, &[post("p")]).await;
    assert!(keys(store, 9).await.is_empty());
}

pub(super) async fn a_post_goes_from_pending_to_sent(store: &dyn Store) {
    add(store, &[post("p")]).await;
    assert_eq!(ready(store, "p").await.0, "body of p");
    assert!(is_over(store, "p").await, "it is being sent already");
    assert_eq!(store.posted("p").await.unwrap(), None);
    let shorter = PostOutcome {
        body: Some("shorter".to_owned()),
        ..settled(PostState::Pending)
    };
    store.record_outcome("p", &shorter).await.unwrap();
    let waiting = store.due(at(8)).await.unwrap();
    assert_eq!((waiting.posts.len(), waiting.next_at), (0, Some(at(9))));
    let row = due(store, 9).await.remove(0);
    assert_eq!((row.attempts, row.first_try_at), (1, Some(at(2))));
    assert_eq!(ready(store, "p").await.0, "shorter");
    let sent = PostOutcome {
        posted_ts: Some("1.1".to_owned()),
        ..settled(PostState::Sent)
    };
    store.record_outcome("p", &sent).await.unwrap();
    assert!(keys(store, 9).await.is_empty());
    assert!(is_over(store, "p").await, "it is sent");
    let place = store.posted("p").await.unwrap().unwrap();
    assert_eq!((place.channel.as_str(), place.ts.as_str()), ("C", "1.1"));
}

pub(super) async fn a_post_that_was_being_sent_is_uncertain_after_a_start(store: &dyn Store) {
    add(store, &[in_thread("p", "C", "1.0"), in_thread("q", "C", "2.0")]).await;
    ready(store, "p").await;
    assert_eq!(store.recover(Duration::from_secs(15)).await.unwrap(), 1);
    let waiting = store.due(at(3)).await.unwrap();
    assert_eq!(waiting.next_at, Some(at(17)), "not before its request has surely ended");
    let states: Vec<_> = due(store, 17)
        .await
        .into_iter()
        .map(|row| (row.key, row.state))
        .collect();
    assert_eq!(
        states,
        [("p".into(), PostState::Uncertain), ("q".into(), PostState::Pending)]
    );
}

pub(super) async fn a_thread_is_worked_through_in_order(store: &dyn Store) {
    add(store, &[post("p1"), post("p2"), in_thread("q", "C", "2.0")]).await;
    assert_eq!(keys(store, 1).await, ["p1", "q"]);
    ready(store, "p1").await;
    assert_eq!(
        keys(store, 1).await,
        ["q"],
        "the next of a thread waits for the one before"
    );
    store.record_outcome("p1", &settled(PostState::Failed)).await.unwrap();
    assert_eq!(keys(store, 1).await, ["p2", "q"]);
}

pub(super) async fn a_channel_does_not_wait_behind_the_thousands_of_another(store: &dyn Store) {
    let mut posts: Vec<_> = (0..3_000)
        .map(|number| in_thread(&format!("busy {number}"), "C", &format!("{number}.0")))
        .collect();
    posts.push(in_thread("quiet", "D", "1.0"));
    add(store, &posts).await;
    let keys = keys(store, 1).await;
    assert!(keys.contains(&"quiet".to_owned()) && keys.len() < 50, "{keys:?}");
    assert_eq!(keys[0], "busy 0");
}

pub(super) async fn a_thread_that_waits_holds_up_no_other(store: &dyn Store) {
    let posts: Vec<_> = (0..40)
        .map(|number| in_thread(&format!("{number}"), "C", &format!("{number}.0")))
        .collect();
    add(store, &posts).await;
    for number in 0..39 {
        let key = format!("{number}");
        ready(store, &key).await;
        store
            .record_outcome(&key, &settled(PostState::Uncertain))
            .await
            .unwrap();
    }
    assert_eq!(keys(store, 8).await, ["39"]);
}

pub(super) async fn a_wait_that_is_longer_than_any_counts_as_over(store: &dyn Store) {
    let wait = i64::try_from(LONGEST_WAIT.as_secs()).unwrap();
    add(store, &[in_thread("near", "C", "1.0"), in_thread("far", "C", "2.0")]).await;
    for (key, seconds) in [("near", wait), ("far", wait + 1)] {
        let next_at = at(seconds);
        let later = PostOutcome {
            next_at,
            ..settled(PostState::Pending)
        };
        store.record_outcome(key, &later).await.unwrap();
    }
    let due = store.due(at(0)).await.unwrap();
    let keys: Vec<_> = due.posts.iter().map(|post| post.key.as_str()).collect();
    assert_eq!((keys, due.next_at), (vec!["far"], Some(at(wait))));
}

pub(super) async fn a_new_row_is_due_whatever_the_clock_says(store: &dyn Store) {
    store.enqueue(&[post("p")], at(1_000)).await.unwrap();
    assert_eq!(keys(store, 0).await, ["p"]);
}

pub(super) async fn an_update_goes_where_its_message_was_posted(store: &dyn Store) {
    add(store, &[post("p")]).await;
    ready(store, "p").await;
    add(store, &[update("u", "p")]).await;
    assert!(keys(store, 1).await.is_empty(), "it waits behind its message");
    assert!(is_over(store, "u").await);
    store
        .record_outcome(
            "p",
            &PostOutcome {
                posted_ts: Some("1.1".into()),
                ..settled(PostState::Sent)
            },
        )
        .await
        .unwrap();
    assert_eq!(due(store, 9).await[0].channel, "C");
    assert_eq!(ready(store, "u").await, ("body of u".into(), Some("1.1".into())));
}

pub(super) async fn an_update_of_a_message_that_waits_becomes_part_of_it(store: &dyn Store) {
    add(store, &[post("p"), update("u", "p")]).await;
    assert_eq!(ready(store, "p").await.0, "body of u");
    store.record_outcome("p", &settled(PostState::Sent)).await.unwrap();
    assert!(keys(store, 9).await.is_empty());
}

pub(super) async fn the_last_of_several_updates_is_the_one_that_is_sent(store: &dyn Store) {
    add(store, &[post("p"), post("q")]).await;
    post_it(store, "p", "1.1").await;
    post_it(store, "q", "1.2").await;
    add(
        store,
        &[
            update("u1", "p"),
            update("v", "q"),
            update("u2", "p"),
            update("u3", "p"),
        ],
    )
    .await;
    assert_eq!(keys(store, 1).await, ["v", "u3"]);
    post_it(store, "v", "1.2").await;
    assert_eq!(keys(store, 1).await, ["u3"]);
    add(store, &[update("u1", "p")]).await;
    assert_eq!(keys(store, 1).await, ["u3"], "a key counts once, whatever became of it");
}

pub(super) async fn an_update_that_waits_holds_up_no_post_of_its_thread(store: &dyn Store) {
    add(store, &[post("p")]).await;
    post_it(store, "p", "1.1").await;
    add(store, &[update("u", "p"), post("q")]).await;
    ready(store, "u").await;
    store.record_outcome("u", &settled(PostState::Uncertain)).await.unwrap();
    assert_eq!(keys(store, 1).await, ["q"]);
}

pub(super) async fn an_update_that_may_have_been_sent_is_skipped_when_a_later_one_waits(store: &dyn Store) {
    add(store, &[post("p")]).await;
    post_it(store, "p", "1.1").await;
    add(store, &[update("u1", "p")]).await;
    ready(store, "u1").await;
    add(store, &[update("u2", "p")]).await;
    store
        .record_outcome("u1", &settled(PostState::Uncertain))
        .await
        .unwrap();
    assert_eq!(keys(store, 9).await, ["u1"]);
    assert!(is_over(store, "u1").await);
    assert_eq!(keys(store, 9).await, ["u2"]);
}

pub(super) async fn an_update_of_a_message_that_never_was_is_dropped(store: &dyn Store) {
    add(store, &[post("p"), update("u", "unheard of")]).await;
    ready(store, "p").await;
    add(store, &[update("v", "p")]).await;
    store.record_outcome("p", &settled(PostState::Failed)).await.unwrap();
    assert!(is_over(store, "u").await && is_over(store, "v").await);
    assert!(keys(store, 99).await.is_empty());
}

pub(super) async fn a_message_deleted_before_it_was_posted_is_never_posted(store: &dyn Store) {
    add(store, &[post("p"), update("u", "p"), delete("d", "p")]).await;
    assert!(keys(store, 1).await.is_empty());
    assert!(is_over(store, "p").await);
}

pub(super) async fn a_message_deleted_while_it_was_being_sent_is_deleted_afterwards(store: &dyn Store) {
    add(store, &[in_thread("p", "C", "1.0"), in_thread("q", "C", "2.0")]).await;
    for key in ["p", "q"] {
        ready(store, key).await;
        add(
            store,
            &[update(&format!("u{key}"), key), delete(&format!("d{key}"), key)],
        )
        .await;
    }
    // One was posted, the other was not.
    store
        .record_outcome(
            "p",
            &PostOutcome {
                posted_ts: Some("1.1".into()),
                ..settled(PostState::Sent)
            },
        )
        .await
        .unwrap();
    store.record_outcome("q", &settled(PostState::Pending)).await.unwrap();
    assert_eq!(keys(store, 9).await, ["q", "dp"]);
    assert_eq!(ready(store, "dp").await.1.as_deref(), Some("1.1"));
    store.record_outcome("dp", &settled(PostState::Sent)).await.unwrap();
    assert_eq!(store.posted("p").await.unwrap(), None);
    assert!(is_over(store, "q").await);
    assert!(keys(store, 9).await.is_empty());
}

pub(super) async fn nothing_is_done_to_a_message_that_is_gone(store: &dyn Store) {
    add(store, &[post("p")]).await;
    post_it(store, "p", "1.1").await;
    add(store, &[update("u", "p")]).await;
    ready(store, "u").await;
    store.record_outcome("u", &settled(PostState::Gone)).await.unwrap();
    add(store, &[update("v", "p")]).await;
    assert!(is_over(store, "v").await);
    assert!(keys(store, 9).await.is_empty());
}

pub(super) async fn an_ephemeral_knows_its_person(store: &dyn Store) {
    let action = Action::Ephemeral { user: "U1".into() };
    add(
        store,
        &[NewPost {
            action: action.clone(),
            ..post("e")
        }],
    )
    .await;
    assert_eq!(due(store, 1).await[0].action, action);
    post_it(store, "e", "").await;
    assert_eq!(store.posted("e").await.unwrap(), None);
}

pub(super) async fn a_reaction_knows_its_message_and_is_known_until_it_is_given_up(store: &dyn Store) {
    let action = Action::React {
        ts: "1.5".into(),
        name: "eyes".into(),
    };
    let reaction = NewPost {
        action: action.clone(),
        ..post("near")
    };
    assert!(!store.is_in_outbox("near").await.unwrap());
    add(store, &[reaction.clone(), reaction]).await;
    let rows = due(store, 1).await;
    assert_eq!((rows.len(), &rows[0].action), (1, &action));
    assert!(store.is_in_outbox("near").await.unwrap());
    ready(store, "near").await;
    store.record_outcome("near", &settled(PostState::Sent)).await.unwrap();
    assert!(store.is_in_outbox("near").await.unwrap());
    assert_eq!(store.posted("near").await.unwrap(), None);
    store.record_outcome("near", &settled(PostState::Failed)).await.unwrap();
    assert!(!store.is_in_outbox("near").await.unwrap());
}

fn reaction(key: &str, thread: &str) -> NewPost {
    NewPost {
        action: Action::React {
            ts: thread.into(),
            name: "eyes".into(),
        },
        ..in_thread(key, "C", thread)
    }
}

pub(super) async fn a_reaction_that_waits_holds_up_no_answer_in_its_thread(store: &dyn Store) {
    add(store, &[reaction("near", "1.5"), in_thread("answer", "C", "1.5")]).await;
    assert_eq!(keys(store, 1).await, ["near", "answer"]);
    ready(store, "near").await;
    assert_eq!(keys(store, 1).await, ["answer"]);
    let uncertain = PostOutcome {
        next_at: at(60),
        ..settled(PostState::Uncertain)
    };
    store.record_outcome("near", &uncertain).await.unwrap();
    assert_eq!(keys(store, 1).await, ["answer"]);
}

pub(super) async fn a_reaction_that_is_too_old_is_dropped_and_nobody_is_told(store: &dyn Store) {
    let done = Changes {
        posts: vec![reaction("near", "1.5")],
        expiry: Some(expiry(false)),
        ..Changes::default()
    };
    store.commit(&done, None, at(0)).await.unwrap();
    let turn = store.sending("near", at(11)).await.unwrap();
    assert_eq!(turn, Turn::Over(Some("it is too old to be useful")));
    assert!(!store.is_in_outbox("near").await.unwrap());
    assert!(store.missed_before(at(20)).await.unwrap().is_empty());
}

pub(super) async fn a_click_waits_for_none_of_those_who_work_through_a_queue(store: &dyn Store) {
    let arrivals = (0..1_000).map(|number| Arrival {
        lane: format!("{number}"),
        ..arrival(&format!("{number}"), false)
    });
    store.receive(&arrivals.collect::<Vec<_>>(), at(0)).await.unwrap();
    let mut rows = Vec::new();
    for lane in store.lanes("", 1_000).await.unwrap() {
        rows.push(next_in(store, &lane).await.unwrap());
    }
    let done = Changes::default();
    let finished = AtomicUsize::new(0);
    let queue = join_all(rows.iter().map(|row| async {
        store.finish(row, &done, at(1)).await.unwrap();
        finished.fetch_add(1, Ordering::Relaxed);
    }));
    let click = [post("click")];
    let click = async {
        store.enqueue(&click, at(1)).await.unwrap();
        finished.load(Ordering::Relaxed)
    };
    // The queue is polled first: all of it asks for the store before the click does.
    let (_, before) = tokio::join!(queue, click);
    assert!(before < 50, "{before} were handled before the click");
}

pub(super) async fn an_answer_that_is_too_old_is_not_posted_and_nothing_counts_as_answered_with_it(store: &dyn Store) {
    store.receive(&[arrival("a", false)], at(0)).await.unwrap();
    let case = CaseRow {
        id: "case".into(),
        channel: "C".into(),
        thread_ts: Some("1.0".into()),
        author: None,
        fingerprint: "f".into(),
        identity: None,
        open: true,
        post: Some("p".into()),
        version: 0,
        body: "{}".into(),
        created_at: at(0),
        updated_at: at(0),
    };
    let done = Changes {
        posts: vec![post("p"), update("u", "p")],
        expiry: Some(expiry(true)),
        cases: vec![case],
        answered: vec![Answered {
            message: "m".into(),
            post: Some("p".into()),
            case: Some("case".into()),
            ..Answered::default()
        }],
        ..Changes::default()
    };
    assert!(store.finish(&next(store).await, &done, at(1)).await.unwrap());
    assert_eq!(keys(store, 9).await, ["p"]);
    let turn = store.sending("p", at(11)).await.unwrap();
    assert_eq!(turn, Turn::Over(Some("it is too old to be useful")));
    assert!(keys(store, 12).await.is_empty());
    assert!(store.case("case").await.unwrap().is_none() && store.answer("m").await.unwrap().is_none());
    let missed = store.missed_before(at(20)).await.unwrap();
    assert_eq!((missed.len(), missed[0].count, missed[0].channel.as_str()), (1, 1, "C"));
    assert_eq!((missed[0].asked, missed[0].first_at), (1, at(-3)));
}

/// An answer is of use until the tenth second; its message was written three seconds before the first.
fn expiry(asked: bool) -> Expiry {
    Expiry {
        at: at(10),
        asked,
        written_at: at(-3),
    }
}

pub(super) async fn the_key_of_an_answer_that_was_too_old_is_free_for_another(store: &dyn Store) {
    let done = Changes {
        posts: vec![post("p")],
        expiry: Some(expiry(false)),
        ..Changes::default()
    };
    store.commit(&done, None, at(0)).await.unwrap();
    ready(store, "p").await;
    add(store, &[update("u", "p")]).await;
    store.record_outcome("p", &settled(PostState::Uncertain)).await.unwrap();
    assert!(matches!(store.sending("p", at(11)).await.unwrap(), Turn::Over(Some(_))));
    let again = NewPost {
        body: "another".into(),
        ..post("p")
    };
    add(store, &[again]).await;
    assert_eq!(ready(store, "p").await.0, "another");
    store.record_outcome("p", &settled(PostState::Sent)).await.unwrap();
    assert!(
        keys(store, 12).await.is_empty(),
        "nothing is done to it that was meant for the one before"
    );
}
