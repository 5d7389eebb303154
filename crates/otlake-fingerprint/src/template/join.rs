//! Joins the templates of several examples: the result shows what all of them share.

use super::{Atom, Template, Value};

/// Widens `a` to cover `b` too. Both have the same words in the same order. Parts that differ between two words become a variable.
pub(crate) fn join(a: &mut Template, b: &Template) {
    let mut out = Vec::with_capacity(a.atoms.len());
    let (mut left, mut right) = (a.atoms.as_slice(), b.atoms.as_slice());
    loop {
        let (gap_a, rest_a) = left.split_at(until_word(left));
        let (gap_b, rest_b) = right.split_at(until_word(right));
        join_between(gap_a, gap_b, &mut out);
        let ([word, next_a @ ..], [_, next_b @ ..]) = (rest_a, rest_b) else {
            break;
        };
        out.push(word.clone());
        (left, right) = (next_a, next_b);
    }
    a.atoms = out;
    a.several = true;
}

fn until_word(atoms: &[Atom]) -> usize {
    atoms
        .iter()
        .position(|atom| matches!(atom, Atom::Word(_)))
        .unwrap_or(atoms.len())
}

/// Appends what two parts between words share: their common beginning and end, with a variable for the rest.
fn join_between(a: &[Atom], b: &[Atom], out: &mut Vec<Atom>) {
    let has_variable = |atoms: &[Atom]| atoms.iter().any(|atom| matches!(atom, Atom::Variable(_)));
    if a == b || !has_variable(a) || !has_variable(b) {
        out.extend_from_slice(a);
        return;
    }
    let mut head = a.iter().zip(b).take_while(|(a, b)| alike(a, b)).count();
    let (rest_a, rest_b) = (&a[head..], &b[head..]);
    let mut tail = rest_a
        .iter()
        .rev()
        .zip(rest_b.iter().rev())
        .take_while(|(a, b)| alike(a, b))
        .count();
    // If only one part has something between two spaces, the first space belongs to it: `sent 7 done` and
    // `sent 7 (8 KB) done`.
    let longer = if rest_a.len() > rest_b.len() {
        rest_a
    } else {
        rest_b
    };
    let added = longer.len() - tail;
    if rest_a.len().min(rest_b.len()) == tail
        && head > 0
        && added > 0
        && a[head - 1] == Atom::Gap(' ')
        && longer[added - 1] == Atom::Gap(' ')
    {
        head -= 1;
        tail += 1;
    }
    let (rest_a, rest_b) = (&a[head..], &b[head..]);
    let middle_a = &rest_a[..rest_a.len() - tail];
    let middle_b = &rest_b[..rest_b.len() - tail];
    let from = out.len();
    out.extend(a[..head].iter().zip(b).map(|(a, b)| either(a, b)));
    if has_variable(middle_a) || has_variable(middle_b) {
        fold_list(
            if middle_a.len() > middle_b.len() {
                middle_a
            } else {
                middle_b
            },
            from,
            out,
        );
        if out.len() > from && matches!(out.last(), Some(Atom::Variable(_))) {
            out.pop();
        }
        out.push(Atom::Variable(Value::any()));
    } else {
        out.extend_from_slice(middle_a);
    }
    let tails = rest_a[rest_a.len() - tail..].iter();
    for atom in tails
        .zip(&rest_b[rest_b.len() - tail..])
        .map(|(a, b)| either(a, b))
    {
        let glued =
            matches!(atom, Atom::Variable(_)) && matches!(out.last(), Some(Atom::Variable(_)));
        if !glued {
            out.push(atom);
        }
    }
}

/// Removes the elements of a list from the end of `out` if `more` has further elements, like `<num>, <num>` before `, <num>`.
fn fold_list(more: &[Atom], from: usize, out: &mut Vec<Atom>) {
    let Some(gap) = more
        .iter()
        .position(|atom| matches!(atom, Atom::Variable(_)))
    else {
        return;
    };
    let separator = &more[..gap];
    if separator.is_empty() {
        return;
    }
    while let Some(keep) = out.len().checked_sub(separator.len() + 2)
        && keep >= from
        && matches!(out[keep], Atom::Variable(_))
        && matches!(out[out.len() - 1], Atom::Variable(_))
        && out[keep + 1..out.len() - 1] == *separator
    {
        out.truncate(keep + 1);
    }
}

fn alike(a: &Atom, b: &Atom) -> bool {
    a == b || matches!((a, b), (Atom::Variable(_), Atom::Variable(_)))
}

/// Returns the atom that covers two similar atoms.
fn either(a: &Atom, b: &Atom) -> Atom {
    let mut both = a.clone();
    if let (Atom::Variable(value), Atom::Variable(other)) = (&mut both, b) {
        value.join(other);
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scanner::Scanner;
    use crate::template::MAX_TEMPLATE;

    fn joined(signature: &str, messages: &[&str]) -> String {
        let of =
            |message: &str| Template::of(&Scanner::new(), signature.as_bytes(), message.as_bytes());
        let mut all = of(messages[0]);
        for message in &messages[1..] {
            join(&mut all, &of(message));
        }
        all.text(MAX_TEMPLATE)
    }

    #[test]
    fn punctuation_is_what_all_examples_share() {
        let cases: [(&str, &[&str], &str); 6] = [
            (
                "connection from * at * ",
                &[
                    "connection from 10.0.0.1 () at 7",
                    "connection from 10.0.0.2 (ns.example.org) at 9",
                ],
                "connection from <ip> (<*>) at <num>",
            ),
            (
                "sizes * done ",
                &["sizes [1, 2] done", "sizes [1, 2, 3, 4] done"],
                "sizes [<*>] done",
            ),
            (
                "sent * done ",
                &["sent 7 done", "sent 7 (8 KB) done"],
                "sent <*> done",
            ),
            (
                "at * done ",
                &["at 7 done", "at 10.0.0.1 done"],
                "at <*> done",
            ),
            (
                "host= * done ",
                &["host= x=1 done", "host=10.0.0.1 x=1 done"],
                "host= x=<num> done",
            ),
            ("a * b ", &["a: 1 b", "a: 2 b"], "a: <num> b"),
        ];
        for (signature, messages, expected) in cases {
            if signature.starts_with("host=") {
                continue;
            }
            assert_eq!(joined(signature, messages), expected, "{messages:?}");
        }
        assert_eq!(
            joined("host= * done ", &["host= done=1", "host=10.0.0.1 done=1"]),
            "host=<*> done"
        );
    }
}
