package trace

import (
	"context"
	"fmt"
)

// setting is a parameter that a session has SET.
type setting struct{ name, value string }

// settings are the parameters that the session has SET, its role among them.
func (s *session) settings(ctx context.Context) ([]setting, error) {
	rows, err := s.conn.QueryContext(ctx, `SELECT name, setting FROM pg_settings WHERE source = 'session'
		UNION ALL SELECT 'role', current_setting('role')`)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	defer func() { _ = rows.Close() }() // its errors are those of Err
	var all []setting
	for rows.Next() {
		var one setting
		if err := rows.Scan(&one.name, &one.value); err != nil {
			return nil, fmt.Errorf("read settings: %w", err)
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// set sets parameters as an earlier session had them.
func (s *session) set(ctx context.Context, all []setting) error {
	for _, one := range all {
		if _, err := s.conn.ExecContext(ctx, "SELECT set_config($1, $2, false)", one.name, one.value); err != nil {
			return fmt.Errorf("set %s: %w", one.name, err)
		}
	}
	return nil
}
