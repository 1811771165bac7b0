//! This module holds the connections of one worker: opened once for each file, waiting for locks without holding a
//! core, never waiting longer than the attempt may run. A transaction belongs to the item that began it.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::ffi;
use super::folder::{DatabaseFile, Locks, Stamp};
use super::mathematics;
use crate::lua::guard::Guard;
use crate::lua::host::call::Call;
use crate::lua::permissions::Identity;
use crate::lua::raw::Current;
use crate::runtime::clock;

/// How long a statement waits for the locks of others, when there is no deadline that ends it.
const BUSY_MAX: Duration = Duration::from_secs(30);
/// How long a change to the write-ahead log is tried, on the item's thread.
const LOG_PATIENCE: Duration = Duration::from_millis(100);
/// A wait looks this often whether it has to end, and whether the lock is free.
const NAP_MAX: Duration = Duration::from_millis(10);
/// The first item in line looks this often whether a lock is free, the others less often.
const LOOK: Duration = Duration::from_millis(1);
const LOOK_MAX: Duration = Duration::from_millis(100);
/// Steps of SQLite's machine between two looks at the deadline. One may take some ten milliseconds: it makes or copies a value
/// as large as `memory` allows.
const STEPS: i32 = 50;
/// Databases kept open although no function uses them.
const OPEN_MAX: usize = 64;
/// Bounds of statements, below SQLite's own where those were chosen for machines with more stack and patience. What is nested
/// costs stack, of which a worker has 8 MiB; a text of 16 MB takes 0.2 s to be parsed, in which no deadline is looked at.
const LIMITS: [(Limit, i32); 6] = [
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 250),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 250),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 100),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 16_000_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 127),
    // Its threads would belong to no worker.
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];
/// Statements kept prepared.
const STATEMENTS: usize = 64;
/// Code of `ATTACH` where its file is no literal.
const ATTACH: i32 = rusqlite::ffi::SQLITE_ATTACH;

/// Settings that reach beyond the connection, or that would replace how it waits.
const PRAGMAS: [&str; 9] = [
    "hard_heap_limit",
    "soft_heap_limit",
    "temp_store_directory",
    "data_store_directory",
    "busy_timeout",
    // It would lift the bound of a database in memory.
    "max_page_count",
    // A file that another process cuts off would end this one.
    "mmap_size",
    // It sets SQLite's own `LIKE` again, which no deadline ends.
    "case_sensitive_like",
    "threads",
];

/// Said of a database that was not closed well, in a folder that may only be read.
const UNSETTLED: &str = "what was written last is still in the log beside it, and reading that means to write there: grant \
                         `write` on its folder, or open it once with another program";
/// Said of a database that somebody writes, in a folder that may only be read.
const DISTURBED: &str = "somebody wrote the database while it was read; grant `write` on its folder, so that both can share \
                         its log";

/// One item of the worker and one of its attempts; `(0, …)` is `setup`.
type Item = (u64, u32);

/// The databases of one VM.
pub(super) struct Databases {
    current: Option<Rc<Current>>,
    open: RefCell<HashMap<(Identity, bool), Rc<Database>>>,
    /// Where temporary files go.
    scratch: Option<Arc<OwnedFd>>,
}

/// One database, with a connection for each item that has a transaction open, and at least one.
pub(super) struct Database {
    slots: RefCell<Vec<StatementSlot>>,
    /// `None`: in memory. Its folder stays open longer than the connections.
    file: Option<DatabaseFile>,
    readonly: bool,
    bytes_max: usize,
    /// How the file was when it was opened without locks: it must stay so.
    stamp: Cell<Option<Stamp>>,
    /// How a statement waits for a lock.
    patience: Arc<Patience>,
    /// Items that wait for a lock without holding the thread, in the order in which they came.
    waiting: RefCell<VecDeque<(Item, Instant)>>,
}

/// How a statement waits for a lock, for the handler that SQLite asks.
#[derive(Default)]
struct Patience {
    /// Whether an item of this very worker holds a lock: waiting for it would be waiting for oneself.
    is_held: AtomicBool,
    /// Whether the item can wait without holding the thread.
    can_suspend: AtomicBool,
    /// Whether a lock was not free, and the item is to wait so.
    is_asked: AtomicBool,
    /// Whether there is a deadline that ends the wait.
    has_deadline: AtomicBool,
}

/// One statement's turn.
pub(super) struct Turn<'a> {
    database: &'a Database,
    item: Item,
}

