//! Cases, what messages were answered with, and mutes.

use std::ops::ControlFlow;

use signpost::store::{CaseLookup, CaseRow, Mute};

use super::outbox::post_it;
use super::*;

pub(super) fn case(id: &str, version: i64) -> CaseRow {
    CaseRow {
        id: id.into(),
        channel: "C".into(),
        thread_ts: Some("1".into()),
        author: Some("U1".into()),
        fingerprint: "runbook # section".into(),
        identity: None,
        open: true,
        post: Some(format!("card {id}")),
        version,
        body: "{}".into(),
        created_at: at(0),
        updated_at: at(0),
    }
}

/// The ids of the cases that a look-up finds, in its order.
async fn ids(store: &dyn Store, channel: &str, lookup: CaseLookup<'_>) -> Vec<String> {
    let mut ids = Vec::new();
    let mut visit = |row: CaseRow| {
        ids.push(row.id);
        ControlFlow::Continue(())
    };
    store.visit_cases(channel, lookup, &mut visit).await.unwrap();
    ids
}

/// A change of a case with the message and the post that belong to it.
fn change(case: CaseRow) -> Changes {
    let key = case.post.clone().unwrap();
    Changes {
        posts: vec![post(&key)],
        answered: vec![Answered {
            message: format!("message of {}", case.id),
            post: Some(key),
            case: Some(case.id.clone()),
            ..Answered::default()
        }],
        cases: vec![case],
        ..Changes::default()
    }
}

pub(super) async fn who_changes_an_old_version_of_a_case_is_told_and_nothing_is_done(store: &dyn Store) {
    assert!(store.commit(&change(case("c", 0)), Some("U2"), at(0)).await.unwrap());
    assert!(store.commit(&change(case("c", 1)), None, at(1)).await.unwrap());
    let late = Changes {
        posts: vec![post("late")],
        ..change(case("c", 1))
    };
    assert!(!store.commit(&late, None, at(2)).await.unwrap());
    assert!(!outbox::keys(store, 9).await.contains(&"late".to_owned()));
    assert_eq!(store.case("c").await.unwrap().unwrap().version, 2);
    for user in ["U1", "U2"] {
        assert_eq!(store.cases_of(user, 9).await.unwrap().len(), 1, "{user}");
    }
    let changed = async |since| {
        let lookup = CaseLookup::Author {
            author: "U1",
            since: at(since),
        };
        ids(store, "C", lookup).await.len()
    };
    assert_eq!((changed(1).await, changed(2).await), (1, 0));
}

pub(super) async fn a_case_that_people_work_on_keeps_its_card_and_an_old_one_goes_with_it(store: &dyn Store) {
    for id in ["old", "worked on"] {
        store.commit(&change(case(id, 0)), None, at(0)).await.unwrap();
        post_it(store, &format!("card {id}"), "1.1").await;
    }
    let later = at(0) + 20 * DAY;
    let more = Changes {
        cases: vec![case("worked on", 1)],
        ..Changes::default()
    };
    assert!(store.commit(&more, None, later).await.unwrap());
    store.purge(at(0) + 31 * DAY, KEPT).await.unwrap();
    assert!(store.posted("card worked on").await.unwrap().is_some());
    assert!(store.answer("message of worked on").await.unwrap().is_some());
    assert!(store.case("old").await.unwrap().is_none());
    assert!(store.posted("card old").await.unwrap().is_none());
    assert!(store.answer("message of old").await.unwrap().is_none());
}

pub(super) async fn a_case_whose_message_was_deleted_leaves_nothing(store: &dyn Store) {
    store.commit(&change(case("c", 0)), Some("U2"), at(0)).await.unwrap();
    let forget = Changes {
        forget: vec!["c".into()],
        ..Changes::default()
    };
    store.commit(&forget, None, at(1)).await.unwrap();
    assert!(store.case("c").await.unwrap().is_none());
    assert!(store.answer("message of c").await.unwrap().is_none());
    assert!(store.cases_of("U2", 9).await.unwrap().is_empty());
}

