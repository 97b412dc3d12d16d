//! How a monitor is set up.

use super::Config;
use crate::cascade::Pattern;
use crate::clock::Clock;
use crate::error::Error;
use crate::monitor::Monitor;
use crate::record::boxed::room_for_small;
use metrics::Recorder;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Where a monitor publishes when it is not the process's global recorder.
pub(crate) type SharedRecorder = Arc<dyn Recorder + Send + Sync>;

/// Sets a [`Monitor`] up. Got from [`Monitor::builder`]; every setting has the default that its method names.
///
/// Nothing is checked before [`start`](Self::start), which names the setting, the value and what is allowed.
///
/// ```
/// use std::time::Duration;
/// let monitor = foreshock::Monitor::builder()
///     .prefix("rustfs")
///     .max_paths(4_096)
///     .degraded_for(Duration::from_secs(60))
///     .start()?;
/// # Ok::<(), foreshock::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Builder {
    pub(super) prefix: String,
    pub(super) tick: Duration,
    pub(super) publish_every: Duration,
    pub(super) refresh_every: Option<Duration>,
    pub(super) manual: bool,
    pub(super) clock: Option<Clock>,
    pub(super) recorder: Option<SharedRecorder>,
    pub(super) max_paths: usize,
    pub(super) max_components: usize,
    pub(super) max_threads: usize,
    pub(super) ring_events: usize,
    pub(super) open_attempts: usize,
    pub(super) max_published_paths: Option<usize>,
    pub(super) track_latency: bool,
    pub(super) raise_lock_timeouts: bool,
    pub(super) consecutive_timeouts: u32,
    pub(super) min_completed: u32,
    pub(super) timeout_percent: u32,
    pub(super) degraded_for: Duration,
    pub(super) window: Duration,
    pub(super) bucket: Duration,
    pub(super) slow_after: Duration,
    pub(super) local_pause_after: Duration,
    pub(super) late_after: Duration,
    pub(super) retire_after: Duration,
    pub(super) recurrence_episodes: usize,
    pub(super) recurrence_window: Duration,
    pub(super) kept_episodes: usize,
    pub(super) custom_failures: Vec<&'static str>,
    pub(super) patterns: Vec<Pattern>,
}

impl Default for Builder {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            prefix: "rustfs".to_owned(),
            tick: Duration::from_millis(50),
            publish_every: seconds(1),
            refresh_every: None,
            manual: false,
            clock: None,
            recorder: None,
            max_paths: 1_024,
            max_components: 256,
            max_threads: 128,
            ring_events: 1_024,
            open_attempts: 512,
            max_published_paths: None,
            track_latency: true,
            raise_lock_timeouts: true,
            consecutive_timeouts: 3,
            min_completed: 10,
            timeout_percent: 50,
            degraded_for: seconds(30),
            window: seconds(300),
            bucket: seconds(10),
            slow_after: seconds(5),
            local_pause_after: seconds(5),
            late_after: seconds(5),
            retire_after: seconds(600),
            recurrence_episodes: 3,
            recurrence_window: seconds(3_600),
            kept_episodes: 64,
            custom_failures: Vec::new(),
            patterns: Pattern::built_in().into(),
        }
    }
}

/// One setter for each plain field: documentation, name, type.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $example:literal;)*) => {
        impl Builder {
            $(
                $(#[$doc])*
                ///
                /// ```
                #[doc = concat!(
                    "# use std::time::Duration;\n",
                    "let builder = foreshock::Monitor::builder().", stringify!($name), "(", $example, ");\n",
                    "# assert!(builder.manual().start().is_ok());"
                )]
                /// ```
                pub fn $name(mut self, $name: $type) -> Self {
                    self.$name = $name;
                    self
                }
            )*
        }
    };
}

