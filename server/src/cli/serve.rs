//! `formwork serve`: the server, from start to graceful end.

mod descriptors;
mod log;
mod stopping;
#[cfg(feature = "otlp")]
mod traces;

use std::future::pending;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use formwork_engine::diagnostic::{Diagnostic, Severity, has_errors};
use formwork_engine::registry::{Registry, Reload, State};
use formwork_engine::watch::{Options, Outcome, watch};
use tokio::net::TcpListener;

use super::{Verdict, output};
use crate::accounts::{Accounts, milliseconds};
use crate::http::workers::Workers;
use crate::http::{App, Edge, connections, operations, router};
use crate::metrics;
use crate::password::{Hasher, owasp};
use crate::settings::{DatabaseSetting, EdgeSetting, duration};
use crate::store;
use crate::token::{NewToken, Tokens, generate};
use crate::workbench::{self, Audience};

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// How many connections those who run the service may have beside those of clients.
const OPERATORS: usize = 32;
/// How often it is written when tokens were last used.
const NOTE_EVERY: Duration = Duration::from_mins(1);

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", env = "FORMWORK_LISTEN", hide_env_values = true, default_value_t = DEFAULT_LISTEN)]
    listen: SocketAddr,
    #[command(flatten)]
    database: DatabaseSetting,
    #[command(flatten)]
    edge: EdgeSetting,
    /// For writing forms: loopback only, prints every reload with its diagnostics, and makes a token for this run.
    #[arg(long, env = "FORMWORK_DEV", hide_env_values = true)]
    dev: bool,
    /// Starts although forms have errors, without those forms.
    #[arg(long, env = "FORMWORK_ALLOW_INVALID", hide_env_values = true)]
    allow_invalid: bool,
    /// How long a password may wait to be hashed; where it would be longer, the request is refused with 503.
    #[arg(long, value_name = "TIME", env = "FORMWORK_HASH_WAIT", hide_env_values = true, default_value = "2s", value_parser = duration)]
    hash_wait: Duration,
    /// Another address, on which `/metrics`, `/healthz` and `/readyz` ask for no token.
    #[arg(long, value_name = "ADDRESS", env = "FORMWORK_METRICS_LISTEN", hide_env_values = true)]
    metrics_listen: Option<SocketAddr>,
    /// How long to go on serving with `/readyz` red once told to stop; without it, not at all.
    #[arg(long, value_name = "TIME", env = "FORMWORK_DRAIN", hide_env_values = true, value_parser = duration)]
    drain: Option<Duration>,
    /// Whether there are pages for authors and operators at `/_/`: with `--dev` there are unless it says `off`; without,
    /// only where it says `on`, and for those with a token that covers every form.
    #[arg(long, value_name = "WHETHER", env = "FORMWORK_WORKBENCH", hide_env_values = true)]
    workbench: Option<Workbench>,
    #[command(flatten)]
    log: log::LogSetting,
}

/// Whether something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Workbench {
    On,
    Off,
}

impl Arguments {
    /// For whom the workbench is. It shows what was submitted, which tokens made before it did not open: so where it asks
    /// for one, it is there only for those who ask for it.
    fn audience(&self) -> Audience {
        match (self.workbench, self.dev) {
            (Some(Workbench::Off), _) | (None, false) => Audience::Nobody,
            (_, true) => Audience::Developer,
            (Some(Workbench::On), false) => Audience::Administrators,
        }
    }
}

pub(super) fn run(configs: &Path, arguments: &Arguments) -> anyhow::Result<Verdict> {
    if arguments.dev && !arguments.listen.ip().is_loopback() {
        bail!("--dev listens on loopback only, and {} is not", arguments.listen.ip());
    }
    let log = log::begin(&arguments.log, arguments.dev)?;
    let (registry, loaded) = Registry::load(configs, SystemTime::now())?;
    if has_errors(&loaded.diagnostics) && !arguments.allow_invalid {
        output::error(&output::findings_for_stderr(&loaded.diagnostics));
        output::error("the server does not start on forms with errors; mend them, or use --allow-invalid\n");
        return Ok(Verdict::Findings);
    }
    report(&loaded, arguments.dev);
    // Everything but connections, which have threads of their own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(serve(Arc::new(registry), &loaded, arguments));
    // What still runs now was given its grace.
    runtime.shutdown_timeout(Duration::from_secs(1));
    log.finish();
    served.map(|()| Verdict::Clean)
}

