package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"time"

	"github.com/caarlos0/env/v11"
)

// Load returns the configuration that environ, as [os.Environ] has it, describes.
// A variable that is empty counts as one that isn't set. The error has a line for
// each variable that is wrong, with its value, unless that is a secret, and what
// is allowed.
func Load(environ []string) (Config, error) {
	var c Config
	r := newReader()
	vars := env.ToMap(environ)
	err := env.ParseWithOptions(&c, env.Options{
		Environment: vars,
		FuncMap:     r.parsers(),
		// Called for each variable right before its parser, which is told the value alone.
		OnSet: func(name string, _ any, _ bool) { r.name = name },
	})
	if err != nil {
		return Config{}, fmt.Errorf("read the environment: %w", err) // a defect of Config's tags
	}
	r.check(c)
	r.checkNames(vars)
	if len(r.errs) > 0 {
		return Config{}, errors.Join(r.errs...)
	}
	if c.Debug {
		c.Log.Level = Level(slog.LevelDebug)
	}
	return c, nil
}

// reader collects what is wrong with the variables.
type reader struct {
	settings map[string]setting
	name     string          // the variable that is being parsed
	refused  map[string]bool // the variables that have a line
	errs     []error
}

func newReader() *reader {
	r := &reader{settings: map[string]setting{}, refused: map[string]bool{}}
	for _, s := range settings() {
		r.settings[s.name] = s
	}
	return r
}

// refuse notes that a variable is wrong.
func (r *reader) refuse(name, format string, args ...any) {
	r.refused[name] = true
	r.errs = append(r.errs, fmt.Errorf(name+format, args...))
}

// parsers has a parser for each type of a setting other than string.
func (r *reader) parsers() map[reflect.Type]env.ParserFunc {
	return map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[bool]():          parser(r, "true or false", strconv.ParseBool),
		reflect.TypeFor[int]():           ranged(r, "a whole number", strconv.Atoi),
		reflect.TypeFor[time.Duration](): ranged(r, "a duration as 1m30s", time.ParseDuration),
		reflect.TypeFor[Bytes]():         ranged(r, "a number of bytes as 64KiB", ParseBytes),
		reflect.TypeFor[Environment]():   parser(r, "development or production", oneOf(Development, Production)),
		reflect.TypeFor[LogFormat]():     parser(r, "auto, text or json", oneOf(LogAuto, LogText, LogJSON)),
		reflect.TypeFor[Origins]():       parser(r, "origins as https://app.example.com, with commas between them, or *", ParseOrigins),
		reflect.TypeFor[Level]():         parser(r, "debug, info, warn or error", parseLevel),
	}
}

// parser is parse as env calls it. It never fails: what is wrong is noted in r, so
// that the line is ours.
func parser[T any](r *reader, want string, parse func(string) (T, error)) env.ParserFunc {
	return func(text string) (any, error) {
		v, err := parse(text)
		if err != nil {
			r.refuse(r.name, "=%q: want %s", text, want)
		}
		return v, nil
	}
}

// ranged is parser for values with bounds, which are in the field's tags.
func ranged[T cmp.Ordered](r *reader, want string, parse func(string) (T, error)) env.ParserFunc {
	return func(text string) (any, error) {
		tag := r.settings[r.name].tag
		low, lowErr := parse(tag.Get("min"))
		high, highErr := parse(tag.Get("max"))
		if err := errors.Join(lowErr, highErr); err != nil {
			return nil, fmt.Errorf("bounds of %s: %w", r.name, err)
		}
		v, err := parse(text)
		if err != nil || v < low || v > high {
			r.refuse(r.name, "=%q: want %s, from %s to %s", text, want, tag.Get("min"), tag.Get("max"))
		}
		return v, nil
	}
}
