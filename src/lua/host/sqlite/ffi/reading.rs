//! This module makes reads of database files look at the deadline now and then: some steps of SQLite's machine go
//! through a whole table, such as `count(*)`, and between two steps only does SQLite itself ask whether to go on.
//!
//! Why this is sound: a structure of functions is a copy of the one that the layer below made, is leaked, and is found again by the
//! pointer that SQLite hands to every function of the file. What is interrupted is the connection that runs on this very thread,
//! which [`RunningConnection`] keeps known for no longer than it is borrowed.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, ffi};

use crate::lua::guard::Guard;

/// Reads between two looks: each is of one page.
const READS: u32 = 64;

type ReadFn = unsafe extern "C" fn(*mut ffi::sqlite3_file, *mut c_void, c_int, ffi::sqlite3_int64) -> c_int;

/// The functions of a file, and how the layer below reads.
#[repr(C)]
struct Methods {
    /// First: SQLite's pointer to it is a pointer to the whole.
    own: ffi::sqlite3_io_methods,
    read: ReadFn,
}

thread_local! {
    /// The connection that runs on this thread, and what says when it has to end.
    static RUNNING: RefCell<Option<(*mut ffi::sqlite3, Arc<Guard>)>> = const { RefCell::new(None) };
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

/// A connection is running on this thread until this is dropped.
pub(in crate::lua::host::sqlite) struct RunningConnection<'a>(std::marker::PhantomData<&'a Connection>);

impl<'a> RunningConnection<'a> {
    pub(in crate::lua::host::sqlite) fn begin(connection: &'a Connection, guard: Option<Arc<Guard>>) -> Self {
        // SAFETY: the handle is only used while the connection is borrowed.
        let handle = unsafe { connection.handle() };
        RUNNING.set(guard.map(|guard| (handle, guard)));
        Self(std::marker::PhantomData)
    }
}

impl Drop for RunningConnection<'_> {
    fn drop(&mut self) {
        RUNNING.set(None);
    }
}

/// Has the reads of a file that was opened look at the deadline.
pub(super) fn watch(file: *mut ffi::sqlite3_file) {
    static KNOWN: Mutex<Option<HashMap<usize, &'static Methods>>> = Mutex::new(None);
    // SAFETY: SQLite's memory for the file, which the layer below has filled in; its functions live for ever.
    let Some(base) = (unsafe { (*file).pMethods.as_ref() }) else { return };
    let Some(read) = base.xRead else { return };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let methods =
        known.get_or_insert_default().entry(std::ptr::from_ref(base) as usize).or_insert_with(|| {
            let own = ffi::sqlite3_io_methods { xRead: Some(watched), ..*base };
            Box::leak(Box::new(Methods { own, read }))
        });
    // SAFETY: as above.
    unsafe { (*file).pMethods = &raw const methods.own };
}

unsafe extern "C" fn watched(
    file: *mut ffi::sqlite3_file,
    out: *mut c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let count = COUNT.get().wrapping_add(1);
    COUNT.set(count);
    if count.is_multiple_of(READS) {
        interrupt_when_due();
    }
    // SAFETY: only files that `watch` has given these functions to are read by this one; the arguments are SQLite's.
    unsafe {
        let methods = (*file).pMethods.cast::<Methods>();
        ((*methods).read)(file, out, amount, offset)
    }
}

fn interrupt_when_due() {
    RUNNING.with_borrow(|running| {
        if let Some((connection, guard)) = running
            && guard.is_due()
        {
            // SAFETY: the connection is open, because it is borrowed as long as it is known here. It ends with an error.
            unsafe { ffi::sqlite3_interrupt(*connection) };
        }
    });
}

#[cfg(test)]
mod tests {
    use rusqlite::{ErrorCode, OpenFlags};

    use super::*;
    use crate::event::StepId;
    use crate::lua::guard::{Cancel, Limits, Reason};
    use crate::runtime::clock;

    #[test]
    fn one_step_over_many_pages_is_interrupted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.db");
        super::super::register().expect("the layer is made");
        let open = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
            Connection::open_with_flags_and_vfs(&path, flags, super::super::NAME).expect("it opens")
        };
        open()
            .execute_batch(
                "create table t (a); with recursive c(x) as (select 1 union all select x + 1 from c where x < 2000) \
                 insert into t select randomblob(900) from c",
            )
            .expect("room");
        let count = |guard: &Arc<Guard>| {
            let connection = open();
            let _running = RunningConnection::begin(&connection, Some(Arc::clone(guard)));
            connection.query_row("select count(*) from t", [], |row| row.get::<_, i64>(0))
        };
        let guard = Guard::new(Arc::new(Cancel::default()), StepId(0), None);
        assert_eq!(count(&guard).expect("it counts"), 2000);
        let now = clock::now();
        guard.enter(&Limits { index: 1, started: now, deadline: Some((now, Reason::Timeout)), notice: None });
        let error = count(&guard).expect_err("it is to end");
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::OperationInterrupted));
        // A connection that nothing is to end reads on, on the same thread.
        guard.leave();
        assert_eq!(
            count(&Guard::new(Arc::new(Cancel::default()), StepId(0), None)).expect("it counts"),
            2000
        );
    }
}
