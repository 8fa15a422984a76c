//! Threads that do nothing but hash, each with working memory of its own, and the queue before them.
//!
//! The queue is bounded in time: what would have to wait longer than is allowed, as long as hashes usually take, is not
//! admitted. Who leaves gives its place up. Called by `password` alone.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Argon2id;
use crate::measures::Hashes;

/// How much a new measurement moves what is thought usual: one part in so many.
const INERTIA: u32 = 8;
/// Measures itself, and then tells what came of it.
type Work = Box<dyn FnOnce(&Shared, &mut Argon2id) + Send>;

/// The threads; they end when this is dropped and nobody waits any more.
pub(super) struct Threads {
    shared: Arc<Shared>,
    count: u32,
    longest_wait: Duration,
}

struct Shared {
    measures: Hashes,
    queue: Mutex<Queue>,
    changed: Condvar,
}

struct Queue {
    /// By the order in which it came, with the moment when it did.
    waiting: BTreeMap<u64, (Instant, Work)>,
    /// How many were admitted and bring their work later.
    expected: usize,
    next: u64,
    /// How long one piece of work takes.
    usual: Duration,
    closed: bool,
}

impl Threads {
    /// Starts threads for work that usually takes so long, until more is known.
    pub(super) fn start(count: usize, longest_wait: Duration, usual: Duration) -> std::io::Result<Self> {
        let queue = Queue { waiting: BTreeMap::new(), expected: 0, next: 0, usual, closed: false };
        let shared = Arc::new(Shared {
            measures: Hashes::default(),
            queue: Mutex::new(queue),
            changed: Condvar::new(),
        });
        // Made first: should a thread not start, those that did are told to end.
        let count = count.clamp(1, 1024);
        let threads = Self { shared, count: u32::try_from(count).unwrap_or(u32::MAX), longest_wait };
        for _ in 0..count {
            let shared = Arc::clone(&threads.shared);
            thread::Builder::new().name("hashing".to_owned()).spawn(move || run(&shared))?;
        }
        Ok(threads)
    }

    /// How many have a place in the queue.
    pub(super) fn waiting(&self) -> usize {
        let queue = self.shared.queue();
        queue.waiting.len() + queue.expected
    }

    pub(super) fn measures(&self) -> &Hashes {
        &self.shared.measures
    }

    /// A place in the queue, or how long it would take until there is one.
    pub(super) fn admit(&self) -> Result<Place, Duration> {
        let mut queue = self.shared.queue();
        let ahead = u32::try_from(queue.waiting.len() + queue.expected).unwrap_or(u32::MAX);
        let expected = queue.usual.saturating_mul(ahead) / self.count;
        // Hashes that are starved end too seldom to show in what is usual.
        let seen = queue.waiting.first_key_value().map(|(_, (came, _))| came.elapsed());
        let wait = expected.max(seen.unwrap_or_default());
        if wait > self.longest_wait {
            return Err(wait);
        }
        queue.expected += 1;
        Ok(Place { shared: Arc::clone(&self.shared), ticket: None })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.changed.notify_all();
    }
}

/// A place in the queue, given up when dropped.
pub(super) struct Place {
    shared: Arc<Shared>,
    /// Under which number the work waits, once it is there.
    ticket: Option<u64>,
}

