//! Issues of cases: requested once, tried again, and forgotten with their case.

use signpost::store::{DueIssue, IssueOutcome, NewIssue, PageState};

use super::cases::case;
use super::*;

fn asked(tracker: &str) -> NewIssue {
    NewIssue {
        case: "c".into(),
        tracker: tracker.into(),
        body: format!("issue for {tracker}"),
    }
}

async fn commit(store: &dyn Store, issues: Vec<NewIssue>, outcome: Option<PageState>, second: i64) {
    let filed = outcome.map(|state| IssueOutcome {
        case: "c".into(),
        state,
        error: Some("why".into()),
    });
    let done = Changes {
        issues,
        filed: filed.into_iter().collect(),
        ..Changes::default()
    };
    assert!(store.commit(&done, None, at(second)).await.unwrap());
}

/// Tracker, attempts and time of the first request of what is due.
async fn due(store: &dyn Store, second: i64) -> Vec<(String, u32, Timestamp)> {
    let due = store.due_issues(at(second), 9).await.unwrap();
    let shown = |due: DueIssue| {
        assert_eq!(due.issue.body, format!("issue for {}", due.issue.tracker));
        (due.issue.tracker, due.attempts, due.created_at)
    };
    due.into_iter().map(shown).collect()
}

pub(super) async fn the_issue_of_a_case_is_created_once(store: &dyn Store) {
    commit(store, vec![asked("one")], None, 1).await;
    // Of two requests the first counts, also while it is tried again.
    commit(store, vec![asked("other")], None, 2).await;
    assert_eq!(due(store, 3).await, [("one".into(), 0, at(1))]);
    // The beginning of an attempt puts off the next one, and does not count.
    let begun = Changes {
        filed: vec![IssueOutcome {
            case: "c".into(),
            state: PageState::Pending(at(4)),
            error: None,
        }],
        ..Changes::default()
    };
    assert!(store.commit(&begun, None, at(3)).await.unwrap());
    assert!(due(store, 3).await.is_empty());
    assert_eq!(due(store, 4).await, [("one".into(), 0, at(1))]);
    commit(store, Vec::new(), Some(PageState::Pending(at(20))), 4).await;
    assert!(due(store, 19).await.is_empty());
    assert_eq!(due(store, 20).await, [("one".into(), 1, at(1))]);
    // After it was given up, it can be requested again; an earlier attempt may have created it all the same.
    commit(store, Vec::new(), Some(PageState::Failed), 21).await;
    assert!(due(store, 99).await.is_empty());
    commit(store, vec![asked("other")], None, 30).await;
    assert_eq!(due(store, 30).await, [("other".into(), 0, at(1))]);
    commit(store, Vec::new(), Some(PageState::Sent), 31).await;
    assert!(due(store, 99).await.is_empty());
    // A case that an older version has saved does not know its issue: asked for again, it is found by its time.
    commit(store, vec![asked("one")], None, 32).await;
    assert_eq!(due(store, 32).await, [("one".into(), 0, at(1))]);
}

pub(super) async fn an_issue_is_forgotten_with_its_case(store: &dyn Store) {
    let second = 31 * 24 * 60 * 60;
    let begun = Changes {
        cases: vec![case("c", 0)],
        issues: vec![asked("one")],
        ..Changes::default()
    };
    assert!(store.commit(&begun, None, at(0)).await.unwrap());
    commit(store, Vec::new(), Some(PageState::Sent), 1).await;
    // The case lives on, and its issue with it: asked for again, it is found by its time.
    let mut later = case("c", 1);
    later.updated_at = at(second - 10);
    let changed = Changes {
        cases: vec![later],
        ..Changes::default()
    };
    assert!(store.commit(&changed, None, at(second - 10)).await.unwrap());
    store.purge(at(second), KEPT).await.unwrap();
    commit(store, vec![asked("other")], None, second).await;
    assert_eq!(due(store, second + 1).await, [("other".into(), 0, at(0))]);
    let gone = Changes {
        forget: vec!["c".into()],
        ..Changes::default()
    };
    assert!(store.commit(&gone, None, at(second + 2)).await.unwrap());
    commit(store, vec![asked("other")], None, second + 3).await;
    assert_eq!(due(store, second + 4).await.len(), 1);
}