impl Turn<'_> {
    /// Whether a statement may be run now: one that writes, and begins to, waits for those that came before.
    pub(super) fn may_run(&self, is_readonly: bool, is_autocommit: bool) -> bool {
        let patience = &self.database.patience;
        let is_behind = self.database.waiting.borrow().front().is_some_and(|(first, _)| *first != self.item);
        let waits =
            patience.can_suspend.load(Ordering::Relaxed) && is_behind && !is_readonly && is_autocommit;
        patience.is_asked.fetch_or(waits, Ordering::Relaxed);
        !waits
    }

    /// Whether a lock was not free, so that the item is to try again later.
    pub(super) fn is_to_wait(&self) -> bool {
        self.database.patience.is_asked.load(Ordering::Relaxed)
    }
}

struct StatementSlot {
    connection: Connection,
    /// Whose transaction is open.
    owner: Option<Item>,
}

impl Databases {
    /// The databases that the caller's VM has open.
    pub(super) fn of(call: &Call<'_>) -> Rc<Self> {
        call.state.slots.get(|| Self {
            current: call.lua.app_data_ref::<Rc<Current>>().map(|current| Rc::clone(&current)),
            open: RefCell::default(),
            scratch: call.state.temporary.clone(),
        })
    }

    /// The worker's side, where there is one.
    pub(super) fn current(&self) -> Option<&Rc<Current>> {
        self.current.as_ref()
    }

    /// The database in a file; `bytes_max` bounds single values, and databases in memory.
    pub(super) fn open(
        self: &Rc<Self>,
        file: Option<DatabaseFile>,
        readonly: bool,
        bytes_max: usize,
    ) -> rusqlite::Result<Rc<Database>> {
        self.tidy_up_behind_items();
        let identity = file.as_ref().and_then(DatabaseFile::identity);
        if let Some(found) = identity.and_then(|own| self.open.borrow().get(&(own, readonly)).cloned()) {
            return Ok(found);
        }
        let database = Rc::new(Database {
            slots: RefCell::default(),
            file,
            readonly,
            bytes_max,
            stamp: Cell::new(None),
            patience: Arc::default(),
            waiting: RefCell::default(),
        });
        let connection = database.connect(self)?;
        database.slots.borrow_mut().push(StatementSlot { connection, owner: None });
        if let Some(file) = &database.file {
            let mut open = self.open.borrow_mut();
            if open.len() >= OPEN_MAX {
                // Those that no handle is left of; each holds files open.
                open.retain(|_, database| Rc::strong_count(database) > 1);
            }
            open.extend(file.identity().map(|own| ((own, readonly), Rc::clone(&database))));
        }
        Ok(database)
    }

    fn guard(&self) -> Option<Arc<Guard>> {
        self.current.as_ref().map(|current| Arc::clone(&current.guard))
    }

    fn item(&self) -> Item {
        self.current.as_ref().map_or((0, 0), |current| (current.index.get(), current.attempt.get()))
    }

    /// Has transactions rolled back that an item leaves open.
    fn tidy_up_behind_items(self: &Rc<Self>) {
        if let Some(current) = &self.current {
            let databases = Rc::downgrade(self);
            current.on_end.get_or_init(|| {
                Box::new(move |index| {
                    if let Some(databases) = databases.upgrade() {
                        let open = databases.open.borrow();
                        open.values().for_each(|database| database.release(|owner| owner.0 == index));
                    }
                })
            });
        }
    }
}

