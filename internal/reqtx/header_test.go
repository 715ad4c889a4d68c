package reqtx

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A proxy adds X-Forwarded-For unless the field is there without a line.
func TestARetryHasFieldsWithoutLines(t *testing.T) {
	t.Parallel()
	header := http.Header{"X-Forwarded-For": nil, "X-Empty": {""}, "X-One": {"1"}, "X-Two": {"1", "2"}}
	if diff := cmp.Diff(header, headerLines(nil).appendHeader(header).header()); diff != "" {
		t.Error(diff)
	}
}
