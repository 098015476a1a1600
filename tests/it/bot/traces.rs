//! Traces as a collector on 127.0.0.1 receives them from the program.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use parking_lot::Mutex;
use prost::Message as _;

use super::jobs::ground::{GET, RUN, STARVED, registry, with_jobs};
use super::starting::Served;
use super::*;
use signpost::sandbox::jenkins;

const SECRET: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

/// A span as it was received.
#[derive(Debug)]
struct Received {
    name: String,
    trace: Vec<u8>,
    id: Vec<u8>,
    parent: Vec<u8>,
    attributes: BTreeMap<String, String>,
}

/// A collector.
struct Collector {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<Bytes>>>,
}

impl Collector {
    /// Starts a collector that answers with a status, or never.
    async fn start(status: Option<StatusCode>) -> Self {
        let listener = TcpListener::bind(ANY_PORT).await.unwrap();
        let address = listener.local_addr().unwrap();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bodies);
        let answer = move |body: Bytes| {
            kept.lock().push(body);
            async move {
                match status {
                    Some(status) => status,
                    None => std::future::pending().await,
                }
            }
        };
        let router = axum::Router::new().route("/v1/traces", axum::routing::post(answer));
        TaskTracker::new().spawn(async move { axum::serve(listener, router).await });
        Self { address, bodies }
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let bodies = self.bodies.lock();
        let decoded = bodies
            .iter()
            .map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap());
        decoded.collect()
    }

    fn spans(&self) -> Vec<Received> {
        let requests = self.requests();
        let scopes = requests
            .into_iter()
            .flat_map(|request| request.resource_spans)
            .flat_map(|resource| resource.scope_spans);
        scopes
            .flat_map(|scope| scope.spans)
            .map(|span| Received {
                name: span.name,
                trace: span.trace_id,
                id: span.span_id,
                parent: span.parent_span_id,
                attributes: attributes(span.attributes),
            })
            .collect()
    }

    /// The program, which sends what it has when it ends.
    fn program(&self, world: &World, more: &[(&str, &str)]) -> Served {
        let mut program = world.program(more);
        program
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", self.address))
            .env("OTEL_BSP_SCHEDULE_DELAY", "3600000");
        Served::start(program)
    }
}

fn attributes(all: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |value: Option<AnyValue>| match value.and_then(|value| value.value) {
        Some(Any::StringValue(text)) => text,
        other => format!("{other:?}"),
    };
    all.into_iter().map(|one| (one.key, text(one.value))).collect()
}

/// Waits until the program says so.
async fn says(mut served: Served, text: &'static str) -> Served {
    let reading = tokio::task::spawn_blocking(move || {
        served.read_until(text);
        served
    });
    reading.await.unwrap()
}

async fn ends(served: Served) -> (Option<i32>, String) {
    tokio::task::spawn_blocking(move || served.end()).await.unwrap()
}

#[test]
fn one_message_is_one_trace_from_its_event_to_its_post() {
    with(|world| async move {
        let collector = Collector::start(Some(StatusCode::OK)).await;
        let served = collector.program(&world, &[("OTEL_SERVICE_NAME", "helpdesk")]);
        let served = says(served, "connected to Slack").await;
        let first = world.say(&format!("{PASTE} token {SECRET}"));
        world.replies(&first).await;
        let second = world
            .workspace
            .say(ADA, SUPPORT, &format!("<@{SIGNPOST}> help"))
            .unwrap();
        world.replies(&second).await;
        let (code, said) = ends(served).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("traces are exported"), "{said}");
        let spans = collector.spans();
        for ts in [&first, &second] {
            let of_message: Vec<&Received> = spans
                .iter()
                .filter(|span| span.attributes["signpost.message"].ends_with(ts.as_str()))
                .collect();
            let traces: BTreeSet<&[u8]> = of_message.iter().map(|span| span.trace.as_slice()).collect();
            assert_eq!(traces.len(), 1, "{of_message:?}");
            let named = |name: &'static str| of_message.iter().filter(move |span| span.name == name);
            let root = named("receive").next().unwrap();
            assert!(
                root.parent.is_empty() && named("receive").count() == 1,
                "{of_message:?}"
            );
            let children = of_message.iter().filter(|span| span.name != "receive");
            for span in children {
                assert_eq!(span.parent, root.id, "{span:?}");
            }
            let handled = named("handle").next().unwrap();
            assert_eq!(handled.attributes["signpost.outcome"], "answered");
            assert!(named("match").count() <= 1 && (*ts == second || named("match").count() == 1));
            // Beside it there is the private warning about the secret.
            let post = named("post").find(|span| span.attributes["signpost.action"] == "post");
            let post = post.unwrap();
            assert_eq!(post.attributes["signpost.state"], "sent");
        }
        let request = collector.requests().remove(0);
        let resource = request.resource_spans[0].resource.clone().unwrap();
        assert_eq!(attributes(resource.attributes)["service.name"], "helpdesk");
        for body in collector.bodies.lock().iter() {
            let text = String::from_utf8_lossy(body);
            for secret in [SECRET, "flux capacitor", "w-17", SIGNPOST_TOKEN, SIGNPOST_APP_TOKEN] {
                assert!(!text.contains(secret), "{secret} is in a span: {text}");
            }
        }
    });
}