setters! {
    /// How often the collector looks. Default 50 ms; 1 ms to 1 s.
    tick: Duration = "Duration::from_millis(20)";
    /// How often the metrics that changed are published while no verdict changes. Default 1 s; from one tick to 60 s.
    publish_every: Duration = "Duration::from_secs(5)";
    /// Lock paths that are told apart; further ones go to `__other__`. Default 1,024; 1 to 65,535.
    max_paths: usize = "4_096";
    /// Components that are told apart; further ones go to `__other__`. Default 256; 1 to 65,535.
    max_components: usize = "64";
    /// Threads with a block of their own; further ones share one. Default 128; 1 to 4,094.
    max_threads: usize = "32";
    /// Failure events that a thread's ring holds until the next tick; a full ring refuses the newest and counts it. Default 1,024; a power of two, 2 to 65,536.
    ring_events: usize = "256";
    /// Attempts in flight, begun by one thread, whose age is known; the count is exact beyond. Default 512; a
    /// power of two, 2 to 65,536.
    open_attempts: usize = "4_096";
    /// Measures how long each attempt took (`lock_health_wait_seconds`), at two readings of the clock per attempt.
    /// Default on.
    track_latency: bool = "false";
    /// A recorded timeout also raises a `LockTimeout` failure whose component is the path. Default on. Turn it
    /// off where the host records both.
    raise_lock_timeouts: bool = "false";
    /// So many timeouts in a row make a path Unhealthy. Default 3; 1 to 1,000.
    consecutive_timeouts: u32 = "5";
    /// So many attempts must have completed in the window before the share of timeouts counts. Default 10; 1 to
    /// 1,000,000.
    min_completed: u32 = "100";
    /// This share of timeouts in the window, or more, makes a path Unhealthy. Default 50; 1 to 100.
    timeout_percent: u32 = "25";
    /// A path stays Degraded for this long after a timeout. Default 30 s; up to 1 h.
    degraded_for: Duration = "Duration::from_secs(60)";
    /// How far back completed attempts count. Default 5 min; a whole number of buckets, 2 to 360 of them.
    window: Duration = "Duration::from_secs(120)";
    /// The step in which the window moves. Default 10 s; 100 ms to 10 min.
    bucket: Duration = "Duration::from_secs(5)";
    /// An attempt in flight for longer degrades its path. Default 5 s; 10 ms to 1 h.
    slow_after: Duration = "Duration::from_secs(2)";
    /// A collector that wakes this much too late concludes that the whole process stood still; failures of that
    /// time are counted and raise no cascade. Default 5 s; 1 s to 1 h.
    local_pause_after: Duration = "Duration::from_secs(10)";
    /// How much later than it happened an event may arrive and still find its place in time. Default 5 s; up to
    /// 60 s.
    late_after: Duration = "Duration::from_secs(2)";
    /// A path with no record, no handle and nothing in flight for this long gives its place back. Default
    /// 10 min; from 60 s and from twice the longest pattern window, up to 24 h.
    retire_after: Duration = "Duration::from_secs(300)";
    /// So many episodes of a pattern within `recurrence_window` are an emergency. Default 3; 2 to 64.
    recurrence_episodes: usize = "5";
    /// How far back episodes count for that. Default 1 h; 1 s to 24 h.
    recurrence_window: Duration = "Duration::from_secs(1_800)";
    /// Ended episodes that the snapshot remembers. Default 64; 1 to 1,024.
    kept_episodes: usize = "16";
}

impl Builder {
    /// What every metric's name begins with. Default `rustfs`; a letter or underscore, then letters, digits and
    /// underscores, at most 64 bytes.
    ///
    /// ```
    /// let builder = foreshock::Monitor::builder().prefix("mystore");
    /// # assert!(builder.manual().start().is_ok());
    /// ```
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// A metric that does not change is written again after at most this long, a share of them at each publication.
    /// For a recorder that forgets what is not written (an `idle_timeout`), and for one that passes on to another that was added later.
    /// Default 30 s, or `publish_every` if that is longer; from `publish_every` to 10 min.
    ///
    /// ```
    /// use std::time::Duration;
    /// let builder = foreshock::Monitor::builder().refresh_every(Duration::from_secs(30));
    /// # assert!(builder.manual().start().is_ok());
    /// ```
    pub fn refresh_every(mut self, every: Duration) -> Self {
        self.refresh_every = Some(every);
        self
    }

