package pgtx

import (
	"errors"
	"regexp"
	"strings"

	"commitment/internal/sqltoken"
)

// ErrManaged is the error of a statement that would begin, change or end a
// transaction that isn't its sender's to begin, change or end: COMMIT, ROLLBACK,
// BEGIN, SET TRANSACTION and their like. It is refused before it is sent. A
// savepoint is the sender's own.
var ErrManaged = errors.New("this transaction is begun, changed and ended by whoever made it")

// CheckStatement returns [ErrManaged] for a statement, or several in one text, that
// can't be sent inside a transaction of [NewTx].
func CheckStatement(sql string) error {
	if inspect(sql).managed {
		return ErrManaged
	}
	return nil
}

// traits are what the text of a statement, or of several, tells about them.
type traits struct {
	// managed: one begins, changes or ends the transaction.
	managed bool
	// lingers: one calls a function that isn't known to leave nothing behind in the
	// session, or makes a table that may be temporary.
	lingers bool
	// spoils: one is a block, which may leave what no reset takes away, as a prepared
	// statement, even when it fails.
	spoils bool
	// returns is how many go back to a savepoint; their command tag is ROLLBACK.
	returns int
}

// plain are the traits of most statements.
var plain traits

// inspect reads the text of a statement or several. It needs no parser: what a
// statement does to its transaction shows in its first words, and a call in a name
// before a parenthesis. The server has the last word on what this overlooks.
func inspect(sql string) traits {
	var s scan
	for t := range sqltoken.All(sql) {
		s.next(t)
	}
	s.end()
	return s.found
}

// scan is where inspect stands in a text.
type scan struct {
	found    traits
	head     [3]string // the statement's first words, in lower case
	words    int       // how many of them there are
	previous sqltoken.Token
	schema   string // of the previous token, where there is a dot between
	target   bool   // behind INTO or COPY, in the name of a table
}

// next reads one more token.
func (s *scan) next(t sqltoken.Token) {
	if t.Text == ";" {
		s.end()
		return
	}
	if s.words < len(s.head) {
		s.head[s.words] = strings.ToLower(t.Text)
		s.words++
	}
	switch {
	case t.Text == "(":
		s.found.lingers = s.found.lingers || named(s.previous) && !s.target && !harmless(s.schema, s.previous.Name())
		s.target = false
	case t.Is("create", "execute", "uescape"):
		// CREATE TABLE … AS has the command tag of its SELECT, EXECUTE that of its
		// statement, and a name that is written in escapes may be any.
		s.found.lingers = true
	case t.Is("into"):
		s.found.lingers = s.found.lingers || !s.previous.Is("insert", "merge") // SELECT … INTO
		s.target = true
	case t.Is("copy"):
		s.target = true
	case t.Word() && s.previous.Text != "." && !s.previous.Is("into", "copy"):
		s.target = false
	}
	switch {
	case t.Text == ".":
		s.schema = s.previous.Name()
	case s.previous.Text != ".":
		s.schema = ""
	}
	s.previous = t
}

// named reports whether the token is a name, be it of a function or of anything else.
func named(t sqltoken.Token) bool { return t.Word() || strings.HasPrefix(t.Text, `"`) }

// end judges the statement that has been read, and makes ready for the next one.
func (s *scan) end() {
	switch first, second, third := s.head[0], s.head[1], s.head[2]; first {
	case "commit", "end", "abort", "begin", "start":
		s.found.managed = true
	case "do":
		s.found.spoils = true
	case "prepare":
		s.found.managed = s.found.managed || second == "transaction"
	case "discard":
		s.found.managed = s.found.managed || second == "all"
	case "rollback":
		if second == "to" || third == "to" && (second == "work" || second == "transaction") {
			s.found.returns++
		} else {
			s.found.managed = true
		}
	case "set", "reset":
		name := second
		if name == "local" || name == "session" {
			name = third
		}
		s.found.managed = s.found.managed || name == "characteristics" || modes[strings.Trim(name, `"`)]
	}
	*s = scan{found: s.found}
}

// modes are what SET may not change in a transaction.
var modes = wordSet("transaction transaction_isolation transaction_read_only transaction_deferrable")

// harmless reports whether a call of that name, or a keyword that stands before a
// parenthesis, leaves nothing behind in the session. A function that isn't known
// may: then the session is reset, which takes the server some 100 µs and no round
// trip.
func harmless(schema, name string) bool {
	if schema != "" && schema != "pg_catalog" {
		return false
	}
	if strings.HasPrefix(name, "pg_") {
		return !lingering.MatchString(name)
	}
	return known[name] || families.MatchString(name)
}

var (
	// lingering are PostgreSQL's own functions that do leave something.
	lingering = regexp.MustCompile(`advisory_lock|session|backup|^pg_temp`)
	// families of functions that don't, PostGIS among them.
	families = regexp.MustCompile(`^(json|array_|regexp_|ts_|st_)`)
)

// known are keywords, types and functions that harmless doesn't tell by the
// beginning of their names.
var known = wordSet(`
	all and any array as between by case check conflict cube distinct else except exists filter from group grouping having ilike in
	intersect into is join key lateral like limit materialized not offset on only or order over partition primary recursive references
	returning rollup row select sets similar some table then union unique update using values when where window with within
	bit char character date dec decimal float int interval numeric precision time timestamp timestamptz timetz varbit varchar varying
	abs age ascii avg bit_and bit_length bit_or bool_and bool_or btrim cardinality cast cbrt ceil ceiling char_length character_length chr
	clock_timestamp coalesce concat concat_ws convert_from convert_to corr count cume_dist current_date current_setting current_time
	current_timestamp date_bin date_part date_trunc decode degrees dense_rank div encode every exp extract factorial first_value floor
	format gcd gen_random_uuid generate_series greatest hashtext hashtextextended initcap inet_same_family int4range int8range isempty
	isfinite justify_days justify_hours justify_interval lag last_value lcm lead least left length ln localtime localtimestamp log
	log10 lower lower_inc lower_inf lpad ltrim make_date make_interval make_time make_timestamp make_timestamptz masklen max md5 min mod mode
	normalize now nth_value ntile nullif num_nonnulls num_nulls numrange octet_length overlay percent_rank percentile_cont
	percentile_disc phraseto_tsquery pi plainto_tsquery position power radians random range_agg range_merge rank repeat replace reverse right round
	row_number row_to_json rpad rtrim scale sha224 sha256 sha384 sha512 sign similarity split_part sqrt starts_with statement_timestamp
	stddev stddev_pop stddev_samp string_agg string_to_array strpos substr substring sum to_ascii to_char to_date to_hex to_json to_jsonb
	to_number to_timestamp to_tsquery to_tsvector transaction_timestamp translate treat trim trunc tsrange tstzrange txid_current unnest
	upper upper_inc upper_inf uuidv4 uuidv7 var_pop var_samp variance websearch_to_tsquery width_bucket word_similarity xmlagg xmlelement
	xmlforest obj_description col_description format_type current_database current_schema current_schemas current_user version`)

func wordSet(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}
