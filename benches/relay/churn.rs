//! Whether the store stays small while a million deliveries go through it.

pub(crate) fn run() {
    println!("to be written");
}
