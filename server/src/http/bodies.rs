//! Bodies of requests, in memory that has a bound for all of them together.
//!
//! In: a body as it arrives. Out: its bytes, or why there are none. Called by `extract`. Without that bound, as many clients
//! as there may be connections could each send almost as much as a body may have, and then nothing more for a while.

use std::time::Duration;

use axum::body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::MAX_BODY_BYTES;
use super::error::ApiError;

/// So much of each body is read whatever there is of others, in bytes: more than requests usually have.
const OF_EACH: usize = 16 << 10;
/// What all of them may take together beyond that, in KiB.
const ROOM: usize = 128 << 10;
/// How long to stay away when there is no room: others have come, or run out of time, meanwhile.
const ROOM_WITHIN: Duration = Duration::from_secs(1);

/// What bodies take of the memory while they are read.
pub struct Bodies {
    room: Semaphore,
}

impl Default for Bodies {
    fn default() -> Self {
        Self { room: Semaphore::new(ROOM) }
    }
}

/// A whole body; its room is free again when it is dropped.
#[derive(Debug)]
pub(super) struct WholeBody<'r> {
    pub(super) bytes: Vec<u8>,
    _room: Option<SemaphorePermit<'r>>,
}

impl Bodies {
    /// Reads a body to its end.
    pub(super) async fn read(&self, body: Body) -> Result<WholeBody<'_>, ApiError> {
        let mut body = Limited::new(body, MAX_BODY_BYTES);
        let (mut bytes, mut room) = (Vec::new(), None::<SemaphorePermit<'_>>);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                // Anything but the limit is a connection that broke.
                if error.is::<LengthLimitError>() { ApiError::TooLarge } else { ApiError::Incomplete }
            })?;
            let Ok(data) = frame.into_data() else { continue };
            bytes.extend_from_slice(&data);
            let needed = bytes.len().saturating_sub(OF_EACH).div_ceil(1024);
            let held = room.as_ref().map_or(0, SemaphorePermit::num_permits);
            let more = u32::try_from(needed - held).unwrap_or(u32::MAX);
            if more > 0 {
                let overloaded = |_| ApiError::Overloaded { retry_after: ROOM_WITHIN };
                let more = self.room.try_acquire_many(more).map_err(overloaded)?;
                match &mut room {
                    Some(room) => room.merge(more),
                    None => room = Some(more),
                }
            }
        }
        Ok(WholeBody { bytes, _room: room })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::convert::Infallible;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use axum::body::{Bytes, HttpBody};
    use hyper::body::Frame;

    use super::*;

    /// A body that begins, and goes no further.
    struct Stalled(Option<Bytes>);

    impl HttpBody for Stalled {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.take().map_or(Poll::Pending, |bytes| Poll::Ready(Some(Ok(Frame::data(bytes)))))
        }
    }

    fn bytes(kib: usize) -> Bytes {
        vec![b' '; kib << 10].into()
    }

    #[tokio::test]
    async fn large_bodies_share_a_bound_and_small_ones_need_none_of_it() {
        let bodies = Bodies { room: Semaphore::new(10) };
        let overloaded =
            |read: Result<WholeBody<'_>, ApiError>| matches!(read, Err(ApiError::Overloaded { .. }));
        assert!(overloaded(bodies.read(bytes(27).into()).await));
        assert_eq!(bodies.read(bytes(26).into()).await.unwrap().bytes.len(), 26 << 10);
        {
            let mut stalled = pin!(bodies.read(Body::new(Stalled(Some(bytes(24))))));
            assert!(stalled.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            assert!(overloaded(bodies.read(bytes(20).into()).await));
            assert!(bodies.read(bytes(16).into()).await.is_ok());
        }
        assert!(bodies.read(bytes(20).into()).await.is_ok(), "whoever leaves gives its room back");
    }

    #[tokio::test]
    async fn no_body_is_larger_than_one_may_be() {
        let bodies = Bodies::default();
        let read = async |length| bodies.read(vec![0; length].into()).await;
        assert!(read(MAX_BODY_BYTES).await.is_ok());
        assert!(matches!(read(MAX_BODY_BYTES + 1).await, Err(ApiError::TooLarge)));
    }
}
