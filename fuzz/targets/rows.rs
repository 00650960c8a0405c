//! Whatever stands in the store's files: it is damage, and that is said, or it is read and written back as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use teams_relay::store::fuzz;

fuzz_target!(|bytes: &[u8]| fuzz::read_as_everything(bytes));
