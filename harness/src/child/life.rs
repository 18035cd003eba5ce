//! When a component's process must end.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal};

/// How long a component may take to finish its step when it is told to end.
const GRACE: Duration = Duration::from_millis(300);

/// Whether the process is to end.
#[derive(Clone, Debug, Default)]
pub struct Life {
    over: Arc<AtomicBool>,
}

impl Life {
    /// Watches for every reason to end. To be called before any other thread is made, so that no other gets the
    /// signals. Without `follow` (a component started by hand) the end of standard input is no reason.
    pub fn watch(follow: bool) -> anyhow::Result<Self> {
        end_on_panic();
        let life = Life::default();
        let signals = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP]);
        signals.thread_block().context("blocking signals")?;
        let on_signal = life.clone();
        spawn("signals", move || {
            if signals.wait().is_ok() {
                on_signal.end();
            }
        })?;
        if follow {
            // Stopped processes do not read their standard input; the kernel's signal ends those too.
            set_pdeathsig(Signal::SIGKILL).context("asking to end with the driver")?;
            let on_end = life.clone();
            spawn("driver", move || {
                let (mut input, mut ignored) = (std::io::stdin(), [0; 64]);
                while matches!(input.read(&mut ignored), Ok(n) if n > 0) {}
                on_end.end();
            })?;
        }
        Ok(life)
    }

    /// Whether the process is to end.
    pub fn ended(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Lets the present step finish, but not for long: what a component has on disk survives a kill anyhow.
    fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        thread::sleep(GRACE);
        std::process::exit(0);
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(body);
    thread.with_context(|| format!("starting the thread `{name}`")).map(drop)
}

/// How the message begins of a thread that lost its connection to another process of the component.
const LOST: &str = "timely communication error:";

/// A thread of the component that panics must not leave the others serving.
fn end_on_panic() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str().is_some_and(|message| message.starts_with(LOST)) {
            eprintln!("error: another process of this contestant is gone: start all of them again");
            std::process::exit(1);
        }
        print(panic);
        std::process::exit(101);
    }));
}
