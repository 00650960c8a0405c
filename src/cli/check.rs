//! `check`: every problem of settings and templates at once, without network and without the store.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use super::{failure::Failure, output};
use crate::{
    clock::{Clock, SystemClock},
    config::{Config, problem::Problem},
    dispatch::cards,
    rules::{Rules, SampleFile, samples},
};

pub(super) fn run(folder: &Path, environment: &BTreeMap<String, String>) -> Result<(), Failure> {
    let (config, mut problems) = Config::load(folder, environment);
    match Rules::compile(&config) {
        Err(more) => problems.extend(more),
        Ok(rules) => {
            let samples = samples(&config);
            problems.extend(samples.iter().filter_map(|sample| try_sample(&rules, sample)));
            if problems.is_empty() {
                return output::line(&summary(folder, &rules, samples.len()));
            }
        }
    }
    problems.sort();
    problems.dedup();
    Err(Failure::problems(&problems))
}

fn try_sample(rules: &Rules, sample: &SampleFile) -> Option<Problem> {
    let problem = |found: String, cure: &str| Some(Problem::new(&sample.place, "", found, cure));
    let payload: Value = match serde_json::from_str(&sample.json) {
        Ok(payload) => payload,
        Err(error) => {
            let found = format!("is not JSON at line {}, column {}", error.line(), error.column());
            return problem(found, "correct the sample");
        }
    };
    if !rules.templates.has(&sample.template) {
        return problem(format!("there is no template `{}`", sample.template), "name the sample after its template");
    }
    match cards::try_template(rules, &sample.template, payload, SystemClock.now()) {
        Ok(card) => rules
            .profiles
            .iter()
            .find(|profile| serde_json::from_slice::<Value>(&profile.encode(&card).bytes).is_err())
            .and_then(|profile| {
                problem(format!("the profile `{}` can't encode its card", profile.name), "report this")
            }),
        Err(fault) => problem(format!("can't be rendered: {fault}"), "correct the template, or the sample"),
    }
}

fn summary(folder: &Path, rules: &Rules, samples: usize) -> String {
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
    lines.join("\n")
}
