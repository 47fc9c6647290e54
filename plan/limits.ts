/** Bytes of UTF-8 of one YAML file. */
export const MAX_FILE_BYTES = 262_144
/** Bytes of the compiled plan as JSON: a workflow's input. */
export const MAX_PLAN_BYTES = 262_144
export const MAX_JOBS = 2000
/** Levels of maps and lists in a file. */
export const MAX_DEPTH = 64
/** Values of one file once its aliases are written out. */
export const MAX_VALUES = 100_000
export const MAX_INCLUDE_DEPTH = 8
export const MAX_INCLUDES = 100
/** Values plus characters that references may grow a plan to. */
export const MAX_EXPANSION = 2_000_000
/** Syntax errors of one file that are told; what follows is seldom news. */
export const MAX_SYNTAX_ISSUES = 20
/** References that lead to references. */
export const MAX_REFERENCE_DEPTH = 20
