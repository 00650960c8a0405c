//! The only place that writes to standard output and standard error.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use serde::Serialize;

use super::failure::Failure;

/// Prints text as it is. A reader that closed the pipe has what it wanted.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

pub(super) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut to = io::stdout().lock();
    match to.write_all(bytes).and_then(|()| to.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("can't write to standard output ({error})"), "free space, or write elsewhere"))
        }
        _ => Ok(()),
    }
}

/// Prints a line.
pub(super) fn line(text: &str) -> Result<(), Failure> {
    print(&format!("{text}\n"))
}

/// Prints a value as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(format!("can't be shown as JSON ({error})"), "try without --json"))?;
    line(&text)
}

/// Prints a list: as JSON, or as a table, or that there is nothing in it.
pub(super) fn list<T: Serialize, const N: usize>(
    all: &[T],
    json: bool,
    nothing: &str,
    heading: [&str; N],
    row: impl Fn(&T) -> [String; N],
) -> Result<(), Failure> {
    if json {
        return self::json(&all);
    }
    if all.is_empty() {
        return line(nothing);
    }
    table(heading, &all.iter().map(row).collect::<Vec<_>>())
}

/// Prints rows under a heading, columns as wide as their widest cell.
fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> Result<(), Failure> {
    let mut widths = heading.map(|cell| cell.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let show = |cells: [&str; N]| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}", width = *width)).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![show(heading)];
    lines.extend(rows.iter().map(|row| show(row.each_ref().map(String::as_str))));
    line(&lines.join("\n"))
}

/// Says on standard error what failed and what helps.
pub(super) fn fail(failure: &Failure) -> ExitCode {
    warn(&format!("error: {}\n fix: {}", failure.cause, failure.cure));
    ExitCode::from(1)
}

/// Says something on standard error.
pub(super) fn warn(text: &str) {
    // Where even standard error is gone, there is nobody left to tell.
    drop(writeln!(io::stderr(), "{text}"));
}

/// What clap has to say: help and version on standard output, usage errors on standard error with code 2.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    drop(error.print());
    ExitCode::from(code)
}