impl Place {
    /// Does some work when its turn comes; `None` if it panics.
    pub(super) async fn run<T: Send + 'static>(
        mut self,
        work: impl FnOnce(&mut Argon2id) -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, outcome) = oneshot::channel();
        self.enqueue(Box::new(move |shared, argon2id| {
            let started = Instant::now();
            let outcome = work(argon2id);
            // First, since this thread may not run again for long: whoever is told finds it counted.
            shared.took(started.elapsed());
            // Who left while it was done does not want to know.
            let _ = reply.send(outcome);
        }));
        outcome.await.ok()
    }

    fn enqueue(&mut self, work: Work) {
        let mut queue = self.shared.queue();
        let ticket = queue.next;
        queue.next += 1;
        queue.expected -= 1;
        queue.waiting.insert(ticket, (Instant::now(), work));
        self.ticket = Some(ticket);
        self.shared.changed.notify_one();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queue = self.shared.queue();
        match self.ticket {
            None => queue.expected -= 1,
            Some(ticket) => drop(queue.waiting.remove(&ticket)),
        }
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has waited longest; `None` once there will be no more.
    fn next(&self) -> Option<Work> {
        let mut queue = self.queue();
        loop {
            if let Some((_, (came, work))) = queue.waiting.pop_first() {
                drop(queue);
                self.measures.waited(came.elapsed());
                return Some(work);
            }
            if queue.closed {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn took(&self, time: Duration) {
        self.measures.took(time);
        let mut queue = self.queue();
        queue.usual = (queue.usual * (INERTIA - 1) + time) / INERTIA;
    }
}

fn run(shared: &Shared) {
    step_back();
    let mut argon2id = Argon2id::default();
    while let Some(work) = shared.next() {
        // Every hash overwrites the whole memory, so what a panicking one left in it does no harm.
        let _ = catch_unwind(AssertUnwindSafe(|| work(shared, &mut argon2id)));
    }
}

/// Lets whatever answers requests go first: at once, where a lower priority would let it wait for milliseconds. What keeps
/// all processors busy can starve this thread; then the queue says so. Elsewhere than on Linux nothing is done.
fn step_back() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };
        // sched(7): SCHED_IDLE runs when nothing else would.
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle) {
            tracing::debug!(?error, "hashing threads keep their priority");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::task::{Context, Wake, Waker};

    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// What is measured at the moment when somebody is told.
    struct Moment(Hashes, Sender<String>);

    impl Wake for Moment {
        fn wake(self: Arc<Self>) {
            let (mut registry, mut text) = (Registry::default(), String::new());
            registry.register("took", "", self.0.durations.clone());
            encode(&mut text, &registry).unwrap();
            self.1.send(text).unwrap();
        }
    }

    #[test]
    fn whoever_is_told_finds_it_measured() {
        let threads = Threads::start(1, SECOND, SECOND).unwrap();
        let (gate, opened) = channel::<()>();
        let mut waiting = Box::pin(threads.admit().ok().unwrap().run(move |_| opened.recv().is_ok()));
        let (told, measured) = channel();
        let waker = Arc::new(Moment(threads.measures().clone(), told)).into();
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        gate.send(()).unwrap();
        let measured = measured.recv().unwrap();
        assert!(measured.contains("took_count 1\n"), "{measured}");
    }

    #[tokio::test]
    async fn the_queue_is_as_long_as_the_wait_that_is_allowed() {
        let threads = Threads::start(2, SECOND, SECOND).unwrap();
        let mut places: Vec<Place> =
            (0..3).map(|_| threads.admit().unwrap_or_else(|_| unreachable!())).collect();
        assert_eq!(threads.admit().err(), Some(SECOND * 3 / 2));
        places.pop();
        let place = threads.admit().ok().unwrap();
        assert!(threads.admit().is_err());
        assert_eq!(place.run(|_| 7).await, Some(7));
        assert!(threads.admit().is_ok());
    }

    #[tokio::test]
    async fn a_queue_that_does_not_move_is_full_however_short_it_is() {
        let allowed = Duration::from_millis(20);
        let threads = Threads::start(1, allowed, Duration::from_nanos(1)).unwrap();
        let (gate, opened) = channel::<()>();
        let begin = |work: Box<dyn FnOnce(&mut Argon2id) -> bool + Send>| {
            let mut waiting = Box::pin(threads.admit().ok().unwrap().run(work));
            assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            waiting
        };
        let waiting = [begin(Box::new(move |_| opened.recv().is_ok())), begin(Box::new(|_| true))];
        thread::sleep(2 * allowed);
        assert!(threads.admit().err().unwrap() > allowed);
        gate.send(()).unwrap();
        for waiting in waiting {
            assert_eq!(waiting.await, Some(true));
        }
        assert!(threads.admit().is_ok());
    }

    #[tokio::test]
    async fn who_leaves_gives_its_place_up() {
        let threads = Threads::start(1, SECOND, SECOND).unwrap();
        let (busy, is_busy) = channel();
        let (gate, opened) = channel::<()>();
        let occupied = tokio::spawn(threads.admit().ok().unwrap().run(move |_| {
            busy.send(()).unwrap();
            opened.recv()
        }));
        tokio::task::yield_now().await;
        is_busy.recv().unwrap();
        let (done, what_is_done) = channel();
        let mut leaving = Box::pin(threads.admit().ok().unwrap().run(move |_| done.send(())));
        assert!(leaving.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let staying = threads.admit().ok().unwrap();
        assert!(threads.admit().is_err());
        drop(leaving);
        assert!(threads.admit().is_ok());
        gate.send(()).unwrap();
        occupied.await.unwrap().unwrap().unwrap();
        assert_eq!(staying.run(|_| ()).await, Some(()));
        assert!(what_is_done.recv().is_err());
    }

    #[tokio::test]
    async fn work_that_panics_leaves_the_thread_at_work() {
        let threads = Threads::start(1, SECOND, SECOND).unwrap();
        assert_eq!(threads.admit().ok().unwrap().run(|_| unreachable!()).await, None::<()>);
        assert_eq!(threads.admit().ok().unwrap().run(|_| 7).await, Some(7));
    }
}
