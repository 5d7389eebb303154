use std::borrow::Cow;
use std::collections::HashMap;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, TableReference, plan_err};
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, merge_schema, split_conjunction_owned};
use datafusion::logical_expr::{BinaryExpr, Cast, Filter, LogicalPlan, Operator, ScalarUDF};
use datafusion::optimizer::AnalyzerRule;
use datafusion::prelude::{Expr, cast, lit};
use datafusion::scalar::ScalarValue;
use otlake_schema::OVERFLOW;

use crate::attributes::attr::Attr;
use crate::attributes::overflow_value::OverflowValue;
use crate::attributes::value_text::ValueTextFunction;
use crate::dataset_table::schema::ATTRIBUTE_COLUMNS;

/// Replaces `attr(…)` with what the table has for the attribute.
///
/// This is a rule of the analyzer, because it needs the columns of the table before projections remove those that a
/// query does not mention.
#[derive(Debug)]
pub(crate) struct ResolveAttributes;

/// What a table has for an attribute.
struct Attribute {
    full_name: String,
    column: Option<(Column, DataType)>,
    overflow: Column,
}

impl AnalyzerRule for ResolveAttributes {
    fn name(&self) -> &str {
        "resolve_attributes"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let resolved = plan.transform_up_with_subqueries(resolve_plan)?;
        Ok(resolved.data)
    }
}

fn resolve_plan(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let schema = merge_schema(&plan.inputs());
    if let LogicalPlan::Filter(filter) = plan {
        let mut changed = false;
        let predicates = split_conjunction_owned(filter.predicate).into_iter();
        let predicates = predicates.map(|predicate| {
            let resolved = match comparison(&predicate, &schema)? {
                Some(comparison) => Transformed::yes(comparison),
                None => resolve(predicate, &schema)?,
            };
            changed |= resolved.transformed;
            Ok(resolved.data)
        });
        let predicates = predicates.collect::<Result<Vec<_>>>()?;
        let predicate = conjunction(predicates).unwrap_or_else(|| lit(true));
        let filter = LogicalPlan::Filter(Filter::try_new(predicate, filter.input)?);
        return Ok(match changed {
            true => Transformed::yes(filter),
            false => Transformed::no(filter),
        });
    }
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expression| {
        let name = names.save(&expression);
        let resolved = resolve(expression, &schema)?;
        Ok(match resolved.transformed {
            true => resolved.update_data(|expression| name.restore(expression)),
            false => resolved,
        })
    })
}

/// Replaces each `attr(…)` in an expression by its text.
fn resolve(expression: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    expression.transform_up(|expression| match attribute(&expression, schema)? {
        Some(attribute) => Ok(Transformed::yes(attribute.text())),
        None => Ok(Transformed::no(expression)),
    })
}

/// Returns a form of `attr(…) = 'x'` and of `attr(…) IN ('x', …)` that statistics can decide. It is false rather than
/// null for rows without the attribute, which makes no difference to a filter.
fn comparison(predicate: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
    let (expression, texts) = match predicate {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Eq,
            right,
        }) => match (text_of(left), text_of(right)) {
            (None, Some(text)) => (left, vec![text]),
            (Some(text), None) => (right, vec![text]),
            _ => return Ok(None),
        },
        Expr::InList(InList {
            expr,
            list,
            negated: false,
        }) => match list.iter().map(text_of).collect() {
            Some(texts) => (expr, texts),
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let attribute = attribute(without_casts(expression), schema)?;
    Ok(attribute.and_then(|attribute| attribute.is_one_of(&texts)))
}

/// Returns what `schema` has for an attribute if the expression is `attr(…)`.
fn attribute(expression: &Expr, schema: &DFSchema) -> Result<Option<Attribute>> {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = expression else {
        return Ok(None);
    };
    if !func.inner().is::<Attr>() {
        return Ok(None);
    }
    let (table, name) = match &args[..] {
        [name] => (None, name),
        [Expr::Column(overflow), name] if overflow.name == OVERFLOW => {
            (overflow.relation.as_ref(), name)
        }
        _ => {
            return plan_err!(
                "attr takes a name, or the column overflow of a table and a name: attr('user.id'), \
                 attr(l.overflow, 'user.id')"
            );
        }
    };
    match text_of(name) {
        Some(name) => Attribute::find(&name, table, schema).map(Some),
        None => plan_err!("the name in attr has to be a string, not {name}"),
    }
}

