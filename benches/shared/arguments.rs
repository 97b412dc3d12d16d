//! What every table of these benchmarks can be asked for.

use clap::Parser;

#[derive(Parser)]
#[command(about = "Prints a table of figures", no_binary_name = false)]
pub(crate) struct Arguments {
    /// Print one JSON object, and nothing else on standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    /// Ends the process with a message if there is an argument that is not known.
    pub(crate) fn read() -> Self {
        Self::parse()
    }
}
