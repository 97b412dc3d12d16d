//! The reader that the exposition tests trust refuses what it must refuse.

mod common;

use common::text_format::Exposition;

const TYPED: &str = "# TYPE a counter\n";

#[track_caller]
fn assert_refused(text: &str, why: &str) {
    let error = Exposition::parse(text).expect_err(text);
    assert!(error.contains(why), "{error}");
}

#[test]
fn well_formed_text_is_read() {
    let text = "# HELP a What\\nit \\\\ is.\n# TYPE a gauge\na{x=\"1\",y=\"\\\"\\\\\\n{}\"} -2.5\na 3\n\n";
    let read = Exposition::parse(text).unwrap();
    assert_eq!(read.helps["a"], "What\nit \\ is.");
    assert_eq!(read.types["a"], "gauge");
    assert_eq!(read.value("a", &[("y", "\"\\\n{}"), ("x", "1")]), Some(-2.5));
    assert_eq!(read.value("a", &[]), Some(3.0));
    assert_eq!(read.series("a").len(), 2);
}

#[test]
fn a_series_that_comes_twice_is_refused_in_any_order_of_its_labels() {
    assert_refused(&format!("{TYPED}a 1\na 1\n"), "twice");
    assert_refused(&format!("{TYPED}a{{x=\"1\",y=\"2\"}} 1\na{{y=\"2\",x=\"1\"}} 1\n"), "twice");
}

#[test]
fn broken_labels_are_refused() {
    assert_refused(&format!("{TYPED}a{{x=\"1\",x=\"2\"}} 1\n"), "twice");
    assert_refused(&format!("{TYPED}a{{x=\"\\t\"}} 1\n"), "escape");
    assert_refused(&format!("{TYPED}a{{x=\"1}} 1\n"), "end");
    assert_refused(&format!("{TYPED}a{{x=\"1\n\"}} 1\n"), "end");
    assert_refused(&format!("{TYPED}a{{1=\"1\"}} 1\n"), "label name");
    assert_refused(&format!("{TYPED}a{{x=\"1\" y=\"2\"}} 1\n"), "comma");
    assert_refused(&format!("{TYPED}a{{x}} 1\n"), "label without");
}

#[test]
fn broken_samples_are_refused() {
    assert_refused("a 1\n", "without a type");
    assert_refused(&format!("{TYPED}a\n"), "no value");
    assert_refused(&format!("{TYPED}a x\n"), "no number");
    assert_refused(&format!("{TYPED}a -1\n"), "negative");
    assert_refused(&format!("{TYPED}a 1"), "does not end");
    assert_refused(&format!("{TYPED}{TYPED}"), "twice");
    assert_refused(&format!("{TYPED}# TYPE b counter\na 1\nb 1\na{{x=\"1\"}} 1\n"), "two pieces");
}

#[test]
fn buckets_that_do_not_add_up_are_refused() {
    let text = |small: u32, all: u32, count: u32| {
        format!(
            "# TYPE h histogram\nh_bucket{{le=\"1\"}} {small}\nh_bucket{{le=\"+Inf\"}} {all}\nh_sum 1\nh_count {count}\n"
        )
    };
    assert!(Exposition::parse(&text(1, 2, 2)).is_ok());
    assert_refused(&text(3, 2, 2), "add up");
    assert_refused(&text(1, 2, 3), "add up");
    assert_refused("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n", "add up");
}
