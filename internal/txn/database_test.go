package txn_test

import (
	"commitment/internal/pgtest"
	"commitment/internal/txn"
)

func init() { txn.NewDatabase = pgtest.OwnerURL }