impl Database {
    fn connect(&self, databases: &Databases) -> rusqlite::Result<Connection> {
        let guard = databases.guard();
        ffi::use_scratch(databases.scratch.as_ref().map(AsRawFd::as_raw_fd));
        let access = if self.readonly {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        };
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        ffi::register().map_err(|code| failure(code, None))?;
        let mut connection = match &self.file {
            Some(file) => self.opened(file, flags)?,
            None => Connection::open_with_flags_and_vfs(":memory:", flags, ffi::NAME)?,
        };
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let patience = patience(guard.clone(), Arc::clone(&self.patience));
        connection.busy_handler(Some(patience))?;
        if let Some(guard) = guard.clone() {
            connection.progress_handler(STEPS, Some(move || guard.is_pulled() && guard.is_due()))?;
        }
        for (limit, most) in LIMITS {
            connection.set_limit(limit, most)?;
        }
        let code = ffi::functions::register(&connection, guard.as_ref());
        if code != rusqlite::ffi::SQLITE_OK {
            return Err(failure(code, None));
        }
        mathematics::register(&connection)?;
        if self.bytes_max > 0 {
            let longest = i32::try_from(self.bytes_max).unwrap_or(i32::MAX);
            connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, longest)?;
        }
        match &self.file {
            None if self.bytes_max > 0 => {
                let size: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
                let pages = (self.bytes_max as i64 / size.max(1)).max(1);
                connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
            }
            Some(_) if !self.readonly => write_ahead(&connection)?,
            _ => {}
        }
        connection.authorizer(Some(authorize))?;
        Ok(connection)
    }

    fn opened(&self, file: &DatabaseFile, flags: OpenFlags) -> rusqlite::Result<Connection> {
        let no_path = || failure(rusqlite::ffi::SQLITE_CANTOPEN, None);
        let path = file.path().ok_or_else(no_path)?;
        self.stamp.set(None);
        if file.locks() != Locks::None || !file.is_settled() {
            let connection = Connection::open_with_flags_and_vfs(path, flags, ffi::NAME)?;
            if file.locks() == Locks::Shared || can_read(&connection) {
                return Ok(connection);
            }
        }
        // It keeps a log, which readers share in files beside it. Without any they may read it as long as nobody writes.
        if !file.is_settled() {
            return Err(failure(rusqlite::ffi::SQLITE_CANTOPEN, Some(UNSETTLED)));
        }
        self.stamp.set(file.stamp());
        let uri = file.unlocked().ok_or_else(no_path)?;
        Connection::open_with_flags_and_vfs(uri, flags | OpenFlags::SQLITE_OPEN_URI, ffi::NAME)
    }

    /// Whether the file was written while it was read without locks: what came of that may be anything.
    fn is_disturbed(&self) -> bool {
        self.stamp.get().is_some_and(|stamp| self.file.as_ref().and_then(DatabaseFile::stamp) != Some(stamp))
    }

    /// Runs `work` on the connection that the running item may use; `can_suspend` tells whether it can wait without holding the
    /// thread. Tells besides after how long it is to be tried again, where a lock was not free.
    pub(super) fn with<R, E>(
        &self,
        databases: &Databases,
        can_suspend: bool,
        work: impl FnOnce(&Connection, &Turn<'_>) -> Result<R, E>,
    ) -> rusqlite::Result<(Result<R, E>, Option<Duration>)> {
        let item = databases.item();
        let is_alone = !databases.current().is_some_and(|current| current.is_coroutine());
        if is_alone {
            // The item that began one has ended.
            self.release(|owner| owner != item);
        }
        ffi::use_scratch(databases.scratch.as_ref().map(AsRawFd::as_raw_fd));
        let mut slot = self.take(item, databases)?;
        let held = self.slots.borrow().iter().any(|other| other.owner.is_some());
        let has_deadline = databases.current().is_some_and(|current| current.deadline.get().is_some());
        self.patience.is_held.store(held, Ordering::Relaxed);
        self.patience.can_suspend.store(can_suspend, Ordering::Relaxed);
        self.patience.is_asked.store(false, Ordering::Relaxed);
        self.patience.has_deadline.store(has_deadline, Ordering::Relaxed);
        let running = ffi::reading::RunningConnection::begin(&slot.connection, databases.guard());
        let turn = Turn { database: self, item };
        let result = work(&slot.connection, &turn);
        drop(running);
        let wait =
            if result.is_err() && turn.is_to_wait() { self.stand_in_line(item, has_deadline) } else { None };
        if wait.is_none() {
            self.leave_line(|waiting| waiting == item);
        }
        if self.is_disturbed() {
            self.slots.borrow_mut().clear();
            return Err(failure(rusqlite::ffi::SQLITE_BUSY, Some(DISTURBED)));
        }
        slot.owner = (!slot.connection.is_autocommit()).then_some(item);
        self.slots.borrow_mut().push(slot);
        Ok((result, wait))
    }

    /// Puts an item behind those that wait already, and answers when it is to look again; `None` if it has waited long enough.
    fn stand_in_line(&self, item: Item, has_deadline: bool) -> Option<Duration> {
        let mut waiting = self.waiting.borrow_mut();
        let now = clock::now();
        let place = waiting.iter().position(|(other, _)| *other == item).unwrap_or_else(|| {
            waiting.push_back((item, now));
            waiting.len() - 1
        });
        let is_over = !has_deadline && now.duration_since(waiting[place].1) >= BUSY_MAX;
        (!is_over).then(|| (LOOK * (1 + place as u32)).min(LOOK_MAX))
    }

    fn leave_line(&self, is_over: impl Fn(Item) -> bool) {
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.is_empty() {
            waiting.retain(|(item, _)| !is_over(*item));
        }
    }

    /// The item's own connection, or a free one, or a new one.
    fn take(&self, item: Item, databases: &Databases) -> rusqlite::Result<StatementSlot> {
        let mut slots = self.slots.borrow_mut();
        let own = slots.iter().position(|slot| slot.owner == Some(item));
        // What is in memory cannot be reached by a second connection.
        let free = || slots.iter().position(|slot| slot.owner.is_none() || self.file.is_none());
        if let Some(at) = own.or_else(free) {
            return Ok(slots.swap_remove(at));
        }
        drop(slots);
        Ok(StatementSlot { connection: self.connect(databases)?, owner: None })
    }

    /// Rolls back what these owners have left open, and keeps one connection of those that are free.
    fn release(&self, is_over: impl Fn(Item) -> bool) {
        self.leave_line(&is_over);
        let mut slots = self.slots.borrow_mut();
        for slot in slots.iter_mut() {
            if slot.owner.is_some_and(&is_over) {
                // Fails only where there is nothing left to roll back.
                let _ = slot.connection.execute_batch("ROLLBACK");
                slot.owner = None;
            }
        }
        let mut kept = false;
        slots.retain(|slot| slot.owner.is_some() || !std::mem::replace(&mut kept, true));
    }

    /// Rolls back what the running item has open.
    pub(super) fn give_up(&self, databases: &Databases) {
        let item = databases.item();
        self.release(|owner| owner == item);
    }
}

