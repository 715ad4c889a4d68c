package reqtx_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The private server of the tests runs as long as they do.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("commitment/internal/pgserver.(*process).reap"))
}
