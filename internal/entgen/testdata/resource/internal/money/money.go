// Package money has the types of fields.
package money

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"math/big"
)

// Amount is a number without rounding, kept as a numeric and written as a string.
type Amount struct{ big.Rat }

// MustParse reads an amount.
func MustParse(text string) Amount {
	var a Amount
	if err := a.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return a
}

// MarshalText implements encoding.TextMarshaler.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.FloatString(2)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Amount) UnmarshalText(text []byte) error {
	if _, ok := a.SetString(string(text)); !ok {
		return fmt.Errorf("%q is no amount", text)
	}
	return nil
}

// Value implements [driver.Valuer].
func (a Amount) Value() (driver.Value, error) { return a.FloatString(2), nil }

// Scan implements sql.Scanner.
func (a *Amount) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("scan an amount from %T", src)
	}
	return a.UnmarshalText([]byte(text))
}

// Validate implements Ent's interface for types that check themselves.
func (a Amount) Validate() error {
	if a.Sign() < 0 {
		return errors.New("must not be negative")
	}
	return nil
}

// Color is a text of the schema's own type.
type Color string
