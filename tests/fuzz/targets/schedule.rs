//! Feeds inputs of libFuzzer to the target `schedule`; what holds of them stands in `src/schedule.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _outcome = fuzz::Target::named("schedule").run(input);
});
