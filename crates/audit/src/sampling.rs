//! Samples: which elements of a period an organisation has to open, drawn by what nobody could foresee.
//!
//! At the end of a period an organisation signs one closing of its evaluation log, and a witness cosigns it once. The
//! witness's signature draws the sample: the organisation could not know it before it had signed, and had nothing left to
//! choose afterwards. Each witness draws a sample of its own, and all are opened, so one honest witness suffices.

mod closing;
mod population;
mod sample;

pub use closing::{Period, PeriodClosed};
pub use population::Population;
pub use sample::{Coverage, Drawn, MAX_SAMPLE, Sample};
