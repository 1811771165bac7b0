//! These SQL functions stand in the place of SQLite's own that a single call of may take for ever: `LIKE`, `GLOB`,
//! `instr`, `replace`, `trim` with characters, `json_patch`. They give the same and look at the deadline, or refuse
//! what would take too long.
//!
//! Why this is sound: the functions get pointers that SQLite documents for them and keep none; texts are read before anything else
//! is done with their values. What they share, the guard, is owned by SQLite, which frees it by [`drop_shared`] when the connection
//! is closed. They do not panic: all that may be missing is checked.

use std::cell::OnceCell;
use std::ffi::{CStr, CString, c_int, c_void};
use std::sync::Arc;

use rusqlite::types::{ToSql, ValueRef};
use rusqlite::{Connection, ffi};

use super::super::matching::{self, Match};
use crate::lua::guard::Guard;

/// Bytes of a JSON text times bytes of its patch: SQLite looks for each key of the one among all of the other.
const PATCH_WORK_MAX: u64 = 1 << 32;

/// JSON's mark on a text: other functions take it for a value then.
const SUBTYPE_JSON: u32 = 'J' as u32;

/// What all calls of a function share.
struct FunctionShared {
    guard: Option<Arc<Guard>>,
    /// A connection that has SQLite's own functions; opened when it is needed.
    plain: OnceCell<Option<Connection>>,
}

/// What a function is called with.
struct Call {
    context: *mut ffi::sqlite3_context,
    arguments: *mut *mut ffi::sqlite3_value,
    count: usize,
}

/// How SQLite calls a function.
type SqlFunction = unsafe extern "C" fn(*mut ffi::sqlite3_context, c_int, *mut *mut ffi::sqlite3_value);

const FUNCTIONS: [(&CStr, c_int, SqlFunction); 10] = [
    (c"like", 2, like),
    (c"like", 3, like),
    (c"glob", 2, glob),
    (c"instr", 2, instr),
    (c"replace", 3, replace),
    (c"trim", 2, trim_both),
    (c"ltrim", 2, trim_left),
    (c"rtrim", 2, trim_right),
    (c"json_patch", 2, json_patch),
    (c"jsonb_patch", 2, jsonb_patch),
];

