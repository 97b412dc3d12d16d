//! Draws on a terminal: lines that stay scroll by above a table that is written over in place.
//!
//! Neither raw mode nor the alternate screen is used, so that Ctrl-C works and the lines remain afterwards. All
//! there is to restore is the cursor.

use super::Tone;
use super::table::{self, Line};
use crate::handshake::Ports;
use crate::layout::NodeId;
use crate::orchestrator::evidence::Evidence;
use crossterm::style::{Attribute, Color, Print, ResetColor, SetAttribute, SetForegroundColor};
use crossterm::terminal::{self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use crossterm::{cursor, queue};
use std::collections::BTreeMap;
use std::io::{self, Stdout, Write};
use std::time::Duration;

pub(crate) struct Live {
    out: Stdout,
    has_color: bool,
    /// The table as it stands on the screen; the cursor is on the line below.
    drawn: Vec<Line>,
    /// The last line of the table: it outlives the lines that scroll away.
    footer: Line,
}

impl Live {
    /// `None` if the terminal is too low for the table.
    pub(super) fn open(ports: &BTreeMap<NodeId, Ports>) -> Option<Self> {
        let (_, rows) = terminal::size().ok()?;
        // The footer, the line of the cursor, and two lines for what happens.
        if usize::from(rows) < table::HEIGHT + 4 {
            return None;
        }
        let ports = ports.iter().map(|(node, ports)| format!("{node} {}", ports.metrics)).collect::<Vec<_>>();
        let footer = vec![(Tone::Quiet, format!("/metrics on 127.0.0.1:  {}", ports.join("  ")))];
        // https://no-color.org: set and not empty.
        let has_color = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let mut live = Self { out: io::stdout(), has_color, drawn: Vec::new(), footer };
        queue!(live.out, cursor::Hide).ok()?;
        Some(live)
    }

    // A terminal that has gone away is no reason to end: the exit status still tells. So errors are dropped here.

    pub(super) fn print(&mut self, tone: Tone, text: &str) {
        let _ = self.update(|live| {
            live.write(&vec![(tone, text.to_owned())])?;
            live.write_table()
        });
    }

    pub(super) fn draw(&mut self, evidence: &Evidence, phase: &str, now: Duration) {
        let mut lines = table::table(evidence, phase, now);
        lines.push(self.footer.clone());
        let _ = self.update(|live| {
            live.drawn = lines;
            live.write_table()
        });
    }

    /// Everything in one piece from the top of the table, so that nothing flickers.
    fn update(&mut self, write: impl FnOnce(&mut Self) -> io::Result<()>) -> io::Result<()> {
        queue!(self.out, BeginSynchronizedUpdate)?;
        if let Ok(height @ 1..) = u16::try_from(self.drawn.len()) {
            queue!(self.out, cursor::MoveToPreviousLine(height))?;
        }
        write(self)?;
        queue!(self.out, Clear(ClearType::FromCursorDown), EndSynchronizedUpdate)?;
        self.out.flush()
    }

    fn write_table(&mut self) -> io::Result<()> {
        let lines = std::mem::take(&mut self.drawn);
        let written = lines.iter().try_for_each(|line| self.write(line));
        self.drawn = lines;
        written
    }

    /// One line, cut at the width of the terminal: a wrapped one would spoil the count of lines.
    fn write(&mut self, line: &Line) -> io::Result<()> {
        // Less one: what follows a full line differs between terminals.
        let mut room = terminal::size().map_or(80, |(columns, _)| usize::from(columns)).saturating_sub(1);
        for (tone, text) in line {
            let shown: String = text.chars().take(room).collect();
            room -= shown.chars().count();
            self.set_tone(*tone)?;
            queue!(self.out, Print(shown))?;
            self.set_tone(Tone::Plain)?;
        }
        queue!(self.out, Clear(ClearType::UntilNewLine), Print("\n"))
    }

    fn set_tone(&mut self, tone: Tone) -> io::Result<()> {
        if !self.has_color {
            return Ok(());
        }
        match tone {
            Tone::Plain => queue!(self.out, ResetColor, SetAttribute(Attribute::Reset)),
            Tone::Quiet => queue!(self.out, SetAttribute(Attribute::Dim)),
            Tone::Loud => queue!(self.out, SetAttribute(Attribute::Bold)),
            Tone::Good => queue!(self.out, SetForegroundColor(Color::Green)),
            Tone::Warning => queue!(self.out, SetForegroundColor(Color::Yellow)),
            Tone::Bad => queue!(self.out, SetForegroundColor(Color::Red)),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = queue!(self.out, cursor::Show);
        let _ = self.out.flush();
    }
}
