//! What labs need beside `wb`, whether it is there now, and the command that gets it.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use super::super::World;
use crate::lang::context;

/// Where `scripts/kafka up` starts the first broker.
const BROKER: ([u8; 4], u16) = ([127, 0, 0, 1], 9092);

/// How long a broker of this machine may take to be spoken to.
const PATIENCE: Duration = Duration::from_millis(300);

/// Where Debian has the server's programs, a folder for each version.
const POSTGRES: &str = "/usr/lib/postgresql";

/// A line for each part.
pub(super) fn lines(world: &World) -> Vec<String> {
    vec![broker(world), postgres(world)]
}

fn broker(world: &World) -> String {
    let lang = world.lang;
    let address = SocketAddr::from(BROKER);
    let part = lang.say("labs.part-broker", context! { address => address.to_string() });
    if TcpStream::connect_timeout(&address, PATIENCE).is_ok() {
        return lang.say("labs.part-there", context! { part });
    }
    let command = if installed(world, "java") { "labs.start-broker" } else { "labs.install-java" };
    lang.say("labs.part-missing", context! { part, command => lang.text(command) })
}

fn postgres(world: &World) -> String {
    let lang = world.lang;
    let there = installed(world, "pg_ctl") || Path::new(POSTGRES).exists();
    let command = if there { "labs.start-postgres" } else { "labs.install-postgres" };
    let (part, command) = (lang.text("labs.part-postgres"), lang.text(command));
    let key = if there { "labs.part-installed" } else { "labs.part-missing" };
    lang.say(key, context! { part, command })
}

/// Whether a program is on the path.
fn installed(world: &World, program: &str) -> bool {
    let path = (world.environment)("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
