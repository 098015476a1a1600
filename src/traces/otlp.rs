//! The tracer of the process, which sends spans by OTLP over HTTP. Its standard environment variables are read by the
//! OpenTelemetry SDK: <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>.

use std::env;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use opentelemetry::trace::{Link, SpanKind, TraceContextExt as _, TraceId, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Config, SamplingResult, SdkTracer, SdkTracerProvider, ShouldSample, Span};
use tokio::runtime::Handle;

use super::export::{LoggedExporter, RuntimeClient};
use super::ids::{Ids, TraceIds};

/// The tracer, once [`Exporting::start`] was called.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// Reasons why no traces can be exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A protocol that this build does not speak.
    #[error("{variable} is \"{protocol}\", but traces are sent as \"http/protobuf\" only")]
    Protocol {
        /// The environment variable.
        variable: &'static str,
        /// Its value.
        protocol: String,
    },
    /// Another variable is wrong.
    #[error(transparent)]
    Exporter(#[from] ExporterBuildError),
}

/// The export of spans to the collector that the environment names.
#[derive(Debug)]
pub struct Exporting(SdkTracerProvider);

impl Exporting {
    /// Starts the export, with requests made by `client` on `runtime`. Returns `None` when the environment names no collector
    /// (`OTEL_EXPORTER_OTLP_ENDPOINT`, or the same with `TRACES`), or switches traces off.
    ///
    /// # Errors
    ///
    /// Fails when a variable has a value that cannot be used.
    pub fn start(client: reqwest::Client, runtime: &Handle) -> Result<Option<Self>, Error> {
        let is_off = value("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
            || value("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none");
        let is_named = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
            .or_else(|| value("OTEL_EXPORTER_OTLP_ENDPOINT"))
            .is_some();
        if is_off || !is_named {
            return Ok(None);
        }
        let protocol = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"]
            .into_iter()
            .find_map(|variable| Some((variable, value(variable)?)));
        if let Some((variable, protocol)) = protocol.filter(|(_, protocol)| protocol != "http/protobuf") {
            return Err(Error::Protocol { variable, protocol });
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(RuntimeClient::new(client, runtime.clone()))
            .build()?;
        let mut resource = Resource::builder();
        let is_service_named = value("OTEL_SERVICE_NAME").is_some()
            || value("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|value| value.contains("service.name="));
        if !is_service_named {
            resource = resource.with_service_name("signpost");
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(LoggedExporter::new(exporter))
            .with_sampler(BySameTrace(Config::default().sampler))
            .with_id_generator(Ids::default())
            .with_resource(
                resource
                    .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
                    .build(),
            )
            .build();
        // The first one stays: a process has one tracer.
        TRACER.get_or_init(|| provider.tracer("signpost"));
        Ok(Some(Self(provider)))
    }

    /// Sends the spans that are left, for at most this long. Blocks.
    pub fn end(self, within: Duration) {
        if let Err(cause) = self.0.shutdown_with_timeout(within) {
            tracing::warn!(%cause, "some traces were not sent");
        }
    }
}

/// The value of an environment variable; `None` when it is unset or empty, which OpenTelemetry says is the same.
#[expect(
    clippy::disallowed_methods,
    reason = "OpenTelemetry's variables, which its SDK reads, too; none of them is a setting of ours"
)]
fn value(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.trim().is_empty())
}

/// Returns true once spans are exported.
pub(super) fn is_on() -> bool {
    TRACER.get().is_some()
}

/// Begins a span; `None` when none are exported.
pub(super) fn begin(name: &'static str, key: &str, since: Option<Timestamp>, is_first: bool) -> Option<Span> {
    let tracer = TRACER.get()?;
    let ids = TraceIds::of(key);
    let mut builder = tracer.span_builder(name);
    builder.start_time = since.map(Into::into);
    let about = super::ids::about(key);
    // The key of a message's first version ends in a colon.
    let mut span = if is_first && about == key.trim_end_matches(':') {
        ids.lend(|| builder.start_with_context(tracer, &Context::new()))
    } else {
        builder.start_with_context(tracer, &Context::new().with_remote_span_context(ids.parent()))
    };
    let about = signpost_core::redact::redact(about).into_owned();
    opentelemetry::trace::Span::set_attribute(&mut span, KeyValue::new("signpost.message", about));
    Some(span)
}

/// A sampler that decides by the id of the trace, without its parent. Each span of a trace then has the same decision in every
/// process, although none knows those of the others.
#[derive(Debug, Clone)]
struct BySameTrace(Box<dyn ShouldSample>);

impl ShouldSample for BySameTrace {
    fn should_sample(
        &self,
        _: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        span_kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        self.0.should_sample(None, trace_id, name, span_kind, attributes, links)
    }
}
