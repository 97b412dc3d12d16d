//! What series an expression uses, and how.

use promql_parser::label::MatchOp;
use promql_parser::parser::{Expr, LabelModifier, VectorSelector, parse};
use std::collections::BTreeSet;

/// One series selector of an expression.
#[derive(Debug)]
pub(crate) struct Use {
    pub(crate) name: String,
    /// Labels that the selector names, each with the values that it asks for; a pattern that is no list of values is left out.
    pub(crate) matchers: Vec<(String, Vec<String>)>,
    /// Labels that the operations around it name, to keep or to match.
    pub(crate) kept: BTreeSet<String>,
    /// Functions around it, innermost first.
    pub(crate) functions: Vec<String>,
}

pub(crate) fn uses(expression: &str) -> Result<Vec<Use>, String> {
    let mut found = Vec::new();
    walk(&parse(expression)?, &Around::default(), &mut found);
    Ok(found)
}

/// What stands around an expression.
#[derive(Clone, Default)]
struct Around {
    kept: BTreeSet<String>,
    functions: Vec<String>,
}

impl Around {
    fn with(&self, modifier: Option<&LabelModifier>) -> Self {
        let mut around = self.clone();
        if let Some(modifier) = modifier {
            around.kept.extend(modifier.labels().labels.iter().cloned());
        }
        around
    }

    fn within(&self, function: &str) -> Self {
        let mut around = self.clone();
        around.functions.insert(0, function.to_owned());
        around
    }
}

fn walk(expression: &Expr, around: &Around, found: &mut Vec<Use>) {
    match expression {
        Expr::Aggregate(aggregate) => {
            let inner = around.with(aggregate.modifier.as_ref());
            walk(&aggregate.expr, &inner, found);
            if let Some(parameter) = &aggregate.param {
                walk(parameter, around, found);
            }
        }
        Expr::Unary(unary) => walk(&unary.expr, around, found),
        Expr::Binary(binary) => {
            let matching = binary.modifier.as_ref().and_then(|modifier| modifier.matching.as_ref());
            let inner = around.with(matching);
            walk(&binary.lhs, &inner, found);
            walk(&binary.rhs, &inner, found);
        }
        Expr::Paren(paren) => walk(&paren.expr, around, found),
        Expr::Subquery(subquery) => walk(&subquery.expr, around, found),
        Expr::VectorSelector(selector) => found.push(used(selector, around)),
        Expr::MatrixSelector(selector) => found.push(used(&selector.vs, around)),
        Expr::Call(call) => {
            let inner = around.within(call.func.name);
            call.args.args.iter().for_each(|argument| walk(argument, &inner, found));
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

fn used(selector: &VectorSelector, around: &Around) -> Use {
    let matchers = selector.matchers.matchers.iter().map(|matcher| {
        let values = match &matcher.op {
            MatchOp::Equal | MatchOp::NotEqual => vec![matcher.value.clone()],
            MatchOp::Re(_) | MatchOp::NotRe(_) => matcher.value.split('|').map(str::to_owned).collect(),
        };
        let is_list = values.iter().all(|value| value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        (matcher.name.clone(), if is_list { values } else { Vec::new() })
    });
    Use {
        name: selector.name.clone().unwrap_or_default(),
        matchers: matchers.collect(),
        kept: around.kept.clone(),
        functions: around.functions.clone(),
    }
}