    /// Distinct paths that are ever published in the life of this monitor; later ones are added up under
    /// `__other__`, counted. A recorder forgets no series by itself, so churning paths would grow it for ever.
    /// (Components are never retired: `max_components` bounds them.) Default 4 times `max_paths`; at least
    /// `max_paths`, up to 1,048,576.
    ///
    /// ```
    /// let builder = foreshock::Monitor::builder().max_published_paths(10_000);
    /// # assert!(builder.manual().start().is_ok());
    /// ```
    pub fn max_published_paths(mut self, max: usize) -> Self {
        self.max_published_paths = Some(max);
        self
    }

    /// Registers a failure type of the host's own, to be recorded as
    /// [`FailureType::Custom`](crate::FailureType::Custom) with the same name: snake case, at most 64 bytes, not
    /// the label of a built-in type. Up to 26.
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().custom_failure("disk_full").manual().start()?;
    /// monitor.record_failure(foreshock::FailureType::Custom("disk_full"), "disk7");
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn custom_failure(mut self, name: &'static str) -> Self {
        self.custom_failures.push(name);
        self
    }

    /// Adds a pattern; one of the same name is replaced. Up to 16.
    ///
    /// ```
    /// use foreshock::{FailureType, Monitor, Pattern};
    /// let builder = Monitor::builder().pattern(
    ///     Pattern::new("peer_uploads", FailureType::PeerUnreachable)
    ///         .subsequent([FailureType::UploadFailure]),
    /// );
    /// # assert!(builder.manual().start().is_ok());
    /// ```
    pub fn pattern(mut self, pattern: Pattern) -> Self {
        self.patterns.retain(|known| known.name() != pattern.name());
        self.patterns.push(pattern);
        self
    }

    /// Takes all patterns out, the built-in ones too.
    ///
    /// ```
    /// let builder = foreshock::Monitor::builder().no_patterns();
    /// # assert!(builder.manual().start().is_ok());
    /// ```
    pub fn no_patterns(mut self) -> Self {
        self.patterns.clear();
        self
    }

    /// Where time comes from. Default [`Clock::system`].
    ///
    /// ```
    /// let (clock, _time) = foreshock::Clock::manual();
    /// let builder = foreshock::Monitor::builder().clock(clock).manual();
    /// # assert!(builder.start().is_ok());
    /// ```
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// No collector thread: ticks are made by hand, with [`Monitor::tick`].
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.tick();
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn manual(mut self) -> Self {
        self.manual = true;
        self
    }

    /// Publishes to this recorder, not to the process's global one. For a host with several monitors, and for
    /// tests.
    ///
    /// ```
    /// use std::sync::Arc;
    /// let builder = foreshock::Monitor::builder().recorder(Arc::new(metrics::NoopRecorder));
    /// # assert!(builder.manual().start().is_ok());
    /// ```
    pub fn recorder(mut self, recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Checks every setting, takes the memory for the fixed tables and starts the collector thread.
    ///
    /// # Errors
    ///
    /// A setting out of its range, no memory, or no thread to be had; see [`Error`].
    ///
    /// ```
    /// let error = foreshock::Monitor::builder().prefix("a-b").start().unwrap_err();
    /// assert_eq!(error.field(), Some("prefix"));
    /// ```
    pub fn start(self) -> Result<Monitor, Error> {
        room_for_small()?;
        let config = Config::check(&self)?;
        let clock = self.clock.unwrap_or_else(Clock::system);
        Monitor::start(config, clock, self.recorder)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("prefix", &self.prefix)
            .field("patterns", &self.patterns)
            .finish_non_exhaustive()
    }
}
