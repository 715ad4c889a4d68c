package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
)

// Load returns the configuration in environ, which has the form of [os.Environ]. An
// empty variable counts as unset. The error has a line for each invalid variable, with
// its value, unless that is secret, and what is allowed.
func Load(environ []string) (Config, error) {
	var c Config
	r := newReader(environ)
	for _, s := range settings() {
		if text := cmp.Or(r.vars[s.name], s.tag.Get("default")); text != "" {
			r.read(s, text, reflect.ValueOf(&c).Elem().FieldByIndex(s.index))
		}
	}
	r.check(c)
	r.checkNames()
	if len(r.errs) > 0 {
		return Config{}, errors.Join(r.errs...)
	}
	if c.Debug {
		c.Log.Level = Level(slog.LevelDebug)
	}
	return c, nil
}

// reader reads the variables and collects what is wrong with them.
type reader struct {
	settings map[string]setting
	vars     map[string]string
	rejected map[string]bool // variables that have an error
	errs     []error
}

func newReader(environ []string) *reader {
	r := &reader{settings: map[string]setting{}, vars: map[string]string{}, rejected: map[string]bool{}}
	for _, s := range settings() {
		r.settings[s.name] = s
	}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		r.vars[name] = value
	}
	return r
}

// reject adds an error for a variable.
func (r *reader) reject(name, format string, args ...any) {
	r.rejected[name] = true
	r.errs = append(r.errs, fmt.Errorf(name+format, args...))
}

// read parses text into field, which belongs to s.
func (r *reader) read(s setting, text string, field reflect.Value) {
	p, ok := parsers[field.Type()]
	if !ok {
		field.SetString(text)
		return
	}
	value, err := p.parse(text)
	want := p.want
	if low, high, bounded := s.bounds(p); bounded {
		want += fmt.Sprintf(", from %s to %s", s.tag.Get("min"), s.tag.Get("max"))
		if err == nil && (value.Int() < low || value.Int() > high) {
			err = errNotAllowed
		}
	}
	if err != nil {
		if secretTypes[field.Type()] {
			text = redacted
		}
		r.reject(s.name, "=%q: want %s", text, want)
		return
	}
	field.Set(value)
}

// bounds returns the range of s from its tags.
func (s setting) bounds(p parser) (low, high int64, bounded bool) {
	if s.tag.Get("min") == "" {
		return 0, 0, false
	}
	least, lowErr := p.parse(s.tag.Get("min"))
	greatest, highErr := p.parse(s.tag.Get("max"))
	if err := errors.Join(lowErr, highErr); err != nil {
		panic(fmt.Sprintf("config: bounds of %s: %v", s.name, err)) // a defect of the tags
	}
	return least.Int(), greatest.Int(), true
}
