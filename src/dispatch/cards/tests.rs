use std::{collections::BTreeMap, fs};

use super::*;
use crate::{
    config::Config,
    event::{Codings, Encoding, EventType, RawBody},
};

const PLAIN: &str = r#"{"summary":"plain {{payload.title}}","body":[{"type":"TextBlock","text":"x"}]}"#;
const OPS: &str = r#"{"summary":"ops {{payload.title}}","body":[{"type":"TextBlock","text":"x"}]}"#;

fn rules(files: &[(&str, &str)]) -> Arc<Rules> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let (config, problems) = Config::load(folder.path(), &BTreeMap::new());
    assert_eq!(problems, []);
    Arc::new(Rules::compile(&config).unwrap())
}

fn event(kind: &str) -> Event {
    Event {
        source: "ci".parse().unwrap(),
        kind: EventType::new(kind, None),
        delivery_id: None,
        received_at: "2026-11-23T08:00:00Z".parse().unwrap(),
        headers: Vec::new(),
        encoding: Encoding::Json,
        codings: Codings::default(),
        body: RawBody(bytes::Bytes::from_static(br#"{"title":"t"}"#)),
    }
}

fn look(set: &str) -> Look {
    Look { templates: Some(set.parse().unwrap()), ..Look::default() }
}

#[test]
fn subscriptions_that_come_to_the_same_card_share_it_and_others_do_not() {
    let rules = rules(&[
        ("sources/ci.toml", "provider = \"generic\"\nsecrets = \"s\""),
        ("templates/generic/build.hbs", PLAIN),
        ("templates/sets/ops/generic/build.hbs", OPS),
    ]);
    let cards = Cards::new(Arc::new(Metrics::new()));
    let (id, event) = (EventId::from_u128(1), event("build"));
    let card = |look: &Look| cards.card(&rules, id, &event, look);
    let (plain, ops) = (card(&Look::default()), card(&look("ops")));
    assert_eq!((plain.summary.as_str(), ops.summary.as_str()), ("plain t", "ops t"));
    assert!(Arc::ptr_eq(&plain, &card(&Look::default())) && Arc::ptr_eq(&ops, &card(&look("ops"))));
    assert!(Arc::ptr_eq(&plain, &card(&look("gone"))), "a set that is gone leaves the ordinary card");
    assert_eq!(cards.kept().len(), 2);
}
