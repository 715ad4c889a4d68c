package forgotten

import (
	"fmt"
	"strings"
	"testing"

	"commitment/ent"
)

func TestAClientWithoutTheSchemasIsRefusedAtOnce(t *testing.T) {
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, `import _ "commitment/ent/runtime"`) {
			t.Errorf("NewClient() panicked with %q, want the remedy", p)
		}
	}()
	ent.NewClient()
}
