//! Threads that answer requests, each on a runtime of its own: a connection stays on the thread that it was given to, and
//! no two threads share a queue of tasks.
//!
//! Made by `serve`; `connections` gives each connection to the thread that has fewest.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How often a thread that has nothing to do wakes up. A timer that ends before all others of its runtime wakes it, by a
/// system call and even from within; with this one always there, those of connections end later, and do not.
const BEAT: Duration = Duration::from_secs(1);

/// The threads; what they still do ends when this is dropped.
pub struct Workers(Vec<Worker>);

struct Worker {
    runtime: Handle,
    /// Shared with each of its connections, so that they can be counted.
    connections: Arc<()>,
    /// Its thread ends when this is dropped.
    _alive: Option<oneshot::Sender<()>>,
}

impl Workers {
    /// Starts so many threads.
    ///
    /// # Errors
    /// When the operating system gives no thread, or nothing to wait for its events with.
    pub fn start(count: usize) -> std::io::Result<Self> {
        (0..count.max(1)).map(|_| Worker::start()).collect::<Result<_, _>>().map(Self)
    }

    /// No threads, but the runtime that this is called on: for those who have few connections.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn here() -> Self {
        Self(vec![Worker { runtime: Handle::current(), connections: Arc::default(), _alive: None }])
    }

    /// Has the thread with the fewest connections drive another one.
    pub(super) fn drive(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let Some(worker) = self.0.iter().min_by_key(|worker| Arc::strong_count(&worker.connections)) else {
            return;
        };
        let counted = Arc::clone(&worker.connections);
        worker.runtime.spawn(async move {
            connection.await;
            drop(counted);
        });
    }
}

impl Worker {
    fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (alive, mut ended) = oneshot::channel::<()>();
        let drive = move || {
            runtime.block_on(async { while timeout(BEAT, &mut ended).await.is_err() {} });
        };
        thread::Builder::new().name("answering".to_owned()).spawn(drive)?;
        Ok(Self { runtime: handle, connections: Arc::default(), _alive: Some(alive) })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::HashMap;
    use std::sync::mpsc::channel;
    use std::thread::ThreadId;

    use super::*;

    #[test]
    fn connections_go_to_the_thread_that_has_fewest() {
        let workers = Workers::start(2).unwrap();
        let (tell, told) = channel::<(ThreadId, oneshot::Sender<()>)>();
        let connect = || {
            let tell = tell.clone();
            let (close, closed) = oneshot::channel();
            workers.drive(async move {
                tell.send((thread::current().id(), close)).unwrap();
                drop(closed.await);
            });
            told.recv().unwrap()
        };
        let mut connections: HashMap<ThreadId, Vec<oneshot::Sender<()>>> = HashMap::new();
        for _ in 0..6 {
            let (thread, close) = connect();
            connections.entry(thread).or_default().push(close);
        }
        assert!(connections.values().all(|of_thread| of_thread.len() == 3), "{:?}", connections.keys());
    }
}
