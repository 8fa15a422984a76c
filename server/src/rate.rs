//! Rate limits: how often one client may submit a form.
//!
//! In: a form and who asks. Out: nothing, or how long to wait. Asked by the routes that judge submissions, before anything
//! is computed for them.
//!
//! A limit of 20 requests per minute is a bucket of 20 that gains one every three seconds (GCRA). What clients have used
//! is kept by the limit's numbers, not by the form's version: a reload that does not change them takes nothing from
//! anybody and gives nothing back.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use formwork_engine::model::{Access, Form, RateLimit};
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// The limit of a public form whose author says nothing: requests, and the time in which they may be made.
pub const OF_PUBLIC_FORMS: (u32, Duration) = (60, Duration::from_mins(1));
/// How often one client may try to sign in.
const SIGN_INS: (NonZeroU32, Duration) = match NonZeroU32::new(10) {
    Some(attempts) => (attempts, Duration::from_mins(1)),
    None => (NonZeroU32::MIN, Duration::from_mins(1)),
};
/// How many clients of one limit are remembered at the same time. Whoever has so many addresses is not held up by
/// limits: when they are more, all begin anew.
const MAX_CLIENTS: usize = 100_000;
/// After so many requests those clients are forgotten who have their whole quota again.
const SWEEP_EVERY: usize = 10_000;

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client<'a> {
    /// Those with this token, by its id, wherever they come from.
    Token(&'a str),
    /// Those from this IPv4 address.
    Address(u32),
    /// Those from this network of IPv6 (its first 64 bits): one customer has all of it.
    Network(u64),
    /// Those that come from nowhere, as in tests without a socket.
    Unknown,
}

impl Client<'_> {
    /// Whoever has this address.
    #[must_use]
    pub fn at(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Self::Address(address.to_bits()),
            Some(IpAddr::V6(address)) => {
                let [first, second, third, fourth, ..] = address.segments().map(u64::from);
                Self::Network(first << 48 | second << 32 | third << 16 | fourth)
            }
            None => Self::Unknown,
        }
    }
}

/// The time since some moment; it never goes back.
#[derive(Clone)]
struct Elapsed(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock for Elapsed {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        (self.0)().into()
    }
}

/// What the clients of one limit have used, by form and client.
struct Used {
    clients: RateLimiter<u64, HashMapStateStore<u64>, Elapsed, NoOpMiddleware<Nanos>>,
    requests: AtomicUsize,
}

/// What every client has used of every limit, in this process.
pub struct Rates {
    elapsed: Elapsed,
    keys: RandomState,
    used: RwLock<HashMap<(NonZeroU32, Duration), Arc<Used>>>,
}

impl Rates {
    /// Nobody has used anything; `elapsed` is the time since some moment and never goes back.
    pub fn new(elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { elapsed: Elapsed(Arc::new(elapsed)), keys: RandomState::new(), used: RwLock::default() }
    }

    /// Nobody has used anything, as of now.
    #[must_use]
    pub fn from_now() -> Self {
        let start = Instant::now();
        Self::new(move || start.elapsed())
    }

    /// Counts a request to a form.
    ///
    /// # Errors
    /// With the time after which there is room for it; then it does not count.
    pub fn check(&self, form: &Form, client: Client<'_>) -> Result<(), Duration> {
        let Some(limit) = limit(form) else { return Ok(()) };
        self.count(limit, &form.name.value, client)
    }

    /// Counts an attempt to sign in.
    ///
    /// # Errors
    /// With the time after which there is room for it; then it does not count.
    pub fn check_sign_in(&self, client: Client<'_>) -> Result<(), Duration> {
        // No form has this name.
        self.count(SIGN_INS, "/_/", client)
    }

    fn count(
        &self,
        limit: (NonZeroU32, Duration),
        subject: &str,
        client: Client<'_>,
    ) -> Result<(), Duration> {
        let used = self.used(limit);
        self.sweep(limit, &used);
        let key = self.keys.hash_one((subject, client));
        let checked = used.clients.check_key(&key);
        checked.map_err(|until| until.wait_time_from(self.elapsed.now()))
    }

    fn used(&self, limit: (NonZeroU32, Duration)) -> Arc<Used> {
        let known = self.used.read().unwrap_or_else(PoisonError::into_inner).get(&limit).cloned();
        known.unwrap_or_else(|| {
            let mut all = self.used.write().unwrap_or_else(PoisonError::into_inner);
            // Limits come and go with reloads; those that nobody has used of late go here.
            all.retain(|_, used| {
                used.clients.retain_recent();
                !used.clients.is_empty()
            });
            let (requests, per) = limit;
            let each = (per / requests.get()).max(Duration::from_nanos(1));
            // Only of no time at all there is no quota, and `each` is longer.
            let quota = Quota::with_period(each).unwrap_or(Quota::per_second(NonZeroU32::MIN));
            let fresh = || {
                let store = HashMapStateStore::new(HashMap::new());
                let clients = RateLimiter::new(quota.allow_burst(requests), store, self.elapsed.clone());
                Arc::new(Used { clients, requests: AtomicUsize::new(0) })
            };
            Arc::clone(all.entry(limit).or_insert_with(fresh))
        })
    }

