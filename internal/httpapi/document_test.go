package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/openapitest"
)

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for path, name := range map[string]string{"/openapi.json": "openapi.golden.json", "/openapi-3.0.json": "openapi-3.0.golden.json"} {
		a := s.send(t, "GET", path, "").want(t, http.StatusOK)
		a.wantHeader(t, "Content-Type", "application/openapi+json")
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, []byte(a.body), "", "  "); err != nil {
			t.Fatal(err)
		}
		golden(t, name, pretty.String()+"\n")
	}
}

func TestOpenAPIDescribesEveryRoute(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T) *service{"of the service": newService, "of things": newThings} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			var routes []string
			for _, line := range s.routes(t) {
				if fields := strings.Fields(line); strings.HasPrefix(fields[1], "/v1/") {
					routes = append(routes, fields[0]+" "+fields[1])
				}
			}
			slices.Sort(routes)
			if diff := cmp.Diff(routes, openapitest.CheckDocument(t, s.handler)); diff != "" {
				t.Errorf("operations (-routes +described):\n%s", diff)
			}
		})
	}
}
