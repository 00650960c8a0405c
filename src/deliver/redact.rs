//! Cuts webhook URLs out of texts that others wrote, before they are stored or shown.
//!
//! It goes by what a URL looks like and by what this destination's URL consists of, so that neither an echo of the
//! whole nor one of its signature gets through.

use url::Url;

/// What stands where something was cut out.
const CUT: &str = "…";

/// A part of a path or query shorter than this is no secret, and cutting it would eat ordinary words.
const SHORTEST_SECRET: usize = 12;

/// The text without URLs, without the parts of `url` that are secret, and without control characters; at most
/// `limit` bytes of it.
pub fn redact(text: &str, url: &str, limit: usize) -> String {
    let mut text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    for secret in secrets(url) {
        text = cut(&text, &secret);
    }
    let mut text = cut_urls(&text);
    text.truncate(text.floor_char_boundary(limit));
    text
}

/// A value shorter than this is found in ordinary words.
const SHORTEST_VALUE: usize = 4;

/// The text without these values, whole or as they stand in JSON or a URL.
pub fn redact_values<'a>(text: &str, values: impl Iterator<Item = &'a str>) -> String {
    let mut text = text.to_owned();
    for value in values {
        // `Bearer abc` may be echoed as `abc`.
        let mut parts: Vec<String> =
            std::iter::once(value).chain(value.split_whitespace()).map(str::to_owned).collect();
        parts.extend(parts.clone().iter().map(|part| form_urlencoded::byte_serialize(part.as_bytes()).collect()));
        parts.extend(
            parts
                .clone()
                .iter()
                .filter_map(|part| Some(serde_json::to_string(part).ok()?.trim_matches('"').to_owned())),
        );
        parts.sort_unstable_by_key(|part| std::cmp::Reverse(part.len()));
        for part in parts.iter().filter(|part| part.len() >= SHORTEST_VALUE) {
            text = cut(&text, part);
        }
    }
    text
}

/// The parts of a webhook URL that must not be shown, longest first.
fn secrets(url: &str) -> Vec<String> {
    let mut secrets = vec![url.to_owned()];
    if let Ok(url) = Url::parse(url) {
        secrets.push(url.as_str().to_owned());
        secrets.extend(url.path_segments().into_iter().flatten().map(str::to_owned));
        secrets.extend(url.query().into_iter().flat_map(|query| query.split(['&', '='])).map(str::to_owned));
        secrets.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    }
    secrets.retain(|secret| secret.len() >= SHORTEST_SECRET);
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    secrets
}

/// Replaces every occurrence, whatever its case: hosts and signatures are echoed in any.
fn cut(text: &str, secret: &str) -> String {
    let (lower, secret) = (text.to_ascii_lowercase(), secret.to_ascii_lowercase());
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in lower.match_indices(&secret) {
        // Lowering ASCII moves no byte, so places in `lower` are places in `text`.
        kept.push_str(text.get(from..at).unwrap_or_default());
        kept.push_str(CUT);
        from = at + secret.len();
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    kept
}

/// How a URL, or the signature alone, can begin: plain, escaped in JSON, or percent-encoded.
const BEGINNINGS: &[&str] = &["https:", "http:", "https%3a", "http%3a", "sig=", "sig%3d"];

/// Replaces whatever looks like a URL or a signature, up to where it must end.
fn cut_urls(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = lower.get(from..).and_then(|rest| BEGINNINGS.iter().filter_map(|begin| rest.find(begin)).min())
    {
        let begin = from + at;
        kept.push_str(text.get(from..begin).unwrap_or_default());
        kept.push_str(CUT);
        let rest = text.get(begin..).unwrap_or_default();
        from = begin + rest.find(|c: char| c.is_whitespace() || "\"'<>`()[]{}".contains(c)).unwrap_or(rest.len());
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://f00d.20.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/0123456789abcdef0123456789abcdef/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=AbC-dEf_gHiJkLmNoPqRsTuVwXyZ%2B123456789";

    #[test]
    fn nothing_of_the_destinations_url_is_left() {
        let sig = "AbC-dEf_gHiJkLmNoPqRsTuVwXyZ";
        let url = Url::parse(URL).unwrap();
        for echo in [
            URL.to_owned(),
            URL.replace(":443", ""),
            URL.replace('/', "\\/"),
            URL.replace(':', "%3A").replace('/', "%2F"),
            URL.to_uppercase(),
            URL.replace("https://", ""),
            url.path().to_owned(),
            url.query().unwrap().to_owned(),
            format!("{sig}+123456789"),
            format!("{sig}%2B123456789"),
        ] {
            let shown = redact(&format!("the URL '{echo}' is not known"), URL, 1024).to_ascii_lowercase();
            assert!(shown.starts_with("the url '") && shown.ends_with("' is not known"), "{shown}");
            assert!(!shown.contains(&sig.to_ascii_lowercase()), "{shown}");
            assert!(!shown.contains("0123456789abcdef"), "{shown}");
        }
    }

    #[test]
    fn nothing_of_a_headers_value_is_left() {
        let text = r#"{"got": "Bearer ab\"cd/ef", "and": "AB%22cd%2Fef", "of": "X-Alert-Secret"}"#;
        let shown = redact_values(text, ["Bearer ab\"cd/ef", "x"].into_iter());
        assert_eq!(shown, r#"{"got": "…", "and": "…", "of": "X-Alert-Secret"}"#);
    }

    #[test]
    fn any_other_url_is_cut_out_too() {
        let shown = redact(r#"{"a":"https:\/\/x.example\/y","b":"(http://z.example?sig=1)"} sig=abc. Bye"#, URL, 1024);
        assert_eq!(shown, r#"{"a":"…","b":"(…)"} … Bye"#);
    }

    #[test]
    fn teams_own_words_stay() {
        let text = "Microsoft Teams endpoint returned HTTP error 429 with ContextId tcid=1,server=abc,cv=2..";
        assert_eq!(redact(text, URL, 1024), text);
        assert_eq!(redact("Summary or Text is required.", URL, 1024), "Summary or Text is required.");
        assert_eq!(redact(r#"{"code":"WorkflowNotFound"}"#, URL, 1024), r#"{"code":"WorkflowNotFound"}"#);
    }

    #[test]
    fn the_text_is_cut_at_a_character_after_the_urls_are_out() {
        assert_eq!(redact("aé€\u{0}", URL, 5), "aé");
        let text = format!("{}{URL}", "x".repeat(20));
        assert_eq!(redact(&text, URL, 30), format!("{}…", "x".repeat(20)));
    }
}