async fn serve(registry: Arc<Registry>, loaded: &Reload, arguments: &Arguments) -> anyhow::Result<()> {
    let url = &arguments.database.database;
    let store = store::open(url).await.with_context(|| format!("cannot open {}", store::shown(url)))?;
    let dev_token = if arguments.dev { Some(dev_token()?) } else { None };
    let workbench = workbench::Workbench::new(arguments.audience(), &registry, SystemTime::now());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let hasher = Hasher::new(owasp()?, cores, arguments.hash_wait)?;
    let metrics = Arc::new(metrics::Metrics::of(hasher.clone(), Arc::clone(&store)));
    let app = App {
        registry: Arc::clone(&registry),
        store: Arc::clone(&store),
        accounts: Accounts::new(Arc::clone(&store), hasher),
        tokens: Tokens::new(dev_token.as_ref().map(|token| token.stored.clone())),
        edge: Edge { metrics, workbench: Arc::new(workbench), ..arguments.edge.edge() },
        clock: SystemTime::now,
    };
    let app = Arc::new(app);
    let (dev, metrics) = (arguments.dev, Arc::clone(&app.edge.metrics));
    let (workbench, forms) = (Arc::clone(&app.edge.workbench), Arc::clone(&registry));
    let watcher = watch(Arc::clone(&registry), &loaded.watch, Options::default(), move |outcome| {
        metrics.reloaded(measured(&outcome));
        if let Ok(reload) = &outcome {
            workbench.reloaded(&forms, reload, SystemTime::now());
        }
        tell(outcome, dev);
    })
    .context("cannot watch the configuration directory")?;
    let workers = Workers::start(cores).context("cannot start the threads that answer")?;
    let listener = bind(arguments.listen).await?;
    let address = listener.local_addr()?;
    let bounds = descriptors::within(arguments.edge.bounds());
    if let Some(address) = arguments.metrics_listen {
        let listener = bind(address).await?;
        log::say(&format!("metrics are on http://{}/metrics", listener.local_addr()?));
        let bounds = connections::Bounds { connections: OPERATORS, ..bounds };
        let operations = operations(Arc::clone(&app));
        tokio::spawn(async move {
            connections::serve(listener, operations, bounds, &Workers::here(), pending()).await;
        });
    }
    // Before anyone is told that the server is there: who reads it may stop it at once.
    let signals = stopping::StopSignals::new(arguments.dev)?;
    let forms = registry.snapshot().statuses.iter().filter(|status| status.form.is_some()).count();
    let plural = if forms == 1 { "" } else { "s" };
    log::say(&format!("formwork serves {forms} form{plural} on http://{address}"));
    if forms == 0 {
        log::say("there are no forms yet; `formwork new sign_up` writes one to start from");
    }
    if let Some(token) = &dev_token {
        output::error(&greeting(&registry, address, token));
    }
    if app.edge.workbench.audience != Audience::Nobody {
        log::say(&format!("the workbench is on http://{address}/_/"));
    }
    tokio::spawn(note_token_uses(Arc::clone(&app)));
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let draining = app.edge.draining.clone();
    let workbench = Arc::clone(&app.edge.workbench);
    let drained = async {
        stopping::drained(signals, draining, arguments.drain, stopping).await;
        // Whoever listens there would not let go by themselves.
        workbench.news.end();
    };
    tokio::select! {
        () = connections::serve(listener, router(Arc::clone(&app)), bounds, &workers, drained) => {}
        () = stopping::out_of_grace(stopped) => tracing::warn!("stopped while requests were under way"),
    }
    drop(watcher);
    note(&app).await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Writes now and then which tokens were used.
async fn note_token_uses(app: Arc<App>) {
    let mut times = tokio::time::interval(NOTE_EVERY);
    loop {
        times.tick().await;
        note(&app).await;
    }
}

async fn note(app: &App) {
    if let Err(error) = app.tokens.note_uses(app.store.as_ref()).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the last uses of tokens cannot be stored yet"
        );
    }
}

/// How a reload counts.
fn measured(outcome: &Outcome) -> metrics::Outcome {
    match outcome {
        Ok(reload) if has_errors(&reload.diagnostics) => metrics::Outcome::Errors,
        Ok(_) => metrics::Outcome::Clean,
        Err(_) => metrics::Outcome::Unreadable,
    }
}

