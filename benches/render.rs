//! What a card costs beside what the engine takes to write its text: `cargo bench --bench render`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and may panic")]
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

#[path = "timing/push.rs"]
mod push;
#[path = "timing/rounds.rs"]
mod rounds;

use std::hint::black_box;

use teams_relay::render::{self, Sample, Templates};

use rounds::time;

fn row(templates: &Templates, sample: &Sample) {
    let input = sample.input().unwrap();
    let text = templates.text(&sample.template, &input).unwrap();
    let bare = time(|| drop(black_box(templates.text(&sample.template, &input).unwrap())));
    let card = time(|| drop(black_box(templates.render(&sample.template, &input).unwrap())));
    let name = format!("{} {}", sample.template, sample.variant.as_deref().unwrap_or_default());
    println!(
        "{name:<46} {:>9} {:>8} {card:>12.2?} {bare:>12.2?} {:>7.2}",
        sample.json.len(),
        text.len(),
        card.as_secs_f64() / bare.as_secs_f64()
    );
}

fn main() {
    // `cargo test --all-targets` starts benches too; only `cargo bench` says so.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let templates = Templates::compile(render::embedded()).unwrap();
    let mut samples = render::samples();
    samples.sort_by_key(|sample| std::cmp::Reverse(sample.json.len()));
    println!(
        "{:<46} {:>9} {:>8} {:>12} {:>12} {:>7}",
        "the largest samples", "payload", "text", "card", "engine", "ratio"
    );
    samples.iter().take(8).for_each(|sample| row(&templates, sample));
    let push = push::of(13 * 1024).to_string();
    row(&templates, &Sample::at("github/samples/push.of_many.json", push).unwrap());
}
