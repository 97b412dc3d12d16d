//! The one error type: what `start()` and the exporter refuse, and why.

use std::fmt;

/// Why a monitor or an exporter could not be started.
///
/// Opaque on purpose: match on the predicates, print the message. The message of a refused setting names the
/// field, the value and what is allowed.
///
/// ```
/// let error = foreshock::Monitor::builder().max_paths(0).manual().start().unwrap_err();
/// assert!(error.is_config());
/// assert_eq!(error.field(), Some("max_paths"));
/// assert_eq!(error.to_string(), "max_paths = 0: allowed is 1 to 65535");
/// ```
pub struct Error(Reason);

enum Reason {
    Config {
        field: &'static str,
        value: String,
        allowed: String,
    },
    Memory {
        what: &'static str,
    },
    Thread {
        source: std::io::Error,
    },
    #[cfg(feature = "prometheus")]
    Recorder {
        message: String,
    },
    #[cfg(feature = "prometheus")]
    Listen {
        address: String,
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn config(field: &'static str, value: impl fmt::Display, allowed: impl Into<String>) -> Self {
        Self(Reason::Config { field, value: value.to_string(), allowed: allowed.into() })
    }

    /// Allocates nothing: there may be nothing left.
    pub(crate) fn memory(what: &'static str) -> Self {
        Self(Reason::Memory { what })
    }

    pub(crate) fn thread(source: std::io::Error) -> Self {
        Self(Reason::Thread { source })
    }

    #[cfg(feature = "prometheus")]
    pub(crate) fn recorder(message: impl Into<String>) -> Self {
        Self(Reason::Recorder { message: message.into() })
    }

    #[cfg(feature = "prometheus")]
    pub(crate) fn listen(address: impl fmt::Display, source: std::io::Error) -> Self {
        Self(Reason::Listen { address: address.to_string(), source })
    }

    /// A setting was refused; [`field`](Self::field) says which.
    pub fn is_config(&self) -> bool {
        matches!(self.0, Reason::Config { .. })
    }

    /// Memory for the fixed tables could not be had.
    pub fn is_memory(&self) -> bool {
        matches!(self.0, Reason::Memory { .. })
    }

    /// The operating system refused the collector or the exporter its thread.
    pub fn is_thread(&self) -> bool {
        matches!(self.0, Reason::Thread { .. })
    }

    #[cfg(feature = "prometheus")]
    /// A recorder is installed in this process already, or ours could not be built.
    pub fn is_recorder(&self) -> bool {
        matches!(self.0, Reason::Recorder { .. })
    }

    #[cfg(feature = "prometheus")]
    /// The exporter's address could not be bound.
    pub fn is_listen(&self) -> bool {
        matches!(self.0, Reason::Listen { .. })
    }

    /// The setting that was refused, under the name of its builder method.
    pub fn field(&self) -> Option<&'static str> {
        match &self.0 {
            Reason::Config { field, .. } => Some(field),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Config { field, value, allowed } => write!(f, "{field} = {value}: allowed is {allowed}"),
            Reason::Memory { what } => write!(f, "no memory for {what}"),
            Reason::Thread { source } => write!(f, "no thread could be started: {source}"),
            #[cfg(feature = "prometheus")]
            Reason::Recorder { message } => f.write_str(message),
            #[cfg(feature = "prometheus")]
            Reason::Listen { address, source } => write!(f, "cannot listen on {address}: {source}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Reason::Thread { source } => Some(source),
            #[cfg(feature = "prometheus")]
            Reason::Listen { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// The beginning of a text that may be of any length.
pub(crate) fn brief(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
