//! How good or bad a word for a state is.

/// Words for states as CI, alerting, trackers, shops and mail use them: what is well.
const GOOD: &str = "\
    good success successful succeeded passed passing ok up resolved fixed merged approved completed complete \
    finished done active healthy recovered restored green operational online paid settled fulfilled delivered \
    confirmed renewed cleared";

/// What someone should look at.
const WARNING: &str = "\
    warning warn warnings cancelled canceled cancelation cancellation changes_requested stale action_required \
    medium moderate degraded degraded_performance partial_outage pending_approval high yellow unstable removed \
    deleted aborted interrupted terminated refused rejected declined denied blocked suspended revoked refunded \
    reversed disputed chargeback charged_back unpaid uncollectible overdue past_due expired bounced bounce \
    undelivered undeliverable throttled completed_with_errors completed_with_warnings partially_failed \
    partial_failure";

/// What is broken.
const CRITICAL: &str = "\
    critical blocker failure failures failed failing fail error errors errored timed_out timeout timedout \
    startup_failure alerting firing problem down broken exceeded fatal emergency urgent severe triggered red \
    crashed killed unhealthy unreachable unavailable offline outage major_outage";

/// How good or bad a status is. Of a phrase such as `invoice.payment_failed` the last word counts, and of one such as
/// `cancelled by mona` the last before what says by whom.
pub(in crate::render) fn severity(phrase: &str) -> &'static str {
    let phrase = phrase.trim().to_lowercase().replace([' ', '-', '.', ':'], "_");
    let words: Vec<&str> = phrase.split('_').filter(|word| !word.is_empty()).collect();
    let head = words.iter().skip(1).position(|word| GO_ON.contains(word)).and_then(|at| words.get(..=at));
    of_word(&phrase).or_else(|| of_last(&words)).or_else(|| of_last(head?)).unwrap_or("info")
}

/// Words after which a phrase says by whom or why.
const GO_ON: &[&str] = &["after", "because", "by", "due", "with"];

/// What the last of these words says, or the last two, unless another takes it back.
fn of_last(words: &[&str]) -> Option<&'static str> {
    let is_denied = words.iter().any(|word| matches!(*word, "no" | "not" | "non" | "never" | "without"));
    let two = words.len().checked_sub(2).and_then(|at| of_word(&words.get(at..)?.join("_")));
    two.or_else(|| of_word(words.last()?)).filter(|_| !is_denied)
}

fn of_word(word: &str) -> Option<&'static str> {
    let classes = [("good", GOOD), ("warning", WARNING), ("critical", CRITICAL), ("info", "info")];
    classes.into_iter().find(|(_, words)| words.split_whitespace().any(|known| known == word)).map(|(class, _)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_phrase_the_last_word_counts() {
        for (phrase, expected) in [
            ("invoice.payment_failed", "critical"),
            ("PROBLEM", "critical"),
            ("incident.resolved", "good"),
            ("Changes requested", "warning"),
            ("not approved", "info"),
            ("was cancelled", "warning"),
            ("The order has been canceled", "warning"),
            ("cancelled_by_user", "warning"),
            ("Cancelled by Mona on Monday", "warning"),
            ("not cancelled by Mona", "info"),
            ("passed with no errors", "good"),
            ("completed with errors", "warning"),
            ("Payment failed because of the bank", "critical"),
            ("by whom", "info"),
            ("timed out", "critical"),
            ("unresolved", "info"),
            ("", "info"),
        ] {
            assert_eq!(severity(phrase), expected, "{phrase}");
        }
    }

    #[test]
    fn words_of_payments_mail_and_builds_have_their_class() {
        for (expected, words) in [
            ("good", "paid settled delivered fulfilled confirmed renewed restored done finished operational online"),
            (
                "warning",
                "refused refunded expired aborted declined bounced overdue past_due cancelled canceled rejected denied \
                 blocked suspended revoked unpaid disputed chargeback undelivered interrupted partial_outage",
            ),
            ("critical", "failed errors timeout crashed killed unreachable unavailable offline outage urgent"),
            ("info", "queued running pending open closed created updated skipped paused low draft"),
        ] {
            for word in words.split_whitespace() {
                assert_eq!(severity(word), expected, "{word}");
                assert_eq!(severity(&format!("It was {}", word.to_uppercase())), expected, "was {word}");
                assert_eq!(severity(&format!("not {word}")), "info", "not {word}");
            }
        }
    }
}
