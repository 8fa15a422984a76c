//! How many files and connections the process may have open at a time.
//!
//! Called once, before the server listens. A connection takes a descriptor, and so does whatever else is opened meanwhile:
//! forms that changed, the database, a probe of `/readyz`. So connections leave some for the rest; who finds no room
//! waits in the operating system.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::http::connections::Bounds;

/// What is kept for everything but connections, or half of all where that is less.
const RESERVED: usize = 128;

/// Raises the soft limit to the hard one, and lowers the number of connections to what that has room for.
pub(super) fn within(bounds: Bounds) -> Bounds {
    let Some(limit) = raised() else { return bounds };
    let room = limit - RESERVED.min(limit / 2);
    if room < bounds.connections {
        tracing::warn!(
            limit,
            connections = room,
            "the operating system allows fewer open files than connections"
        );
    }
    Bounds { connections: bounds.connections.min(room), ..bounds }
}

/// How many descriptors there may be now; nothing where that is not limited.
fn raised() -> Option<usize> {
    let before = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: before.maximum, ..before };
    let current = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => wanted.current,
        // Some systems allow less than they say; what there was still holds.
        Err(_) => before.current,
    };
    current.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
