//! Lines on standard error that never end the program: nobody may be listening there any more.

/// Like `eprintln!`, but a standard error that cannot be written is no reason to stop.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _unheard = writeln!(std::io::stderr(), $($text)*);
    }};
}
