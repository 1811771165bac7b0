;; extends

; Lua in the block scalars of flowrun pipelines, for the grammar of tree-sitter-yaml.
; `#offset!` leaves out the `|`; editors that do not know it show that one character as Lua too.

((block_mapping_pair
  key: (flow_node
    (plain_scalar
      (string_scalar) @_key))
  value: (block_node
    (block_scalar) @injection.content))
  (#any-of? @_key "lua" "setup" "combine" "map" "flat_map" "filter")
  (#offset! @injection.content 0 1 0 0)
  (#set! injection.language "lua"))
