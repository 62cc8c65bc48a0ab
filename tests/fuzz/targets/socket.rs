//! Feeds inputs of libFuzzer to the target `socket`; what holds of them stands in `src/socket.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _outcome = fuzz::Target::named("socket").run(input);
});
