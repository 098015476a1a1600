//! What became of a trigger whose answer was lost: only what is certainly ours is taken for ours.

use std::collections::BTreeMap;

use axum::http::header::DATE;
use jiff::Timestamp;
use serde_json::{Value, json};
use signpost::clock::Clock;
use signpost::jenkins::{Found, Lost};

use super::{Fake, client, job, json as answer, local};

/// Our clock, an hour behind that of Jenkins.
#[derive(Debug)]
struct Ours;

const SENT: i64 = 1_700_000_000;
const HOUR: i64 = 3_600;

impl Clock for Ours {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(SENT + 10).unwrap()
    }
}

fn actions(user: &str, parameters: &[(&str, &str)]) -> Value {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    json!([{}, {"parameters": parameters}, null, {"causes": [{"userId": user}]}])
}

/// A build of ours, so many seconds after the trigger.
fn build(number: u64, after: i64, user: &str, parameters: &[(&str, &str)]) -> Value {
    json!({"number": number, "queueId": number + 100, "timestamp": (SENT + HOUR + after) * 1_000, "actions": actions(user, parameters)})
}

fn item(id: u64, after: i64, user: &str, parameters: &[(&str, &str)], of: &str) -> Value {
    json!({"id": id, "inQueueSince": (SENT + HOUR + after) * 1_000, "task": {"url": format!("https://public.example/x/{of}/")},
        "actions": actions(user, parameters)})
}

async fn look_up(items: Vec<Value>, builds: Vec<Value>, run_id: Option<(&str, &str)>) -> Found {
    let (items, builds) = (json!({"items": items}), json!({"builds": builds}));
    let fake = Fake::start(move |seen| {
        let mut response = answer(if seen.uri.starts_with("/queue/") {
            &items
        } else {
            &builds
        });
        let date = Timestamp::from_second(SENT + HOUR + 10).unwrap();
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        response.headers_mut().insert(DATE, date.parse().unwrap());
        response
    })
    .await;
    let parameters: BTreeMap<String, String> = [("A", "1"), ("B", "2")]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let lost = Lost {
        parameters: &parameters,
        since: Timestamp::from_second(SENT).unwrap(),
        run_id,
    };
    client(&fake.url, &[]).look_up(&job(), &lost, &Ours).await.unwrap()
}

const SAME: &[(&str, &str)] = &[("A", "1"), ("B", "2"), ("C", "default")];
const OTHER: &[(&str, &str)] = &[("A", "1"), ("B", "3")];
const JOB: &str = "job/Team%20A/job/50%25%20job";

#[test]
fn a_lost_trigger_is_found_only_by_parameters_user_and_time() {
    local(async {
        let ours = || build(7, 1, "Signpost", SAME);
        let built = Found::Build {
            number: 7,
            queue_id: Some(107),
        };
        assert_eq!(
            look_up(vec![], vec![ours(), build(6, -900, "signpost", SAME)], None).await,
            built
        );
        assert_eq!(
            look_up(
                vec![],
                vec![build(8, 1, "ada", SAME), ours(), build(5, 1, "signpost", OTHER)],
                None
            )
            .await,
            built
        );
        assert_eq!(look_up(vec![], vec![], None).await, Found::Nothing);
        for other in [
            build(7, -5, "signpost", SAME),
            build(7, 1, "ada", SAME),
            build(7, 1, "signpost", OTHER),
        ] {
            assert_eq!(look_up(vec![], vec![other], None).await, Found::Nothing);
        }
        assert_eq!(
            look_up(vec![], vec![ours(), build(8, 2, "signpost", SAME)], None).await,
            Found::Several
        );
    });
}

#[test]
fn the_queue_is_looked_through_too() {
    local(async {
        let found = look_up(vec![item(5, 1, "signpost", SAME, JOB)], vec![], None).await;
        assert_eq!(
            found,
            Found::Waiting {
                queue_id: 5,
                ours: true
            }
        );
        let found = look_up(vec![item(5, -60, "ada", SAME, JOB)], vec![], None).await;
        assert_eq!(
            found,
            Found::Waiting {
                queue_id: 5,
                ours: false
            },
            "Jenkins makes one of both"
        );
        let found = look_up(
            vec![
                item(5, 1, "signpost", SAME, "job/other"),
                item(6, 1, "signpost", OTHER, JOB),
            ],
            vec![],
            None,
        )
        .await;
        assert_eq!(found, Found::Nothing);
        // It left the queue between the two looks.
        let found = look_up(
            vec![item(107, 1, "signpost", SAME, JOB)],
            vec![build(7, 1, "signpost", SAME)],
            None,
        )
        .await;
        assert_eq!(
            found,
            Found::Build {
                number: 7,
                queue_id: Some(107)
            }
        );
        let found = look_up(
            vec![item(9, 1, "signpost", SAME, JOB)],
            vec![build(7, 1, "signpost", SAME)],
            None,
        )
        .await;
        assert_eq!(found, Found::Several);
    });
}

#[test]
fn the_run_s_own_id_settles_it() {
    local(async {
        let with_id = &[("A", "1"), ("RUN", "r-1")][..];
        let builds = vec![build(7, -60, "ada", with_id), build(8, 1, "signpost", SAME)];
        let found = look_up(vec![], builds, Some(("RUN", "r-1"))).await;
        assert_eq!(
            found,
            Found::Build {
                number: 7,
                queue_id: Some(107)
            }
        );
        let found = look_up(vec![], vec![build(8, 1, "signpost", SAME)], Some(("RUN", "r-1"))).await;
        assert_eq!(found, Found::Nothing);
    });
}

#[test]
fn a_busy_job_is_searched_as_far_back_as_the_trigger() {
    local(async {
        let others = |from: u64, after: i64| -> Value {
            let builds = (0..50).map(|at| build(from - at, after, "ada", OTHER));
            json!(builds.collect::<Vec<_>>())
        };
        let found = async |first: Value, second: Value| {
            let fake = Fake::start(move |seen| {
                let mut response = answer(&match seen.uri.as_str() {
                    uri if uri.starts_with("/queue/") => json!({"items": []}),
                    uri if uri.contains("allBuilds") && (uri.contains("{50") || uri.contains("%7B50")) => {
                        json!({"allBuilds": second})
                    }
                    uri if uri.contains("allBuilds") => json!({"allBuilds": others(400, -60)}),
                    _ => json!({"builds": first}),
                });
                let date = Timestamp::from_second(SENT + HOUR + 10).unwrap();
                let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
                response.headers_mut().insert(DATE, date.parse().unwrap());
                response
            })
            .await;
            let parameters: BTreeMap<String, String> =
                [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())].into();
            let lost = Lost {
                parameters: &parameters,
                since: Timestamp::from_second(SENT).unwrap(),
                run_id: None,
            };
            let looked = client(&fake.url, &[]).look_up(&job(), &lost, &Ours).await.unwrap();
            (looked, fake.seen().len())
        };
        let ours = json!([build(450, 5, "signpost", SAME), build(449, -90, "ada", OTHER)]);
        let built = Found::Build {
            number: 450,
            queue_id: Some(550),
        };
        assert_eq!(found(others(500, 30), ours.clone()).await, (built, 3));
        // Where the first page goes back far enough there is no second look.
        assert_eq!(found(others(500, -60), ours).await, (Found::Nothing, 2));
        assert_eq!(found(others(500, 30), others(450, 20)).await, (Found::Nothing, 4));
    });
}