pub(super) async fn a_mute_ends_when_it_was_to_end(store: &dyn Store) {
    let mute = Mute {
        by: "U1".into(),
        until: Some(at(10)),
    };
    store.mute("C", Some(&mute), at(0)).await.unwrap();
    assert_eq!(store.muted("C", at(9)).await.unwrap(), Some(mute));
    assert_eq!(store.muted("C", at(10)).await.unwrap(), None);
    assert_eq!(store.muted("D", at(9)).await.unwrap(), None);
    let for_ever = Mute {
        by: "U1".into(),
        until: None,
    };
    store.mute("C", Some(&for_ever), at(11)).await.unwrap();
    assert_eq!(store.muted("C", at(0) + 300 * DAY).await.unwrap(), Some(for_ever));
    store.mute("C", None, at(12)).await.unwrap();
    assert_eq!(store.muted("C", at(13)).await.unwrap(), None);
}

pub(super) async fn cases_are_found_by_thread_fingerprint_and_author(store: &dyn Store) {
    let write = async |case: CaseRow, second| {
        let case = CaseRow {
            created_at: at(second),
            ..case
        };
        let done = Changes {
            cases: vec![case],
            ..Changes::default()
        };
        assert!(store.commit(&done, None, at(second)).await.unwrap());
    };
    let alert = |id: &str, of: &str| CaseRow {
        thread_ts: Some(id.into()),
        author: Some("B1".into()),
        fingerprint: format!("alert:{of}"),
        identity: Some(format!("identity of {id}")),
        ..case(id, 0)
    };
    write(case("a", 0), 1).await;
    write(alert("b", "x|"), 2).await;
    write(alert("c", "x|job"), 3).await;
    write(alert("d", "xy|"), 4).await;
    write(case("e", 0), 5).await;
    let elsewhere = CaseRow {
        channel: "D".into(),
        ..case("f", 0)
    };
    write(elsewhere, 6).await;
    let over = CaseRow {
        open: false,
        ..alert("g", "x|")
    };
    write(over, 7).await;
    assert_eq!(ids(store, "C", CaseLookup::Thread("1")).await, ["e", "a"]);
    assert_eq!(ids(store, "C", CaseLookup::Open("alert:x|")).await, ["b", "c"]);
    let fingerprint = |identity: Option<&'static str>, since| CaseLookup::Fingerprint {
        fingerprint: "alert:x|",
        identity,
        since: at(since),
    };
    assert_eq!(ids(store, "C", fingerprint(None, 0)).await, ["g", "b"]);
    assert_eq!(ids(store, "C", fingerprint(None, 3)).await, ["g"]);
    assert_eq!(ids(store, "C", fingerprint(Some("identity of b"), 0)).await, ["b"]);
    let author = CaseLookup::Author {
        author: "B1",
        since: at(3),
    };
    assert_eq!(ids(store, "C", author).await, ["g", "d", "c"]);
    let mut seen = 0;
    let mut first = |_: CaseRow| {
        seen += 1;
        ControlFlow::Break(())
    };
    store.visit_cases("C", author, &mut first).await.unwrap();
    assert_eq!(seen, 1, "the visitor ends the look-up");
}

pub(super) async fn a_case_whose_card_was_shared_is_found_by_the_thread_below_its_card(store: &dyn Store) {
    let shared = CaseRow {
        thread_ts: None,
        ..case("shared", 0)
    };
    let private = CaseRow {
        thread_ts: None,
        post: None,
        ..case("private", 0)
    };
    for case in [shared, private] {
        let done = Changes {
            posts: case.post.iter().map(|key| post(key)).collect(),
            cases: vec![case],
            ..Changes::default()
        };
        assert!(store.commit(&done, None, at(0)).await.unwrap());
    }
    assert!(ids(store, "C", CaseLookup::Thread("7.1")).await.is_empty());
    post_it(store, "card shared", "7.1").await;
    assert_eq!(ids(store, "C", CaseLookup::Thread("7.1")).await, ["shared"]);
    assert!(ids(store, "D", CaseLookup::Thread("7.1")).await.is_empty());
}
