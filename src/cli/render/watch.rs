//! `render --watch`: the body again at each change, for whoever writes a template.

use std::{collections::BTreeMap, path::Path, time::Duration};

use jiff::tz::TimeZone;

use super::{Args, Made, make};
use crate::{
    cli::{failure::Failure, interrupt::interrupted, load_config, output},
    clock::{Clock, SystemClock},
    config::Config,
    lifecycle::watch::Changes,
};

/// An editor may write a file in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// A mistake ends nothing: the next change may mend it.
pub(super) async fn run(folder: &Path, environment: &BTreeMap<String, String>, args: &Args) -> Result<(), Failure> {
    let (config, _) = Config::load(folder, environment);
    let files = [Some(args.payload.payload.clone()), Some(args.payload.headers_file())];
    // What changes while the first card is made is not missed.
    let mut changes = Changes::of_files(&config, files.into_iter().flatten().collect(), QUIET);
    if !changes.are_noticed() {
        return Err(Failure::new("changed files are not noticed on this machine", "run `render` without --watch"));
    }
    let mut end = std::pin::pin!(interrupted());
    loop {
        changes.follow(&Config::load(folder, environment).0);
        tell(load_config(folder, environment).and_then(|config| make(&config, args)))?;
        tokio::select! {
            () = changes.settled() => {}
            ended = &mut end => return ended,
        }
    }
}

/// The body on standard output, a line of its own; what happened on standard error.
fn tell(made: Result<Made, Failure>) -> Result<(), Failure> {
    let at = SystemClock.now().to_zoned_datetime(TimeZone::system()).strftime("%H:%M:%S").to_string();
    let say = |failure: &Failure| output::warn(&format!("{at} {}\n fix: {}", failure.cause, failure.cure));
    let made = match made {
        Ok(made) => made,
        Err(failure) => {
            say(&failure);
            return Ok(());
        }
    };
    output::print_bytes(&[made.body.as_slice(), b"\n"].concat())?;
    match &made.fault {
        Some(failure) => say(failure),
        None => {
            let shortened = if made.is_shortened { ", shortened to fit" } else { "" };
            let (bytes, most) = (thousands(made.body.len()), thousands(made.most_bytes));
            output::warn(&format!("{at} rendered, {bytes} of {most} bytes{shortened}"));
        }
    }
    Ok(())
}

/// A number as people write it: `28,672`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut written = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_between_thousands() {
        let written: Vec<String> = [0, 999, 1_000, 28_672, 1_234_567].map(thousands).into();
        assert_eq!(written, ["0", "999", "1,000", "28,672", "1,234,567"]);
    }
}
