//! `check`: every problem of settings and templates at once, without network and without the store.

use std::{collections::BTreeMap, path::Path};

use super::{failure::Failure, output};
use crate::{
    config::{Config, load, problem::Problem},
    http::tls::Certificate,
    render::{Sample, Templates},
    rules::{Rules, samples},
    teams_app::TeamsApp,
};

/// Stands between a mistake of a template and the sample that it was seen with.
const WITH: &str = " (with ";

pub(super) fn run(folder: &Path, environment: &BTreeMap<String, String>) -> Result<(), Failure> {
    let (config, mut problems) = Config::load(folder, environment);
    problems.extend(try_certificate(&config));
    match Rules::compile(&config) {
        Err(more) => problems.extend(more),
        Ok(rules) => {
            let samples = samples(&config);
            let strict = rules.templates.strict();
            problems.extend(samples.iter().filter_map(|(place, sample)| try_sample(&rules, &strict, place, sample)));
            // What strict rendering finds by itself is not to be told twice.
            if problems.is_empty() {
                problems.extend(misspelt(&rules.templates, &samples));
            }
            if problems.is_empty() {
                return output::line(&summary(folder, &config, &rules, samples.len()));
            }
        }
    }
    problems.sort();
    // A mistake in a template shows with each of its samples; the first of them will do.
    problems.dedup_by(|a, b| a.file == b.file && a.cure == b.cure && without_sample(a) == without_sample(b));
    Err(Failure::problems(&problems))
}

/// `serve` would not start without it.
fn try_certificate(config: &Config) -> Option<Problem> {
    let tls = config.server.tls.as_ref()?;
    let bad = Certificate::load(&config.folder.join(&tls.cert), &config.folder.join(&tls.key)).err()?.to_string();
    let (found, cure) = bad.split_once("; ").unwrap_or((bad.as_str(), "correct it"));
    Some(Problem::new(load::MAIN, "", found, cure))
}

/// Renders a sample strictly: a value that its template asks for and that is not there is a mistake of one of the two.
fn try_sample(rules: &Rules, strict: &Templates, place: &str, sample: &Sample) -> Option<Problem> {
    let problem = |found: String, cure: &str| Some(Problem::new(place, "", found, cure));
    if !rules.templates.has(&sample.template) {
        return problem(format!("there is no template `{}`", sample.template), "name the sample after its template");
    }
    let input = match sample.input() {
        Ok(input) => input,
        Err(bad) => return problem(bad.to_string(), "correct the sample"),
    };
    match strict.render(&sample.template, &input) {
        Ok(card) => rules.profiles.iter().find_map(|profile| {
            let encoded = profile.encode(&card);
            if let Some(fault) = encoded.unsound {
                return problem(format!("its card is none that Teams takes: {fault}"), "report this");
            }
            let found =
                format!("its card is larger than the {} bytes that `{}` takes", profile.max_bytes, profile.name);
            encoded.shortened.then(|| problem(found, "shorten it with `truncate` and `take`, or shorten the sample"))?
        }),
        Err(fault) => fault.problem(&format!("{WITH}{place})")).or_else(|| {
            let cure = "correct the template or the sample; {{#if}} and `default` are for values that may be missing";
            problem(format!("can't be rendered: {fault}"), cure)
                .map(|problem| problem.with_excerpt(fault.excerpt().cloned().map(Box::new)))
        }),
    }
}

/// Paths of the admin's own templates that are handed to helpers and partials, and that no sample has.
fn misspelt(templates: &Templates, samples: &[(String, Sample)]) -> Vec<Problem> {
    let unseen = templates.unseen();
    for (_, sample) in samples {
        if let Ok(input) = sample.input() {
            unseen.look(&sample.template, &input);
        }
    }
    unseen.problems(|file| !file.is_built_in())
}

/// What was found, without the words that say with which sample.
fn without_sample(problem: &Problem) -> &str {
    problem.found.split_once(WITH).map_or(&problem.found, |(found, _)| found)
}

fn summary(folder: &Path, config: &Config, rules: &Rules, samples: usize) -> String {
    let mut lines = vec![format!(
        "{}: {} source{}, {} templates rendered with {samples} samples, no problems",
        folder.display(),
        rules.sources.len(),
        if rules.sources.len() == 1 { "" } else { "s" },
        rules.templates.names().len(),
    )];
    for source in rules.sources.values() {
        let open =
            if source.verifier.is_none() { " (verify = \"none\": whoever knows the address is believed)" } else { "" };
        lines.push(format!("  {}: {}{open}", source.name, source.provider.title()));
    }
    lines.extend(config.connector.is_some().then(|| of_the_app(config)));
    lines.join("\n")
}

/// What the Teams app still lacks. The daemon does without it, so that is no problem.
fn of_the_app(config: &Config) -> String {
    match TeamsApp::of(config) {
        Ok(app) => format!("  the Teams app {} {}: `teams-relay app-package` makes it", app.name(), app.version()),
        Err(missing) => {
            let lines: Vec<String> = missing.iter().map(|problem| format!("\n    {problem}")).collect();
            format!(
                "  the Teams app can't be made yet; where you want it (`teams-relay app-package`):{}",
                lines.concat()
            )
        }
    }
}