impl Attribute {
    fn find(name: &str, table: Option<&TableReference>, schema: &DFSchema) -> Result<Attribute> {
        let is_full = ["attr.", "resource.", "scope."]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        let full_name = match is_full {
            true => name.to_owned(),
            false => format!("attr.{name}"),
        };
        let mut overflows = schema.iter().filter(|(relation, field)| {
            let is_table = table
                .is_none_or(|table| relation.is_some_and(|relation| relation.resolved_eq(table)));
            field.name() == OVERFLOW && is_table
        });
        let Some((relation, field)) = overflows.next() else {
            return plan_err!(
                "attr({name:?}) needs the columns of a table of otlake, and there is no column {OVERFLOW} here: \
                 select attr({name:?}) under a name where the table is read, and use that name here"
            );
        };
        if overflows.next().is_some() {
            return plan_err!(
                "attr({name:?}) is ambiguous, because several tables have attributes: name one of them, as in \
                 attr(l.{OVERFLOW}, {name:?})"
            );
        }
        let Some(columns) = field.metadata().get(ATTRIBUTE_COLUMNS) else {
            return plan_err!(
                "attr({name:?}) needs the columns of a table of otlake, and {OVERFLOW} is one of another table"
            );
        };
        let columns: HashMap<Cow<'_, str>, Cow<'_, str>> = serde_json::from_str(columns)
            .map_err(|error| datafusion::error::DataFusionError::External(error.into()))?;
        let column = match columns.get(full_name.as_str()) {
            None => None,
            Some(column) => match schema.field_with_name(relation, column) {
                Ok(field) => {
                    let data_type = field.data_type().clone();
                    Some((Column::new(relation.cloned(), &**column), data_type))
                }
                Err(_) => {
                    return plan_err!(
                        "attr({name:?}) is in the column {column:?}, which is not selected here: select it too"
                    );
                }
            },
        };
        Ok(Attribute {
            full_name,
            column,
            overflow: Column::new(relation.cloned(), OVERFLOW),
        })
    }

    /// Returns the text of the attribute.
    fn text(&self) -> Expr {
        let overflowed = self.overflowed();
        match &self.column {
            None => overflowed,
            Some((column, data_type)) => {
                let column = Expr::Column(column.clone());
                let text = match data_type {
                    DataType::Utf8View => column,
                    DataType::Boolean | DataType::Int64 | DataType::Utf8 => {
                        cast(column, DataType::Utf8View)
                    }
                    _ => ScalarUDF::from(ValueTextFunction::new()).call(vec![column]),
                };
                coalesce(vec![text, overflowed])
            }
        }
    }

    fn overflowed(&self) -> Expr {
        let overflow = Expr::Column(self.overflow.clone());
        ScalarUDF::from(OverflowValue::new()).call(vec![overflow, lit(self.full_name.as_str())])
    }

    /// Returns whether the text is one of `texts`, as a comparison with values of the column's type; `None` if the
    /// type has several values with the same text, or several texts for a value.
    fn is_one_of(&self, texts: &[String]) -> Option<Expr> {
        let literals = texts.iter().cloned();
        let literals = literals
            .map(|text| lit(ScalarValue::Utf8View(Some(text))))
            .collect();
        let overflow = Expr::Column(self.overflow.clone());
        // Statistics know whether a file has any overflow.
        let overflowed = overflow
            .is_not_null()
            .and(self.overflowed().in_list(literals, false));
        let Some((column, data_type)) = &self.column else {
            return Some(overflowed);
        };
        let values: Vec<Expr> = match data_type {
            DataType::Utf8View => {
                let values = texts.iter().cloned();
                values
                    .map(|text| lit(ScalarValue::Utf8View(Some(text))))
                    .collect()
            }
            DataType::Int64 => {
                let values = texts.iter().filter_map(|text| {
                    let value: i64 = text.parse().ok()?;
                    (value.to_string() == *text).then(|| lit(value))
                });
                values.collect()
            }
            DataType::Boolean => texts
                .iter()
                .filter_map(|text| text.parse().ok().map(|value: bool| lit(value)))
                .collect(),
            _ => return None,
        };
        let column = Expr::Column(column.clone());
        let overflowed = column.clone().is_null().and(overflowed);
        Some(match values.is_empty() {
            true => overflowed,
            false => column.in_list(values, false).or(overflowed),
        })
    }
}

/// Returns the text of a literal.
fn text_of(expression: &Expr) -> Option<String> {
    match without_casts(expression) {
        Expr::Literal(value, _) => value.try_as_str().flatten().map(str::to_owned),
        _ => None,
    }
}

/// Type coercion casts strings to other types of strings.
fn without_casts(expression: &Expr) -> &Expr {
    match expression {
        Expr::Cast(Cast { expr, field }) if is_string(field.data_type()) => without_casts(expr),
        _ => expression,
    }
}

fn is_string(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}
