package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parser parses values of one type.
type parser struct {
	want  string // completes "want …" in the error
	parse func(text string) (reflect.Value, error)
}

// parsers has a parser for each type of setting, except those that take any string.
var parsers = map[reflect.Type]parser{
	reflect.TypeFor[bool]():          {"true or false", value(strconv.ParseBool)},
	reflect.TypeFor[int]():           {"a whole number", value(strconv.Atoi)},
	reflect.TypeFor[time.Duration](): {"a duration such as 1m30s", value(time.ParseDuration)},
	reflect.TypeFor[Bytes]():         {"a number of bytes such as 64KiB", value(ParseBytes)},
	reflect.TypeFor[Environment]():   {"development or production", value(oneOf(Development, Production))},
	reflect.TypeFor[AuthMode]():      {"on or off, or off-in-production", value(oneOf(AuthOn, AuthOff, AuthOffInProduction))},
	reflect.TypeFor[LogFormat]():     {"auto, text or json", value(oneOf(LogAuto, LogText, LogJSON))},
	reflect.TypeFor[Origins]():       {"comma-separated origins such as https://app.example.com, or *", value(ParseOrigins)},
	reflect.TypeFor[Networks]():      {"comma-separated networks such as 10.0.0.0/8", value(ParseNetworks)},
	reflect.TypeFor[Headers]():       {"comma-separated name=value (the value isn't shown)", value(parseHeaders)},
	reflect.TypeFor[Level]():         {"debug, info, warn or error", value(parseLevel)},
	reflect.TypeFor[URLs]():          {"postgres:// URLs, separated by commas or spaces (the value isn't shown)", value(parseURLs)},
	reflect.TypeFor[Keys]():          {"keys of at least 32 characters, separated by commas (the value isn't shown)", value(parseKeys)},
}

// secretTypes are those whose values no error shows.
var secretTypes = map[reflect.Type]bool{
	reflect.TypeFor[Headers](): true, reflect.TypeFor[URLs](): true, reflect.TypeFor[Keys](): true,
}

// value adapts a parse function to [reflect.Value].
func value[T any](parse func(string) (T, error)) func(string) (reflect.Value, error) {
	return func(text string) (reflect.Value, error) {
		v, err := parse(text)
		return reflect.ValueOf(v), err
	}
}

// Bytes is a number of bytes.
type Bytes int64

// units are the suffixes of a number of bytes, largest first.
var units = []struct {
	suffix string
	size   Bytes
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}

// ParseBytes parses a number of bytes, such as 65536, 64KiB, 1MiB or 1GiB.
func ParseBytes(text string) (Bytes, error) {
	for _, unit := range units {
		digits, ok := strings.CutSuffix(text, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 0 || Bytes(n) > math.MaxInt64/unit.size {
			break
		}
		return Bytes(n) * unit.size, nil
	}
	return 0, fmt.Errorf("%q is not a number of bytes", text)
}

// String returns b in the largest unit that divides it.
func (b Bytes) String() string {
	for _, unit := range units {
		if b != 0 && b%unit.size == 0 {
			return strconv.FormatInt(int64(b/unit.size), 10) + unit.suffix
		}
	}
	return "0"
}

var errNotAllowed = errors.New("not allowed")

// oneOf returns a parse function that accepts the listed values.
func oneOf[T ~string](allowed ...T) func(string) (T, error) {
	return func(text string) (T, error) {
		if !slices.Contains(allowed, T(text)) {
			return "", errNotAllowed
		}
		return T(text), nil
	}
}

// levels maps the names of LOG_LEVEL to levels.
var levels = map[string]Level{
	"debug": Level(slog.LevelDebug),
	"info":  Level(slog.LevelInfo),
	"warn":  Level(slog.LevelWarn),
	"error": Level(slog.LevelError),
}

func parseLevel(text string) (Level, error) {
	level, ok := levels[text]
	if !ok {
		return 0, errNotAllowed
	}
	return level, nil
}
