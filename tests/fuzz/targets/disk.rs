//! Feeds inputs of libFuzzer to the target `disk`; what holds of them stands in `src/disk.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _outcome = fuzz::Target::named("disk").run(input);
});
