//! Names that somebody outside might choose, out of a seeded generator: the same seed gives the same names.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Labels, comments and values of the text format and of ours, or what looks like them.
const LOOK_ALIKES: [&str; 28] = [
    "__other__",
    "__OTHER__",
    "__other__ ",
    "\u{feff}__other__",
    "__\u{43e}ther__",
    "",
    "path",
    "le",
    "component",
    "__name__",
    "quantile",
    "+Inf",
    "NaN",
    "\"} 1",
    "\"} 1\n",
    "\",le=\"0.1",
    "\",outcome=\"success",
    "} 1 1700000000000",
    "# HELP rustfs_lock_health_status x",
    "# TYPE rustfs_lock_health_status counter",
    "\n# TYPE a gauge\na 1\n",
    "# EOF",
    "rustfs_lock_health_status{path=\"a\"} 1",
    "{\"name\":\"a\"}",
    "peer_unreachable",
    "config/iam/users",
    "c\u{43e}nfig/iam/users",
    "ｃonfig/iam/users",
];

/// Characters that a format, a terminal or an eye takes for something else.
const EXOTIC: [char; 26] = [
    '\0',
    '\u{1}',
    '\u{8}',
    '\u{b}',
    '\u{1b}',
    '\r',
    '\u{7f}',
    '\u{85}',
    '\u{a0}',
    '\u{ad}',
    '\u{300}',
    '\u{489}',
    '\u{61c}',
    '\u{200b}',
    '\u{200d}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{202e}',
    '\u{2066}',
    '\u{feff}',
    '\u{fffd}',
    '\u{ffff}',
    '\u{1f468}',
    '\u{e0001}',
    '\u{10ffff}',
];

/// Bytes that are no UTF-8: overlong forms, halves of surrogate pairs, cut characters, numbers out of range.
const INVALID: [&[u8]; 9] = [
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xed\xa0\xbd",
    b"\xed\xb8\x80",
    b"\xe2\x82",
    b"\xf0\x9f\xa6",
    b"\xf4\x90\x80\x80",
    b"\xff\xfe",
    b"\x80",
];

/// What stands between them.
const BETWEEN: [&[u8]; 4] = [b"a", b"/", b"\"", b"\xe2\x82\xac"];

fn name() -> BoxedStrategy<String> {
    let lossy = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let plain = "[a-z]{1,8}(/[a-z0-9._-]{1,12}){0,4}";
    let format = "[\\\\n\"\n\r{}=,#a\0 \t]{1,24}";
    let characters = || prop::collection::vec(any::<char>(), 1..32).prop_map(String::from_iter);
    let exotic = prop::collection::vec(prop_oneof![select(&EXOTIC[..]), prop::char::range('a', 'z')], 1..24);
    let bytes = prop::collection::vec(any::<u8>(), 1..64).prop_map(lossy);
    let part = prop_oneof![select(&INVALID[..]), select(&BETWEEN[..])];
    let invalid = prop::collection::vec(part, 1..12).prop_map(move |parts| lossy(parts.concat()));
    let look_alike = select(&LOOK_ALIKES[..]).prop_map(str::to_owned);
    let mixed = prop::collection::vec(select(&LOOK_ALIKES[..]), 2..4).prop_map(|parts| parts.concat());
    let numbered = (select(&LOOK_ALIKES[..]), 0..1_000).prop_map(|(text, number)| format!("{text}{number}"));
    // Few beginnings, so that many are cut to the same text.
    let beginning = prop_oneof![Just("x".to_owned()), Just("€\"\\\n".to_owned()), characters()];
    let long = (beginning, 200..10_240usize, 0..100).prop_map(|(text, bytes, ending)| {
        let times = bytes.div_ceil(text.len());
        format!("{}{ending}", text.repeat(times))
    });
    let at_the_cut = (250..258usize, select(&["é", "€", "🦀", "\\", "\n"][..]), 0..10)
        .prop_map(|(bytes, character, ending)| format!("{}{character}{ending}", "y".repeat(bytes)));
    prop_oneof![
        4 => plain,
        6 => format,
        5 => characters(),
        5 => exotic.prop_map(String::from_iter),
        3 => bytes,
        4 => invalid,
        1 => look_alike,
        3 => mixed,
        3 => numbered,
        2 => long,
        1 => at_the_cut,
    ]
    .boxed()
}

pub(crate) fn names(seed: u64, count: usize) -> Vec<String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = name();
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("a name").current()).collect()
}
