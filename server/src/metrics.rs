//! What is counted and measured, for Prometheus.
//!
//! In: what happens. Out: the text of `/metrics` (`OpenMetrics`). No label comes from outside: forms are known by their own
//! names, routes by their patterns, errors by codes that are written in this program. Whoever has more to tell registers
//! it in [`Metrics::new`], as a field that it counts on.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use formwork_engine::registry::{Snapshot, State};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::measures::{Connections, SECONDS};
use crate::password::Hasher;
use crate::store::Store;

/// The media type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    form: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Told {
    form: String,
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reloaded {
    outcome: &'static str,
}

/// How a reload went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything that changed is served.
    Clean,
    /// Something that changed has errors; its last good version is served.
    Errors,
    /// The directory could not be read.
    Unreadable,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Errors => "errors",
            Self::Unreadable => "unreadable",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Standing {
    state: &'static str,
}

/// What was counted of one form, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The requests that turned out to be about it.
    pub requests: u64,
    /// How many of them were told of each error, by code.
    pub failures: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Used {
    state: &'static str,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    /// By form. The families tell nobody which labels they have but the text that they write.
    tallies: Mutex<HashMap<String, Tally>>,
    requests: Family<Answered, Counter>,
    errors: Family<Told, Counter>,
    durations: Family<Route, Histogram>,
    reloads: Family<Reloaded, Counter>,
    forms: Family<Standing, Gauge>,
    generation: Gauge,
    waiting: Gauge,
    connections: Family<Used, Gauge>,
    /// What is asked how it stands when somebody looks.
    asked: Option<(Hasher, Arc<dyn Store>)>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing has happened.
    #[must_use]
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("formwork"),
            tallies: Mutex::default(),
            requests: Family::default(),
            errors: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            reloads: Family::default(),
            forms: Family::default(),
            generation: Gauge::default(),
            waiting: Gauge::default(),
            connections: Family::default(),
            asked: None,
        };
        let registry = &mut metrics.registry;
        registry.register("http_requests", "Requests by form, route and status", metrics.requests.clone());
        registry.register(
            "http_errors",
            "Requests that were told of an error, by form and code",
            metrics.errors.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "Time from the head of a request to the head of its answer",
            metrics.durations.clone(),
        );
        registry.register(
            "reloads",
            "Looks at the configuration that changed something, by outcome",
            metrics.reloads.clone(),
        );
        registry.register("forms", "Forms by state: live, stale, broken", metrics.forms.clone());
        registry.register(
            "generation",
            "The generation of the forms that are served",
            metrics.generation.clone(),
        );
        metrics
    }

    /// The same for a service that hashes and stores.
    #[must_use]
    pub fn of(hasher: Hasher, store: Arc<dyn Store>) -> Self {
        let mut metrics = Self::new();
        let (registry, measures) = (&mut metrics.registry, hasher.measures());
        registry.register("password_queue", "Passwords that wait to be hashed", metrics.waiting.clone());
        registry.register(
            "password_wait_seconds",
            "Time that a password waits for its turn",
            measures.waits.clone(),
        );
        registry.register(
            "password_hash_duration_seconds",
            "Time that a hash takes",
            measures.durations.clone(),
        );
        let commits = store.commits();
        registry.register("commit_records", "Records that are committed together", commits.records.clone());
        registry.register("commit_duration_seconds", "Time that a commit takes", commits.durations.clone());
        registry.register(
            "database_connections",
            "Connections for what is read, by state: busy, idle",
            metrics.connections.clone(),
        );
        metrics.asked = Some((hasher, store));
        metrics
    }

    /// Counts an answer; `codes` without repetition.
    pub fn answered<'a>(
        &self,
        form: &str,
        route: &str,
        status: u16,
        codes: impl Iterator<Item = &'a str>,
        took: Duration,
    ) {
        let (form, route) = (form.to_owned(), route.to_owned());
        self.durations.get_or_create(&Route { route: route.clone() }).observe(took.as_secs_f64());
        let codes: Vec<&str> = codes.collect();
        self.tally(&form, &codes);
        for code in codes {
            self.errors.get_or_create(&Told { form: form.clone(), code: code.to_owned() }).inc();
        }
        self.requests.get_or_create(&Answered { form, route, status }).inc();
    }

    fn tally(&self, form: &str, codes: &[&str]) {
        if form.is_empty() {
            return;
        }
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        if !tallies.contains_key(form) {
            tallies.insert(form.to_owned(), Tally::default());
        }
        let Some(tally) = tallies.get_mut(form) else { return };
        tally.requests += 1;
        for code in codes {
            match tally.failures.get_mut(*code) {
                Some(count) => *count += 1,
                None => drop(tally.failures.insert((*code).to_owned(), 1)),
            }
        }
    }

    /// What was counted of a form since the process began.
    #[must_use]
    pub fn of_form(&self, name: &str) -> Tally {
        let tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.get(name).cloned().unwrap_or_default()
    }

    /// Counts a reload.
    pub fn reloaded(&self, outcome: Outcome) {
        self.reloads.get_or_create(&Reloaded { outcome: outcome.name() }).inc();
    }

    /// Everything, as Prometheus reads it, with the forms as they stand.
    ///
    /// # Errors
    /// When a metric cannot be written, which is a defect.
    pub fn text(&self, snapshot: &Snapshot) -> Result<String, std::fmt::Error> {
        for state in [State::Live, State::Stale, State::Broken] {
            let forms = snapshot.statuses.iter().filter(|status| status.state == state).count();
            let gauge = self.forms.get_or_create(&Standing { state: state.name() });
            gauge.set(i64::try_from(forms).unwrap_or(i64::MAX));
        }
        if let Some((hasher, store)) = &self.asked {
            self.waiting.set(i64::try_from(hasher.waiting()).unwrap_or(i64::MAX));
            let Connections { busy, idle } = store.connections();
            for (state, count) in [("busy", busy), ("idle", idle)] {
                self.connections.get_or_create(&Used { state }).set(count.into());
            }
        }
        self.generation.set(i64::try_from(snapshot.generation).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
