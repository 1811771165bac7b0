//! These tests read and write signatures.

use super::*;

fn check(text: &str, expect: &str) {
    let shown = match Signature::read(text) {
        Ok(Signature::Function(shape)) => shape.to_string(),
        Ok(Signature::Value(kind)) => kind.to_string(),
        Err(message) => message,
    };
    assert_eq!(shown, expect, "{text}");
}

#[test]
fn signatures_become_annotations() {
    check("(s: string): string", "fun(s: string): string");
    check("(seconds: number)", "fun(seconds: number)");
    check("(p: string): ()", "fun(p: string)");
    check("(...string): {string}", "fun(...: string): string[]");
    check("(s: string, max: number?): (string, number?)", "fun(s: string, max?: number): string, number?");
    check(
        "(t: {any}, by: string | (value: any) -> any): {[any]: {any}}",
        "fun(t: any[], by: string|(fun(value: any): any)): table<any, any[]>",
    );
    check("(order: (\"asc\" | \"desc\")?): {a | b}", "fun(order?: \"asc\"|\"desc\"): (a|b)[]");
    check(
        "(o: { after: number?, x: {y: any} }?): {{string}}?",
        "fun(o?: { after?: number, x: { y: any } }): string[][]?",
    );
    check("(f: (value: any) -> (any, any)): (() -> ())?", "fun(f: fun(value: any): any, any): (fun())?");
    check(": null", "null");
}

#[test]
fn what_is_no_signature_is_refused_at_its_byte() {
    check("(s string)", "expected `:` at byte 4 of `(s string)`");
    check("(s: string", "expected `,` at byte 11 of `(s: string`");
    check("(s: string) x", "expected the end at byte 13 of `(s: string) x`");
    check("(s: {string)", "expected `}` at byte 12 of `(s: {string)`");
    check("(s: \"a)", "expected a closing quote at byte 5 of `(s: \"a)`");
    check("string", "expected `(` at byte 1 of `string`");
}
