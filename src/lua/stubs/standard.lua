-- What Luau's standard library has beside Lua's.

---Splits a string at each separator.
---@param s string
---@param separator? string
---@return string[]
function string.split(s, separator) end

---The place of a value in a list, from `init` on; nil when it is not there.
---@param list any[]
---@param value any
---@param init? integer
---@return integer?
function table.find(list, value, init) end

---A list of `count` values.
---@param count integer
---@param value? any
---@return any[]
function table.create(count, value) end

---A copy of the table itself; its values are the same.
---@generic T: table
---@param t T
---@return T
function table.clone(t) end

---Makes a table read-only, and returns it.
---@generic T: table
---@param t T
---@return T
function table.freeze(t) end

---Whether a table is read-only.
---@param t table
---@return boolean
function table.isfrozen(t) end

---Removes all entries.
---@param t table
function table.clear(t) end

---The number, moved between `low` and `high`.
---@param n number
---@param low number
---@param high number
---@return number
function math.clamp(n, low, high) end

---The nearest whole number.
---@param n number
---@return number
function math.round(n) end

----1, 0 or 1.
---@param n number
---@return number
function math.sign(n) end

---The type of a value; `null` for `json.null`.
---@param value any
---@return string
function typeof(value) end
