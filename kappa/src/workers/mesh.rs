//! The connections between several processes: one between each two of them, over which timely's workers speak.
//!
//! They are made here and handed to timely. Its own way waits a whole second whenever a process is not there yet, which
//! is most of what beginning again would take, and prints to the standard output.

use std::any::Any;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use timely::communication::allocator::ProcessBuilder;
use timely::communication::allocator::zero_copy::initialize::initialize_networking_from_sockets;
use timely::communication::{AllocatorBuilder, Hooks};

/// What workers are started with, and what must be kept for as long as they work.
pub(crate) type Built = (Vec<AllocatorBuilder>, Box<dyn Any + Send>);

/// How long a process is waited for that has come to the meeting but does not listen yet.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two attempts.
const NAP: Duration = Duration::from_millis(1);

/// The workers of process `here`, connected with those of the others. It waits for all of them; later ones come to the
/// listener, if it has been made already, or else to one at its own address.
pub(crate) fn build(
    addresses: &[String],
    here: usize,
    workers: usize,
    listener: Option<TcpListener>,
) -> Result<Built, String> {
    let said = |error: io::Error| format!("connecting with the other processes: {error}");
    let sockets = connect(addresses, here, listener).map_err(said)?;
    let hooks = Hooks::default();
    let own = ProcessBuilder::new_typed_vector(workers, hooks.refill.clone(), hooks.spill.clone());
    let (builders, guard) =
        initialize_networking_from_sockets(own, sockets, here, workers, hooks).map_err(said)?;
    Ok((builders.into_iter().map(AllocatorBuilder::Tcp).collect(), Box::new(guard)))
}

/// A connection with every process but this one, in their order.
fn connect(
    addresses: &[String],
    here: usize,
    listener: Option<TcpListener>,
) -> io::Result<Vec<Option<TcpStream>>> {
    let mut sockets: Vec<Option<TcpStream>> = addresses.iter().map(|_| None).collect();
    for (process, address) in addresses.iter().enumerate().take(here) {
        let mut stream = reach(address)?;
        stream.write_all(&(here as u64).to_le_bytes())?;
        sockets[process] = Some(stream);
    }
    if here + 1 == addresses.len() {
        return Ok(sockets);
    }
    let listener = listener.map_or_else(|| TcpListener::bind(&addresses[here]), Ok)?;
    while sockets.iter().skip(here + 1).any(Option::is_none) {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut process = [0; 8];
        stream.read_exact(&mut process)?;
        let place = usize::try_from(u64::from_le_bytes(process)).ok().filter(|process| *process > here);
        if let Some(socket) = place.and_then(|process| sockets.get_mut(process)) {
            *socket = Some(stream);
        }
    }
    Ok(sockets)
}

fn reach(address: &str) -> io::Result<TcpStream> {
    let began = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) if error.kind() != io::ErrorKind::ConnectionRefused || began.elapsed() > PATIENCE => {
                return Err(error);
            }
            Err(_) => thread::sleep(NAP),
        }
    }
}