#[test]
fn a_run_belongs_to_the_trace_of_its_case() {
    with_jobs(|world| async move {
        let collector = Collector::start(Some(StatusCode::OK)).await;
        std::fs::create_dir_all(world.folder.path().join("config")).unwrap();
        let url = world.workspace.jenkins_url();
        let registry = registry(&url);
        std::fs::write(world.folder.path().join("config/jobs.toml"), registry).unwrap();
        let token = jenkins::token_of("signpost");
        let served = collector.program(&world, &[("JENKINS_TOKEN", &token)]);
        let served = says(served, "connected to Slack").await;
        let thread = world.say(STARVED);
        world.replies(&thread).await;
        let asked = format!("<@{SIGNPOST}> {GET}");
        world.workspace.reply(ADA, SUPPORT, &thread, &asked).unwrap();
        world.saying(&thread, &[RUN]).await;
        world.wait_until_over().await;
        let (code, said) = ends(served).await;
        assert_eq!(code, Some(0), "{said}");
        let spans = collector.spans();
        let case = spans
            .iter()
            .find(|span| span.name == "receive" && span.attributes["signpost.message"].ends_with(&thread));
        let run = spans.iter().find(|span| span.name == "request").unwrap();
        assert_eq!(run.attributes["signpost.job"], "get-info");
        let case = case.unwrap();
        assert_eq!((&run.trace, &run.parent), (&case.trace, &case.id), "{spans:?}");
        let stages = spans
            .iter()
            .filter(|span| span.name == "run" && span.trace == case.trace);
        let stages: BTreeSet<&str> = stages.map(|span| span.attributes["signpost.stage"].as_str()).collect();
        assert!(
            stages.contains("triggering") && stages.contains("running"),
            "{stages:?}"
        );
    });
}

#[test]
fn a_collector_that_never_answers_holds_up_no_answer_and_no_end() {
    with(|world| async move {
        let collector = Collector::start(None).await;
        // Each span is sent at once, and the queue has one place.
        let environment = [
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "1"),
        ];
        let served = collector.program(&world, &environment);
        let served = says(served, "connected to Slack").await;
        for _ in 0..3 {
            let ts = world
                .workspace
                .say(ADA, SUPPORT, &format!("<@{SIGNPOST}> help"))
                .unwrap();
            world.replies(&ts).await;
        }
        let (code, said) = ends(served).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("some traces were not sent"), "{said}");
    });
}

#[test]
fn a_collector_that_refuses_traces_is_logged_and_a_wrong_protocol_too() {
    with(|world| async move {
        let collector = Collector::start(Some(StatusCode::FORBIDDEN)).await;
        let served = collector.program(&world, &[]);
        let served = says(served, "connected to Slack").await;
        let ts = world.say(PASTE);
        world.replies(&ts).await;
        let (code, said) = ends(served).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("the collector did not accept traces"), "{said}");

        let served = collector.program(&world, &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
        let served = says(served, "connected to Slack").await;
        let (code, said) = ends(served).await;
        assert_eq!(code, Some(0), "{said}");
        let reason = "OTEL_EXPORTER_OTLP_PROTOCOL is \\\"grpc\\\", but traces are sent as \\\"http/protobuf\\\" only";
        assert!(
            said.contains(reason) || said.contains(&reason.replace('\\', "")),
            "{said}"
        );

        let address = "http://ada:hunter2hunter3@otel example.com:4318";
        let served = collector.program(&world, &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", address)]);
        let served = says(served, "connected to Slack").await;
        let (code, said) = ends(served).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(
            said.contains("traces are not exported") && !said.contains("hunter2hunter3"),
            "{said}"
        );
    });
}
