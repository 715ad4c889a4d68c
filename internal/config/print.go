package config

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"
)

// A setting is a field of Config that an environment variable sets.
type setting struct {
	name  string // of the variable
	field string // of the struct field
	tag   reflect.StructTag
	index []int // of the field in Config
}

// valueIn returns the setting's value in c, redacted if it is a secret.
func (s setting) valueIn(c Config) string {
	return fmt.Sprint(reflect.ValueOf(c).FieldByIndex(s.index))
}

// settings returns the settings in the order of declaration.
func settings() []setting {
	var found []setting
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if f.Type.Kind() != reflect.Struct {
			found = append(found, setting{f.Tag.Get("env"), f.Name, f.Tag, f.Index})
			continue
		}
		for _, inner := range reflect.VisibleFields(f.Type) {
			found = append(found, setting{inner.Tag.Get("env"), inner.Name, inner.Tag, append(f.Index, inner.Index...)})
		}
	}
	return found
}

// String returns a line NAME=value for each setting, with secrets redacted.
func (c Config) String() string {
	var b strings.Builder
	for _, s := range settings() {
		fmt.Fprintf(&b, "%s=%s\n", s.name, s.valueIn(c))
	}
	return b.String()
}

// LogValue returns a group with an attribute for each setting, with secrets redacted.
func (c Config) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, s := range settings() {
		attrs = append(attrs, slog.String(s.name, s.valueIn(c)))
	}
	return slog.GroupValue(attrs...)
}