/// Sets the functions; `guard` says when an attempt has to end.
pub(in crate::lua::host::sqlite) fn register(connection: &Connection, guard: Option<&Arc<Guard>>) -> c_int {
    let how =
        ffi::SQLITE_UTF8 | ffi::SQLITE_DETERMINISTIC | ffi::SQLITE_INNOCUOUS | ffi::SQLITE_RESULT_SUBTYPE;
    for (name, count, function) in FUNCTIONS {
        let own = Box::into_raw(Box::new(FunctionShared { guard: guard.cloned(), plain: OnceCell::new() }));
        // SAFETY: the handle is that of an open connection; SQLite takes the box over, also when it fails.
        let code = unsafe {
            ffi::sqlite3_create_function_v2(
                connection.handle(),
                name.as_ptr(),
                count,
                how,
                own.cast(),
                Some(function),
                None,
                None,
                Some(drop_shared),
            )
        };
        if code != ffi::SQLITE_OK {
            return code;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn drop_shared(own: *mut c_void) {
    // SAFETY: it is the box that was handed over, and SQLite calls this once.
    drop(unsafe { Box::from_raw(own.cast::<FunctionShared>()) });
}

impl Call {
    /// The text of an argument, as SQLite turns any value into text; `None` for null.
    fn text(&self, at: usize) -> Option<&[u8]> {
        if at >= self.count {
            return None;
        }
        // SAFETY: there are `count` values. The text lives until the function returns, because no argument is asked for in
        // another form afterwards.
        unsafe {
            let value = *self.arguments.add(at);
            let text = ffi::sqlite3_value_text(value);
            let len = usize::try_from(ffi::sqlite3_value_bytes(value)).unwrap_or(0);
            (!text.is_null()).then(|| std::slice::from_raw_parts(text, len))
        }
    }

    fn is_blob(&self, at: usize) -> bool {
        // SAFETY: as above.
        at < self.count && unsafe { ffi::sqlite3_value_type(*self.arguments.add(at)) } == ffi::SQLITE_BLOB
    }

    /// Whether the attempt has to end.
    fn is_due(&self) -> bool {
        let guard = self.shared().and_then(|shared| shared.guard.as_ref());
        guard.is_some_and(|guard| guard.is_due())
    }

    fn shared(&self) -> Option<&FunctionShared> {
        // SAFETY: the user data is the box that `register` handed over, which lives as long as the connection.
        unsafe { ffi::sqlite3_user_data(self.context).cast::<FunctionShared>().as_ref() }
    }

    /// The longest text that there may be.
    fn longest(&self) -> usize {
        // SAFETY: the context belongs to a connection.
        let limit = unsafe {
            ffi::sqlite3_limit(ffi::sqlite3_context_db_handle(self.context), ffi::SQLITE_LIMIT_LENGTH, -1)
        };
        usize::try_from(limit).unwrap_or(usize::MAX)
    }

    fn number(&self, number: i64) {
        // SAFETY: as above.
        unsafe { ffi::sqlite3_result_int64(self.context, number) };
    }

    fn give(&self, text: &[u8]) {
        // SAFETY: SQLite copies the text before it returns.
        unsafe {
            let len = text.len() as u64;
            let copies = ffi::SQLITE_TRANSIENT();
            ffi::sqlite3_result_text64(
                self.context,
                text.as_ptr().cast(),
                len,
                copies,
                ffi::SQLITE_UTF8 as u8,
            );
        }
    }

    fn give_blob(&self, bytes: &[u8]) {
        // SAFETY: as for texts.
        unsafe {
            let len = bytes.len() as u64;
            ffi::sqlite3_result_blob64(self.context, bytes.as_ptr().cast(), len, ffi::SQLITE_TRANSIENT());
        }
    }

    fn truth(&self, found: Match<bool>) {
        match found {
            Match::Is(is) => self.number(i64::from(is)),
            Match::Interrupted => self.interrupt(),
        }
    }

    fn interrupt(&self) {
        // SAFETY: as above.
        unsafe { ffi::sqlite3_result_error_code(self.context, ffi::SQLITE_INTERRUPT) };
    }

    fn fail(&self, message: &CStr) {
        // SAFETY: as above; the message ends with a zero byte.
        unsafe { ffi::sqlite3_result_error(self.context, message.as_ptr(), -1) };
    }
}

fn call(context: *mut ffi::sqlite3_context, count: c_int, arguments: *mut *mut ffi::sqlite3_value) -> Call {
    Call { context, arguments, count: usize::try_from(count).unwrap_or(0) }
}

unsafe extern "C" fn like(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    let call = call(context, count, arguments);
    let escape = if call.count == 3 {
        let Some(escape) = call.text(2) else { return };
        match std::str::from_utf8(escape).ok().and_then(matching::only_character) {
            Some(escape) => Some(escape),
            None => return call.fail(c"ESCAPE expression must be a single character"),
        }
    } else {
        None
    };
    let (Some(pattern), Some(text)) = (call.text(0), call.text(1)) else { return };
    call.truth(matching::like(pattern, text, escape, &mut || call.is_due()));
}

unsafe extern "C" fn glob(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    let call = call(context, count, arguments);
    let (Some(pattern), Some(text)) = (call.text(0), call.text(1)) else { return };
    call.truth(matching::glob(pattern, text, &mut || call.is_due()));
}

unsafe extern "C" fn instr(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    let call = call(context, count, arguments);
    let counts_bytes = call.is_blob(0) && call.is_blob(1);
    let (Some(text), Some(part)) = (call.text(0), call.text(1)) else { return };
    call.number(matching::position(text, part, counts_bytes));
}

unsafe extern "C" fn replace(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    let call = call(context, count, arguments);
    let (Some(text), Some(old), Some(new)) = (call.text(0), call.text(1), call.text(2)) else { return };
    match matching::replaced(text, old, new, call.longest()) {
        Some(replaced) => call.give(&replaced),
        // SAFETY: as above.
        None => unsafe { ffi::sqlite3_result_error_toobig(call.context) },
    }
}

unsafe extern "C" fn trim_both(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    trim(&call(context, count, arguments), (true, true));
}

unsafe extern "C" fn trim_left(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    trim(&call(context, count, arguments), (true, false));
}

unsafe extern "C" fn trim_right(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    trim(&call(context, count, arguments), (false, true));
}

fn trim(call: &Call, ends: (bool, bool)) {
    let (Some(text), Some(characters)) = (call.text(0), call.text(1)) else { return };
    call.give(matching::trimmed(text, characters, ends));
}

unsafe extern "C" fn json_patch(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    patch(&call(context, count, arguments), "SELECT json_patch(?1, ?2)");
}

unsafe extern "C" fn jsonb_patch(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    patch(&call(context, count, arguments), "SELECT jsonb_patch(?1, ?2)");
}

/// SQLite's own function, where it ends in time.
fn patch(call: &Call, sql: &str) {
    let are_blobs = [call.is_blob(0), call.is_blob(1)];
    let (Some(target), Some(patch)) = (call.text(0), call.text(1)) else { return };
    if (target.len() as u64).saturating_mul(patch.len() as u64) > PATCH_WORK_MAX {
        return call.fail(c"the lengths of a JSON text and of its patch multiply to more than 4294967296");
    }
    let open = || Connection::open_in_memory().ok();
    let Some(plain) = call.shared().and_then(|shared| shared.plain.get_or_init(open).as_ref()) else {
        return call.fail(c"no memory for a patch");
    };
    let value = |is_blob, bytes| if is_blob { ValueRef::Blob(bytes) } else { ValueRef::Text(bytes) };
    let arguments =
        [value(are_blobs[0], target), value(are_blobs[1], patch)].map(rusqlite::types::ToSqlOutput::Borrowed);
    let arguments: [&dyn ToSql; 2] = [&arguments[0], &arguments[1]];
    let patched = plain.prepare_cached(sql).and_then(|mut statement| {
        statement.query_row(arguments, |row| {
            match row.get_ref(0)? {
                ValueRef::Text(text) => {
                    call.give(text);
                    // SAFETY: as above.
                    unsafe { ffi::sqlite3_result_subtype(call.context, SUBTYPE_JSON) };
                }
                ValueRef::Blob(bytes) => call.give_blob(bytes),
                _ => {}
            }
            Ok(())
        })
    });
    match patched {
        Ok(()) => {}
        Err(rusqlite::Error::SqliteFailure(_, Some(why))) => {
            call.fail(&CString::new(why).unwrap_or_default());
        }
        Err(error) => call.fail(&CString::new(error.to_string()).unwrap_or_default()),
    }
}
