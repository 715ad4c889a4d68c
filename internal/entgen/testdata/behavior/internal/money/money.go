// Package money has the type of a field.
package money

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
)

// Amount is kept as a numeric, in hundredths.
type Amount struct{ Cents int64 }

// Value implements [driver.Valuer].
func (a Amount) Value() (driver.Value, error) {
	return fmt.Sprintf("%d.%02d", a.Cents/100, a.Cents%100), nil
}

// Scan implements sql.Scanner.
func (a *Amount) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("scan an amount from %T", src)
	}
	euros, err := strconv.ParseFloat(text, 64)
	a.Cents = int64(euros*100 + 0.5)
	return err
}

// Validate implements Ent's interface for types that check themselves.
func (a Amount) Validate() error {
	if a.Cents < 0 {
		return errors.New("the price is negative")
	}
	return nil
}
