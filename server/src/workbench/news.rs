//! That something changed: told to every page that waits for it.
//!
//! In: that forms were reloaded, and that the process is about to stop. Out: a [`Stamp`] for each change. What changed is
//! not said: whoever hears of it asks again, and is asked who they are.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How many pages may wait at the same time.
const MAX_LISTENERS: usize = 256;

/// Which changes a page has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(u64);

impl Stamp {
    /// As a number that means nothing but whether two are the same.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// Where changes are told, and how many may listen.
pub struct News {
    /// `None` once there will be no more.
    stamp: watch::Sender<Option<Stamp>>,
    room: Arc<Semaphore>,
}

impl Default for News {
    fn default() -> Self {
        // So that no page takes the changes of another run for those that it has seen.
        let run = getrandom::u32().unwrap_or_default();
        let stamp = watch::Sender::new(Some(Stamp(u64::from(run) << 20)));
        Self { stamp, room: Arc::new(Semaphore::new(MAX_LISTENERS)) }
    }
}

impl News {
    /// Something changed.
    pub fn tell(&self) {
        self.stamp.send_modify(|stamp| {
            if let Some(Stamp(number)) = stamp {
                *number += 1;
            }
        });
    }

    /// There will be no more: whoever listens is let go.
    pub fn end(&self) {
        self.stamp.send_replace(None);
    }

    /// What a page that is made now has seen.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.stamp.borrow().unwrap_or(Stamp(0))
    }

    /// A place to listen from, if there is room.
    #[must_use]
    pub fn listen(&self) -> Option<Listener> {
        let place = Arc::clone(&self.room).try_acquire_owned().ok()?;
        let mut stamps = self.stamp.subscribe();
        // What is there already is the first that it hears of.
        stamps.mark_changed();
        Some(Listener { stamps, _place: place })
    }
}

/// Someone who waits for changes.
pub struct Listener {
    stamps: watch::Receiver<Option<Stamp>>,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    /// The next change; `None` once there will be no more. Of several that came meanwhile only the last.
    pub async fn next(&mut self) -> Option<Stamp> {
        self.stamps.changed().await.ok()?;
        *self.stamps.borrow_and_update()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_listener_hears_where_things_stand_then_of_every_change_and_then_of_the_end() {
        let news = News::default();
        let seen = news.stamp();
        let mut listener = news.listen().unwrap();
        assert_eq!(listener.next().await, Some(seen));
        news.tell();
        let changed = listener.next().await;
        assert!(changed.is_some() && changed != Some(seen) && changed == Some(news.stamp()));
        news.end();
        assert_eq!(listener.next().await, None);
        news.tell();
        assert_eq!(news.listen().unwrap().next().await, None, "it is over for good");
    }

    #[test]
    fn there_is_room_for_so_many_and_again_once_one_goes() {
        let news = News::default();
        let mut listeners: Vec<Listener> = (0..MAX_LISTENERS).map(|_| news.listen().unwrap()).collect();
        assert!(news.listen().is_none());
        listeners.pop();
        assert!(news.listen().is_some());
    }
}
