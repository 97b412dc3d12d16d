//! How a node and the orchestrator find each other: one line of JSON each way, so that no port has to be guessed
//! and nothing has to be waited for by the clock.

use crate::layout::NODE_COUNT;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Write};

/// More than a line of the handshake ever needs; a longer one is refused.
const MAX_LINE_BYTES: u64 = 4_096;

/// Said by a node once it listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) rpc: u16,
    pub(crate) metrics: u16,
}

/// The answer: where everyone listens, the node itself included, in the order of the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Members {
    pub(crate) rpc_ports: [u16; NODE_COUNT],
}

pub(crate) fn send<T: Serialize>(mut to: impl Write, message: &T) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}

/// Reads one line. The end of the stream before the end of the line is an error: the other side is gone.
pub(crate) fn receive<T: DeserializeOwned>(from: impl BufRead) -> io::Result<T> {
    let mut line = String::new();
    from.take(MAX_LINE_BYTES).read_line(&mut line)?;
    if !line.ends_with('\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_str(&line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_back() {
        let ports = Ports { rpc: 1, metrics: 65_535 };
        let mut line = Vec::new();
        send(&mut line, &ports).expect("a vector takes everything");
        assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
        assert_eq!(receive::<Ports>(line.as_slice()).expect("what was sent"), ports);
    }

    #[test]
    fn half_a_line_a_long_line_and_nonsense_are_refused() {
        for bad in [&b""[..], b"{\"rpc\":1,\"metrics\":2}", b"nonsense\n", &[b' '; 5_000]] {
            assert!(receive::<Ports>(bad).is_err(), "{bad:?}");
        }
    }
}