/// Whether a database can be read at all; what is wrong with it otherwise, its first statement says.
fn can_read(connection: &Connection) -> bool {
    match connection.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(())) {
        Err(error) => !matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)),
        Ok(()) => true,
    }
}

fn failure(code: i32, message: Option<&str>) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), message.map(str::to_owned))
}

/// Decides, while a lock is not free, whether to go on waiting; sleeps in between.
fn patience(guard: Option<Arc<Guard>>, patience: Arc<Patience>) -> impl FnMut(i32) -> bool + Send + 'static {
    let mut since = clock::now();
    move |count| {
        if patience.can_suspend.load(Ordering::Relaxed) {
            patience.is_asked.store(true, Ordering::Relaxed);
            return false;
        }
        let now = clock::now();
        if count == 0 {
            since = now;
        }
        let is_over = guard.as_ref().is_some_and(|guard| guard.due(now).is_some());
        let is_enough =
            !patience.has_deadline.load(Ordering::Relaxed) && now.duration_since(since) >= BUSY_MAX;
        if is_over || patience.is_held.load(Ordering::Relaxed) || is_enough {
            return false;
        }
        let nap = Duration::from_millis(1 + u64::try_from(count).unwrap_or(0));
        std::thread::sleep(nap.min(NAP_MAX));
        true
    }
}

/// Readers and one writer at once. Others of the run make the same change, and are quick. Whoever holds a lock for long is waited
/// for by the statements, which end at their deadline and may let other items run meanwhile; they do without the log then.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let since = clock::now();
    while let Err(error) = connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy) if clock::since(since) >= LOG_PATIENCE => return Ok(()),
            Some(ErrorCode::DatabaseBusy) => std::thread::sleep(Duration::from_millis(2)),
            _ => return Err(error),
        }
    }
    connection.pragma_update(None, "synchronous", "NORMAL")
}

/// Keeps SQL within its file.
fn authorize(context: AuthContext<'_>) -> Authorization {
    let is_denied = match context.action {
        // `VACUUM` attaches a file without a name, which is a temporary one.
        AuthAction::Attach { filename } => !filename.is_empty(),
        AuthAction::Unknown { code, .. } => code == ATTACH,
        AuthAction::Pragma { pragma_name, .. } => {
            PRAGMAS.iter().any(|name| pragma_name.eq_ignore_ascii_case(name))
        }
        AuthAction::Function { function_name } => function_name.eq_ignore_ascii_case("load_extension"),
        _ => false,
    };
    if is_denied { Authorization::Deny } else { Authorization::Allow }
}