    /// Now and then forgets those who have their whole quota again, and everybody where that is not enough.
    fn sweep(&self, limit: (NonZeroU32, Duration), used: &Used) {
        if !(used.requests.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(SWEEP_EVERY) {
            return;
        }
        used.clients.retain_recent();
        if used.clients.len() > MAX_CLIENTS {
            self.used.write().unwrap_or_else(PoisonError::into_inner).remove(&limit);
        } else {
            used.clients.shrink_to_fit();
        }
    }
}

/// The limit that holds for a form.
fn limit(form: &Form) -> Option<(NonZeroU32, Duration)> {
    let (requests, per) = match (form.rate_limit, form.access) {
        (RateLimit::Off, _) | (RateLimit::Unstated, Access::Token) => return None,
        (RateLimit::Unstated, Access::Public) => OF_PUBLIC_FORMS,
        (RateLimit::Limit { requests, per }, _) => (requests, per),
    };
    Some((NonZeroU32::new(requests)?, per))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::atomic::AtomicU64;

    use formwork_engine::build::build;
    use formwork_engine::compile::{CompiledForm, Compiler};
    use formwork_engine::source::SourceFile;

    use super::*;

    fn form(name: &str, limit: &str) -> Arc<CompiledForm> {
        let text = format!("name = \"{name}\"\nresource = \"User\"\n{limit}");
        let file = Arc::new(SourceFile::new("form.toml".into(), name.to_owned(), text));
        build(&Compiler::new(), &file, None, std::time::UNIX_EPOCH).form.unwrap()
    }

    /// Rates, and the seconds that have passed.
    fn rates() -> (Rates, Arc<AtomicU64>) {
        let seconds = Arc::new(AtomicU64::new(1000));
        let clock = Arc::clone(&seconds);
        (Rates::new(move || Duration::from_secs(clock.load(Ordering::Relaxed))), seconds)
    }

    fn at(address: &str) -> Client<'static> {
        Client::at(Some(address.parse().unwrap()))
    }

    #[test]
    fn a_quota_is_used_up_and_comes_back_evenly() {
        let (rates, seconds) = rates();
        let form = form("a", "rate_limit = { requests = 4, per = '1 minute' }");
        let client = at("192.0.2.1");
        for _ in 0..4 {
            assert_eq!(rates.check(&form.form, client), Ok(()));
        }
        assert_eq!(rates.check(&form.form, client), Err(Duration::from_secs(15)));
        assert_eq!(rates.check(&form.form, client), Err(Duration::from_secs(15)), "a refusal costs nothing");
        seconds.fetch_add(14, Ordering::Relaxed);
        assert_eq!(rates.check(&form.form, client), Err(Duration::from_secs(1)));
        seconds.fetch_add(1, Ordering::Relaxed);
        assert_eq!(rates.check(&form.form, client), Ok(()));
        assert_eq!(rates.check(&form.form, client), Err(Duration::from_secs(15)));
    }

    #[test]
    fn each_form_and_each_client_is_counted_apart() {
        let (rates, _) = rates();
        let limit = "rate_limit = { requests = 1, per = '1 day' }";
        let (one, other) = (form("one", limit), form("other", limit));
        let clients = [
            at("192.0.2.1"),
            at("192.0.2.2"),
            at("2001:db8:0:1::1"),
            at("2001:db8:0:2::1"),
            Client::Token("0123456789abcdef"),
            Client::Unknown,
        ];
        for client in clients {
            for form in [&one, &other] {
                assert_eq!(rates.check(&form.form, client), Ok(()), "{client:?}");
                assert!(rates.check(&form.form, client).is_err(), "{client:?}");
            }
        }
        assert!(rates.check(&one.form, at("2001:db8:0:1:ffff::2")).is_err(), "the same network");
        assert!(rates.check(&one.form, at("::ffff:192.0.2.1")).is_err(), "the same address");
    }

    #[test]
    fn what_was_used_outlives_another_version_and_a_changed_limit_holds_at_once() {
        let (rates, _) = rates();
        let client = at("192.0.2.1");
        let strict = "rate_limit = { requests = 1, per = '1 day' }\n";
        assert_eq!(rates.check(&form("a", strict).form, client), Ok(()));
        let again = form("a", &format!("{strict}description = 'another version'\n"));
        assert!(rates.check(&again.form, client).is_err());
        let loose = form("a", "rate_limit = { requests = 2, per = '1 day' }");
        assert_eq!(rates.check(&loose.form, client), Ok(()));
        assert!(
            rates.check(&again.form, client).is_err(),
            "back to the first limit is no way to a new quota"
        );
    }

    #[test]
    fn a_public_form_has_a_limit_unless_its_author_says_false() {
        for (text, expected) in [
            ("", None),
            ("access = 'public'", Some(OF_PUBLIC_FORMS)),
            ("access = 'public'\nrate_limit = false", None),
            (
                "access = 'token'\nrate_limit = { requests = 5, per = '1 hour' }",
                Some((5, Duration::from_hours(1))),
            ),
        ] {
            let found = limit(&form("a", text).form).map(|(requests, per)| (requests.get(), per));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn clients_are_forgotten_once_they_have_their_quota_again() {
        let (rates, seconds) = rates();
        let form = form("a", "rate_limit = { requests = 2, per = '1 second' }");
        let key = limit(&form.form).unwrap();
        for address in 0..u32::try_from(4 * SWEEP_EVERY).unwrap() {
            if address.is_multiple_of(1000) {
                seconds.fetch_add(1, Ordering::Relaxed);
            }
            let _ = rates.check(&form.form, Client::Address(address));
        }
        let remembered = rates.used(key).clients.len();
        assert!(remembered <= SWEEP_EVERY + 2000, "{remembered} clients are remembered");
    }

    #[test]
    fn more_clients_than_can_be_remembered_begin_anew() {
        let (rates, _) = rates();
        let form = form("a", "rate_limit = { requests = 2, per = '1 day' }");
        let key = limit(&form.form).unwrap();
        for address in 0..u32::try_from(2 * MAX_CLIENTS + SWEEP_EVERY).unwrap() {
            let _ = rates.check(&form.form, Client::Address(address));
        }
        let remembered = rates.used(key).clients.len();
        assert!(remembered <= MAX_CLIENTS + SWEEP_EVERY, "{remembered} clients are remembered");
    }
}
