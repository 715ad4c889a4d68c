package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
)

// Load returns the configuration that environ, as [os.Environ] has it, describes.
// A variable that is empty counts as one that isn't set. The error has a line for
// each variable that is wrong, with its value, unless that is a secret, and what
// is allowed.
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
	refused  map[string]bool // the variables that have a line
	errs     []error
}

func newReader(environ []string) *reader {
	r := &reader{settings: map[string]setting{}, vars: map[string]string{}, refused: map[string]bool{}}
	for _, s := range settings() {
		r.settings[s.name] = s
	}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		r.vars[name] = value
	}
	return r
}

// refuse notes that a variable is wrong.
func (r *reader) refuse(name, format string, args ...any) {
	r.refused[name] = true
	r.errs = append(r.errs, fmt.Errorf(name+format, args...))
}

// read sets field, which is that of s, to what text says.
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
		r.refuse(s.name, "=%q: want %s", text, want)
		return
	}
	field.Set(value)
}

// bounds are the least and the greatest value of s, which its tags have.
func (s setting) bounds(p parser) (low, high int64, bounded bool) {
	if s.tag.Get("min") == "" {
		return 0, 0, false
	}
	least, lowErr := p.parse(s.tag.Get("min"))
	greatest, highErr := p.parse(s.tag.Get("max"))
	if err := errors.Join(lowErr, highErr); err != nil {
		panic(fmt.Sprintf("config: bounds of %s: %v", s.name, err)) // the tags are wrong
	}
	return least.Int(), greatest.Int(), true
}
