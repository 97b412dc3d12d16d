//! A recorder of our own, served over HTTP as Prometheus text (feature `prometheus`).
//!
//! For a host that has no `metrics` recorder yet. One that has needs none of this: a monitor publishes to whatever
//! recorder is installed.
//!
//! ```no_run
//! let exporter = foreshock::prometheus::Exporter::builder()
//!     .listen(([127, 0, 0, 1], 9464))
//!     .install()?;
//! let monitor = foreshock::Monitor::builder().start()?;
//! println!("http://{}/metrics", exporter.local_addr());
//! # Ok::<(), foreshock::Error>(())
//! ```

mod escape;
mod http;

use crate::error::Error;
use escape::Escaping;
use metrics::Recorder;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use metrics_util::MetricKindMask;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// Upper bounds of the buckets of every histogram, in seconds: from a lock that is free to one that hangs.
const BUCKETS_SECONDS: [f64; 12] = [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0];

/// Sets an [`Exporter`] up. Got from [`Exporter::builder`].
///
/// ```
/// let exporter = foreshock::prometheus::Exporter::builder().listen(([127, 0, 0, 1], 0)).start()?;
/// assert_ne!(exporter.local_addr().port(), 0);
/// # Ok::<(), foreshock::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ExporterBuilder {
    address: SocketAddr,
    idle_timeout: Duration,
}

impl ExporterBuilder {
    /// Where to listen. Default 127.0.0.1:9464; port 0 lets the operating system choose.
    ///
    /// ```
    /// let builder = foreshock::prometheus::Exporter::builder().listen(([127, 0, 0, 1], 0));
    /// # assert!(builder.start().is_ok());
    /// ```
    pub fn listen(mut self, address: impl Into<SocketAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// A series that was not written for this long is no longer shown, so that retired paths leave. Default
    /// 5 min; 60 s to 24 h. A monitor writes each of its live series at least once per
    /// [`refresh_every`](crate::Builder::refresh_every): keep this well above that.
    ///
    /// ```
    /// use std::time::Duration;
    /// let builder = foreshock::prometheus::Exporter::builder()
    ///     .listen(([127, 0, 0, 1], 0))
    ///     .idle_timeout(Duration::from_secs(60));
    /// # assert!(builder.start().is_ok());
    /// ```
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Serves, and does not install the recorder: give [`Exporter::recorder`] to the monitors that shall use it.
    ///
    /// # Errors
    ///
    /// The address cannot be bound (the message names it), or no thread is to be had.
    ///
    /// ```
    /// let exporter = foreshock::prometheus::Exporter::builder().listen(([127, 0, 0, 1], 0)).start()?;
    /// let monitor = foreshock::Monitor::builder().recorder(exporter.recorder()).start()?;
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn start(self) -> Result<Exporter, Error> {
        let timeout = self.idle_timeout;
        if !(Duration::from_secs(60)..=Duration::from_secs(86_400)).contains(&timeout) {
            return Err(Error::config("idle_timeout", format!("{timeout:?}"), "60s to 86400s"));
        }
        let listener =
            TcpListener::bind(self.address).map_err(|source| Error::listen(self.address, source))?;
        let address = listener.local_addr().map_err(|source| Error::listen(self.address, source))?;
        let recorder = PrometheusBuilder::new()
            .idle_timeout(MetricKindMask::ALL, Some(timeout))
            .set_buckets(&BUCKETS_SECONDS)
            .map_err(|error| Error::recorder(error.to_string()))?
            .build_recorder();
        let handle = recorder.handle();
        let server = http::Server::start(listener, handle.clone())?;
        Ok(Exporter { recorder: Arc::new(Escaping::new(recorder)), handle, address, _server: server })
    }

    /// Serves, and installs the recorder for the whole process.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), and if the process has a recorder already.
    ///
    /// ```
    /// let exporter = foreshock::prometheus::Exporter::builder().listen(([127, 0, 0, 1], 0)).install()?;
    /// let monitor = foreshock::Monitor::builder().start()?;
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn install(self) -> Result<Exporter, Error> {
        let exporter = self.start()?;
        metrics::set_global_recorder(exporter.recorder.clone())
            .map_err(|_| Error::recorder("this process has a metrics recorder already"))?;
        Ok(exporter)
    }
}

/// Serves what is recorded at `http://ADDRESS/metrics`, until it is dropped.
///
/// At most 16 connections at a time, one request each; a client that is slow to ask, or to read, is cut off. The series stay in memory after the
/// exporter is dropped if it was installed: a process cannot take its recorder back.
///
/// ```
/// let exporter = foreshock::prometheus::Exporter::builder().listen(([127, 0, 0, 1], 0)).start()?;
/// let monitor = foreshock::Monitor::builder().recorder(exporter.recorder()).manual().start()?;
/// monitor.record_success("bucket/a");
/// monitor.tick();
/// assert!(exporter.render().contains(r#"rustfs_lock_health_status{path="bucket/a"} 1"#));
/// # Ok::<(), foreshock::Error>(())
/// ```
pub struct Exporter {
    recorder: Arc<Escaping<PrometheusRecorder>>,
    handle: PrometheusHandle,
    address: SocketAddr,
    _server: http::Server,
}

impl Exporter {
    /// Settings with their defaults.
    ///
    /// ```
    /// let builder = foreshock::prometheus::Exporter::builder();
    /// ```
    pub fn builder() -> ExporterBuilder {
        ExporterBuilder {
            address: (Ipv4Addr::LOCALHOST, 9_464).into(),
            idle_timeout: Duration::from_secs(300),
        }
    }

    /// The address that is listened on.
    ///
    /// ```
    /// # let exporter = foreshock::prometheus::Exporter::builder().listen(([127, 0, 0, 1], 0)).start()?;
    /// println!("http://{}/metrics", exporter.local_addr());
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The recorder, for [`Builder::recorder`](crate::Builder::recorder) or to be combined with others.
    ///
    /// ```
    /// # let exporter = foreshock::prometheus::Exporter::builder().listen(([127, 0, 0, 1], 0)).start()?;
    /// let monitor = foreshock::Monitor::builder().recorder(exporter.recorder()).start()?;
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn recorder(&self) -> Arc<dyn Recorder + Send + Sync> {
        self.recorder.clone()
    }

    /// The text that is served now, for a host with an HTTP server of its own.
    ///
    /// ```
    /// # let exporter = foreshock::prometheus::Exporter::builder().listen(([127, 0, 0, 1], 0)).start()?;
    /// let text = exporter.render();
    /// # assert!(text.is_empty());
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn render(&self) -> String {
        self.handle.render()
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").field("address", &self.address).finish_non_exhaustive()
    }
}
