package pgtx

import (
	"errors"
	"regexp"
	"strings"

	"commitment/internal/sqltoken"
)

// ErrManaged is the error of a statement that would start, change or end the transaction
// by hand, such as COMMIT, ROLLBACK, BEGIN and SET TRANSACTION. It is refused before it
// is sent. Savepoints are allowed.
var ErrManaged = errors.New("this transaction is managed: COMMIT, ROLLBACK, BEGIN, SET TRANSACTION and the like can't be sent")

// CheckStatement returns [ErrManaged] for a statement, or several in one text, that
// can't be sent in a transaction of [NewTx].
func CheckStatement(sql string) error {
	if inspect(sql).controlsTx {
		return ErrManaged
	}
	return nil
}

// LeavesNothing reports whether a statement leaves the transaction and the session as they
// were, as far as its text tells.
func LeavesNothing(sql string) bool { return inspect(sql) == noTraits }

// traits are what the text of one or more statements tells about them.
type traits struct {
	// controlsTx: one starts, changes or ends the transaction.
	controlsTx bool
	// needsReset: one calls a function that isn't known to leave the session as it was,
	// or creates a table, which may be temporary.
	needsReset bool
	// needsClose: one is a DO block, which may leave what no reset removes, such as a
	// prepared statement, even when it fails.
	needsClose bool
	// awaited: others may wait for the end of the transaction, because one takes a lock
	// until then, or sends a notification.
	awaited bool
	// rollbackTos is how many roll back to a savepoint; their command tag is ROLLBACK.
	rollbackTos int
}

// noTraits is what most statements have.
var noTraits traits

// inspect reads the text of one or more statements. It needs no parser: transaction
// control shows in a statement's first words, and a function call is a name before a
// parenthesis. What this overlooks, the server's messages tell.
func inspect(sql string) traits {
	var s scan
	for t := range sqltoken.All(sql) {
		s.next(t)
	}
	s.end()
	return s.found
}

// scan is the state of inspect.
type scan struct {
	found    traits
	head     [3]string // the statement's first words, in lower case
	words    int       // how many of them there are
	previous sqltoken.Token
	schema   string // before the dot, if the previous tokens are schema and dot
	inTarget bool   // after INTO or COPY, in the name of a table
}

// next reads the next token.
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
		s.found.awaited = s.found.awaited || s.previous.IsName() && isAwaited(s.previous.Name())
		s.found.needsReset = s.found.needsReset || s.previous.IsName() && !s.inTarget && !leavesNothing(s.schema, s.previous.Name())
		s.inTarget = false
	case t.Is("create", "execute", "uescape"):
		// CREATE TABLE … AS has the command tag of its SELECT, EXECUTE that of its
		// statement, and a name that is written in escapes may be any.
		s.found.needsReset = true
	case t.Is("into"):
		s.found.needsReset = s.found.needsReset || !s.previous.Is("insert", "merge") // SELECT … INTO
		s.inTarget = true
	case t.Is("copy"):
		s.inTarget = true
	case t.Word() && s.previous.Text != "." && !s.previous.Is("into", "copy"):
		s.inTarget = false
	}
	switch {
	case t.Text == ".":
		s.schema = s.previous.Name()
	case s.previous.Text != ".":
		s.schema = ""
	}
	s.previous = t
}

// end adds the traits of the statement that was read, and prepares for the next one.
func (s *scan) end() {
	switch first, second, third := s.head[0], s.head[1], s.head[2]; first {
	case "commit", "end", "abort", "begin", "start":
		s.found.controlsTx = true
	case "do":
		s.found.needsClose = true
	case "lock", "notify":
		s.found.awaited = true
	case "prepare":
		s.found.controlsTx = s.found.controlsTx || second == "transaction"
	case "discard":
		s.found.controlsTx = s.found.controlsTx || second == "all"
	case "rollback":
		if second == "to" || third == "to" && (second == "work" || second == "transaction") {
			s.found.rollbackTos++
		} else {
			s.found.controlsTx = true
		}
	case "set", "reset":
		name := second
		if name == "local" || name == "session" {
			name = third
		}
		s.found.controlsTx = s.found.controlsTx || name == "characteristics" || txModes[strings.Trim(name, `"`)]
	}
	*s = scan{found: s.found}
}

// isAwaited reports whether others may wait for the end of a transaction that calls the
// function of that name.
func isAwaited(name string) bool {
	return strings.Contains(name, "advisory_xact_lock") || name == "pg_notify"
}

// txModes are the parameters that SET can't change in a transaction.
var txModes = wordSet("transaction transaction_isolation transaction_read_only transaction_deferrable")

// leavesNothing reports whether a function of that name leaves the session as it was, or
// the name is a keyword before a parenthesis. For an unknown function the session is
// reset, which takes the server some 100 µs and no round trip.
func leavesNothing(schema, name string) bool {
	if schema != "" && schema != "pg_catalog" {
		return false
	}
	if strings.HasPrefix(name, "pg_") {
		return !sessionFunctions.MatchString(name)
	}
	return knownNames[name] || knownFamilies.MatchString(name)
}

var (
	// sessionFunctions matches PostgreSQL's own functions that change the session.
	sessionFunctions = regexp.MustCompile(`advisory_lock|session|backup|^pg_temp`)
	// knownFamilies matches functions that don't, PostGIS's and River's among them.
	knownFamilies = regexp.MustCompile(`^(json|array_|regexp_|ts_|st_|river_)`)
)

// knownNames are the other keywords, types and functions that leave the session as it was,
// but for nextval's lastval, which the default of a column leaves behind unseen.
var knownNames = wordSet(`
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
	nextval normalize now nth_value ntile nullif num_nonnulls num_nulls numrange octet_length overlay percent_rank percentile_cont
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
