//! A way to a database that can be cut, and laid to another one.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

pub(crate) struct Cable {
    address: SocketAddr,
    socket: Arc<Mutex<PathBuf>>,
    ends: Arc<Mutex<Vec<TcpStream>>>,
}

impl Cable {
    pub(crate) fn to(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let cable = Self { address, socket: Arc::new(Mutex::new(socket)), ends: Arc::default() };
        let (socket, ends) = (Arc::clone(&cable.socket), Arc::clone(&cable.ends));
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                // Where nobody listens, and where one side ends, the other is told by the end of its connection.
                let Ok(far) = UnixStream::connect(&*socket.lock().unwrap()) else { continue };
                ends.lock().unwrap().push(near.try_clone().unwrap());
                let (back, forth) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                std::thread::spawn(move || {
                    pass(&near, &forth);
                    let _ = forth.shutdown(Shutdown::Both);
                });
                std::thread::spawn(move || {
                    pass(&far, &back);
                    let _ = back.shutdown(Shutdown::Both);
                });
            }
        });
        cable
    }

    /// The URL by which the database of another one is reached.
    pub(crate) fn url(&self, direct: &str) -> String {
        format!("postgres://formwork@{}/{}", self.address, direct.rsplit('/').next().unwrap())
    }

    /// Leads those who connect from now on elsewhere; others stay where they are.
    pub(crate) fn lead_to(&self, socket: PathBuf) {
        *self.socket.lock().unwrap() = socket;
    }

    pub(crate) fn cut(&self) {
        for end in self.ends.lock().unwrap().drain(..) {
            // It may have ended by itself.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

/// Hands on what comes until one side ends.
fn pass(mut from: impl Read, mut to: impl Write) {
    let mut bytes = [0; 1 << 14];
    let mut on = || -> io::Result<bool> {
        let read = from.read(&mut bytes)?;
        to.write_all(&bytes[..read])?;
        Ok(read > 0)
    };
    while on().unwrap_or(false) {}
}