fn dev_token() -> anyhow::Result<NewToken> {
    Ok(generate("dev", &["*".to_owned()], milliseconds(SystemTime::now()))?)
}

/// What a developer wants to paste.
fn greeting(registry: &Registry, address: SocketAddr, token: &NewToken) -> String {
    let snapshot = registry.snapshot();
    let served = || snapshot.statuses.iter().filter_map(|status| status.form.as_deref());
    let with_example =
        served().find(|form| form.form.examples.iter().flatten().any(|example| example.valid.value));
    let body = with_example.and_then(|form| {
        let example = form.form.examples.iter().flatten().find(|example| example.valid.value)?;
        Some(serde_json::json!({ "form_configuration_name": form.name(), "form": example.form }).to_string())
    });
    let body = body.unwrap_or_else(|| "{\"form_configuration_name\":\"…\",\"form\":{}}".to_owned());
    // Within single quotes a shell takes everything as it is, but for the single quote.
    let body = body.replace('\'', "'\\''");
    format!(
        "\nA token for this run: {}\n\n  curl -i http://{address}/api/users \\\n    \
         -H 'Authorization: Token token=\"{}\"' \\\n    -H 'Content-Type: application/json' \\\n    -d '{body}'\n\n",
        token.text, token.text
    )
}

fn tell(outcome: Outcome, dev: bool) {
    match outcome {
        Ok(reload) => report(&reload, dev),
        Err(error) if dev => {
            output::error(&format!("the forms cannot be read and stay as they are: {error}\n"));
        }
        Err(error) => tracing::error!(%error, "the forms cannot be read and stay as they are"),
    }
}

/// Tells of a reload: to the developer as `lint` would, to the operator as log lines.
fn report(reload: &Reload, dev: bool) {
    if dev {
        output::error(&output::findings_for_stderr(&reload.diagnostics));
        if reload.generation > 1 {
            output::error(&changes(reload));
        }
        return;
    }
    for found in &reload.diagnostics {
        log_finding(found);
    }
    tracing::info!(
        generation = reload.generation,
        compiled = reload.compiled,
        changed = reload.changed.len(),
        removed = reload.removed.len(),
        locales = reload.locales.len(),
        policies = reload.policies.len(),
        templates = reload.templates.len(),
        "forms loaded"
    );
}

/// A line for every form that stands otherwise than before, and every locale and policy that changed.
fn changes(reload: &Reload) -> String {
    let meaning = |state| match state {
        State::Live => "live",
        State::Stale => "stale, and its last good version is served",
        State::Broken => "broken, and not served",
    };
    let changed = reload.changed.iter().map(|(name, state)| (name, meaning(*state)));
    let removed = reload.removed.iter().map(|name| (name, "removed"));
    let locales = reload.locales.iter().map(|(tag, state)| {
        let meaning = match state {
            Some(State::Live) => "the locale is live",
            Some(State::Stale) => "a locale with errors; its last good version is used",
            Some(State::Broken) => "a locale with errors, which is not used",
            None => "the locale is gone",
        };
        (tag, meaning)
    });
    let policies = reload.policies.iter().map(|(name, state)| {
        let meaning = match state {
            Some(State::Live) => "the policy is live",
            Some(State::Stale) => "a policy with errors; its last good version is used",
            Some(State::Broken) => "a policy with errors; forms that name it are not served",
            None => "the policy is gone",
        };
        (name, meaning)
    });
    let templates = reload.templates.iter().map(|(name, state)| {
        let meaning = match state {
            Some(State::Live) => "the template is live",
            Some(State::Stale) => "a template with errors; its last good version is used",
            Some(State::Broken) => "a template with errors; the usual one is used",
            None => "the template is gone",
        };
        (name, meaning)
    });
    changed
        .chain(removed)
        .chain(locales)
        .chain(policies)
        .chain(templates)
        .flat_map(|(name, what)| [name.as_str(), ": ", what, "\n"])
        .collect()
}

fn log_finding(found: &Diagnostic) {
    let position = found.primary.file.position(found.primary.span.start);
    let file = found.primary.file.path.display();
    let (line, rule) = (position.line, found.rule.name());
    match found.severity {
        Severity::Error => tracing::error!(%file, line, rule, "{}", found.message),
        Severity::Warning => tracing::warn!(%file, line, rule, "{}", found.message),
    }
}
