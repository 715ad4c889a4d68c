package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"commitment/internal/config"
	"commitment/internal/schemakit"
)

// errRole says that the service's role could see all tenants' rows.
var errRole = errors.New("production must not run with such a role: let migrations run as the owner, and the service as " + schemakit.AppRole)

// checkRole returns an [errRole] if no policy holds the role of the pool.
func checkRole(ctx context.Context, pool *sql.DB) error {
	var role string
	var super, bypasses, owns bool
	err := pool.QueryRowContext(ctx, `SELECT rolname, rolsuper, rolbypassrls, EXISTS (
		SELECT FROM pg_class c WHERE c.relrowsecurity AND pg_has_role(r.oid, c.relowner, 'MEMBER'))
		FROM pg_roles r WHERE rolname = current_user`).Scan(&role, &super, &bypasses, &owns)
	switch {
	case err != nil:
		return ConnectError(err)
	case super:
		return fmt.Errorf("the role %q of DATABASE_URL is a superuser: %w", role, errRole)
	case bypasses:
		return fmt.Errorf("the role %q of DATABASE_URL has BYPASSRLS: %w", role, errRole)
	case owns:
		return fmt.Errorf("the role %q of DATABASE_URL owns tables with policies: %w", role, errRole)
	}
	return nil
}

// serviceRole returns the role that the service works as: in development, where the URL is
// that of the owner, who migrates, the role of the service in production. It is empty for
// the URL's own, which in development has to be one that policies hold.
func (d *Database) serviceRole(ctx context.Context, cfg config.Config) (_ string, err error) {
	if cfg.Environment != config.Development {
		return "", nil
	}
	db, err := d.Connect(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var member bool
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_roles r WHERE rolname = $1
		AND pg_has_role(current_user, r.oid, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END))`,
		schemakit.AppRole).Scan(&member)
	if err != nil {
		return "", fmt.Errorf("look for the role %s: %w", schemakit.AppRole, err)
	}
	if !member {
		return "", nil
	}
	return schemakit.AppRole, nil
}
